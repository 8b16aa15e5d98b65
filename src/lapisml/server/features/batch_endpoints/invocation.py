"""From a deployment and what an invocation asks to the document of the job. Pure.

What a deployment runs (`BatchDeployment.runs`) is a plain dictionary:

- of a model: ``kind`` (``mlflow``: the model itself; ``script``), ``model`` (``azureml:<name>:<version>`` or None),
  ``model_type``, ``environment``, and, for scripts, ``code`` and ``script``;
- of a pipeline: ``kind: pipeline`` and ``job``, the document that its jobs are made from.
"""

from __future__ import annotations

import copy
import shlex
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import listed, nearest
from lapisml.server.features.batch_endpoints.asked import Asked

STEP = "batchscoring"
"""The step of a model deployment's job."""
SCORE = "score"
"""The output of a model deployment's job."""
DATA = "job_data_path"
"""The input of the step: what is scored."""
MODEL = "model"

ENDPOINT_PROPERTY = "lapis.batch_endpoint"
DEPLOYMENT_PROPERTY = "lapis.batch_deployment"

_OF_MODELS = {
    "mini_batch_size": 10,
    "max_concurrency_per_instance": 1,
    "error_threshold": -1,
    "logging_level": "info",
    "output_action": "append_row",
    "output_file_name": "predictions.csv",
}
_RETRIES = {"max_retries": 3, "timeout": 30}
_DATA_TYPES = ("uri_file", "uri_folder", "mltable")


