"""Mini-batch jobs: checked when they come in, and made ready for the runner."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.launch import LaunchSpec, ParallelSpec
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.submission import Submission, SubmissionChecker
from lapisml.server.features.workspaces.service import Workspace

_NAMED = re.compile(r"\$\{\{\s*(inputs|outputs)\.([^\s}]+?)(?:\.path)?\s*\}\}\Z")
_SIZE = re.compile(r"(\d+)\s*(b|kb|mb|gb)?\Z", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


class ParallelKind:
    """The type ``parallel``.

    Args:
        checker: checks what every job with a process has.
    """

    def __init__(self, checker: SubmissionChecker) -> None:
        self._checker = checker

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document against the workspace; see `JobKind.check`.

        Raises:
            LapisError: as for command jobs; ReferenceNotFound for an input or output that is not declared.
        """
        submission = self._checker.check(workspace, document, uploaded=uploaded)
        checked = submission.document
        self._checker.check_task(workspace, checked["task"], uploaded=uploaded)
        problems = list(_unknown(checked))
        if problems:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, "The job refers to what does not exist.", None, problems)
        return submission


def crew_secret(key: bytes, job: JobRecord) -> str | None:
    """Give the secret of a job on several machines: the same for all that are handed over, whenever that is.

    Args:
        key: the installation's, for this purpose.
        job: the job; None comes back for one on a single machine.
    """
    if job.wanted_nodes < 2:
        return None
    return hmac.new(key, job.submit_key.encode(), hashlib.sha256).hexdigest()


def parallel_of(document: dict[str, Any], secret: str | None = None) -> ParallelSpec | None:
    """Give what the runner must know of a mini-batch job; None for any other.

    Args:
        secret: by which its machines know each other; None for a job on one.
    """
    if document.get("type") != "parallel":
        return None
    task, retry = document["task"], document.get("retry_settings") or {}
    size = _SIZE.match(str(document.get("mini_batch_size") or "").strip())
    unit = (size.group(2) or "").lower() if size else ""
    given = {
        "concurrency": document.get("max_concurrency_per_instance"),
        "max_retries": retry.get("max_retries"),
        "timeout_s": retry.get("timeout"),
        "error_threshold": document.get("error_threshold"),
        "mini_batch_error_threshold": document.get("mini_batch_error_threshold"),
        "logging_level": document.get("logging_level"),
    }
    return ParallelSpec(
        entry_script=str(task.get("entry_script") or ""),
        input_data=_name(document["input_data"]) or str(document["input_data"]),
        program_arguments=str(task.get("program_arguments") or ""),
        mini_batch_size=int(size.group(1)) * _UNITS.get(unit, 1) if size else None,
        in_bytes=bool(unit),
        partition_keys=tuple(document.get("partition_keys") or ()),
        append_row_to=_name(task.get("append_row_to")),
        by_model=task.get("type") == "model",
        model=_name(task.get("model")),
        secret=secret,
        **{key: value for key, value in given.items() if value is not None},
    )


def cut_up_by_path(spec: LaunchSpec) -> LaunchSpec:
    """Give the driver paths of this machine for the data and the model, and the name that the model's files have."""
    parallel = spec.parallel
    if parallel is None:
        return spec
    inputs = dict(spec.inputs)
    for name in (parallel.input_data, parallel.model):
        given = inputs.get(name) if name is not None else None
        if name is not None and given is not None and given.mode == "direct":
            inputs[name] = replace(given, mode=None)
    if parallel.model in inputs:
        called = PurePosixPath(inputs[parallel.model].uri.partition("?")[0].rstrip("/")).name
        parallel = replace(parallel, model_name=called or parallel.model)
    return replace(spec, inputs=inputs, parallel=parallel)


def _unknown(document: dict[str, Any]) -> Iterator[Problem]:
    data = [n for n, given in (document.get("inputs") or {}).items() if isinstance(given, dict) and given.get("path")]
    expected = "${{inputs.<name>}} of an input that is data" + (f": {', '.join(data)}" if data else "")
    if _name(document["input_data"], "inputs") not in data:
        yield Problem(f"`{document['input_data']}` is no such input", "input_data", expected=expected)
    model = document["task"].get("model")
    if model is not None and _name(model, "inputs") not in data:
        yield Problem(f"`{model}` is no such input", "task.model", expected=expected)
    rows = document["task"].get("append_row_to")
    outputs = list(document.get("outputs") or {})
    if rows is not None and _name(rows, "outputs") not in outputs:
        expected = "${{outputs.<name>}} of a declared output" + (f": {', '.join(outputs)}" if outputs else "")
        yield Problem(f"`{rows}` is no such output", "task.append_row_to", expected=expected)


def _name(text: Any, root: str | None = None) -> str | None:
    """Give the name within ``${{inputs.x}}`` or ``${{outputs.x}}``."""
    match = _NAMED.match(str(text or "").strip())
    return match.group(2) if match and root in (None, match.group(1)) else None
