"""A mini-batch as the script gets it: a list of files, or a DataFrame over the file with its rows.

The file (written by `lapisml.runner.parallel.blocks`): eight bytes with the length of the header, the header
(JSON), then the columns. Numbers, dates and truth values are raw little-endian arrays, aligned to 64 bytes;
everything else is a pickled list. Mapped copy-on-write, so that nothing is read before it is used and the script
may write into its rows.
"""

from __future__ import annotations

import json
import mmap
import pickle
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
    if len(same) == 1 and None not in same and columns:
        # One array for all: pandas then makes one block of it, and numpy gets it back without a copy.
        whole = np.frombuffer(data, columns[0]["dtype"], rows * len(columns), columns[0]["at"])
        return pd.DataFrame(whole.reshape(len(columns), rows).T, columns=[c["name"] for c in columns], copy=False)
    made = {}
    for position, column in enumerate(columns):
        at = column["at"]
        if column["dtype"] is None:
            made[position] = pickle.loads(data[at : at + column["bytes"]])  # noqa: S301 - our own driver wrote it
        else:
            made[position] = np.frombuffer(data, column["dtype"], rows, at)
    frame = pd.DataFrame(made, index=pd.RangeIndex(rows), copy=False)
    frame.columns = [column["name"] for column in columns]
    return frame
