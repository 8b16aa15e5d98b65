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
    return request["files"] if request["block"] is None else _frame(request["block"])


def _frame(path: str) -> Any:
    try:
        import numpy as np
        import pandas as pd
    except ImportError as error:
        missing = f"A mini-batch of a table is a pandas DataFrame, and the job's environment lacks {error.name}"
        raise RuntimeError(f"{missing}; add pandas to it.") from error
    with open(path, "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    rows, columns = head["rows"], head["columns"]
    same = {column["dtype"] for column in columns}
    if len(same) == 1 and not any(column["dtype"] is None or "zone" in column for column in columns):
        # One array for all: pandas then makes one block of it, and numpy gets it back without a copy.
        whole = np.frombuffer(data, columns[0]["dtype"], rows * len(columns), columns[0]["at"])
        return pd.DataFrame(whole.reshape(len(columns), rows).T, columns=[c["name"] for c in columns], copy=False)
    made = {position: _column(column, data, rows) for position, column in enumerate(columns)}
    frame = pd.DataFrame(made, index=pd.RangeIndex(rows), copy=False)
    frame.columns = [column["name"] for column in columns]
    return frame


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
