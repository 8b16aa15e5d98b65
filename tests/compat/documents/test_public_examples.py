"""Documents of a public repository of examples, where a checkout of it is at hand.

``LAPIS_TEST_EXAMPLES`` names the folder ``cli`` of https://github.com/Azure/azureml-examples. Nothing of it is kept.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_document

FOLDER = Path(os.environ.get("LAPIS_TEST_EXAMPLES", "/nowhere"))
KINDS = {
    "pipelinejob": "job", "sweepjob": "job", "sparkjob": "job", "commandjob": "job", "commandcomponent": "component",
    "pipelinecomponent": "component", "sparkcomponent": "component", "schedule": "schedule",
}  # fmt: skip

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="LAPIS_TEST_EXAMPLES names no folder with public examples")


def documents() -> list[tuple[Path, str]]:
    """List the documents of kinds that are delivered, with their kind."""
    found = []
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix.lower() in (".yml", ".yaml") and file.is_file():
            kind = KINDS.get(_schema_of(file))
            if kind is not None:
                found.append((file, kind))
    return found


def _schema_of(file: Path) -> str:
    try:
        data: Any = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        return ""
    address = str(data.get("$schema") or "") if isinstance(data, dict) else ""
    return address.rpartition("/")[2].partition(".")[0].lower()


def test_documents_load_or_say_what_is_not_delivered() -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for file, kind in documents():
        try:
            load_document(file, kind=kind).validated()
            counts["accepted"] += 1
        except LapisError as error:
            if error.code is ErrorCode.NOT_SUPPORTED:
                counts["not delivered"] += 1
            elif all(map(_is_excused, error.problems)):
                counts["incomplete"] += 1
            else:
                wrong += [f"{file.relative_to(FOLDER)}: {error}"]
    assert not wrong
    assert counts["accepted"] > counts["not delivered"] + counts["incomplete"]


def _is_excused(problem: Problem) -> bool:
    """Say whether it is the example that lacks something: data to be fetched before, or a place to be filled in."""
    marks = ("the path is not there", "`< your ", "is not supported")
    return any(mark in problem.message for mark in marks)
