"""MLTable: a file that says which files make a table and how they are read, and the table itself.

``lapisml.mltable`` here; in a job's script also ``import mltable``, unless the job's environment has that package.
This folder stands alone: it imports nothing else of Lapis, needs pandas or Polars only when rows are read, and keeps
to Python 3.8.
"""

from __future__ import annotations

from typing import Any

from .document import MLTableError
from .table import (
    DataType,
    MLTable,
    MLTableFileEncoding,
    MLTableHeaders,
    from_delimited_files,
    from_json_lines_files,
    from_parquet_files,
    from_paths,
    load,
)

__all__ = [
    "DataType",
    "MLTable",
    "MLTableError",
    "MLTableFileEncoding",
    "MLTableHeaders",
    "from_delimited_files",
    "from_json_lines_files",
    "from_parquet_files",
    "from_paths",
    "load",
]


def __getattr__(name: str) -> Any:
    """Say what to use in place of what this package does not have."""
    if name == "from_delta_lake":
        raise MLTableError("mltable.from_delta_lake is not offered here: polars.read_delta reads Delta tables")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
