"""The script of distillation: the student's and the teacher's choice of each token of the file's answers, compared."""

import math

from studio.errors import StudioError
from studio.export.python.layout import call, literal
from studio.export.python.parts import Parts, with_trainer
from studio.export.python.plan import Plan


def distillation(plan: Plan) -> Parts:
    """Raises StudioError where TRL draws lots on the way, in a trainer that takes more than a page to turn round."""
    refuse(plan)
    parts = with_trainer("DataCollatorForSeq2Seq(tokenizer)", options={"train_sampling_strategy": "sequential"})
    parts.dataset = "[rows[n] for n in order]"
    parts.modules.add("torch")
    parts.need("transformers", "DataCollatorForSeq2Seq")
    parts.need("torch.nn.functional", "cross_entropy", "kl_div")
    parts.before += [*order_lines(plan), *teacher_lines(plan, parts)]
    parts.functions += [comparison(plan)]
    parts.after += ["trainer.compute_loss, trainer.model_accepts_loss_kwargs = compared, True"]
    parts.told = told(plan)
    return parts


def refuse(plan: Plan) -> None:
    dropout = [name for name, value in plan.config.items() if "drop" in name and isinstance(value, float) and value]
    if plan.settings.on_policy:
        raise StudioError(
            "With a share of its own answers the student writes while it learns, and what it draws cannot be drawn "
            "again in a script of 60 lines.",
            "Share its recipe instead; distillation on the answers of the file can be copied.",
        )
    if not any(name.startswith("rope") for name in plan.config):
        raise StudioError(
            "This model counts its places from the beginning of a row, and in distillation that depends on what else "
            "is in a batch, which a script of 60 lines cannot keep.",
            "Share its recipe instead.",
        )
    if dropout:
        raise StudioError(
            f"This model forgets a part of itself at random while it learns ({', '.join(dropout)}), and in "
            "distillation the lots are drawn in TRL's own order, which a script of 60 lines cannot keep.",
            "Share its recipe instead.",
        )


def order_lines(plan: Plan) -> list[str]:
    """The rows of all passes, as studio.methods.distill_trainer.WholeBatches orders them."""
    size = plan.settings.batch_size
    return [
        f"order, said, draw = [], [], torch.Generator().manual_seed({plan.settings.seed})",
        f"while len(order) < {plan.steps * size}:  # each pass in a new order, its last step filled up",
        "    one = torch.randperm(len(rows), generator=draw).tolist()",
        f"    order += one + (one * {size})[: -len(rows) % {size}]",
    ]


def teacher_lines(plan: Plan, parts: Parts) -> list[str]:
    parts.need("transformers", "AutoModelForCausalLM")
    given = [literal(plan.facts["teacher"]), f'dtype="{plan.dtype}"']
    lines = call("teacher = AutoModelForCausalLM.from_pretrained(", given)
    if plan.facts["teacher_adapter"]:
        parts.need("peft", "PeftModel")
        lines.append('teacher = PeftModel.from_pretrained(teacher, "teacher")')
    moved = "" if plan.device == "cpu" else f'.to("{plan.device}")'
    return [*lines, f"teacher.eval().requires_grad_(False){moved}"]


def told(plan: Plan) -> list[str]:
    """What the run shows as its loss; the trainer's own log has the distance to the teacher."""
    bites = plan.settings.accumulation
    if bites == 1:
        return [
            "for number, surprise in enumerate(said, 1):",
            '    print(f"step {number}: loss {surprise.mean():.6f}")',
        ]
    return [
        f"for step in range({plan.steps}):",
        f"    surprise = torch.cat(said[step * {bites} : (step + 1) * {bites}]).mean()",
        '    print(f"step {step + 1}: loss {surprise:.6f}")',
    ]


def comparison(plan: Plan) -> list[str]:
    settings = plan.settings
    warm = settings.temperature
    own, theirs = ("own", "theirs") if warm == 1 else (f"(own / {warm!r})", f"(theirs / {warm!r})")
    return [
        "def compared(model, inputs, num_items_in_batch=None, **rest):",
        '    labels = inputs.pop("labels")[:, 1:]',
        "    learned = labels != -100",
        "    own = model(**inputs, use_cache=False).logits[:, :-1][learned].float()",
        "    theirs = teacher(**inputs, use_cache=False).logits[:, :-1][learned].float()",
        '    said.append(cross_entropy(own.detach(), labels[learned], reduction="none"))  # what the run shows',
        f"    own, theirs = {own}.log_softmax(-1), {theirs}.log_softmax(-1)",
        *distance(settings.beta),
    ]


def distance(beta: float) -> list[str]:
    """Of the student's choice from the teacher's: forward KL, reverse KL, or the Jensen-Shannon between them."""
    if beta in (0, 1):
        pair = "own, theirs" if beta == 0 else "theirs, own"
        return [f'    return kl_div({pair}, log_target=True, reduction="sum") / num_items_in_batch']
    return [
        f"    middle = torch.logaddexp(own + {math.log(1 - beta)!r}, theirs + {math.log(beta)!r})",
        '    far = [kl_div(middle, one, log_target=True, reduction="sum") for one in (theirs, own)]',
        f"    return ({beta!r} * far[0] + {1 - beta!r} * far[1]) / num_items_in_batch",
    ]
