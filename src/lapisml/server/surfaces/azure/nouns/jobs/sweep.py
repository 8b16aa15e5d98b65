"""Sweeps: their REST form and our document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.kinds.search_space import KEYS
from lapisml.server.surfaces.azure.nouns.jobs.common import Readers, read_common, taken, write_common
from lapisml.server.surfaces.azure.nouns.jobs.data import read_inputs, read_outputs, write_inputs, write_outputs
from lapisml.server.surfaces.azure.nouns.jobs.parts import (
    read_distribution,
    read_limits,
    read_queue,
    read_resources,
    write_distribution,
    write_limits,
    write_queue,
    write_resources,
)
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import (
    GOALS,
    POLICIES,
    SAMPLINGS,
    cameled,
    filled,
    mapping,
    snaked,
)


def read_sweep(body: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Read the `properties` of a sweep.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    readers: Readers = {
        "trial": ("trial", partial(_read_trial, references=references)),
        "searchSpace": ("search_space", read_space),
        "samplingAlgorithm": ("sampling_algorithm", read_sampling),
        "objective": ("objective", read_objective),
        "earlyTermination": ("early_termination", read_policy),
        "limits": ("limits", read_limits),
        "inputs": ("inputs", partial(read_inputs, references=references)),
        "outputs": ("outputs", partial(read_outputs, references=references)),
        "resources": ("resources", read_resources),
        "queueSettings": ("queue_settings", read_queue),
    }
    return {**read_common(body, "sweep", readers, references), **taken(body, readers)}


def write_sweep(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a sweep."""
    return {
        **write_common(document, "Sweep", references),
        "trial": _write_trial(document.get("trial"), references),
        "searchSpace": {name: _write_parameter(one) for name, one in (document.get("search_space") or {}).items()},
        "samplingAlgorithm": _write_sampling(document.get("sampling_algorithm") or "random"),
        "objective": _write_objective(document.get("objective")),
        **filled(
            {
                "earlyTermination": write_policy(document.get("early_termination")),
                "limits": write_limits(document.get("limits"), "Sweep"),
                "resources": write_resources(document.get("resources")),
                "queueSettings": write_queue(document.get("queue_settings")),
            }
        ),
        "inputs": write_inputs(document.get("inputs"), references),
        "outputs": write_outputs(document.get("outputs")),
    }


def _read_trial(body: Any, path: str, references: References) -> dict[str, Any]:
    made = snaked(mapping(body, path))
    if "component_id" in made:
        return {"component": references.read(made.pop("component_id"), "component"), **made}
    code, environment = made.pop("code_id", None), made.pop("environment_id", None)
    for key, read in (("distribution", read_distribution), ("resources", read_resources)):
        if key in made:
            made[key] = read(made[key], f"{path}.{key}")
    named = {"code": references.read(code, "code"), "environment": references.read(environment, "environment")}
    return {**filled(made), **filled(named)}


def _write_trial(trial: Any, references: References) -> dict[str, Any]:
    found = references.component_of(trial) or {} if isinstance(trial, str) else dict(trial or {})
    inner = found.pop("component", None)
    if inner is not None:
        found = {**((references.component_of(inner) or {}) if isinstance(inner, str) else inner), **found}
    return {
        "command": found.get("command") or "",
        **filled(
            {
                "codeId": references.write(found.get("code"), "code"),
                "environmentId": references.write_environment(found.get("environment")),
                "distribution": write_distribution(found.get("distribution")),
                "resources": write_resources(found.get("resources")),
                "environmentVariables": found.get("environment_variables"),
            }
        ),
    }


def read_space(body: Any, path: str) -> dict[str, Any]:
    """Read a search space: ``{"lr": ["uniform", [0.1, 0.9]]}``.

    Raises:
        LapisError: DocumentInvalid.
    """
    return {name: _read_parameter(one, f"{path}.{name}") for name, one in mapping(body, path).items()}


def _read_parameter(body: Any, path: str) -> Any:
    if isinstance(body, Mapping):  # nodes of pipelines, and hand-made bodies, have the form of documents
        return dict(body)
    keys = KEYS.get(str(body[0]).lower()) if isinstance(body, list) and len(body) == 2 else None
    values = body[1] if keys else None
    if keys is None or not isinstance(values, list) or len(values) != len(keys):
        problem = Problem("this is no distribution", path, expected='for example ["uniform", [0.1, 0.9]]')
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The job is not valid.", None, [problem])
    made = dict(zip(keys, values, strict=True))
    if isinstance(made.get("values"), list):
        made["values"] = [_read_choice(one, path) for one in made["values"]]
    return {"type": str(body[0]).lower(), **made}


def _read_choice(value: Any, path: str) -> Any:
    """Read one value of a choice; a mapping holds values and further distributions."""
    if not isinstance(value, Mapping):
        return value
    return {
        name: _read_parameter(one, f"{path}.{name}") if _is_distribution(one) else one for name, one in value.items()
    }


def _is_distribution(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[0] in KEYS and isinstance(value[1], list)


def _write_parameter(parameter: Mapping[str, Any]) -> list[Any]:
    kind = str(parameter["type"])
    values = [parameter.get(key) for key in KEYS[kind]]
    if kind == "choice":
        values = [[_write_choice(one) for one in parameter.get("values") or []]]
    return [kind, values]


def _write_choice(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        name: _write_parameter(one) if isinstance(one, Mapping) and one.get("type") in KEYS else one
        for name, one in value.items()
    }


def read_sampling(body: Any, path: str) -> Any:
    """Read how parameters are chosen; an algorithm without settings is its name."""
    if isinstance(body, str):
        return SAMPLINGS.read(body)
    made = snaked(mapping(body, path))
    for key in ("sampling_algorithm_type", "type"):
        if key in made:
            made["type"] = SAMPLINGS.read(made.pop(key))
    return made["type"] if set(made) == {"type"} else made


def _write_sampling(sampling: Any) -> dict[str, Any]:
    made = {"type": sampling} if isinstance(sampling, str) else dict(sampling)
    return {"samplingAlgorithmType": SAMPLINGS.write(made.pop("type")), **cameled(made)}


def read_objective(body: Any, path: str) -> dict[str, Any]:
    """Read what the best trial is."""
    made = snaked(mapping(body, path))
    if "goal" in made:
        made["goal"] = GOALS.read(made["goal"])
    return made


def _write_objective(objective: Any) -> dict[str, Any]:
    made = cameled(objective or {})
    return {**made, "goal": GOALS.write(made.get("goal"))}


def read_policy(body: Any, path: str) -> dict[str, Any]:
    """Read which trials are ended early; what a policy does not use stands there as zero."""
    made = snaked(mapping(body, path))
    if "policy_type" in made:
        made["type"] = POLICIES.read(made.pop("policy_type"))
    idle = ("slack_factor", "slack_amount") if made.get("type") == "bandit" else ()
    return {key: value for key, value in made.items() if key not in idle or value}


def write_policy(policy: Any) -> dict[str, Any] | None:
    """Write which trials are ended early."""
    if not policy:
        return None
    made = cameled(policy)
    return {"policyType": POLICIES.write(made.pop("type")), **made}
