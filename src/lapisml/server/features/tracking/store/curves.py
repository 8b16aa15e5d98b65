"""Reading whole series of points, for curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, func, select

from lapisml.server.features.tracking.store.driver import driver_errors, fetch_among, is_sqlite, raw
from lapisml.server.features.tracking.tables import metric_points, metric_series, runs

if TYPE_CHECKING:  # numpy is loaded when somebody looks at a curve
    import numpy as np
    from numpy.typing import NDArray

    Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

_COUNT = "SELECT count(*) FROM metric_points WHERE series = ?"
_COUNTS = "SELECT series, count(*) FROM metric_points WHERE series AMONG ? GROUP BY series"
_TEXTS = (
    "SELECT series, group_concat(timestamp), group_concat(step), "
    "group_concat(CASE WHEN is_nan THEN 'nan' ELSE value END) FROM metric_points WHERE {which} GROUP BY series"
)
"""SQLite writes a million numbers into a text twice as fast as the driver makes rows of them. It goes through the
primary key, so each series comes in its order; to ask for that order takes as long again, for it sorts once more.
"""

_COPY = (
    "COPY (SELECT series, timestamp, step, CASE WHEN is_nan = 1 THEN 'NaN' ELSE value END AS number "
    "FROM metric_points WHERE {which} ORDER BY series, timestamp, step, value, is_nan) TO STDOUT (FORMAT BINARY)"
)
"""https://www.postgresql.org/docs/current/sql-copy.html: rows of a fixed length, for no column is NULL."""
_HEAD, _END = 19, 2
_ROW = [
    ("columns", ">i2"), ("size0", ">i4"), ("series", ">i8"), ("size1", ">i4"), ("time", ">i8"),
    ("size2", ">i4"), ("step", ">i8"), ("size3", ">i4"), ("value", ">f8"),
]  # fmt: skip


class Series(NamedTuple):
    """One metric of one run."""

    id: int
    run_id: str
    key: str


def series_of(
    connection: Connection, workspace_id: int, run_ids: Sequence[str], keys: Sequence[str] | None
) -> list[Series]:
    """Return the metrics of runs, of some keys or all of them, by key and run id."""
    query = select(metric_series.c.id, runs.c.run_id, metric_series.c.key).join(runs, runs.c.id == metric_series.c.run)
    query = query.where(runs.c.workspace_id == workspace_id, runs.c.run_id.in_(run_ids))
    if keys is not None:
        query = query.where(metric_series.c.key.in_(keys))
    found = connection.execute(query.order_by(metric_series.c.key, runs.c.run_id))
    return [Series(*row) for row in found]


def counts(connection: Connection, series: Iterable[int]) -> dict[int, int]:
    """Return series → number of its points; one without any is left out."""
    if not is_sqlite(connection):
        return dict(fetch_among(connection, _COUNTS, series))
    driver = raw(connection)  # one by one, they are counted in half the time
    found = {one: driver.execute(_COUNT, (one,)).fetchone()[0] for one in series}
    return {one: count for one, count in found.items() if count}


def columns(
    connection: Connection, series: Iterable[int], since: int | None = None, until: int | None = None
) -> dict[int, Columns]:
    """Return series → times, steps and values (NaN among them) in the order of time.

    Args:
        since: only points from this time on.
        until: only points before this time.
    """
    numbers = ",".join(str(int(one)) for one in series)
    if not numbers:
        return {}
    which = f"series IN ({numbers})"
    which += "" if since is None else f" AND timestamp >= {int(since)}"
    which += "" if until is None else f" AND timestamp < {int(until)}"
    return _from_texts(connection, which) if is_sqlite(connection) else _from_copy(connection, which)


def middle(connection: Connection, series: int) -> int:
    """Return the time halfway between the first and the last point of a series that has some."""
    c = metric_points.c
    ends = [select(end(c.timestamp)).where(c.series == series) for end in (func.min, func.max)]
    first, last = (connection.execute(one).scalar_one() for one in ends)
    return int(first + last) // 2


def _from_texts(connection: Connection, which: str) -> dict[int, Columns]:
    import numpy as np

    return {
        series: (_numbers(times, np.int64), _numbers(steps, np.int64), _numbers(values, np.float64))
        for series, times, steps, values in raw(connection).execute(_TEXTS.format(which=which))
    }


def _from_copy(connection: Connection, which: str) -> dict[int, Columns]:
    import numpy as np

    with driver_errors(connection), raw(connection).cursor() as cursor, cursor.copy(_COPY.format(which=which)) as copy:
        data = b"".join(copy)
    rows = np.frombuffer(data[_HEAD:-_END], dtype=_ROW)
    ids, starts = np.unique(rows["series"], return_index=True)
    time, step = rows["time"].astype(np.int64), rows["step"].astype(np.int64)
    value = rows["value"].astype(np.float64)
    parts = zip(ids, starts, [*starts[1:], len(rows)], strict=True)
    return {int(one): (time[begin:end], step[begin:end], value[begin:end]) for one, begin, end in parts}


def _numbers(text: str, kind: type[Any]) -> NDArray[Any]:
    import numpy as np

    return np.fromstring(text, dtype=kind, sep=",")
