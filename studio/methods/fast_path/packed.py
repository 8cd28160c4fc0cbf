"""Packed rows, taken apart into the examples that they were packed from."""

from collections.abc import Iterator

from studio.methods.fast_path.parts import Batch, Row


def unpacked(bite: Batch) -> Iterator[Row]:
    """Each example of packed rows. An example begins at position 0, and so does every token of padding: alone."""
    for ids, labels, places in zip(
        *(bite[name].cpu() for name in ("input_ids", "labels", "position_ids")), strict=True
    ):
        begins = (places == 0).nonzero().flatten().tolist()
        lengths = [end - begin for begin, end in zip(begins, [*begins[1:], len(ids)], strict=True)]
        for own, learned in zip(ids.split(lengths), labels.split(lengths), strict=True):
            yield Row(len(own), {"input_ids": own[None], "labels": learned[None]})
