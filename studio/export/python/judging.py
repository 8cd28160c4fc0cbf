"""Scripts of the methods with a head: groups and numbers, learned with transformers' own Trainer."""

from studio.export.python.parts import Parts, with_trainer
from studio.export.python.plan import Plan
from studio.methods.predictions import group_head, number_head

NAMES = [
    'names = json.loads(Path("groups.json").read_text("utf-8"))',
    'head = {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}',
]


def groups(plan: Plan) -> Parts:
    """One group a text."""
    balanced = plan.settings.class_weights == "balanced"
    each = '(cross_entropy(logits, labels, reduction="none") * weights[labels]).sum()'
    parts = judge(plan, each if balanced else 'cross_entropy(logits, labels, reduction="sum")')
    parts.need("torch.nn.functional", "cross_entropy")
    with_groups(parts, several=False)
    if balanced:
        parts.modules.add("torch")
        parts.before += [
            'sizes = torch.bincount(torch.tensor([row["labels"] for row in rows]), minlength=len(names)).clamp(min=1)',
            "weights = sizes.sum() / (len(sizes) * sizes)  # every group counts the same in sum",
        ]
    return parts


def several_groups(plan: Plan) -> Parts:
    """Any number of groups a text."""
    balanced = plan.settings.class_weights == "balanced"
    name = "binary_cross_entropy_with_logits"
    given = 'reduction="sum"' + (", pos_weight=weights" if balanced else "")
    parts = judge(plan, f"{name}(logits, labels, {given})")
    parts.need("torch.nn.functional", name)
    with_groups(parts, several=True)
    if balanced:
        parts.modules.add("torch")
        parts.before += [
            'having = torch.tensor([row["labels"] for row in rows]).sum(dim=0).clamp(1, max(1, len(rows) - 1))',
            "weights = ((len(rows) - having) / having).clamp(min=1e-3)  # having a group counts as much as not",
        ]
    return parts


def number(plan: Plan) -> Parts:
    """A number a text, in standard deviations from the mean."""
    parts = judge(plan, "((logits[:, 0] - labels) ** 2).sum()")
    parts.head = ["num_labels=1", f'problem_type="{number_head()["problem_type"]}"']
    scale = plan.facts["scale"]
    parts.before.append(f"# A label times {scale['std']!r} plus {scale['mean']!r} is the number of the file.")
    return parts


def with_groups(parts: Parts, several: bool) -> None:
    parts.before += NAMES
    parts.head = ["**head", f'problem_type="{group_head([], several)["problem_type"]}"', "ignore_mismatched_sizes=True"]


def judge(plan: Plan, summed: str) -> Parts:
    """summed: the loss of all rows of a batch together, as code."""
    parts = with_trainer(
        "collator",
        options={"train_sampling_strategy": "group_by_length"},
        keywords={"compute_loss_func": "loss"},
    )
    parts.before.append("collator = DataCollatorWithPadding(tokenizer)")
    parts.modules.add("torch")
    parts.need("transformers", "DataCollatorWithPadding")
    parts.functions.append(
        [
            "def loss(outputs, labels, num_items_in_batch):",
            "    logits = outputs.logits.float()",
            f"    return {summed} / num_items_in_batch",
        ]
    )
    parts.after += [
        "sampler = trainer._get_train_sampler()  # the order of the rows comes from the seed alone",
        f"sampler.generator = torch.Generator().manual_seed({plan.settings.seed})",
        "trainer._get_train_sampler = lambda *rest: sampler",
    ]
    return parts
