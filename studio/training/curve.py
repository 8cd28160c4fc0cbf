"""A curve that grows with every step and stays small: peaks survive, and short ones are exact."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Points = list[tuple[int, float]]
MOST = 2000  # points; a chart is about a thousand pixels wide
second = itemgetter(1)


class Curve(Points):
    """(step, value) points in the order in which they came, all of them up to MOST.

    From then on the steps are cut into stretches of `width` steps. Of each that is over the lowest and the highest
    point are kept, and beside them the first of all. The width doubles whenever there are too many points again.
    """

    def __init__(self, points: Iterable[tuple[int, float]] = (), width: int = 1) -> None:
        super().__init__(points)
        self.width = width
        self.stretch = self.start = 0  # the last stretch, and where in the list it begins
        self.find_stretch()

    def add(self, step: int, value: float) -> None:
        """One more point. A second one at the last point's step takes its place."""
        if self and self[-1][0] == step:
            self.pop()
        if self.width > 1 and (stretch := step // self.width) != self.stretch:
            if len(self) - self.start > 1:
                self[self.start :] = extremes(self[self.start :])
            self.stretch, self.start = stretch, len(self)
        self.append((step, value))
        if len(self) > MOST:
            self.shorten()

    def shorten(self) -> None:
        while len(self) > MOST // 4 * 3:
            self.width *= 2
            kept = [self[0]]
            for _, points in groupby(self[1:], lambda point: point[0] // self.width):
                kept.extend(extremes(list(points)))
            self[:] = kept if kept[-1] == self[-1] else [*kept, self[-1]]
        self.find_stretch()

    def find_stretch(self) -> None:
        self.stretch = self[-1][0] // self.width if self else 0
        self.start = len(self)
        while self.start > 1 and self[self.start - 1][0] // self.width == self.stretch:
            self.start -= 1

    def until(self, step: int) -> "Curve":
        """The points up to this step. Of a shortened curve the last of them may be an earlier step's."""
        return Curve((point for point in self if point[0] <= step), self.width)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """As JSON: [width, points]."""
        kept = handler(tuple[int, Points])
        return core_schema.no_info_after_validator_function(
            lambda pair: cls(pair[1], pair[0]),
            kept,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda curve: [curve.width, list(curve)]),
        )


def extremes(points: Points) -> Points:
    """The lowest and the highest of these, in their order."""
    low, high = min(points, key=second), max(points, key=second)
    return [low] if low is high else sorted((low, high))
