"""The lines of Python that load a download, and ask it where that is not plain. A test runs them as written."""

import json
from typing import Any

from studio.chat.ways import gives_scores
from studio.methods.predictions import THRESHOLD
from studio.models.loading import TASKS


def snippet(base: str, folder: str, facts: dict[str, Any], dtype: str, pad_token_id: int | None = None) -> str:
    """Lines that load the download from the folder that it was unpacked into: "adapter", or "model" for a whole one.

    base: how the base model is called on the computer where they run; a whole model needs none. facts: those of
    result.json. pad_token_id: for a head on a model whose config has none (it tells where a text ends).
    """
    kind, whole = TASKS[facts["task"]], folder == "model"
    packed = facts["weights"] != "full" and not whole
    reader = "AutoProcessor" if facts["task"] == "vision" else "AutoTokenizer"
    names = sorted([kind, reader, *(["BitsAndBytesConfig"] if packed else [])])
    options = [f'dtype="{dtype}"']
    lines = [f"from transformers import {', '.join(names)}"]
    if not whole:
        lines.insert(0, "from peft import PeftModel")
    if packed:
        lines.append(packing(facts["weights"], dtype))
        options.append("quantization_config=packed")
    if facts["head"] and not whole:
        lines = ["import json", *lines, *head_lines(facts["head"])]
        options.append("**head")
        if pad_token_id is not None:
            options.append(f"pad_token_id={pad_token_id}")
    loaded = (
        f"{kind}.from_pretrained({json.dumps(folder if whole else base, ensure_ascii=False)}, {', '.join(options)})"
    )
    if whole:
        lines.append(f"model = {loaded}")
    else:
        lines += [f"base = {loaded}", f'model = PeftModel.from_pretrained(base, "{folder}")']
    lines.append(f'{"processor" if facts["task"] == "vision" else "tokenizer"} = {reader}.from_pretrained("{folder}")')
    if facts["task"] == "classifier":
        lines += asking(facts)
    return "\n".join(lines) + "\n"


def packing(weights: str, dtype: str) -> str:
    """How the base was packed, as in studio.models.loading."""
    if weights == "8bit":
        return "packed = BitsAndBytesConfig(load_in_8bit=True)"
    return (
        'packed = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, '
        f'bnb_4bit_compute_dtype="{dtype}")'
    )


def head_lines(head: dict[str, Any]) -> list[str]:
    """What the head needs to know stands in the download; JSON has made texts of the numbers."""
    lines = ['head = json.load(open("adapter/result.json", encoding="utf-8"))["head"]']
    if "id2label" in head:
        lines.append('head["id2label"] = {int(number): label for number, label in head["id2label"].items()}')
    return lines


def asking(facts: dict[str, Any]) -> list[str]:
    """What a model with a head says of a text."""
    head = facts["head"]
    if gives_scores(facts):
        said = '[{"role": "user", "content": "A question"}, {"role": "assistant", "content": "An answer"}]'
        return [
            f"talk = {said}",
            'read = tokenizer(tokenizer.apply_chat_template(talk, tokenize=False), return_tensors="pt")',
            'print(float(model.eval()(read["input_ids"]).logits[0, 0]))  # higher is better',
        ]
    lines = [
        'read = tokenizer("A text", return_tensors="pt")',
        'logits = model.eval()(read["input_ids"]).logits[0]',
    ]
    if head.get("problem_type") == "regression":
        scale = facts["scale"]
        return [*lines, f"print(float(logits[0]) * {scale['std']} + {scale['mean']})"]
    names = "model.config.id2label"
    if head.get("problem_type") == "multi_label_classification":
        limit = facts.get("threshold", THRESHOLD)
        return [*lines, f"print([name for n, name in {names}.items() if float(logits[n].sigmoid()) >= {limit}])"]
    return [*lines, f"print({names}[int(logits.argmax())])"]
