"""Loading weights and tokenizers, the same way for every model and every worker."""

import json
import logging as logs
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# What a model is loaded for, and the class of transformers that does it.
TASKS = {
    "causal": "AutoModelForCausalLM",
    "classifier": "AutoModelForSequenceClassification",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "vision": "AutoModelForImageTextToText",
}
SEQ_CLS_HEADS = ("classifier", "score")  # what transformers calls the head of an encoder and of a decoder
RESULT = "result.json"  # beside what a run kept: task, weights ("full", "8bit", "4bit"), head


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder; it is the class that the X-ray uses too."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_processor(folder: Path) -> Any:
    """What prepares pictures and text for a model: its processor, whose `tokenizer` is that of the model.

    Raises StudioError when the folder has none.
    """
    from transformers import AutoProcessor, ProcessorMixin

    try:
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise StudioError(
            f"The picture processor of {folder.name} could not be loaded: {str(error).strip().splitlines()[0]}",
            "Choose another model for pictures and text.",
        ) from error
    if not isinstance(processor, ProcessorMixin) or not hasattr(processor, "image_processor"):
        raise StudioError(f"{folder.name} does not say how pictures are prepared for it.", "Choose another model.")
    tokenizer = processor.tokenizer
    tokenizer.chat_template = tokenizer.chat_template or processor.chat_template
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor


def rehearse(folder: Path, task: str) -> None:
    """Go through the loading of a model without its weights, so that it is loaded sooner when it is needed.

    What that leaves behind are the code of the model and what transformers works out once: of the 0.4 s that SmolLM2
    takes the first time, 0.06 are left. task: a name in TASKS.
    """
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()
    with suppress(Exception):  # whatever is wrong with it, `load_model` says so in a run
        getattr(transformers, TASKS[task]).from_pretrained(
            folder, device_map="meta", local_files_only=True, use_safetensors=True, trust_remote_code=False
        )


def load_model(
    folder: Path,
    device: str,
    dtype: str,
    task: str = "causal",
    weights: str = "full",
    head: dict[str, Any] | None = None,
    pieces: int = 1,
) -> Any:
    """The model of a folder, in `dtype` ("float32", "bfloat16") on `device` ("cpu", "cuda").

    task: a name in TASKS. weights: "full", or packed to "8bit" or "4bit" as it is loaded (NF4 with double quantisation,
    as in QLoRA, Dettmers et al. 2023, arXiv:2305.14314). head: entries of its config, such as num_labels.
    pieces: over how many processes, all of which call this, it is divided (FSDP2 of transformers, which reads each
    process's piece only).
    Raises StudioError when the folder holds no model that can be loaded safely, or divided.
    """
    import transformers
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()  # drawn for a terminal; in a log it hides the line that matters
    options = dict(head or {})
    if "id2label" in options:  # JSON has made texts of the numbers
        options["id2label"] = {int(number): label for number, label in options["id2label"].items()}
        options["ignore_mismatched_sizes"] = True  # a head for other groups gives way to a new one
    if weights != "full":
        # It would repeat at every layer of every step that 8-bit reckons in float16; the setting's description says so.
        logs.getLogger("bitsandbytes.autograd._functions").setLevel(logs.ERROR)
        options |= {"quantization_config": packing(weights, dtype, task), "device_map": {"": device}}
    if pieces > 1:
        from transformers.distributed.configuration_utils import DistributedConfig

        options["distributed_config"] = DistributedConfig(fsdp_size=pieces)
    try:
        model = getattr(transformers, TASKS[task]).from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False, **options
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        if "memory" in str(error).lower():
            raise  # nothing is wrong with the model
        if "fsdp_plan" in str(error):
            raise StudioError(
                f"Nobody has written down how a model such as {folder.name} is divided into pieces.",
                "Let every device hold the whole model (DDP), or choose another model.",
                "spread",
            ) from error
        raise StudioError(
            f"The model in {folder.name} could not be loaded: {str(error).splitlines()[0]}",
            "Choose another model, or remove that folder and let it be fetched again.",
            cause="model_unreadable",
            evidence=weights_words(folder),
        ) from error
    if task == "classifier" and model.config.pad_token_id is None:
        model.config.pad_token_id = load_tokenizer(folder).pad_token_id  # tells where a text ends
    if pieces > 1:
        return model  # each piece is where it belongs
    return hold_still(model) if weights != "full" else model.to(device)


def hold_still(model: Any) -> Any:
    """The model, with its packed weights to be left as they are.

    On processors that reckon in bfloat16, bitsandbytes 0.50 lays 4-bit weights out anew at each look that learns
    nothing and packs them again at the next step, rounding them once more each time (nn.Linear4bit.forward): an adapter
    would be trained on a model that drifts, and asked on another one.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return model


def weights_words(folder: Path) -> str:
    """The sizes of a model's weight files, as a sentence."""
    sizes = [f"{file.name} has {file.stat().st_size:,} bytes" for file in sorted(folder.glob("*.safetensors"))[:4]]
    return f"{', '.join(sizes)}." if sizes else "There is no file of weights in its folder."


def packing(weights: str, dtype: str, task: str) -> Any:
    """How bitsandbytes packs the weights. The head stays as it is."""
    import torch
    from transformers import BitsAndBytesConfig

    # transformers spares the head of a model that writes by itself, and an encoder's only when it has no bias.
    spared = list(SEQ_CLS_HEADS) if task == "classifier" else None
    if weights == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=spared)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        llm_int8_skip_modules=spared,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )


def result_facts(kept: Path) -> dict[str, Any]:
    """What result.json says of a run's result: task, weights, head. Runs of the first version have none."""
    try:
        return dict(json.loads((kept / RESULT).read_text("utf-8")))
    except FileNotFoundError:
        return {"task": "causal", "weights": "full", "head": {}}


def load_result(kept: Path, base: Path, device: str, dtype: str, adapter_name: str = "default") -> Any:
    """What a run kept, ready to use: the adapter on the base model, or the whole model. Raises StudioError."""
    facts = result_facts(kept)
    if not (kept / "adapter_config.json").exists():
        return load_model(kept, device, dtype, facts["task"]).eval()
    from peft import PeftModel

    model = load_model(base, device, dtype, facts["task"], facts["weights"], facts["head"])
    return PeftModel.from_pretrained(model, kept, adapter_name=adapter_name).eval()