def job_document(endpoint: str, document: Mapping[str, Any], runs: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Make the document of the job that an invocation starts.

    Args:
        endpoint: the endpoint's name.
        document: of the deployment.
        runs: what the deployment runs.
        asked: what the invocation asks.

    Raises:
        LapisError: DocumentInvalid for inputs or outputs that the deployment does not take, NotSupported for an
            override that it has not.
    """
    made = _pipeline(runs, asked) if runs["kind"] == "pipeline" else _scoring(document, runs, asked)
    made["experiment_name"] = asked.experiment_name or made.get("experiment_name") or endpoint
    made["display_name"] = asked.display_name or f"{endpoint}-{document['name']}"
    for key in ("description", "tags", "properties"):
        value = getattr(asked, key)
        if value:
            made[key] = {**(made.get(key) or {}), **value} if isinstance(value, Mapping) else value
    return made


def _scoring(document: Mapping[str, Any], runs: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Make the pipeline with the one step that scores."""
    name, data = _the_input(asked)
    settings = {**_OF_MODELS, **_given(document.get("settings")), **asked.settings}
    output = _the_output(asked)
    compute = asked.compute or document.get("compute")
    resources = {"instance_count": 1, **_given(document.get("resources")), **asked.resources}
    inputs: dict[str, Any] = {DATA: f"${{{{parent.inputs.{name}}}}}"}
    if runs["model"] is not None:
        inputs[MODEL] = {"type": runs["model_type"], "path": runs["model"]}
    step = {
        "type": "parallel",
        **({"compute": compute} if compute else {}),
        "resources": resources,
        "inputs": inputs,
        "outputs": {SCORE: f"${{{{parent.outputs.{SCORE}}}}}"},
        "input_data": f"${{{{inputs.{DATA}}}}}",
        "mini_batch_size": str(settings["mini_batch_size"]),
        "max_concurrency_per_instance": settings["max_concurrency_per_instance"],
        "error_threshold": settings["error_threshold"],
        "retry_settings": {**_RETRIES, **_given(settings.get("retry_settings"))},
        "logging_level": str(settings["logging_level"]).upper(),
        "environment_variables": _variables(document, settings),
        "task": _task(runs, settings),
    }
    return {
        "type": "pipeline",
        "inputs": {name: data},
        "outputs": {SCORE: output},
        "settings": {"force_rerun": True},  # the data may have changed under the same path
        "jobs": {STEP: step},
    }


def _task(runs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "model" if runs["kind"] == "mlflow" else "run_function"}
    made["environment"] = runs["environment"]
    if runs["model"] is not None:
        made["model"] = f"${{{{inputs.{MODEL}}}}}"
    if runs["kind"] == "script":
        made |= {"code": runs["code"], "entry_script": runs["script"]}
    if settings["output_action"] == "append_row":
        made["append_row_to"] = f"${{{{outputs.{SCORE}}}}}"
        made["program_arguments"] = f"--append_row_file_name {shlex.quote(str(settings['output_file_name']))}"
    return made


def _pipeline(runs: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Make the job of a pipeline deployment: its own document with what the invocation gives put in."""
    foreign = [*asked.settings, *asked.resources, *(["compute"] if asked.compute else [])]
    if foreign:
        sentence = f"A pipeline deployment has no `{foreign[0]}` to override; its steps say it themselves."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
    job: dict[str, Any] = copy.deepcopy(dict(runs["job"]))
    _check_names(asked.inputs, runs.get("inputs") or {}, "input")
    _check_names(asked.outputs, runs.get("outputs") or {}, "output")
    job["inputs"] = {**(job.get("inputs") or {}), **{name: _value(given) for name, given in asked.inputs.items()}}
    declared = {name: dict(of or {}) for name, of in (job.get("outputs") or {}).items()}
    for name, given in asked.outputs.items():
        declared[name] = {**declared.get(name, {}), **given}
    job["outputs"] = declared
    return {key: value for key, value in job.items() if value or key not in ("inputs", "outputs")}


def _check_names(given: Mapping[str, Any], declared: Mapping[str, Any], noun: str) -> None:
    """Refuse what the pipeline does not declare."""
    problems = []
    for name in given:
        if name not in declared:
            expected = listed(declared) if declared else f"no {noun}s"
            near = nearest(name, declared)
            problems.append(Problem(f"the deployment has no {noun} `{name}`", f"{noun}s.{name}", None, None, None,
                                    expected, near))  # fmt: skip
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The invocation does not fit the deployment.", None, problems)


def _the_input(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Give name and content of the one input of a model deployment."""
    if len(asked.inputs) != 1:
        what = "no input" if not asked.inputs else f"{len(asked.inputs)} inputs"
        hint = "Give one: lapis batch-endpoint invoke -n <endpoint> --input <folder, file or data asset>"
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"A model deployment scores one input, and there is {what}.", hint)
    name, given = next(iter(asked.inputs.items()))
    if not isinstance(given, Mapping) or not given.get("path"):
        problem = Problem("it is a value", f"inputs.{name}", expected="data: a mapping with `path`")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The invocation is not valid.", None, [problem])
    kind = str(given.get("type") or "uri_folder")
    if kind not in _DATA_TYPES:
        problem = Problem(f"data of type `{kind}` can't be scored", f"inputs.{name}.type", expected=listed(_DATA_TYPES))
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The invocation is not valid.", None, [problem])
    return name, {**{k: v for k, v in given.items() if v is not None and k in ("path", "mode")}, "type": kind}


def _the_output(asked: Asked) -> dict[str, Any]:
    """Give the output ``score``; the only output that is given means it, whatever it is called."""
    if len(asked.outputs) > 1:
        sentence = f"A model deployment has one output, `{SCORE}`, and {len(asked.outputs)} are given."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence)
    given = next(iter(asked.outputs.values()), {})
    made = {key: value for key, value in given.items() if value is not None and key in ("path", "mode")}
    path = made.get("path")
    if isinstance(path, str) and not path.endswith("/"):
        made["path"] = f"{path}/"
    return {**made, "type": "uri_folder"}


def _value(given: Any) -> Any:
    """Give an input as jobs take it: a typed value becomes that value."""
    if isinstance(given, Mapping) and given.get("path") is None:
        return given.get("value", given.get("default"))
    return {key: value for key, value in given.items() if value is not None} if isinstance(given, Mapping) else given


def _variables(document: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    found = {**_given(document.get("environment_variables")), **_given(settings.get("environment_variables"))}
    return {str(key): str(value) for key, value in found.items()}


def _given(values: Any) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}
