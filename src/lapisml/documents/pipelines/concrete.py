"""From a step of a graph to the document of its job, every expression of the pipeline filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.pipelines.bindings import Target, bindings, exact
from lapisml.documents.pipelines.graph import Graph, ParentValues, Step
from lapisml.documents.pipelines.settings import settings_document, settings_of
from lapisml.documents.references import AssetRef, JobOutputUri, parse
from lapisml.documents.scalars import stringify

_WORKSPACE_DATASTORE = "workspaceblobstore"
_DATA_KEYS = ("type", "path", "mode")

OutputAddress = Callable[[str, str], str]
"""(step, output) → where it lies."""


def step_document(
    graph: Graph, step: str, parent: ParentValues, finished: Mapping[str, str], job: str | None = None
) -> dict[str, Any]:
    """Give the document of a step's job: an ordinary job document that stands for itself.

    What is nested in it is shared with the graph and must not be changed.

    Args:
        parent: what the step takes from the pipeline's job.
        finished: step → name of the job that completed it.
        job: name that the step's job will have; with it ``${{name}}`` in an input becomes that name.

    Raises:
        KeyError: there is no such step, or a step whose output it takes is not in `finished`.
        LapisError: NotSupported for a path within an asset that is known by its name only.
    """

    def address(source: str, output: str) -> str:
        return str(JobOutputUri(finished[source], output))

    return _Writer(graph, parent, address, job).document(graph.steps[step])


def checkable_document(graph: Graph, step: str, parent: ParentValues) -> dict[str, Any]:
    """Give the document of a step's job before anything ran, to be checked and not to be run.

    What other steps will write stands in it as a folder of the workspace's own datastore.

    Raises:
        KeyError, LapisError: see `step_document`.
    """

    def address(source: str, output: str) -> str:
        return f"azureml://datastores/{_WORKSPACE_DATASTORE}/paths/azureml/{source}/{output}/"

    return _Writer(graph, parent, address, None).document(graph.steps[step])


def pipeline_outputs(graph: Graph, finished: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Say which job's output each output of the pipeline is; those of steps that did not complete are left out.

    Args:
        finished: step → name of the job that completed it.

    Returns:
        Output of the pipeline → (job, output of that job).
    """
    return {
        name: (finished[source.step], source.output)
        for name, source in graph.outputs.items()
        if source.step is not None and source.step in finished
    }


class _Writer:
    """Writes documents of steps."""

    def __init__(self, graph: Graph, parent: ParentValues, address: OutputAddress, job: str | None) -> None:
        self._graph = graph
        self._parent = parent
        self._address = address
        self._job = job

    def document(self, step: Step) -> dict[str, Any]:
        """Write the document of a step's job."""
        made = {key: self._filled(value) if key in step.bound else value for key, value in step.document.items()}
        made = {key: value for key, value in made.items() if value is not None}
        inputs = {name: self._input(value) for name, value in step.document.get("inputs", {}).items()}
        made["inputs"] = {name: value for name, value in inputs.items() if value is not None}
        made["outputs"] = {name: self._output(step, name, o) for name, o in step.document.get("outputs", {}).items()}
        self._place(step, made)
        made.setdefault("display_name", step.name)
        if self._parent.experiment_name is not None:
            made["experiment_name"] = self._parent.experiment_name
        return {key: value for key, value in made.items() if value or key not in ("inputs", "outputs")}

    def _place(self, step: Step, made: dict[str, Any]) -> None:
        """Say where the step runs; a nested pipeline inherits the settings, and its own compute holds within it."""
        settings = self._graph.settings
        if step.type == "pipeline":
            compute = made.pop("compute", None)
            own = {"settings": {"default_compute": compute}} if compute else {}
            made["settings"] = settings_document(settings_of(own, settings))
        elif "compute" not in made and settings.default_compute is not None:
            made["compute"] = settings.default_compute

    def _input(self, written: Any) -> Any:
        """Write an input; None when it has no value."""
        if isinstance(written, str):
            return self._named(self._value(written), self._job)
        if not isinstance(written, Mapping):
            return written
        found = self._value(str(written["path"]))
        if found is None:
            return None
        data = found if isinstance(found, Mapping) else {"path": self._named(stringify(found), self._job)}
        made = {**data, **{key: value for key, value in written.items() if key != "path"}}
        return {key: made[key] for key in dict.fromkeys([*_DATA_KEYS, *written]) if key in made}

    def _value(self, text: str) -> Any:
        """Give what a text stands for: a literal, data, or None for an input without a value."""
        if "${{" not in text:
            return text
        found = exact(text)
        if found is None:
            return self._text(text)
        if found.target is Target.INPUT:
            return self._of_parent(found.name)
        if found.target is Target.STEP_OUTPUT:
            return {"path": self._address(found.step, found.name)}
        return text

    def _of_parent(self, name: str) -> Any:
        value = self._graph.inputs.get(name)
        if isinstance(value, Mapping):
            return {key: self._named(value[key], self._parent.name) for key in _DATA_KEYS if value.get(key) is not None}
        return self._named(value, self._parent.name)

    @staticmethod
    def _named(value: Any, job: str | None) -> Any:
        return value.replace("${{name}}", job) if job is not None and isinstance(value, str) else value

    def _text(self, text: str) -> str:
        """Fill in a text in which expressions stand beside other words."""
        parts, at = [], 0
        for binding in bindings(text):
            parts.append(text[at : binding.start])
            at = binding.end
            if binding.target is Target.STEP_OUTPUT:
                parts.append(_folder(self._address(binding.step, binding.name)))
            elif binding.target is Target.INPUT:
                value = self._of_parent(binding.name)
                parts.append(_folder(str(value["path"])) if isinstance(value, Mapping) else stringify(value))
            else:
                parts.append(binding.text)
        return "".join([*parts, text[at:]]).strip()

    def _filled(self, value: Any) -> Any:
        """Fill in a value of any shape; keys whose value is an input without one are left out."""
        if isinstance(value, str):
            return self._value(value) if exact(value) is not None else self._text(value) if "${{" in value else value
        if isinstance(value, Mapping):
            made = {key: self._filled(inner) for key, inner in value.items()}
            return {key: inner for key, inner in made.items() if inner is not None or value[key] is None}
        if isinstance(value, (list, tuple)):
            return [inner for inner in map(self._filled, value) if inner is not None]
        return value

    def _output(self, step: Step, name: str, written: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(written)
        datastore = self._graph.settings.default_datastore
        path = made.get("path")
        if path is not None:
            path = self._filled(str(path)).replace("${{output_name}}", name)
            made["path"] = path if datastore is None else path.replace("${{default_datastore}}", datastore)
        elif datastore is not None and datastore != _WORKSPACE_DATASTORE and step.type != "pipeline":
            tail = "" if made.get("type") == "uri_file" else "/"
            made["path"] = f"azureml://datastores/{datastore}/paths/azureml/${{{{name}}}}/{name}{tail}"
        return made


def _folder(address: str) -> str:
    """Give an address so that ``/path`` can follow it.

    Raises:
        LapisError: NotSupported for an asset by name, which has no form with a path.
    """
    reference = parse(address)
    if isinstance(reference, JobOutputUri):
        return str(reference) if reference.path else f"{reference}/paths"
    if isinstance(reference, AssetRef):
        sentence = f"A path can't follow '{address}', which is known by its name only."
        hint = "Take the whole asset as the input, and name the file in the command: ${{inputs.<name>}}/file.csv."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, hint)
    return address.rstrip("/")
