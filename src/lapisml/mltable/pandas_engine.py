"""Tables read with pandas, where there is no Polars."""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import conditions, partitions
from .checks import MLTableError
from .document import Plan
from .files import files_of

PATH = "Path"
_HIDDEN = "__mltable_path"


def read(plan: Plan) -> pd.DataFrame:
    """Read all rows of a table.

    Raises:
        MLTableError: they can't be read, or the table is only a list of files.
    """
    if not plan.is_tabular:
        raise MLTableError("the table has no step that reads rows, such as read_delimited; it only lists files")
    files, args = files_of(plan), plan.steps[0].args
    hidden = not args["include_path_column"]
    path = _HIDDEN if hidden else PATH
    frames: list[Any] = []
    for index, file in enumerate(files):
        frame = _READ[plan.steps[0].name](file, args, index)
        if args.get("header") == "from_first_file" and frames:
            frame.columns = [name for name in frames[0].columns if name != path]
        frame.insert(0, path, file)
        frames.append(frame)
    try:
        found = pd.concat(frames, ignore_index=True)
        for step in plan.steps[1:]:
            found = _apply(found, step.name, step.args, path)
    except KeyError as error:
        raise MLTableError(f"there is no column {error}") from error
    return (found.drop(columns=[_HIDDEN]) if hidden else found).reset_index(drop=True)


def _delimited(file: str, args: dict[str, Any], index: int) -> pd.DataFrame:
    headed = args["header"] in ("all_files_same_headers", "all_files_different_headers") or (
        args["header"] == "from_first_file" and index == 0
    )
    empty = args["empty_as_string"]
    found = pd.read_csv(
        file,
        sep=args["delimiter"],
        header=0 if headed else None,
        encoding=args["encoding"],
        dtype=None if args["infer_column_types"] else str,
        keep_default_na=False,
        na_values=None if empty and not args["infer_column_types"] else [""],
    )
    if empty:
        for name in found.columns:
            if not pd.api.types.is_numeric_dtype(found[name]):
                found[name] = found[name].fillna("")
    if not headed:
        found.columns = [f"Column{number}" for number in range(1, found.shape[1] + 1)]
    return found


def _parquet(file: str, _args: dict[str, Any], _index: int) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except ImportError as error:
        raise MLTableError("Parquet needs polars or pyarrow; add one to the environment") from error


def _json_lines(file: str, args: dict[str, Any], _index: int) -> pd.DataFrame:
    import json

    rows = []
    with open(file, encoding=args["encoding"]) as stream:
        for number, line in enumerate(stream, 1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                if line.strip() and args["invalid_lines"] == "error":
                    raise MLTableError(f"line {number} of {file} is not JSON") from error
    return pd.DataFrame(rows)


_READ = {"read_delimited": _delimited, "read_parquet": _parquet, "read_json_lines": _json_lines}


def _apply(frame: pd.DataFrame, name: str, args: Any, path: str) -> pd.DataFrame:
    if name == "take":
        return frame.head(args)
    if name == "skip":
        return frame.iloc[args:]
    if name == "keep_columns":
        return frame[[*([path] if path == _HIDDEN else []), *args]]
    if name == "drop_columns":
        return frame.drop(columns=args)
    if name == "filter":
        return frame[conditions.evaluate(args, frame.__getitem__)]
    if name == "take_random_sample":
        return frame.sample(frac=args["probability"], random_state=args["seed"] or 0).sort_index()
    if name == "convert_column_types":
        made = {column: _converted(frame[column], entry) for entry in args for column in entry["columns"]}
        return frame.assign(**made)
    return _parted(frame, args, path)


def _parted(frame: pd.DataFrame, form: str, path: str) -> pd.DataFrame:
    values = {file: partitions.values_of(form, file) for file in frame[path].unique()}
    made = frame.copy()
    for place, column in enumerate(partitions.columns_of(form), 1):
        if column in made.columns:
            made = made.drop(columns=[column])
        made.insert(min(place, made.shape[1]), column, made[path].map(lambda file, c=column: values[file][c]))
    return made


def _converted(column: pd.Series, entry: dict[str, Any]) -> pd.Series:
    kind = entry["type"]
    if kind in ("int", "float"):
        found = pd.to_numeric(column, errors="coerce")
        whole = kind == "int" and not found.isna().any()
        return found.astype("int64") if whole else found.astype("float64")
    if kind == "boolean":
        return _booleans(column, entry)
    if kind == "datetime":
        return _dates(column.astype(str).where(column.notna()), entry["formats"])
    return column.map(lambda value: value if pd.isna(value) else str(value))


def _dates(column: pd.Series, formats: list[str]) -> pd.Series:
    if not formats:
        return pd.to_datetime(column, errors="coerce")
    found = pd.to_datetime(column, format=formats[0], errors="coerce")
    for form in formats[1:]:
        found = found.fillna(pd.to_datetime(column, format=form, errors="coerce"))
    return found


def _booleans(column: pd.Series, entry: dict[str, Any]) -> pd.Series:
    known = {str(value).lower(): True for value in entry["true_values"]}
    known.update({str(value).lower(): False for value in entry["false_values"]})
    mismatch = str(entry["mismatch_as"]).lower()

    def one(value: Any) -> Any:
        if pd.isna(value):
            return None
        text = str(value).strip().lower()
        if text not in known and mismatch == "error":
            raise MLTableError(f"column '{column.name}' holds '{value}', which is neither of the truth values")
        return known.get(text, mismatch == "true")

    found = column.map(one)
    return found.astype(bool) if not found.isna().any() else found.astype(object)
