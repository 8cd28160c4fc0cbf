"""Makes as much of a model trainable as the settings say: with an adapter on top, or some or all of its own weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments, set_seed

from studio.errors import StudioError
from studio.methods import together
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.methods.registry import Job
from studio.methods.spreading import in_pieces
from studio.models.loading import load_model

if TYPE_CHECKING:
    from peft import PeftConfig

PEFT_TASKS = {"causal": "CAUSAL_LM", "classifier": "SEQ_CLS", "seq2seq": "SEQ_2_SEQ_LM", "vision": "CAUSAL_LM"}


def trainable_model(job: Job, task: str, head: dict[str, Any] | None = None) -> Any:
    """The model of the job, with as much of it trainable as its settings say.

    task: a name in studio.models.loading.TASKS. head: what the head needs to know (num_labels, id2label, …).
    Raises StudioError when this cannot be done to this model, or not on top of what the job starts from.
    """
    settings: AdaptSettings = job.settings
    set_seed(settings.seed)  # new heads and adapters begin with random weights
    # Weights that are trained are held in float32: in bfloat16 a usual correction to them is rounded away. (Adapters
    # are held in float32 by PEFT; see `exact` for those on packed weights.)
    dtype = job.dtype if settings.adapt in ADAPTERS else "float32"
    pieces = together.count() if in_pieces(settings) else 1
    model = load_model(job.folder, job.device, dtype, task, settings.weights, head, pieces)
    if job.start is not None:
        model = started(model, job.start, settings)
    elif settings.adapt in ADAPTERS:
        model = with_adapter(model, settings, task, job.output)
    else:
        train_own_weights(model, settings)
    if settings.weights != "full":
        model.exact = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    return model


def undo_rounding(model: Any) -> None:
    """Give the adapter on packed weights back its float32.

    TRL's trainers turn it to bfloat16 as they are made. Small corrections are lost in that, and an adapter that is
    trained further would not begin where it ended.
    """
    exact = model.__dict__.pop("exact", {})
    for name, parameter in model.named_parameters():
        if name in exact:
            parameter.data = exact[name]


def with_adapter(model: Any, settings: AdaptSettings, task: str, output: Path) -> Any:
    """A PeftModel around the model. Its embeddings and head keep their number format.

    (PEFT's prepare_model_for_kbit_training would turn them to float32, which can cost more than 4-bit saves.)
    """
    from peft import get_peft_model

    try:
        config: Any = adapter_config(settings, task)
        if task == "vision" and settings.adapt == "lora":
            config.target_modules = language_layers(model)  # what it sees stays as it is; what it says is learned
        adapted: Any = get_peft_model(model, config)
    except ValueError as error:
        raise StudioError(
            f"This way of training does not work on this model: {str(error).splitlines()[0]}",
            "Choose LoRA in “How much of the model is trained”.",
        ) from error
    if settings.adapt == "lora" and settings.init != "zero":
        # PiSSA and OLoRA move a part of the weights into the adapter. Saved beside the run, this beginning lets the
        # result be turned into a plain LoRA for the untouched model (see the guide to LoRA in PEFT's documentation).
        adapted.initial_adapter = output / "initial"
        adapted.peft_config["default"].init_lora_weights = True
        adapted.save_pretrained(adapted.initial_adapter)
        adapted.peft_config["default"].init_lora_weights = settings.init
    return adapted


def adapter_config(settings: AdaptSettings, task: str) -> "PeftConfig":
    """Our settings in PEFT's words."""
    from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptTuningConfig

    kind = PEFT_TASKS[task]
    if settings.adapt == "lora":
        # All linear layers and no dropout: see "LoRA Without Regret" (Thinking Machines, 2025).
        return LoraConfig(
            task_type=kind,
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            use_rslora=settings.rslora,
            use_dora=settings.dora,
            init_lora_weights=True if settings.init == "zero" else settings.init,
        )
    if settings.adapt == "ia3":
        return IA3Config(task_type=kind)
    if settings.adapt == "prompt":
        # Begun from words that the model knows, which Lester et al. 2021 (arXiv:2104.08691) found to learn faster.
        return PromptTuningConfig(
            task_type=kind, num_virtual_tokens=settings.virtual_tokens, prompt_tuning_init="SAMPLE_VOCAB"
        )
    return PrefixTuningConfig(task_type=kind, num_virtual_tokens=settings.virtual_tokens)


def started(model: Any, start: Path, settings: AdaptSettings) -> Any:
    """The model with an earlier run's adapter on it: trained further if it is of the same kind, else merged into it.

    Raises StudioError when the result could not be loaded again without the earlier run.
    """
    from peft import PeftModel

    try:
        earlier: Any = PeftModel.from_pretrained(model, start, is_trainable=settings.adapt in ("lora", "ia3"))
    except (ValueError, RuntimeError) as error:
        raise StudioError(
            f"The earlier run's adapter does not fit this model: {str(error).splitlines()[0]}", "Start afresh."
        ) from error
    kind = str(earlier.peft_config["default"].peft_type).rpartition(".")[2].lower()
    if settings.adapt in ADAPTERS:
        if not kind.startswith(settings.adapt):
            raise StudioError(
                f"The earlier run has trained another kind of adapter ({kind}).",
                "Train further in the same way, or choose to train all of the model.",
            )
        if settings.adapt in ("prompt", "prefix"):
            # PEFT does not load these so that they can be trained; without a projection (there is none here) all that
            # is learned is this one table, and it may be trained as it is.
            earlier.peft_config["default"].inference_mode = False
            earlier.prompt_encoder["default"].requires_grad_(True)
        return earlier
    if earlier.peft_config["default"].is_prompt_learning:
        raise StudioError(
            "The earlier run has trained a learned beginning, and that cannot become part of the model itself.",
            "Train it further in the same way, or start afresh.",
        )
    merged: Any = earlier.merge_and_unload()
    train_own_weights(merged, settings)
    return merged


def train_own_weights(model: Any, settings: AdaptSettings) -> None:
    """Mark the model's own weights that are trained: all, or those of its head and its last layers."""
    model.requires_grad_(settings.adapt != "last_layers")
    if settings.adapt != "last_layers":
        return
    part = language_part(model)
    chosen = head_parameters(part)
    if settings.last_layers:
        chosen += [p for block in blocks(part)[-settings.last_layers :] for p in block.parameters()]
    if not chosen:
        raise StudioError(
            "This model has no head of its own that could be trained alone.", "Train at least one of its last layers."
        )
    for parameter in chosen:
        parameter.requires_grad_(True)


def language_part(model: Any) -> Any:
    """Of a model for pictures and text the decoder that writes, of any other the whole model."""
    return model.get_decoder() if hasattr(model.config, "vision_config") else model


def language_layers(model: Any) -> list[str]:
    """The names of the linear layers in the decoder of a model for pictures and text."""
    decoder = language_part(model)
    place = next(name for name, module in model.named_modules() if module is decoder)
    return [f"{place}.{name}" for name, module in decoder.named_modules() if isinstance(module, nn.Linear)]


def blocks(model: nn.Module) -> list[nn.Module]:
    """The model's layers, the first to the last (of an encoder-decoder: the encoder's, then the decoder's)."""
    found: list[nn.Module] = []
    inside: tuple[str, ...] = ()
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and not name.startswith(inside or ("\0",)):
            found += list(module)
            inside += (f"{name}.",)
    return found


def head_parameters(model: Any) -> list[nn.Parameter]:
    """What comes after the last layer: norm, pooler, classifier, an output layer of its own; never embeddings."""
    taken = {id(parameter) for block in blocks(model) for parameter in block.parameters()}
    embedding = model.get_input_embeddings()
    taken |= {id(parameter) for parameter in embedding.parameters()}
    for name, module in model.named_modules():
        if "embed" in name.rpartition(".")[2]:
            taken |= {id(parameter) for parameter in module.parameters()}
    return [parameter for parameter in model.parameters() if id(parameter) not in taken]


class GradualUnfreezing(TrainerCallback):
    """Begins with the head alone and adds one layer at a time, the last first, over the first half of the run.

    Howard and Ruder 2018, arXiv:1801.06146, section 3.3. `trained` is how many layers are trained now.
    """

    def __init__(self, model: Any) -> None:
        self.layers = list(reversed(blocks(model)))
        self.head = head_parameters(model)
        self.everything = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.trained = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        # The optimizer knows all weights by now; those without a gradient stay as they are.
        for parameter in self.everything:
            parameter.requires_grad_(False)
        for parameter in self.head:
            parameter.requires_grad_(True)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        share = 2 * state.global_step / max(1, state.max_steps)
        wanted = len(self.layers) if share >= 1 else 1 + int(share * len(self.layers))
        for layer in self.layers[self.trained : wanted]:
            for parameter in layer.parameters():
                parameter.requires_grad_(True)
        self.trained = max(self.trained, wanted)
        if share >= 1:
            for parameter in self.everything:
                parameter.requires_grad_(True)
