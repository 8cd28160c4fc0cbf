"""Scripts of the methods that learn to write the next token: from examples, documents, pairs of texts."""

from studio.export.python.parts import Parts, with_trainer, with_trl
from studio.export.python.plan import Plan


def next_token(plan: Plan) -> Parts:
    """sft, pretraining: TRL's SFTTrainer on rows of input_ids and labels.

    TRL's own loss is the same number, but rounds its gradients otherwise: in bfloat16 the losses of SmolLM2-135M were
    0.005 apart after one step.
    """
    parts = with_trl("SFTTrainer", "SFTConfig", options={"dataset_kwargs": {"skip_prepare_dataset": True}})
    parts.need("torch.nn.functional", "cross_entropy")
    parts.before.append("SFTTrainer.compute_loss = compute_loss")
    if plan.settings.packing:
        parts.need("trl.trainer.sft_trainer", "DataCollatorForLanguageModeling")
        parts.before.append(
            "collator = DataCollatorForLanguageModeling(tokenizer.pad_token_id, return_position_ids=True)"
        )
        parts.keywords["data_collator"] = "collator"
    behind = "[:, -labels.shape[1] :]" if plan.settings.adapt in ("prompt", "prefix") else ""
    lines = [
        "def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):",
        '    labels = inputs.pop("labels")',
    ]
    if plan.settings.packing:
        lines.append('    inputs.pop("attention_mask")  # where positions begin again at 0 an example begins')
    lines += [
        f"    logits, targets = model(**inputs, use_cache=False).logits{behind}[:, :-1], labels[:, 1:]",
        "    trained = targets != -100",
        '    return cross_entropy(logits[trained].float(), targets[trained], reduction="sum") / num_items_in_batch',
    ]
    parts.functions.append(lines)
    return parts


def text_to_text(plan: Plan) -> Parts:
    """An encoder-decoder: the mean over all tokens of a step, in however many bites."""
    parts = with_trainer("collator", keywords={"compute_loss_func": "loss"})
    parts.behind.append("collator = DataCollatorForSeq2Seq(tokenizer, model)")
    parts.need("transformers", "DataCollatorForSeq2Seq")
    parts.need("torch.nn.functional", "cross_entropy")
    parts.functions.append(
        [
            "def loss(outputs, labels, num_items_in_batch):",
            '    losses = cross_entropy(outputs.logits.float().flatten(0, 1), labels.flatten(), reduction="sum")',
            "    return losses / num_items_in_batch",
        ]
    )
    return parts
