"""Forms of profiles of tables on the wire."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from lapisml.server.features.assets.cells import Cell


class Histogram(TypedDict):
    """How numbers, or moments in milliseconds since the epoch, are spread: one edge more than counts."""

    edges: list[float]
    counts: list[int]


class TopValue(TypedDict):
    """A value that stands often in a column."""

    value: str
    count: int


class ColumnProfile(TypedDict):
    """What a column holds.

    Attributes:
        kind: ``number``, ``time``, ``text``, ``boolean``, ``other``.
        count: values that are there; `missing` ones are not.
        min, max, mean, std, quantiles (at 5, 25, 50, 75 and 95 %): of numbers that are finite.
        first, last: of moments, ISO 8601.
        top: the most frequent values.
    """

    name: str
    type: str
    kind: str
    count: int
    missing: int
    distinct: int | None
    min: NotRequired[float]
    max: NotRequired[float]
    mean: NotRequired[float]
    std: NotRequired[float]
    quantiles: NotRequired[list[float]]
    first: NotRequired[str]
    last: NotRequired[str]
    histogram: NotRequired[Histogram]
    top: NotRequired[list[TopValue]]


class ProfileBody(TypedDict):
    """The profile of a table, and its first rows.

    Attributes:
        rows: how many rows it was made from; `whole` says whether these are all.
        all_columns: how many columns the table has; of very many the first are described.
    """

    rows: int
    whole: bool
    all_columns: int
    columns: list[ColumnProfile]
    head: list[list[Cell]]
