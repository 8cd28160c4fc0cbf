"""An architecture with fewer layers than it has: a deep model is a shallow one with more of the same."""

import copy
from dataclasses import dataclass
from typing import Any

# How configs call the number of layers of a stack, in the order in which they are looked for.
STACKS = (
    ("num_hidden_layers",),
    ("n_layer",),
    ("num_layers",),
    ("num_decoder_layers",),
    ("text_config", "num_hidden_layers"),
    ("vision_config", "num_hidden_layers"),
    ("vision_config", "depth"),
)
FEWEST = 2  # layers of a stack in the smallest sample; the first and the last differ from those between them


@dataclass(frozen=True)
class Stack:
    """path: where the config says how many layers there are. few, more: layers in the smaller and larger sample."""

    path: tuple[str, ...]
    layers: int
    few: int
    more: int


def stacks(architecture: dict[str, Any], trained: int = 0) -> list[Stack]:
    """The stacks of layers that are deep enough for a sample to save time."""
    found = []
    for path in STACKS:
        layers = inner(architecture, path).get(path[-1])
        if isinstance(layers, int):
            step = period(inner(architecture, path).get("layer_types"), layers)
            few = step * -(-max(FEWEST, trained + 1) // step)
            if few + 2 * step < layers:
                found.append(Stack(path, layers, few, few + 2 * step))
    return found


def period(kinds: Any, layers: int) -> int:
    """After how many layers the kinds of layers repeat; all of them when they do not."""
    if not isinstance(kinds, list) or len(kinds) < 2:
        return 1
    return next((n for n in range(1, layers) if all(a == b for a, b in zip(kinds, kinds[n:], strict=False))), layers)


def samples(architecture: dict[str, Any], trained: int = 0) -> tuple[list[dict[str, Any]], list[float]]:
    """Architectures to be measured, and with which weight each counts: the sum is the whole one.

    trained: how many of the last layers are trained, where those before them are not. Every figure grows by the same
    amount with each further layer, so the smallest sample and one with more layers in each stack are enough.
    """
    deep = stacks(architecture, trained)
    architectures, shares = [], [1.0]
    for larger in (None, *deep):
        sample = architecture
        for stack in deep:
            sample = with_layers(sample, stack, stack.more if stack is larger else stack.few)
        architectures.append(sample)
    for stack in deep:
        share = (stack.layers - stack.few) / (stack.more - stack.few)
        shares.append(share)
        shares[0] -= share
    return architectures, shares


def with_layers(architecture: dict[str, Any], stack: Stack, layers: int) -> dict[str, Any]:
    changed = copy.deepcopy(architecture)
    part = inner(changed, stack.path)
    part[stack.path[-1]] = layers
    for name, value in list(part.items()):  # what is said of every layer, such as layer_types
        if isinstance(value, list) and len(value) == stack.layers:
            part[name] = value[:layers]
    return changed


def inner(architecture: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    part = architecture.get(path[0]) if len(path) > 1 else architecture
    return part if isinstance(part, dict) else {}
