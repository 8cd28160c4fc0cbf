"""What the scripts of all methods have in common, as lines: the model, what is trained of it, the arguments."""

from dataclasses import dataclass, field
from typing import Any

from studio.export.python.layout import call, literal
from studio.export.python.plan import Plan
from studio.methods.arguments import bite
from studio.models.loading import SEQ_CLS_HEADS, TASKS

READ_ROWS = '[json.loads(line) for line in Path("rows.jsonl").read_text("utf-8").splitlines()]'


@dataclass
class Parts:
    """What is particular about the script of one method.

    trainer: what is called at the end, with `keywords` (name: code); config: the class of its arguments, with `options`
    (name: value). modules, names: to be imported. functions: the script's own, each a list of lines. before: lines in
    front of the model; head: arguments of its loading; behind: lines behind the model; after: lines behind the trainer.
    loss: that of an `entry` of the trainer's log, as code; told: lines that print the losses where they are not in
    there. dataset: the rows as the trainer takes them; collator: what makes a batch of them, for transformers' own
    Trainer. reader: what reads text, and prepares pictures. trl: whether the trainer is TRL's.
    """

    trainer: str
    config: str
    modules: set[str] = field(default_factory=lambda: {"json"})
    names: dict[str, set[str]] = field(default_factory=lambda: {"pathlib": {"Path"}})
    options: dict[str, Any] = field(default_factory=dict)
    keywords: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    functions: list[list[str]] = field(default_factory=list)
    loss: str = "entry['loss']"
    told: list[str] = field(default_factory=list)
    dataset: str = "rows"
    collator: str = ""
    reader: str = "AutoTokenizer"
    trl: bool = False

    def need(self, module: str, *names: str) -> None:
        self.names.setdefault(module, set()).update(names)


def with_trl(trainer: str, config: str, module: str = "trl", **more: Any) -> Parts:
    """The parts of a script that uses one of TRL's trainers: they take no rows but those of a Dataset."""
    parts = Parts(trainer=trainer, config=config, dataset="Dataset.from_list(rows)", trl=True, **more)
    parts.need(module, config, trainer)
    parts.need("datasets", "Dataset")
    return parts


def with_trainer(collator: str, **more: Any) -> Parts:
    """The same with transformers' own Trainer. collator: what makes a batch of rows."""
    parts = Parts(trainer="Trainer", config="TrainingArguments", collator=collator, **more)
    parts.need("transformers", "Trainer", "TrainingArguments")
    return parts


def against_reference(plan: Plan, parts: Parts) -> Parts:
    """With the model as it began for a reference, where TRL's own is another one.

    TRL takes a copy of the adapter as it begins, or loads the model once more. A new prompt says something from the
    first step on, and the model of its maker knows nothing of an earlier run.
    """
    if plan.adapter and not plan.started and plan.settings.adapt in ("prompt", "prefix"):
        parts.after.append('trainer.model.delete_adapter("ref")  # the reference is the model without any adapter')
    elif plan.started and not plan.adapter:
        parts.after.append(
            "trainer.ref_model.load_state_dict(model.state_dict())  # with the earlier run's adapter in it"
        )
    return parts


def model_lines(plan: Plan, parts: Parts) -> list[str]:
    """The model as the run loaded it, in the order in which the run drew its random numbers."""
    kind, options = TASKS[plan.task], [f'dtype="{plan.dtype if plan.adapter else "float32"}"', *parts.head]
    parts.need("transformers", kind, "set_seed")
    lines = [f"set_seed({plan.settings.seed})  # what is new in the model begins with random weights"]
    if plan.packed:
        parts.need("transformers", "BitsAndBytesConfig")
        lines += packing(plan)
        options += ["quantization_config=packed", f'device_map={{"": "{plan.device}"}}']
    made = call(f"model = {kind}.from_pretrained(", ["BASE", *options])
    if plan.device != "cpu" and not plan.packed:
        made[-1] += f'.to("{plan.device}")'
    lines += made
    if plan.settings.weights == "4bit" and plan.device == "cpu":  # see studio.models.loading.hold_still
        lines += [
            'for layer in (one for one in model.modules() if hasattr(one, "support_avx512bf16_for_cpu")):',
            "    layer.support_avx512bf16_for_cpu = False  # or bitsandbytes rounds the weights anew at each look",
        ]
    if plan.task == "classifier" and plan.config.get("pad_token_id") is None:
        lines.append("model.config.pad_token_id = tokenizer.pad_token_id  # tells where a text ends")
    return lines


