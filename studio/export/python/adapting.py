"""As lines: how much of a model is trained, as studio.methods.adapting does it."""

from typing import Any

from studio.export.python.layout import call, literal
from studio.export.python.parts import Parts, begun_from_weights
from studio.export.python.plan import Plan
from studio.methods.adapting import PEFT_TASKS

CONFIGS = {"lora": "LoraConfig", "ia3": "IA3Config", "prompt": "PromptTuningConfig", "prefix": "PrefixTuningConfig"}


def adapting_lines(plan: Plan, parts: Parts) -> list[str]:
    """From the loaded model to one that can be trained."""
    adapt = plan.settings.adapt
    if plan.started:
        lines = going_on(plan, parts)
    elif plan.adapter:
        lines = new_adapter(plan, parts)
    else:
        lines = []
    if adapt in ("last_layers", "gradual"):
        lines += own_layers(plan, parts)
    if plan.packed and parts.trl:
        lines.append("exact = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}")
    return lines


def going_on(plan: Plan, parts: Parts) -> list[str]:
    parts.need("peft", "PeftModel")
    settings = plan.settings
    trainable = ", is_trainable=True" if settings.adapt in ("lora", "ia3") else ""
    lines = [f'model = PeftModel.from_pretrained(model, "start"{trainable})  # of the run that this one goes on from']
    if settings.adapt in ("prompt", "prefix"):
        lines += ['model.peft_config["default"].inference_mode = False', "model.prompt_encoder.requires_grad_(True)"]
    elif not plan.adapter:
        lines.append("model = model.merge_and_unload().requires_grad_(True)  # PEFT has frozen it")
    return lines


def new_adapter(plan: Plan, parts: Parts) -> list[str]:
    settings = plan.settings
    kind = CONFIGS[settings.adapt]
    parts.need("peft", kind, "get_peft_model")
    given, lines = config_values(plan), []
    if plan.task == "vision" and settings.adapt == "lora":
        parts.need("torch.nn", "Linear")
        lines += [
            "inside = set(model.get_decoder().modules())  # what it sees stays as it is; what it says is learned",
            "layers = [name for name, part in model.named_modules() if part in inside and isinstance(part, Linear)]",
        ]
        given["target_modules"] = None
    arguments = [f"{name}={'layers' if value is None else literal(value)}" for name, value in given.items()]
    lines += call(f"adapter = {kind}(", arguments)
    lines.append("model = get_peft_model(model, adapter)")
    if begun_from_weights(plan):
        lines += [
            "adapter.init_lora_weights = True  # until the trainer is made: TRL's copy of it must change nothing",
            'model.save_pretrained("initial")  # taken off from what it becomes when it is saved',
        ]
    return lines


def config_values(plan: Plan) -> dict[str, Any]:
    """As studio.methods.adapting.adapter_config, what is off left out."""
    settings, kind = plan.settings, {"task_type": PEFT_TASKS[plan.task]}
    if settings.adapt == "ia3":
        return kind
    if settings.adapt == "prefix":
        return {**kind, "num_virtual_tokens": settings.virtual_tokens}
    if settings.adapt == "prompt":
        return {**kind, "num_virtual_tokens": settings.virtual_tokens, "prompt_tuning_init": "SAMPLE_VOCAB"}
    more = {"use_rslora": True} if settings.rslora else {}
    more |= {"use_dora": True} if settings.dora else {}
    begun: dict[str, Any] = {"init_lora_weights": settings.init} if settings.init != "zero" else {}
    sizes = {"r": settings.rank, "lora_alpha": settings.alpha, "target_modules": "all-linear"}
    return {**kind, **sizes, **more, **begun}


def own_layers(plan: Plan, parts: Parts) -> list[str]:
    """`layers`, first to last, and `head`: what comes after them. Of a model for pictures, those of its decoder."""
    parts.need("torch.nn", "ModuleList")
    part = "model.get_decoder()" if plan.task == "vision" else "model"
    fixed = 'if "embed" in n.split(".")[-1] or p in [words, *layers] for w in p.parameters()'
    lines = [
        f"named, words = dict({part}.named_modules()), {part}.get_input_embeddings()",
        'lists = tuple(f"{name}." for name, part in named.items() if isinstance(part, ModuleList))',
        "layers = [one for name in lists if not name[:-1].startswith(lists) for one in named[name[:-1]]]",
        f"old = {{id(w) for n, p in named.items() {fixed}}}",
        f"head = [w for w in {part}.parameters() if id(w) not in old]  # what comes after the last layer",
    ]
    if plan.settings.adapt == "gradual":
        unfreezing(parts)
        return lines
    count = plan.settings.last_layers
    return [
        *lines,
        "model.requires_grad_(False)",
        f"for one in {f'[*head, *layers[-{count}:]]' if count else 'head'}:",
        "    one.requires_grad_(True)",
    ]


def unfreezing(parts: Parts) -> None:
    """From the head on, a layer after the other, over the first half of the run."""
    parts.need("transformers", "TrainerCallback")
    parts.keywords["callbacks"] = "[Unfreezing()]"
    parts.functions.append(
        [
            "class Unfreezing(TrainerCallback):  # the head alone, then a layer after the other, the last first",
            "    def on_step_begin(self, args, state, control, model, **rest):",
            "        share = 2 * state.global_step / state.max_steps",
            "        model.requires_grad_(share >= 1)",
            "        for one in [*head, *layers[::-1][: 1 + int(share * len(layers))]]:",
            "            one.requires_grad_(True)",
        ]
    )


def after_trainer(plan: Plan, parts: Parts) -> list[str]:
    """What is put right once the trainer is there."""
    settings, lines = plan.settings, list(parts.after)
    if begun_from_weights(plan):
        lines.append(f'adapter.init_lora_weights = "{settings.init}"')
    if plan.packed and parts.trl:
        lines += [
            "for name, value in exact.items():  # TRL has rounded them to bfloat16",
            "    model.get_parameter(name).data = value",
        ]
    if settings.adapt == "lora" and settings.lora_plus != 1.0:
        parts.need("peft.optimizers", "create_loraplus_optimizer")
        parts.need("torch.optim", "AdamW")
        given = ["model", "AdamW", f"lr={settings.learning_rate!r}", f"loraplus_lr_ratio={settings.lora_plus!r}"]
        lines += call("trainer.optimizer = create_loraplus_optimizer(", given)
    return lines
