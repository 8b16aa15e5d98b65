"""A mini-batch as the script gets it: a list of files, or a DataFrame over the file with its rows.

The file (written by `lapisml.runner.parallel.blocks`): eight bytes with the length of the header, the header
(JSON), then the columns. Numbers, dates and truth values are raw little-endian arrays, aligned to 64 bytes;
everything else is a list as JSON. Mapped copy-on-write, so that nothing is read before it is used and the script
may write into its rows.
"""

from __future__ import annotations

import base64
import json
import mmap
from typing import Any


def load(request: dict[str, Any]) -> Any:
    """Make what ``run()`` gets from a request."""
    return request["files"] if request["block"] is None else frame(request["block"])


def frame(block: str) -> Any:
    """Return the rows of a file as a DataFrame.

    Raises:
        RuntimeError: there is no pandas.
    """
    try:
        import numpy as np
        import pandas as pd
    except ImportError as error:
        missing = f"A mini-batch of a table is a pandas DataFrame, and the job's environment lacks {error.name}"
        raise RuntimeError(f"{missing}; add pandas to it.") from error
    rows, columns, data = _open(block)
    if _is_uniform(columns):
        # One array for all: pandas then makes one block of it, and numpy gets it back without a copy.
        whole = np.frombuffer(data, columns[0]["dtype"], rows * len(columns), columns[0]["at"])
        return pd.DataFrame(whole.reshape(len(columns), rows).T, columns=[c["name"] for c in columns], copy=False)
    made = {position: _column(column, data, rows) for position, column in enumerate(columns)}
    found = pd.DataFrame(made, index=pd.RangeIndex(rows), copy=False)
    found.columns = [column["name"] for column in columns]
    return found


def matrix(block: str, names: list[Any] | None) -> Any:
    """Return the rows of a file as an array of numbers (rows, columns).

    Args:
        block: the file.
        names: the columns to take; None for all.

    Raises:
        ValueError: a column is missing, or holds no numbers.
    """
    import numpy as np

    rows, columns, data = _open(block)
    if names is not None and names != [column["name"] for column in columns]:
        by_name = {column["name"]: column for column in columns}
        lacking = [str(name) for name in names if name not in by_name]
        if lacking:
            raise ValueError(
                f"the columns {', '.join(lacking[:10])} are missing; there are {', '.join(by_name)}"[:1000]
            )
        columns = [by_name[name] for name in names]
    elif _is_uniform(columns) and columns[0]["dtype"] != "?":
        whole = np.frombuffer(data, columns[0]["dtype"], rows * len(columns), columns[0]["at"])
        return whole.reshape(len(columns), rows).T
    texts = [str(column["name"]) for column in columns if column["dtype"] is None or column["dtype"][1:2] in "Mm"]
    if texts:
        raise ValueError(f"column {texts[0]} holds no numbers, and the model takes nothing else")
    kind = np.result_type(*[column["dtype"] for column in columns])
    made = np.empty((len(columns), rows), "float64" if kind.kind == "b" else kind)
    for place, column in enumerate(columns):
        made[place] = np.frombuffer(data, column["dtype"], rows, column["at"])
    return made.T


def _open(block: str) -> tuple[int, list[dict[str, Any]], Any]:
    """Return the number of rows, the columns, and the file mapped copy-on-write."""
    with open(block, "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return head["rows"], head["columns"], data


def _is_uniform(columns: list[dict[str, Any]]) -> bool:
    kinds = {column["dtype"] for column in columns}
    return len(kinds) == 1 and not any(column["dtype"] is None or "zone" in column for column in columns)


def _column(column: dict[str, Any], data: Any, rows: int) -> Any:
    import numpy as np
    import pandas as pd

    at = column["at"]
    if column["dtype"] is None:
        values = json.loads(data[at : at + column["bytes"]])
        if column.get("base64"):
            return [None if value is None else base64.b64decode(value) for value in values]
        return values
    raw = np.frombuffer(data, column["dtype"], rows, at)
    if "zone" in column:
        return pd.DatetimeIndex(raw).tz_localize("UTC").tz_convert(column["zone"])
    return raw
