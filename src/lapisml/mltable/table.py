"""The table as a script uses it."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from . import yaml_text
from .document import NAME, MLTableError, Plan, parse
from .document import read as read_plan
from .files import files_of


class MLTableHeaders(Enum):
    """How headers of delimited files are read."""

    no_header = "no_header"
    from_first_file = "from_first_file"
    all_files_different_headers = "all_files_different_headers"
    all_files_same_headers = "all_files_same_headers"


class MLTableFileEncoding(Enum):
    """Encodings of text files."""

    utf8 = "utf8"
    utf8bom = "utf8bom"
    utf16 = "utf16"
    ascii = "ascii"
    latin1 = "latin1"
    iso88591 = "iso88591"
    windows1252 = "windows1252"


class DataType:
    """Types for `MLTable.convert_column_types`."""

    def __init__(self, written: Any) -> None:
        self.written = written

    @staticmethod
    def to_int() -> DataType:
        """Whole numbers; what is none becomes absent."""
        return DataType("int")

    @staticmethod
    def to_float() -> DataType:
        """Numbers; what is none becomes absent."""
        return DataType("float")

    @staticmethod
    def to_string() -> DataType:
        """Text."""
        return DataType("string")

    @staticmethod
    def to_stream() -> DataType:
        """Paths of files, as text."""
        return DataType("stream_info")

    @staticmethod
    def to_bool(
        true_values: Sequence[str] | None = None, false_values: Sequence[str] | None = None, mismatch_as: str = "error"
    ) -> DataType:
        """Truth values; `mismatch_as` says what others are: ``error``, ``true`` or ``false``."""
        given: dict[str, Any] = {"mismatch_as": mismatch_as}
        if true_values is not None:
            given["true_values"] = list(true_values)
        if false_values is not None:
            given["false_values"] = list(false_values)
        return DataType({"boolean": given})

    @staticmethod
    def to_datetime(formats: str | Sequence[str] = ()) -> DataType:
        """Moments, read by the first format (strptime's) that fits, ISO 8601 without any."""
        return DataType({"datetime": {"formats": [formats] if isinstance(formats, str) else list(formats)}})


class MLTable:
    """A table that is read when its rows are asked for; every method gives a new one.

    Args:
        plan: what it is made of.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def paths(self) -> list[dict[str, str]]:
        """The places of its files, as the ``MLTable`` file has them."""
        return [dict(path) for path in self.plan.paths]

    def take(self, count: int = 20) -> MLTable:
        """Keep the first rows."""
        return self._with("take", count)

    def skip(self, count: int) -> MLTable:
        """Leave out the first rows."""
        return self._with("skip", count)

    def take_random_sample(self, probability: float, seed: int | None = None) -> MLTable:
        """Keep each row with a probability."""
        return self._with("take_random_sample", {"probability": probability, "seed": seed})

    def keep_columns(self, columns: str | Sequence[str]) -> MLTable:
        """Keep only these columns, in this order."""
        return self._with("keep_columns", _names(columns))

    def drop_columns(self, columns: str | Sequence[str]) -> MLTable:
        """Leave out columns."""
        return self._with("drop_columns", _names(columns))

    def filter(self, expression: str) -> MLTable:
        """Keep the rows for which a condition such as ``col('age') > 30`` holds."""
        return self._with("filter", expression)

    def convert_column_types(self, column_types: Mapping[Any, DataType]) -> MLTable:
        """Change types: a column, or a tuple of columns → `DataType`."""
        given = [{"columns": _names(names), "column_type": kind.written} for names, kind in column_types.items()]
        return self._with("convert_column_types", given)

    def extract_columns_from_partition_format(self, partition_format: str) -> MLTable:
        """Make columns out of the paths of files: ``{Store}/{Date:yyyy/MM/dd}/data.csv``."""
        return self._with("extract_columns_from_partition_format", {"partition_format": partition_format})

    def lazy(self) -> Any:
        """Return a Polars ``LazyFrame``.

        Raises:
            MLTableError: there is no Polars, or the files are not there.
        """
        engine = _polars()
        if engine is None:
            raise MLTableError("a lazy table needs polars; add it to the environment (pip install polars)")
        return engine.Frames(self.plan).lazy()

    def to_polars(self) -> Any:
        """Read all rows into a Polars ``DataFrame``; errors as `lazy`, and what can't be read."""
        engine = _polars()
        if engine is None:
            raise MLTableError("a Polars frame needs polars; add it to the environment (pip install polars)")
        return engine.Frames(self.plan).collect()

    def to_pandas_dataframe(self) -> Any:
        """Read all rows into a pandas ``DataFrame``.

        Raises:
            MLTableError: there is no pandas, the files are not there or can't be read.
        """
        try:
            import pandas  # noqa: F401, ICN001 - only to say what is missing
        except ImportError as error:
            raise MLTableError("a pandas frame needs pandas; add it to the environment") from error
        engine = _polars()
        if engine is not None:
            return engine.to_pandas(engine.Frames(self.plan).collect())
        from . import pandas_engine

        return pandas_engine.read(self.plan)

    def show(self, count: int = 20) -> Any:
        """Return the first rows as a pandas ``DataFrame``."""
        return self.take(count).to_pandas_dataframe()

    def save(self, path: str | None = None, overwrite: bool = True, colocated: bool = False) -> MLTable:
        """Write an ``MLTable`` file.

        Args:
            path: its folder, made when it is not there; the current one when left out.
            overwrite: whether an ``MLTable`` file that is there may be replaced.
            colocated: copy the table's files into the folder.

        Returns:
            The saved table.

        Raises:
            MLTableError: there is one already, and `overwrite` is false.
        """
        folder = os.path.abspath(path or ".")
        target = os.path.join(folder, NAME)
        if os.path.exists(target) and not overwrite:
            raise MLTableError(f"{target} is there already")
        os.makedirs(folder, exist_ok=True)
        places = self._copied(folder) if colocated else [self._placed(entry, folder) for entry in self.plan.paths]
        plan = Plan(folder, tuple(places), self.plan.steps, self.plan.metadata)
        with open(target, "w", encoding="utf-8") as file:
            file.write(yaml_text.dump(plan.to_dict()))
        return MLTable(plan)

    def __repr__(self) -> str:
        return yaml_text.dump(self.plan.to_dict())

    def __getattr__(self, name: str) -> Any:
        instead = "to_pandas_dataframe() or to_polars() gives a frame that can do it"
        raise AttributeError(name if name.startswith("__") else f"MLTable.{name} is not offered here: {instead}")

    def _with(self, name: str, value: Any) -> MLTable:
        return MLTable(self.plan.with_step(name, value))

    def _placed(self, entry: Mapping[str, str], folder: str) -> dict[str, str]:
        """Give an entry's place as seen from another folder: relative below it, absolute elsewhere."""
        kind, where = next(iter(entry.items()))
        if "://" in where:
            return {kind: where}
        path = os.path.normpath(os.path.join(self.plan.base, where))
        below = path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
        return {kind: "./" + os.path.relpath(path, folder) if below else path}

    def _copied(self, folder: str) -> list[dict[str, str]]:
        places = []
        files = files_of(self.plan)
        top = os.path.commonpath([os.path.dirname(file) for file in files])
        for file in files:
            relative = os.path.relpath(file, top)
            target = os.path.join(folder, relative)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.realpath(target) != os.path.realpath(file):
                shutil.copyfile(file, target)
            places.append({"file": f"./{relative}"})
        return places


def load(uri: str, storage_options: Any = None, ml_client: Any = None) -> MLTable:
    """Load a table from a folder with an ``MLTable`` file, or from that file.

    Args:
        uri: a path of this machine, such as the path of a job's input, or in a job the address of one of its inputs.
        storage_options, ml_client: for tables in a workspace, which are reached as inputs; not accepted.

    Raises:
        MLTableError: there is no such table, it is not valid, or it lies in a workspace.
    """
    where = os.fspath(uri)
    if where.startswith("file://"):
        from .files import local_path

        where = local_path(where, os.getcwd())
    if where.startswith("azureml:"):
        where = _place(where) or where
    if "://" in where or where.startswith("azureml:") or storage_options is not None or ml_client is not None:
        raise MLTableError(
            f"'{where}' can't be loaded from here; give it as an input of type mltable to the job and load the path "
            "that the input has there, or download it first"
        )
    return MLTable(read_plan(where))


def from_delimited_files(
    paths: Sequence[Mapping[str, str]],
    header: str | MLTableHeaders = "all_files_same_headers",
    delimiter: str = ",",
    support_multi_line: bool = False,
    empty_as_string: bool = False,
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
    infer_column_types: bool = True,
) -> MLTable:
    """Make a table of delimited files; `paths` as in an ``MLTable`` file: ``[{"file": "./x.csv"}]``.

    Raises:
        MLTableError: a setting or path is no good.
    """
    settings = {
        "delimiter": delimiter, "header": _word(header), "encoding": _word(encoding),
        "empty_as_string": empty_as_string, "include_path_column": include_path_column,
        "support_multi_line": support_multi_line, "infer_column_types": infer_column_types,
    }  # fmt: skip
    return from_paths(paths)._with("read_delimited", settings)  # noqa: SLF001 - the class's own module


def from_parquet_files(paths: Sequence[Mapping[str, str]], include_path_column: bool = False) -> MLTable:
    """Make a table of Parquet files; errors as `from_delimited_files`."""
    made = from_paths(paths)
    return made._with("read_parquet", {"include_path_column": include_path_column})  # noqa: SLF001


def from_json_lines_files(
    paths: Sequence[Mapping[str, str]],
    invalid_lines: str = "error",
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
) -> MLTable:
    """Make a table of files with a JSON object per line; errors as `from_delimited_files`."""
    settings = {
        "invalid_lines": _word(invalid_lines), "encoding": _word(encoding), "include_path_column": include_path_column
    }  # fmt: skip
    return from_paths(paths)._with("read_json_lines", settings)  # noqa: SLF001


def from_paths(paths: Sequence[Mapping[str, str]]) -> MLTable:
    """Make a table that only lists files; errors as `from_delimited_files`."""
    return MLTable(parse({"paths": [dict(path) for path in paths]}, os.getcwd()))


def _place(address: str) -> str | None:
    """Give the path of an address that the job has as input or output; None for any other, and outside a job."""
    try:
        places = importlib.import_module("azureml._lapis.places")
    except ImportError:
        return None
    try:
        return str(places.local_path(address))
    except FileNotFoundError:
        return None


def _names(columns: Any) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)


def _word(value: Any) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)


def _polars() -> Any:
    """Return the engine on Polars, None where there is none."""
    try:
        import polars as pl
    except ImportError:
        return None
    if int(pl.__version__.split(".")[0]) < 1:
        return None
    from . import polars_engine

    return polars_engine
