"""What a step runs: a component in place, or a reference to one, and what it declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.sdk.dsl.values import literal_type, plain
from lapisml.sdk.records import reference_of

DECLARED_KEYS = ("type", "description", "optional", "default", "enum", "min", "max", "mode")

STEP_ONLY = {
    "command": ("compute", "limits", "services", "identity", "queue_settings"),
    "parallel": ("compute", "identity"),
    "spark": ("compute", "identity", "resources"),
}
"""Type → keys of a job that belong to the step and not to its component."""

_AROUND = ("name", "experiment_name", "properties", "parent_job_name", "inputs", "outputs", "type")
_MENTIONED = re.compile(r"\$\{\{\s*outputs\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")


@dataclass
class Definition:
    """What a step runs.

    Attributes:
        type: ``command``, ``pipeline``, ``parallel``, ``spark`` or ``sweep``.
        component: the component in place, with absolute local paths; or the reference to it; None for a step whose
            own keys say what it runs.
        inputs: name → declaration; None when they are not known here.
        outputs: name → declaration; None when they are not known here.
        name: of the component, None without one.
        values: inputs that are given when a call leaves them out.
        settings: keys of the step that are set when a call leaves them out.
        given_outputs: where outputs are kept when a call says nothing else.
        wanted_name: name of its step, whatever the variable is called.
        origin: tells definitions without a name apart.
    """

    type: str
    component: dict[str, Any] | str | None
    inputs: dict[str, dict[str, Any]] | None = None
    outputs: dict[str, dict[str, Any]] | None = None
    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    given_outputs: dict[str, Any] = field(default_factory=dict)
    wanted_name: str | None = None
    origin: int | None = None

    @property
    def key(self) -> object:
        """What steps of the same component have in common."""
        return self.name or self.origin or id(self)

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"component {self.name}" if self.name else f"the {self.type} component"


def of_component(entity: Any) -> Definition:
    """Take a component: by its reference when the server has it, else in place."""
    document = absolute("component", entity.to_dict(), entity.base_path)
    type_ = str(document.get("type") or "command")
    known = entity.record
    has_version = known is not None and known.get("version") is not None
    reference = reference_of(known) if known is not None and has_version else None
    return Definition(
        type_,
        reference or document,
        document.get("inputs") or {},
        document.get("outputs") or {},
        document.get("name"),
        origin=id(entity),
    )


def of_job(entity: Any) -> Definition:
    """Take a job that `command`, `spark` or `parallel_run_function` made: its inputs become those of a component."""
    document = absolute("job", {**entity.to_dict(), "inputs": {}, "outputs": {}}, entity.base_path)
    type_ = str(document["type"])
    settings = {key: document[key] for key in STEP_ONLY[type_] if key in document}
    component = {key: value for key, value in document.items() if key not in (*_AROUND, *settings)}
    given, outputs = dict(entity.inputs or {}), dict(entity.outputs or {})
    declared = {name: declared_by(value) for name, value in given.items()}
    results = {name: _declared_output(value) for name, value in outputs.items()}
    for name in _MENTIONED.findall(str(document.get("command", ""))):
        results.setdefault(name, {"type": "uri_folder"})
    name = document.get("name")
    component = {**({"name": name} if name else {}), "type": type_, **component}
    component |= {} if entity.is_repeatable else {"is_deterministic": False}
    component |= ({"inputs": declared} if declared else {}) | ({"outputs": results} if results else {})
    values = {name: value for name, value in given.items() if has_value(value)}
    kept = {name: where for name, value in outputs.items() if (where := _where(value))}
    wanted = name if type_ == "parallel" else None  # as azure.ai.ml has it
    return Definition(type_, component, declared, results, name, values, settings, kept, wanted, id(entity))


def absolute(kind: str, document: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return a copy of a document whose local paths do not depend on where it lies."""
    from lapisml.documents.local_paths import local_files, replaced

    return replaced(document, {file.path: str(file.absolute) for file in local_files(kind, document, base)})


def declared_by(value: Any) -> dict[str, Any]:
    """Declare an input by the `Input`, mapping or value that was given for it."""
    if isinstance(value, (bool, int, float, str)):
        return {"type": literal_type(value), "default": value}
    found = {key: getattr(value, key, None) for key in DECLARED_KEYS}
    if found.get("default") is None and getattr(value, "value", None) is not None:
        found["default"] = value.value
    found["type"] = found["type"] or literal_type(found.get("default")) or "uri_folder"
    return {key: plain(inner) for key, inner in found.items() if inner is not None}


def _declared_output(value: Any) -> dict[str, Any]:
    given = plain(value) or {}
    made = {"type": given.get("type") or "uri_folder"}
    return made | {key: given[key] for key in ("description", "mode") if given.get(key) is not None}


def _where(value: Any) -> dict[str, Any]:
    """Give the part of an output that a component can't declare."""
    given = plain(value) or {}
    return {key: given[key] for key in ("path", "name", "version") if given.get(key) is not None}


def has_value(value: Any) -> bool:
    """Say whether an input is given something, and not only declared."""
    if isinstance(value, (bool, int, float, str)):
        return True
    return any(getattr(value, key, None) is not None for key in ("path", "value", "default"))


def copied(value: Any) -> Any:
    """Copy what steps may change."""
    return deepcopy(value)