def packing(plan: Plan) -> list[str]:
    """As studio.models.loading packs weights."""
    spared = [f"llm_int8_skip_modules={literal(SEQ_CLS_HEADS)}"] if plan.task == "classifier" else []
    if plan.settings.weights == "8bit":
        return call("packed = BitsAndBytesConfig(", ["load_in_8bit=True", *spared])
    given = ["**nf4", f'bnb_4bit_compute_dtype="{plan.dtype}"', *spared]
    return [
        'nf4 = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}',
        *call("packed = BitsAndBytesConfig(", given),
    ]


def argument_lines(plan: Plan, parts: Parts) -> list[str]:
    """The arguments in groups, as studio.methods.arguments has them; nothing is checked or kept on the way."""
    settings, options = plan.settings, dict(parts.options)
    pace = {
        "max_steps": plan.steps,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(settings.warmup * plan.steps),
    }
    size = {
        "per_device_train_batch_size": options.pop("per_device_train_batch_size", 0) or bite(settings),
        "gradient_accumulation_steps": options.pop("gradient_accumulation_steps", 0) or settings.accumulation,
        "gradient_checkpointing": settings.checkpointing,
    }
    if settings.checkpointing:
        size["gradient_checkpointing_kwargs"] = {"use_reentrant": False}
    same = {
        "seed": settings.seed,
        "data_seed": settings.seed,
        "bf16": plan.dtype == "bfloat16" and not plan.adapter,
        "use_cpu": plan.device == "cpu",
    }
    told = {"logging_steps": 1, "report_to": [], "save_steps": plan.kept, "save_only_model": True}
    groups = {"pace": pace, "size": size, "same": same, "told": told}
    lines = []
    for name, group in groups.items():
        lines += call(f"{name} = {{", [f'"{key}": {literal(value)}' for key, value in group.items()], "}")
    words = kept_words(plan)
    lines[-1:] = [f"{lines[-1]}  # {words}"] if plan.last == plan.steps else [f"# {words}", lines[-1]]
    start, shared = f"args = {parts.config}(", ['"out"', *(f"**{name}" for name in groups)]
    made = call(start, [*shared, *(f"{name}={literal(value)}" for name, value in options.items())])
    if len(made) == 1:
        return lines + made
    own = call("own = {", [f'"{key}": {literal(value)}' for key, value in options.items()], "}")
    return lines + own + call(start, [*shared, "**own"])


def kept_words(plan: Plan) -> str:
    """Which point the run kept, and where this script leaves it."""
    if plan.last < plan.steps:
        return f"The run was ended at step {plan.last} and kept step {plan.kept}; this script goes on to the last."
    return f"it kept step {plan.kept}"


def trainer_lines(plan: Plan, parts: Parts) -> list[str]:
    reader = "processor" if plan.task == "vision" else "tokenizer"
    given = ["model", "args"] if parts.collator else ["model=model", "args=args"]
    given += [parts.collator, parts.dataset] if parts.collator else [f"train_dataset={parts.dataset}"]
    more = [f"{name}={code}" for name, code in parts.keywords.items()]
    return call(f"trainer = {parts.trainer}(", [*given, f"processing_class={reader}", *more])


def ending_lines(plan: Plan, parts: Parts) -> list[str]:
    """Train, print the losses, and make what was begun from the model's own weights an adapter of the model itself."""
    lines = ["trainer.train()"]
    lines += parts.told or [
        'for entry in (entry for entry in trainer.state.log_history if "loss" in entry):',
        f"    print(f\"step {{entry['step']}}: loss {{{parts.loss}:.6f}}\")",
    ]
    if begun_from_weights(plan):
        parts.need("peft", "load_peft_weights", "set_peft_model_state_dict")
        lines += [
            f'set_peft_model_state_dict(model, load_peft_weights("{kept_folder(plan)}"))',
            'model.save_pretrained("result", path_initial_model_for_weight_conversion="initial")',
        ]
    return lines


def begun_from_weights(plan: Plan) -> bool:
    """Whether the adapter began with a part of the model's own weights (PiSSA, OLoRA)."""
    return plan.settings.adapt == "lora" and plan.settings.init != "zero" and not plan.started


def kept_folder(plan: Plan) -> str:
    return f"out/checkpoint-{plan.kept}"
