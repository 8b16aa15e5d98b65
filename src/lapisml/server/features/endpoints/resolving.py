"""From what a deployment's document refers to, to versions that stay: model, environment, code."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.snapshots import manifest_path
from lapisml.documents.kinds.online_deployment import own_server
from lapisml.documents.references import AssetRef, CodeRef, parse
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.given_models import given_model
from lapisml.server.features.assets.model_environment import model_environment
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.datastores.service import DEFAULT, datastore_uri
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.jobs.submission import SubmissionChecker
from lapisml.server.features.workspaces.service import Workspace

_TRITON = "models of Triton need Triton's server, which is not part of Lapis"
_MOVED = {"task.environment": "environment", "task.code": "code_configuration.code"}


@dataclass(frozen=True)
class Resolved:
    """A deployment's document in which every reference is one to a version.

    Attributes:
        shown: for people: the keys that were written.
        runs: with what was not written and is needed to run it: the environment that a model brings along.
        model: ``name:version``, None without one.
        model_job: the job or run that made the model.
        environment: ``name:version`` of a registered environment.
    """

    shown: dict[str, Any]
    runs: dict[str, Any]
    model: str | None
    model_job: str | None
    environment: str | None


class DeploymentResolver:
    """Looks up what deployments refer to, and registers models that are written in place."""

    def __init__(self, assets: AssetService, storage: Storage, checker: SubmissionChecker, launcher: Launcher) -> None:
        self._assets = assets
        self._storage = storage
        self._checker = checker
        self._launcher = launcher

    def resolve(self, workspace: Workspace, document: dict[str, Any], by: str) -> Resolved:
        """Look up everything that a document refers to.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported, with a problem for every fault.
        """
        shown = dict(document)
        code = dict(shown.get("code_configuration") or {})
        self._check_parts(workspace, shown, code)
        self._check_collector(workspace, shown)
        model = self._model(workspace, shown.get("model"), by)
        _check_servable(model, code, shown)
        if model is not None:
            shown["model"] = model.reference
        runs = dict(shown)
        if runs.get("environment") is None and model is not None:
            runs["environment"] = self._own_environment(workspace, model)
        if runs.get("environment") is not None:
            self._launcher.environment(workspace, runs["environment"])
        named = model.key if model is not None else None
        return Resolved(shown, runs, named, model.job_name if model else None, _registered(shown.get("environment")))

    def _check_parts(self, workspace: Workspace, shown: dict[str, Any], code: dict[str, Any]) -> None:
        """Check environment and code, and fix the environment's version in `shown`."""
        task = {"environment": shown.get("environment"), "code": code.get("code")}
        try:
            self._checker.check_task(workspace, task, uploaded=True)
        except LapisError as error:
            problems = [replace(p, path=_moved(p.path)) for p in error.problems]
            raise LapisError(error.code, "The deployment refers to what does not exist.", None, problems) from None
        if task["environment"] is not None:
            shown["environment"] = task["environment"]
            self._check_environment(workspace, task["environment"])
        if code:
            self._check_script(workspace, code)

    def _check_environment(self, workspace: Workspace, given: Any) -> None:
        """Refuse a registered environment whose image has a server of its own; one in place was checked before."""
        if not isinstance(given, str):
            return
        why = own_server(self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, given).document)
        if why is not None:
            problem = Problem(f"this is not supported: {why}", "environment")
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The deployment can't run in this environment.", None, [problem])

    def _check_collector(self, workspace: Workspace, shown: dict[str, Any]) -> None:
        """Refuse to collect where nobody could write."""
        collections = (shown.get("data_collector") or {}).get("collections") or {}
        wanted = [name for name, one in collections.items() if one.get("enabled")]
        if wanted and collector_folder(self._assets, self._storage, workspace) is None:
            sentence = f"what is collected is written to {DEFAULT}, which lies in an object store here"
            problem = Problem(sentence, "data_collector", expected="a server that keeps its files in its own home")
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The deployment can't collect data.", None, [problem])

    def _check_script(self, workspace: Workspace, code: dict[str, Any]) -> None:
        reference = parse(str(code.get("code")))
        script = str(code.get("scoring_script") or "")
        if not isinstance(reference, CodeRef):
            return
        manifest = Path(manifest_path(str(self._assets.shelf.bring(workspace, reference.digest)), reference.digest))
        files = {str(entry["path"]) for entry in json.loads(manifest.read_bytes())["files"]}
        if script.removeprefix("./") not in files:
            scripts = sorted(path for path in files if path.endswith(".py"))[:10]
            problem = Problem(
                f"there is no file '{script}' in the code",
                "code_configuration.scoring_script",
                expected=f"one of {', '.join(scripts)}" if scripts else "a Python file within the folder `code`",
            )
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, "The deployment has no such script.", None, [problem])

    def _model(self, workspace: Workspace, given: str | dict[str, Any] | None, by: str) -> AssetRecord | None:
        if given is None:
            return None
        try:
            return given_model(self._assets, workspace, given, by)
        except LapisError as error:
            problems = [replace(p, path=f"model.{p.path}" if p.path else "model") for p in error.problems]
            problem = Problem(" ".join(part for part in (error.message, error.hint) if part), "model")
            raise LapisError(error.code, "The deployment's model is not valid.", None, problems or [problem]) from None

    def _own_environment(self, workspace: Workspace, model: AssetRecord) -> dict[str, Any]:
        """Give the environment that an MLflow model brings along."""
        location = self._assets.location(workspace, str(model.uri), AssetKind.MODELS)
        found = model_environment(self._storage, location)
        if found is None:
            expected = "an environment, since the model has neither conda.yaml nor requirements.txt"
            problem = Problem("is missing", "environment", expected=expected)
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])
        return found


def collector_folder(assets: AssetService, storage: Storage, workspace: Workspace) -> Path | None:
    """Give the folder below which data of requests is collected; None when it is not on this machine."""
    return storage.local_path(assets.location(workspace, datastore_uri(DEFAULT, "")))


def _check_servable(model: AssetRecord | None, code: dict[str, Any], document: dict[str, Any]) -> None:
    """Check that something can answer requests, and that it has an environment."""
    kind = model.document.get("type") if model is not None else None
    problems = []
    if kind == "triton_model":
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The deployment can't run.", None, [Problem(_TRITON, "model")])
    if not code and model is None:
        problems.append(Problem("nothing says what is served", "model", expected="`model` or `code_configuration`"))
    elif not code and kind != "mlflow_model":
        expected = "code and scoring_script: only MLflow models can be served without them"
        problems.append(Problem("is missing", "code_configuration", expected=expected))
    if code and document.get("environment") is None and kind != "mlflow_model":
        problems.append(Problem("is missing", "environment", expected="the environment of the scoring script"))
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, problems)


def _moved(path: str) -> str:
    for old, new in _MOVED.items():
        if path.startswith(old):
            return new + path[len(old) :]
    return path


def _registered(environment: Any) -> str | None:
    if not isinstance(environment, str):
        return None
    reference = parse(environment, "environment")
    if not isinstance(reference, AssetRef) or reference.version is None:
        return None
    key = f"{reference.name}:{reference.version}"
    return key if reference.registry is None else f"{reference.registry}/{key}"
