"""Short ways to write pipeline documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.pipelines import Graph, ParentValues, compile_pipeline, step_document

ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
SHAPES = Path(__file__).parent / "shapes"


def read(text: str) -> dict[str, Any]:
    """Read a document; `ENV` stands for an environment."""
    document = yaml.safe_load(text.replace("ENV", ENVIRONMENT))
    return {"type": "pipeline", **document}


def shape(name: str) -> dict[str, Any]:
    return yaml.safe_load((SHAPES / name).read_text())


class Shelf:
    """Registered components; remembers what was asked for."""

    def __init__(self, **components: dict[str, Any]) -> None:
        self.components = {name.replace("__", ":"): component for name, component in components.items()}
        self.asked: list[str] = []

    def __call__(self, reference: str) -> dict[str, Any]:
        self.asked.append(reference)
        name = reference.removeprefix("azureml:").replace("@latest", ":1")
        if name not in self.components:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"There is no component '{reference}'.")
        return {"name": name.partition(":")[0], "version": "1", **self.components[name]}


def compiled(text: str | dict[str, Any], shelf: Shelf | None = None) -> Graph:
    return compile_pipeline(read(text) if isinstance(text, str) else text, shelf or Shelf())


def child(graph: Graph, step: str, parent: ParentValues | None = None, job: str | None = None) -> dict[str, Any]:
    """Give a step's document when every step has completed; the job of step `a` is `job-a`."""
    return step_document(graph, step, parent or ParentValues(), {name: f"job-{name}" for name in graph.steps}, job)


def problems(text: str | dict[str, Any], shelf: Shelf | None = None) -> dict[str, tuple[str, str | None, str | None]]:
    """Give what is wrong with a document: path → message, what was expected, suggestion."""
    try:
        compiled(text, shelf)
    except LapisError as error:
        return {p.path: (p.message, p.expected, p.suggestion) for p in error.problems} or {"": (str(error), None, None)}
    return {}
