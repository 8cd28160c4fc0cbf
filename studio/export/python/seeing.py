"""The script of a model for pictures and text; the pictures lie beside it as the run prepared them."""

from studio.export.python.parts import Parts, with_trainer
from studio.export.python.plan import Plan

BATCH = [
    "def batch(rows):  # a picture and a question, and behind them the answer, which is learned",
    '    texts, pictures = [row["read"] for row in rows], [[load_image(row["picture"])] for row in rows]',
    '    how = {"padding": True, "padding_side": "right", "return_tensors": "pt", "add_special_tokens": False}',
    "    read = dict(processor(text=texts, images=pictures, **how).to(model.dtype))",
    '    ids, replies = read["input_ids"], [torch.tensor(row["reply"]) for row in rows]',
    '    ends, nothing = read["attention_mask"].sum(dim=1).tolist(), [torch.zeros_like(reply) for reply in replies]',
    "    parts = {name: (value, nothing, 0) for name, value in read.items() if value.shape == ids.shape}",
    '    parts["attention_mask"] = torch.ones_like(ids), [one + 1 for one in nothing], 0',
    '    parts["labels"] = torch.full_like(ids, -100), replies, -100',
    '    parts["input_ids"] = ids, replies, processor.tokenizer.pad_token_id',
    "    for name, (before, after, value) in parts.items():",
    "        whole = [torch.cat([one[:end], reply]) for one, end, reply in zip(before, ends, after, strict=True)]",
    "        read[name] = pad_sequence(whole, batch_first=True, padding_value=value)",
    "    return read",
]
LOSS = [
    "def loss(outputs, labels, num_items_in_batch):",
    "    logits, targets = outputs.logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten()",
    '    return cross_entropy(logits, targets, reduction="sum") / num_items_in_batch',
]


def vision(plan: Plan) -> Parts:
    parts = with_trainer(
        "batch",
        reader="AutoProcessor",
        options={"remove_unused_columns": False},
        keywords={"compute_loss_func": "loss"},
        functions=[BATCH, LOSS],
    )
    parts.modules.add("torch")
    parts.need("torch.nn.functional", "cross_entropy")
    parts.need("torch.nn.utils.rnn", "pad_sequence")
    parts.need("transformers.image_utils", "load_image")
    return parts
