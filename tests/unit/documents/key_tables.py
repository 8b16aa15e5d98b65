"""The tables of keys in ``docs/documents.md``, made from the models.

To renew the page: ``python -m tests.unit.documents.key_tables``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from lapisml.documents import KINDS
from lapisml.documents.base import Part
from lapisml.documents.detection import TYPES
from lapisml.documents.kinds.steps import STEPS
from lapisml.documents.registry import model_for

PAGE = Path(__file__).parents[3] / "docs" / "documents.md"
_BETWEEN = re.compile(r"(<!-- keys: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_with_tables(page: str) -> str:
    """Return the page with every table between its marks made anew."""
    return _BETWEEN.sub(lambda match: f"{match[1]}{table(match[2])}{match[3]}", page)


def table(kind: str) -> str:
    """Return the table of a kind, or of steps: one row for each key, a key within a key as ``key.inner``."""
    rows: dict[tuple[str, str], list[str]] = {}
    known = TYPES.get(kind) or (None,)
    types: dict[Any, type[Part]] = dict(STEPS) if kind == "step" else {one: model_for(kind, one) for one in known}
    for type_, model in types.items():
        for key, meaning in _rows(model, depth=0 if kind == "step" else 2):
            rows.setdefault((key, meaning), []).append(type_ or "")
    shared = len(set(types.values())) == 1
    lines = ["| key | what it is |", "|---|---|"]
    for (key, meaning), users in rows.items():
        only = "" if shared or len(users) == len(types) else f" ({', '.join(users)})"
        lines.append(f"| `{key}` | {meaning.replace('<', '&lt;')}{only} |")
    return "\n".join(lines) + "\n"


def _rows(model: type[Part], prefix: str = "", depth: int = 2) -> list[tuple[str, str]]:
    found = []
    for name, info in model.model_fields.items():
        if info.alias or info.annotation is type(None):  # $schema, and keys that are refused
            continue
        assert info.description, f"{model.__name__}.{name} has no description"
        mark = "**needed**: " if info.is_required() else ""
        found.append((prefix + name, mark + info.description))
        inner, many = _part(info.annotation, info.metadata)
        if inner is not None and depth:
            found += _rows(inner, f"{prefix}{name}{many}.", depth - 1)
    return found


def _part(annotation: Any, metadata: Any) -> tuple[type[Part] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation, ""
    many = {dict: ".*", list: "[]"}.get(getattr(annotation, "__origin__", None), "")
    for argument in get_args(annotation):
        inner, deeper = _part(argument, ())
        if inner is not None:
            return inner, many + deeper
    return None, ""


def main() -> None:
    """Renew the page."""
    PAGE.write_text(page_with_tables(PAGE.read_text()))


if __name__ == "__main__":
    assert set(KINDS) == set(TYPES)
    main()
