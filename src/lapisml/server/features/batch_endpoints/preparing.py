"""Makes of a deployment's document what its invocations run, and refuses what can't be run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.lifecycle import JobState
from lapisml.documents.references import AssetRef, parse
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.batch_endpoints import asked as invocations
from lapisml.server.features.batch_endpoints.asked import Asked
from lapisml.server.features.batch_endpoints.invocation import DATA, job_document
from lapisml.server.features.batch_endpoints.models import Models
from lapisml.server.features.batch_endpoints.places import as_written
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.workspaces.service import Workspace

_SOME_DATA = "azureml://datastores/workspaceblobstore/paths/azureml/any/"
_LITERALS = ("string", "integer", "number", "boolean")
_NOT_THE_JOBS = ("name", "parent_job_name", "display_name", "experiment_name", "tags", "properties", "description")
_NO_CODE = "an MLflow model is used by itself, without a scoring script"


@dataclass(frozen=True)
class Prepared:
    """A deployment that may be kept.

    Attributes:
        document: with labels replaced by the versions that they mean now.
        runs: what its invocations run; see `invocation`.
        model: ``name:version``, None without a model.
        warnings: what is accepted and has no effect here, a sentence each.
    """

    document: dict[str, Any]
    runs: dict[str, Any]
    model: str | None = None
    warnings: list[str] = field(default_factory=list)


class Preparer:
    """Prepares deployments."""

    def __init__(self, assets: AssetService, jobs: JobService, models: Models) -> None:
        self._assets = assets
        self._jobs = jobs
        self._models = models

    def prepare(self, workspace: Workspace, endpoint: str, document: dict[str, Any], by: str) -> Prepared:
        """Look up what a deployment refers to, and check the job that its invocations would start.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported, Conflict, with a problem for every fault.
        """
        document = copy.deepcopy(document)
        if document.get("type") == "pipeline":
            made = self._pipeline(workspace, document)
        else:
            made = self._model(workspace, document, by)
        warnings = self._check(workspace, endpoint, made)
        return Prepared(made.document, made.runs, made.model, warnings)

    def _model(self, workspace: Workspace, document: dict[str, Any], by: str) -> Prepared:
        """Prepare the deployment of a model."""
        given, code = document.get("model"), document.get("code_configuration")
        model = self._models.of(workspace, given, by) if given else None
        if model is not None:
            document["model"] = model.reference
        settings = document.get("settings") or {}
        _check_file_name(settings)
        runs: dict[str, Any] = {
            "model": document.get("model"),
            "model_type": model.document.get("type", "custom_model") if model else None,
            "environment": self._environment(workspace, document, model),
        }
        if code:
            runs |= {"kind": "script", "code": code.get("code"), "script": code.get("scoring_script")}
            if runs["code"] is None:
                problem = Problem("missing key `code`", "code_configuration.code", expected="the script's folder")
                raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])
        else:
            _check_without_code(model, settings)
            runs["kind"] = "mlflow"
        return Prepared(document, runs, model.key if model else None)

    def _environment(self, workspace: Workspace, document: dict[str, Any], model: AssetRecord | None) -> Any:
        """Give the environment of a model deployment: its own, else the one that its MLflow model says it needs."""
        given = document.get("environment")
        if isinstance(given, str):
            record = self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, given)
            reference = parse(given)
            if isinstance(reference, AssetRef) and (reference.registry is None or record.id):
                document["environment"] = record.reference
            return document["environment"]
        if given:
            return given
        if model is not None and model.document.get("type") == "mlflow_model":
            return self._models.environment(workspace, model)
        problem = Problem("missing key `environment`", "environment", expected="what the scoring script needs")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])

    def _pipeline(self, workspace: Workspace, document: dict[str, Any]) -> Prepared:
        """Prepare the deployment of a pipeline component, or of a pipeline job that has completed."""
        if document.get("job_definition"):
            job = self._job_of(workspace, str(document["job_definition"]))
            component = job.get("component")
        else:
            component = document.get("component")
            job = {"type": "pipeline"}
        declared = self._component(workspace, document, component) if component else {}
        if component:
            job["component"] = document["component"] if document.get("component") else component
        job["settings"] = {**(job.get("settings") or {}), **_present(document.get("settings"))}
        inputs = {**(declared.get("inputs") or {}), **(job.get("inputs") or {})}
        outputs = {**(declared.get("outputs") or {}), **(job.get("outputs") or {})}
        return Prepared(document, {"kind": "pipeline", "job": job, "inputs": inputs, "outputs": outputs})

    def _component(self, workspace: Workspace, document: dict[str, Any], given: Any) -> dict[str, Any]:
        if not isinstance(given, str):
            return dict(given)
        record = self._assets.resolve(workspace, AssetKind.COMPONENTS, given)
        if record.document.get("type") != "pipeline":
            kind = record.document.get("type", "command")
            problem = Problem(f"`{given}` is a {kind} component", "component", expected="a pipeline component")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])
        reference = parse(given)
        if document.get("component") and isinstance(reference, AssetRef):
            document["component"] = record.reference
        return record.document

    def _job_of(self, workspace: Workspace, reference: str) -> dict[str, Any]:
        """Give the document of the job that a deployment is made from."""
        name = reference.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1]
        try:
            job = self._jobs.get(workspace, name)
        except LapisError as error:
            problem = Problem(error.message.rstrip("."), "job_definition", expected="azureml:<name of a pipeline job>")
            sentence = "The deployment refers to what does not exist."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, error.hint, [problem]) from None
        if job.type != "pipeline":
            problem = Problem(f"job '{name}' is of type {job.type}", "job_definition", expected="a pipeline job")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])
        if job.status != JobState.COMPLETED:
            sentence = f"Job '{name}' is {job.status.value}; a deployment is made from a job that has completed."
            raise LapisError(ErrorCode.CONFLICT, sentence, f"Wait for it: lapis job stream -n {name}")
        return {key: value for key, value in copy.deepcopy(job.document).items() if key not in _NOT_THE_JOBS}

    def _check(self, workspace: Workspace, endpoint: str, made: Prepared) -> list[str]:
        """Check the job of an invocation, with stand-ins for data; give warnings."""
        if made.runs["kind"] == "pipeline":
            inputs = _stand_ins(made.runs)
            if inputs is None:
                return []  # values that only an invocation knows: it checks the job as a whole
            wanted = Asked(inputs=inputs)
        else:
            wanted = Asked(inputs={DATA: {"type": "uri_folder", "path": _SOME_DATA}})
        job = job_document(endpoint, made.document, made.runs, wanted)
        try:
            return self._jobs.check(workspace, job, uploaded=True).warnings
        except LapisError as error:
            raise as_written(error) from None


def _check_without_code(model: AssetRecord | None, settings: Mapping[str, Any]) -> None:
    """Refuse a deployment without a script that needs one."""
    if model is None or model.document.get("type") != "mlflow_model":
        expected = "the scoring script and its folder; only an MLflow model does without"
        problem = Problem("missing key `code_configuration`", "code_configuration", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])
    if settings.get("output_action") == "summary_only":
        problem = Problem(
            f"`summary_only` needs a script that writes files itself, and {_NO_CODE}", "settings.output_action",
            expected="append_row, or a scoring script",
        )  # fmt: skip
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The deployment asks for what is not supported.", None, [problem])


def _check_file_name(settings: Mapping[str, Any]) -> None:
    name = settings.get("output_file_name")
    wrong = invocations.file_name_fault(name) if name is not None else None
    if wrong is not None:
        problem = Problem(wrong, "settings.output_file_name", expected="a name such as predictions.csv")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The deployment is not valid.", None, [problem])


def _stand_ins(runs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give data in the place of the inputs that a pipeline needs and has no value for; None when it needs a value."""
    made: dict[str, Any] = {}
    for name, declared in runs["inputs"].items():
        if not isinstance(declared, Mapping) or declared.get("optional") is True:
            continue
        if any(declared.get(key) is not None for key in ("default", "value", "path")):
            continue
        kind = str(declared.get("type") or "string")
        if kind in _LITERALS:
            return None
        made[name] = {"type": kind, "path": _SOME_DATA}
    return made


def _present(values: Any) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}
