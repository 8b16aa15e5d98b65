"""Printing results in the forms of ``az``: json, jsonc, yaml, yamlc, table, tsv, none; JMESPath queries."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError

Columns = Sequence[str]

_SHORT, _LEAST = 12, 8

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00\Z")
"""A time in UTC; tables show it to the second."""


def show(result: Any, form: str, query: str | None = None, columns: Columns | None = None) -> None:
    """Print `result` on stdout.

    Args:
        result: plain data; None prints nothing.
        form: one of `lapisml.cli.parsing.FORMS`.
        query: JMESPath expression, applied first.
        columns: keys that a table shows when there is no query; all scalar ones when None.

    Raises:
        LapisError: Usage, when `query` is no JMESPath expression or does not fit the data.
    """
    if query:
        result, columns = apply_query(result, query), None
    if result is None or form == "none":
        return
    text = render(result, form, columns)
    if text:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


def apply_query(result: Any, query: str) -> Any:
    """Apply a JMESPath expression.

    Raises:
        LapisError: Usage.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, result)
    except (JMESPathError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise LapisError(ErrorCode.USAGE, f"--query: {reason}", "See https://jmespath.org/tutorial.html") from None


def render(result: Any, form: str, columns: Columns | None = None) -> str:
    """Give the text of `result` in `form`; see `show`."""
    if form in ("yaml", "yamlc"):
        return _colored(_yaml(result), "yaml") if form == "yamlc" else _yaml(result)
    if form == "tsv":
        return tsv(result)
    if form == "table":
        return table(result, columns)
    text = json.dumps(result, indent=2, ensure_ascii=not _utf8(), default=str)
    return _colored(text, "json") if form == "jsonc" else text


def tsv(result: Any) -> str:
    """Give one line per item: scalars as they are, the scalar values of objects and lists between tabs."""
    items = result if isinstance(result, list) else [result]
    return "".join(_tsv_row(item) + "\n" for item in items)


def _tsv_row(item: Any) -> str:
    if isinstance(item, dict):
        return "\t".join(_tsv_cell(value) for value in item.values())
    if isinstance(item, list):
        return "\t".join(_tsv_cell(value) for value in item)
    if isinstance(item, bool):
        return str(item).lower()
    return "" if item is None else _tsv_cell(item)


def _tsv_cell(value: Any) -> str:
    return "" if isinstance(value, dict | list) else str(value)


def table(result: Any, columns: Columns | None = None) -> str:
    """Give a table of the scalar values: with lines and colours on a terminal, plain text elsewhere."""
    rows = [item if isinstance(item, dict) else {"result": item} for item in _as_list(result)]
    shown = [key for key in columns or _scalar_keys(rows) if any(row.get(key) is not None for row in rows)]
    if not rows or not shown:
        return ""
    heads = [key[:1].upper() + key[1:] for key in shown]
    cells = [[_cell(row.get(key)) for key in shown] for row in rows]
    return _rich_table(heads, cells) if use_color(sys.stdout) else _plain_table(heads, cells)


def _as_list(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]


def _scalar_keys(rows: list[dict[str, Any]]) -> list[str]:
    keys: dict[str, None] = {}
    for row in rows:
        keys.update((k, None) for k, v in row.items() if not isinstance(v, dict | list) and v is not None)
    return [key for key in keys if key != "id"] or list(keys)


def _cell(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    moment = _MOMENT.match(value) if isinstance(value, str) else None
    return f"{moment[1]}Z" if moment else " ".join(str(value).split())


def _plain_table(heads: list[str], cells: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in [heads, *cells]) for i in range(len(heads))]
    lines = [heads, ["-" * width for width in widths], *cells]
    text = ("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in text)


def _rich_table(heads: list[str], cells: list[list[str]]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    made = Table(box=None, header_style="bold", pad_edge=False)
    for head, width in zip(heads, _widths(heads, cells, console.width), strict=True):
        made.add_column(head, no_wrap=True, overflow="ellipsis", min_width=width, max_width=width)
    for line in cells:
        made.add_row(*(Text(word, style=_STATUS_STYLES.get(word, "")) for word in line))
    with console.capture() as capture:
        console.print(made)
    return capture.get()


def _widths(heads: list[str], cells: list[list[str]], total: int) -> list[int]:
    """Share the width of the terminal out: names and short words stay whole, the widest others are cut."""
    widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(len(heads))]
    others = [at for at, head in enumerate(heads) if head != "Name" and widths[at] > _SHORT]
    while sum(widths) + 2 * (len(widths) - 1) > total and any(widths[at] > _LEAST for at in others):
        widths[max(others, key=lambda at: widths[at])] -= 1
    return widths


_STATUS_STYLES = {"Completed": "green", "Failed": "red", "Canceled": "yellow", "Running": "cyan"}


def use_color(stream: Any) -> bool:
    """Say whether colours and lines suit `stream`: a terminal that is not dumb, and NO_COLOR not set."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _colored(text: str, language: str) -> str:
    if not use_color(sys.stdout):
        return text
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(file=sys.stdout)
    with console.capture() as capture:
        console.print(Syntax(text, language, background_color="default", word_wrap=True))
    return capture.get()


def _yaml(result: Any) -> str:
    import yaml

    dumped: str = yaml.dump(result, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=_utf8())
    return dumped.removesuffix("...\n")


def _dumper() -> Any:
    import yaml

    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
