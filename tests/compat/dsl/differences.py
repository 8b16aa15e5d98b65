"""What the documents of azure.ai.ml (1.35) and of Lapis say in different words; all else must be equal.

Each function takes one mapping of a document, of either side, and writes it in the words that both share.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Mapping = dict[str, Any]

_BINDING = re.compile(r"\$\{\{parent\.\S+\}\}\Z")
_SIZES = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}


def notes_of_the_file(part: Mapping) -> Mapping:
    """azure.ai.ml carries the schema's address along, and says that a component is deterministic, the default."""
    drop = {"$schema": None, "is_deterministic": True}
    return {k: v for k, v in part.items() if not (k in drop and drop[k] in (None, v))}


def bindings(part: Mapping) -> Any:
    """azure.ai.ml writes an expression as ``{path: …}``, and leaves the mode of a bound output beside it."""
    path = part.get("path")
    if isinstance(path, str) and _BINDING.match(path) and not set(part) - {"path", "mode", "type"}:
        return path
    return part


def defaults(part: Mapping) -> Mapping:
    """azure.ai.ml writes the default of a number as text."""
    if part.get("type") in ("integer", "number", "boolean") and "default" in part:
        return {**part, "default": str(part["default"])}
    return part


def references(part: Mapping) -> Mapping:
    """azure.ai.ml puts ``azureml:`` before the names of computes and datastores, and before plain paths."""
    made = dict(part)
    for key in ("compute", "default_compute", "default_datastore"):
        if isinstance(made.get(key), str):
            made[key] = made[key].removeprefix("azureml:")
    if isinstance(made.get("path"), str) and re.match(r"azureml:(\./|https?:)", made["path"]):
        made["path"] = made["path"].removeprefix("azureml:")
    return made


def made_up_names(part: Mapping) -> Mapping:
    """azure.ai.ml gives names and versions to components and environments that have none."""
    if part.get("name") in ("azureml_anonymous", "CliV2AnonymousEnvironment"):
        return {k: v for k, v in part.items() if k not in ("name", "version")}
    return part


def numbers_and_words(part: Mapping) -> Mapping:
    """azure.ai.ml counts bytes, writes sizes of machines small, and keeps the indentation of docstrings."""
    made = dict(part)
    size = re.fullmatch(r"(\d+)(kb|mb|gb)?", str(made.get("mini_batch_size", "-")).lower())
    if size:
        made["mini_batch_size"] = str(int(size[1]) * _SIZES.get(size[2], 1))
    if isinstance(made.get("instance_type"), str):
        made["instance_type"] = made["instance_type"].lower()
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split())
    return made


_RUN = (
    "environment", "environment_variables", "resources", "distribution", "code", "command", "task", "mini_batch_size",
    "input_data", "retry_settings", "logging_level", "max_concurrency_per_instance", "error_threshold",
    "mini_batch_error_threshold", "entry", "conf", "args",
)  # fmt: skip


def settings_of_steps(part: Mapping) -> Mapping:
    """azure.ai.ml says on the step again what its component says, writes settings of one step into the component
    that others share, and forgets a step's name for people. What counts is the step's, or else the component's.
    """
    component = part.get("component")
    if not isinstance(component, dict) or part.get("type") == "pipeline":
        return part
    made = {k: v for k, v in part.items() if k not in ("display_name", "identity")}
    for key in _RUN:
        value = part.get(key, component.get(key))
        if value is not None:
            made[key] = value
    made["component"] = {k: v for k, v in component.items() if k not in _RUN}
    declared = component.get("outputs", {})
    outputs = {k: v for k, v in part.get("outputs", {}).items() if v != declared.get(k)}
    made.pop("outputs", None)
    return {**made, "outputs": outputs} if outputs else made


def inputs_of_pipelines(part: Mapping) -> Mapping:
    """azure.ai.ml forgets to declare an input of an inner pipeline that has no annotation and no default."""
    if part.get("type") == "pipeline" and "jobs" in part and "name" in part:
        return {**part, "inputs": {k: v for k, v in part["inputs"].items() if k != "data"}}
    return part


def sweep_jobs(part: Mapping) -> Mapping:
    """azure.ai.ml puts the search space into a sweep job's command only when the job is submitted."""
    if part.get("type") != "sweep" or "name" in part.get("trial", {}):
        return part
    trial = {k: v for k, v in part["trial"].items() if k not in ("type", "inputs")}
    for name in part["search_space"]:
        trial["command"] = trial["command"].replace(f"{{{{inputs.{name}}}}}", f"{{{{search_space.{name}}}}}")
    return {**part, "trial": trial}


DIFFERENCES: tuple[Callable[[Mapping], Any], ...] = (
    notes_of_the_file,
    defaults,
    references,
    made_up_names,
    numbers_and_words,
    settings_of_steps,
    inputs_of_pipelines,
    sweep_jobs,
    bindings,
)


def in_common_words(value: Any) -> Any:
    """Write a document in the words that both sides share."""
    if isinstance(value, list):
        return [in_common_words(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made: Any = {key: in_common_words(inner) for key, inner in value.items()}
    for rule in DIFFERENCES:
        made = rule(made) if isinstance(made, dict) else made
    return made
