"""Documents of a public repository of examples, where a checkout of it is at hand.

``LAPIS_TEST_EXAMPLES`` names the folder ``cli`` of https://github.com/Azure/azureml-examples. Nothing of it is kept.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_document
from lapisml.documents.merge import assign_op

FOLDER = Path(os.environ.get("LAPIS_TEST_EXAMPLES", "/nowhere"))
KINDS = {
    "pipelinejob": "job", "sweepjob": "job", "sparkjob": "job", "commandjob": "job", "commandcomponent": "component",
    "pipelinecomponent": "component", "sparkcomponent": "component", "schedule": "schedule",
    "managedonlineendpoint": "online-endpoint", "kubernetesonlineendpoint": "online-endpoint",
    "managedonlinedeployment": "online-deployment", "kubernetesonlinedeployment": "online-deployment",
    "batchendpoint": "batch-endpoint", "batchdeployment": "batch-deployment",
    "modelbatchdeployment": "batch-deployment", "pipelinecomponentbatchdeployment": "batch-deployment",
}  # fmt: skip

_SERVED = ("endpoint", "deployment")
_FILLED = {"CODE_DIR": "code-decorated", "SCORING_SCRIPT": "single-file-to-file-score.py"}
"""Text that the scripts put in place of ``<…>``, where it names a file."""

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
        data: Any = yaml.safe_load(_filled(file))
    except (yaml.YAMLError, UnicodeDecodeError):
        return ""
    address = str(data.get("$schema") or "") if isinstance(data, dict) else ""
    return address.rpartition("/")[2].partition(".")[0].lower()


def _filled(file: Path) -> str:
    """Fill in what stands in ``{{…}}`` and ``<…>``, as `sed` does in the scripts."""
    text = re.sub(r"(?<!\$)\{\{\s*([\w-]+)\s*\}\}", lambda found: found[1].lower(), file.read_text())
    text = re.sub(r"\{insert [^}]*\}", "x", text)
    return re.sub(r"<([\w-]+)>", lambda found: _FILLED.get(found[1], found[1].lower()), text)


def test_documents_load_or_say_what_is_not_delivered() -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for file, kind in documents():
        if kind.endswith(_SERVED):
            continue
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


def test_endpoints_and_deployments_load_with_what_their_scripts_give(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for file, kind in documents():
        if not kind.endswith(_SERVED):
            continue
        try:
            _load_as_scripts_do(file, kind, tmp_path)
            counts["accepted"] += 1
        except LapisError as error:
            if error.code is ErrorCode.NOT_SUPPORTED or all(map(_is_excused, error.problems)):
                counts["not delivered"] += 1
            else:
                wrong += [f"{file.relative_to(FOLDER)}: {error}"]
    assert not wrong
    assert counts["accepted"] > 8 * counts["not delivered"]


def _load_as_scripts_do(file: Path, kind: str, folder: Path) -> None:
    """Fill in what is to be filled in, and give by ``--set`` what is missing."""
    text = _filled(file)
    given: dict[str, str] = {"name": "demo"}
    if kind.endswith("deployment"):
        given |= {"endpoint_name": "my-endpoint"}
        given |= {} if "component:" in text or "job_definition:" in text else {"model": "azureml:m@latest"}
    data = yaml.safe_load(text)
    ops = [assign_op(key, value, "--set") for key, value in given.items() if key not in data]
    copy = folder / "document.yml"
    copy.write_text(text)
    load_document(copy, kind=kind, overrides=ops, base_dir=file.parent).validated()


def _is_excused(problem: Problem) -> bool:
    """Say whether it is the example that lacks something: data to be fetched before, or a place to be filled in."""
    marks = ("the path is not there", "`< your ", "is not supported")
    return any(mark in problem.message for mark in marks)
