"""Spark jobs: checked when they come in, and made ready for the runner."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.launch import LaunchSpec, SparkSpec
from lapisml.runner import spark as runner
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.submission import Submission, SubmissionChecker
from lapisml.server.features.workspaces.service import Workspace


class SparkKind:
    """The type ``spark``.

    Args:
        checker: checks what every job with a process has.
    """

    def __init__(self, checker: SubmissionChecker, assets: AssetService) -> None:
        self._checker = checker
        self._assets = assets

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document against the workspace and this machine; see `JobKind.check`.

        Raises:
            LapisError: NotSupported where no Spark or no Java can be there for the job, and as for command jobs.
        """
        submission = self._checker.check(workspace, document, uploaded=uploaded)
        checked = submission.document
        problems = []
        if checked["entry"].get("class_name") and not checked.get("jars"):
            problems.append(Problem("no jar holds the class", "entry.class_name", expected="`jars` with its jar first"))
        if not self._may_bring_spark(workspace, checked.get("environment")):
            path = os.environ.get("PATH", os.defpath)
            if runner.find_submit(path) is None:
                problems.append(Problem(runner.MISSING_SPARK, "environment", expected="an environment with pyspark"))
            elif not runner.has_java(os.environ):
                problems.append(Problem(runner.MISSING_JAVA, "type"))
        if problems:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Spark can't run this job here.", None, problems)
        return submission

    def _may_bring_spark(self, workspace: Workspace, environment: str | dict[str, Any] | None) -> bool:
        """Say whether an environment has Spark of its own, or may have: what an image holds is not looked into."""
        if isinstance(environment, str):
            environment = self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, environment).document
        if environment is None:
            return False
        if environment.get("build"):
            return True
        listed = (environment.get("conda_file"), environment.get("requirements"))
        return "pyspark" in json.dumps(listed).lower()


def spark_of(document: dict[str, Any]) -> SparkSpec | None:
    """Give what the runner must know of a Spark job; None for any other."""
    if document.get("type") != "spark":
        return None
    entry = document["entry"]
    return SparkSpec(
        file=entry.get("file"),
        class_name=entry.get("class_name"),
        args=str(document.get("args") or ""),
        conf={key: _text(value) for key, value in (document.get("conf") or {}).items() if value is not None},
        py_files=tuple(document.get("py_files") or ()),
        jars=tuple(document.get("jars") or ()),
        files=tuple(document.get("files") or ()),
        archives=tuple(document.get("archives") or ()),
    )


def by_path(spec: LaunchSpec) -> LaunchSpec:
    """Give Spark paths of this machine for the data that its mode ``direct`` would name by address."""
    if spec.spark is None:
        return spec
    direct = tuple(name for name, output in spec.outputs.items() if output.mode == "direct")
    return replace(
        spec,
        inputs={n: replace(i, mode=None) if i.mode == "direct" else i for n, i in spec.inputs.items()},
        outputs={n: replace(o, mode=None) if n in direct else o for n, o in spec.outputs.items()},
        spark=replace(spec.spark, absent_outputs=direct),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
