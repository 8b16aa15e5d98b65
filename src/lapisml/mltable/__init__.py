"""MLTable: a file that says which files make a table and how they are read, and the table itself.

``lapisml.mltable`` here; in a job's script also ``import mltable``, unless the job's environment has that package.
This folder stands alone: it imports nothing else of Lapis, needs pandas or Polars only when rows are read, and keeps
to Python 3.8.
"""

from __future__ import annotations

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
