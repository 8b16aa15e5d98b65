"""Curves of metrics: any number of points in, as many as a chart shows out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.downsample import LEAST_POINTS, chosen
from lapisml.server.features.tracking.run_table import check_few
from lapisml.server.features.tracking.store import curves as store
from lapisml.server.platform.database import Database

if TYPE_CHECKING:  # numpy is loaded when somebody looks at a curve
    import numpy as np
    from numpy.typing import NDArray

MOST_POINTS = 2_000
MOST_SERIES = 2_000
_MOST_IN_ALL = 400_000
_LONG = 20_000
"""A series of so many points is kept in memory: reading it takes longer than looking at it."""
_MOST_KEPT = 6_000_000


class Axis(StrEnum):
    """What a curve is drawn over: steps, milliseconds since 1970, or seconds since the first point."""

    STEP = "step"
    TIME = "time"
    RELATIVE = "relative"


@dataclass(frozen=True)
class CurveQuery:
    """Which curves.

    Attributes:
        keys: of metrics; None: all of them.
        points: how many of a curve at most.
        start, end: only points between these, in the unit of the axis, and one beyond at each side.
    """

    run_ids: tuple[str, ...]
    keys: tuple[str, ...] | None
    axis: Axis = Axis.STEP
    points: int = 500
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of one metric of one run that are worth drawing.

    Attributes:
        count: how many points the metric has.
        x: in the unit of the axis.
        y: NaN and the infinities among them.
        is_plain: none of `y` is NaN or infinite.
    """

    run_id: str
    key: str
    count: int
    x: list[float]
    y: list[float]
    is_plain: bool


@dataclass(frozen=True, slots=True)
class _Points:
    """A series in the order of time; `value` holds NaN where there is one."""

    time: NDArray[np.int64]
    step: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)


class Curves:
    """Gives curves. Long series stay in memory while there is room, and only what was added is read again.

    A point never changes and never goes, and nearly always comes behind the others: so a series is as it was when it
    has as many points as before; when it has more, those from the last time on are read, and if that does not account
    for all of them (somebody logged into the past), all are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, _Points] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, workspace_id: int, query: CurveQuery) -> list[Curve]:
        """Return curves by key and run; a metric that was never logged is left out.

        Raises:
            LapisError: Usage for too many runs or metrics.
        """
        check_few(query.run_ids)
        with self._database.read() as connection:
            series = store.series_of(connection, workspace_id, query.run_ids, query.keys)
            if len(series) > MOST_SERIES:
                sentence = f"These are {len(series)} curves; at most {MOST_SERIES} can be drawn at once."
                raise LapisError(ErrorCode.USAGE, sentence, "Name the metrics that you want to see.")
            counts = store.counts(connection, [one.id for one in series])
            most = max(LEAST_POINTS, min(query.points, MOST_POINTS, _MOST_IN_ALL // max(1, len(series))))
            brief = sorted(id_ for id_, count in counts.items() if count < _LONG)
            short = {id_: _Points(*found) for id_, found in store.columns(connection, brief).items()}
            return [
                _curve(one, short.get(one.id) or self._long(connection, one.id, counts[one.id]), query, most)
                for one in series
                if one.id in counts
            ]

    def _long(self, connection: Connection, series: int, count: int) -> _Points:
        with self._lock:
            kept = self._kept.get(series)
        if kept is None or len(kept) != count:
            kept = self._read_on(connection, series, kept, count)
        with self._lock:
            self._kept[series] = kept
            self._kept.move_to_end(series)
            while sum(map(len, self._kept.values())) > _MOST_KEPT and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return kept

    def _read_on(self, connection: Connection, series: int, kept: _Points | None, count: int) -> _Points:
        if kept is not None:
            last = int(kept.time[-1])
            new = store.columns(connection, [series], last)[series]
            grown = _joined(kept, _Points(*new), last)
            if len(grown) == count:
                return grown
        return self._whole(connection, series)

    def _whole(self, connection: Connection, series: int) -> _Points:
        """Read a long series; its halves beside each other where the database lets Python go on meanwhile."""
        if not self._database.is_sqlite:
            return _Points(*store.columns(connection, [series])[series])
        middle = store.middle(connection, series)
        with ThreadPoolExecutor(1) as helper:
            earlier = helper.submit(self._until, series, middle)
            later = store.columns(connection, [series], since=middle)
            halves = [_Points(*found[series]) for found in (earlier.result(), later) if series in found]
        return halves[0] if len(halves) == 1 else _joined(halves[0], halves[1], middle)

    def _until(self, series: int, time: int) -> dict[int, store.Columns]:
        with self._database.read() as connection:
            return store.columns(connection, [series], until=time)


def _joined(kept: _Points, new: _Points, since: int) -> _Points:
    """Put points from a time on in the place of those that are kept from that time on."""
    import numpy as np

    end = int(np.searchsorted(kept.time, since))
    return _Points(
        np.concatenate([kept.time[:end], new.time]),
        np.concatenate([kept.step[:end], new.step]),
        np.concatenate([kept.value[:end], new.value]),
    )


def _curve(series: store.Series, points: _Points, query: CurveQuery, most: int) -> Curve:
    import numpy as np

    x, y = _along(points, query.axis)
    begin = 0 if query.start is None else max(0, int(np.searchsorted(x, query.start)) - 1)
    end = len(x) if query.end is None else int(np.searchsorted(x, query.end, side="right")) + 1
    x, y = x[begin:end], y[begin:end]
    places = chosen(y, most)
    x, y = x[places], y[places]
    is_plain = bool(np.isfinite(y).all())
    return Curve(series.run_id, series.key, len(points), x.tolist(), y.tolist(), is_plain)


def _along(points: _Points, axis: Axis) -> tuple[NDArray[Any], NDArray[np.float64]]:
    import numpy as np

    if axis is Axis.TIME:
        return points.time, points.value
    if axis is Axis.RELATIVE:
        return (points.time - points.time[0]) / 1000, points.value
    if np.all(points.step[1:] >= points.step[:-1]):
        return points.step, points.value
    order = np.argsort(points.step, kind="stable")
    return points.step[order], points.value[order]
