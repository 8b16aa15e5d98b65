"""Whatever stands in a document: accepted, or refused in our own words with a path; never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lapisml.core.errors import LapisError, Problem
from lapisml.documents import Document, load_document, parse
from lapisml.documents.paths import DocumentPath
from tests.unit.documents.samples import DOCUMENTS, kind_of

values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=12),
    st.sampled_from(["${{inputs.x}}", "azureml:", "azureml://x", "file:", "${{", "{message}", "../..", "%s", "\x00"]),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)  # fmt: skip


def places(data: Any, path: DocumentPath = ()) -> list[DocumentPath]:
    found = [path] if path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def put(data: dict[str, Any], path: DocumentPath, value: Any) -> dict[str, Any]:
    made: Any = copy.deepcopy(data)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return dict(made)


def outcome(read: Callable[[], Document]) -> tuple[Document | None, list[Problem]]:
    """Return the document, or the problems for which it was refused, every one in our own words."""
    try:
        return read(), []
    except LapisError as error:
        problems = error.problems
    assert not any("can't be read:" in problem.message for problem in problems)
    return None, problems


@pytest.mark.parametrize("case", DOCUMENTS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_value_anywhere(case: str, data: st.DataObject) -> None:
    sample = yaml.safe_load(DOCUMENTS[case])
    changed = put(sample, data.draw(st.sampled_from(places(sample))), data.draw(values))
    document, problems = outcome(lambda: parse(kind_of(case), changed))
    assert (document is None) == bool(problems)
    if document is not None:
        assert parse(kind_of(case), document.to_dict()).to_dict() == document.to_dict()
        json.dumps(document.to_dict(), allow_nan=False, ensure_ascii=False).encode()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.sampled_from(sorted(DOCUMENTS)), at=st.floats(0, 1), junk=st.text(max_size=6))
def test_any_text_anywhere(case: str, at: float, junk: str, tmp_path: Path) -> None:
    text = DOCUMENTS[case]
    cut = int(at * len(text))
    path = tmp_path / "d.yml"
    path.write_text(text[:cut] + junk + text[cut:], newline="", errors="surrogatepass" if junk.isascii() else "replace")
    for problem in outcome(lambda: load_document(path, kind=kind_of(case)).validated())[1]:
        assert problem.line is not None
        assert problem.file == str(path)
