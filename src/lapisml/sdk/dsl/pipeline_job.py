"""A pipeline job: steps by name, inputs, outputs and settings. It is its document, with attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from lapisml.sdk.attributes import Attributes
from lapisml.sdk.dsl.definition import Definition, absolute
from lapisml.sdk.dsl.ports import Ports
from lapisml.sdk.dsl.reading import step_of
from lapisml.sdk.dsl.steps import Step
from lapisml.sdk.dsl.values import PipelineInput, plain, unknown
from lapisml.sdk.records import View, viewed

SETTINGS = (
    "default_compute", "default_datastore", "continue_on_step_failure", "force_rerun", "on_init", "on_finalize",
)  # fmt: skip
_KEYS = (
    "name", "display_name", "description", "experiment_name", "tags", "properties", "compute", "identity", "services",
    "parent_job_name",
)  # fmt: skip
_PARTS = ("settings", "inputs", "outputs", "jobs", "component")
_OWN = ("base_path", "record", "type")


class PipelineSettings(Attributes):
    """What holds for all steps: ``default_compute, default_datastore, continue_on_step_failure, force_rerun``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in SETTINGS:
            raise unknown(name, SETTINGS[:4], "`settings` of a pipeline", "key")
        super().__setattr__(name, value)


class PipelineJob:
    """A pipeline job.

    Args:
        inputs: name → value or `Input`.
        outputs: name → `Output`.
        jobs: name → step: one that a component made, or the mapping of a document.
        settings: see `PipelineSettings`.
        component: reference to a pipeline component, in place of `jobs`.
        values: ``name, display_name, description, experiment_name, tags, properties, compute, identity``.

    Raises:
        LapisError: Usage for a key that does not exist.
    """

    KIND = "job"
    NOUN = "pipeline job"
    type = "pipeline"

    def __init__(
        self,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        jobs: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        component: Any = None,
        **values: Any,
    ) -> None:
        own = self.__dict__
        own["base_path"], own["record"] = Path.cwd(), None
        own["_values"], own["_facts"], own["_component"] = {}, {}, component
        own["_about"], own["_declared"] = {}, {}
        self.settings = settings or {}
        own["inputs"] = Ports("The pipeline", "input", None, lambda _name, value: value)
        own["outputs"] = Ports("The pipeline", "output", None, _output)
        self._fill(own["inputs"], inputs)
        self._fill(own["outputs"], outputs)
        own["jobs"] = {name: step_of(name, given) for name, given in (jobs or {}).items()}
        values.pop("type", None)
        for key, value in values.items():
            setattr(self, key, value)

    @staticmethod
    def _fill(ports: Ports, given: Mapping[str, Any] | None) -> None:
        for name, value in (given or {}).items():
            ports[name] = value
        ports.__dict__["_known"] = list(given or {})

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Make the job of a record that the server gave."""
        known = {key: record[key] for key in (*_KEYS, *_PARTS) if record.get(key) is not None}
        made = cls(**known)
        made.__dict__["record"] = viewed(record)
        if "services" in record:
            made.__dict__["_values"]["services"] = viewed(record["services"])
        return made

    def describe(self, about: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what the pipeline says of itself as a component: name, description …, and its inputs' declarations."""
        self.__dict__["_about"], self.__dict__["_declared"] = dict(about), dict(declared)

    @property
    def component(self) -> Any:
        """The pipeline as a component: to be created, or used in other pipelines."""
        if self._component is not None:
            return self._component
        from lapisml.sdk.entities import PipelineComponent

        made = PipelineComponent(**self._component_document())
        made._base_path = self.base_path  # noqa: SLF001 - where files lie belongs to the entity, not to its document
        return made

    def definition(self) -> Definition:
        """Describe the pipeline as what a step runs."""
        component = absolute("component", self._component_document(), self.base_path)
        inputs, outputs = component.get("inputs") or {}, component.get("outputs") or {}
        return Definition("pipeline", component, inputs, outputs, component.get("name"))

    def to_dict(self) -> dict[str, Any]:
        """Give the document."""
        made: dict[str, Any] = {"type": "pipeline"}
        made |= {key: said for key in _KEYS if (said := plain(self._values.get(key))) not in (None, {})}
        inputs = self._input_documents()
        outputs = {name: plain(value) for name, value in self.outputs.given()}
        jobs = {name: _without(step.document(), self._unset()) for name, step in self.jobs.items()}
        parts = {"settings": plain(self.settings), "inputs": inputs, "outputs": outputs, "jobs": jobs}
        if self._component is not None:
            parts["component"] = plain(self._component)
        return {**made, **{key: value for key, value in parts.items() if value}}

    def _input_documents(self) -> dict[str, Any]:
        made = {}
        for name, value in self.inputs.given():
            if value is not None:
                made[name] = plain(value)
            elif name in self._declared and not self._declared[name].get("optional"):
                made[name] = {"type": self._declared[name]["type"]}
        return made

    def _unset(self) -> set[str]:
        """Name the optional inputs that have no value: what steps take from them they go without."""
        given = dict(self.inputs.given())
        names = {name for name, said in self._declared.items() if said.get("optional") and given.get(name) is None}
        return {PipelineInput(name, None, self).binding for name in names}

    def _component_document(self) -> dict[str, Any]:
        inputs = dict(self._declared)
        for name, value in self.inputs.given():
            inputs.setdefault(name, _declaration(value))
        outputs = {
            name: {key: said[key] for key in ("type", "mode", "description") if said.get(key)}
            for name, said in self.outputs.given()
        }
        made = {
            "type": "pipeline", "name": self._about.get("name") or self._values.get("name") or "pipeline",
            "version": self._about.get("version"), "display_name": self.display_name, "description": self.description,
            "inputs": inputs, "outputs": outputs,
            "jobs": {name: step.document() for name, step in self.jobs.items()},
        }  # fmt: skip
        return {key: value for key, value in made.items() if value}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _KEYS:
            if name in ("tags", "properties") and not isinstance(self._values.get(name), Attributes):
                self._values[name] = Attributes(self._values.get(name))
            return self._values.get(name)
        if self.record is not None and name in self.record:
            return self.record[name]
        raise AttributeError(f"a pipeline job has no '{name}'; it has {', '.join((*_KEYS, *_PARTS))}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            self.__dict__[name] = value
        elif name == "settings":
            self.__dict__["settings"] = PipelineSettings(plain(value))
        elif name in ("inputs", "outputs"):
            self._fill(self.__dict__[name], value)
        elif name in _KEYS:
            self._values[name] = value
        else:
            raise unknown(name, (*_KEYS, "settings", "inputs", "outputs"), "A pipeline job", "key")

    def __str__(self) -> str:
        return json.dumps(self.record if self.record is not None else self.to_dict(), indent=2, default=str)

    __repr__ = __str__


def _output(_name: str, value: Any) -> Attributes:
    found = plain(value) or {}
    return Attributes(found if isinstance(found, Mapping) else {"path": found})


def _declaration(value: Any) -> dict[str, Any]:
    from lapisml.sdk.dsl.definition import declared_by

    return declared_by(value)


def _without(step: dict[str, Any], unset: set[str]) -> dict[str, Any]:
    """Leave out the inputs of a step that take an optional input without a value."""
    if not unset or "inputs" not in step:
        return step
    step["inputs"] = {name: said for name, said in step["inputs"].items() if said not in unset}
    return step


__all__ = ["SETTINGS", "PipelineJob", "PipelineSettings", "Step", "View"]
