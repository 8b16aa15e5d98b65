"""What a batch endpoint is asked to do: inputs, outputs and overrides, from Python, from flags or from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.loading import LoadedDocument, load_document
from lapisml.documents.local_paths import local_text, what_is_at
from lapisml.documents.merge import SetOp, apply_ops
from lapisml.documents.paths import format_path
from lapisml.sdk.session import Session
from lapisml.sdk.submission import Submission

THE_INPUT = "input_data"
"""Name of the one input of an invocation that names none."""

THE_OUTPUT = "score"
"""Name of the output of a model's deployment."""

TAKEN = ("experiment_name", "display_name", "description", "tags", "properties")
"""Keys of the job that an invocation may set beside inputs and outputs."""

_GROUPS = ("settings", "resources", "compute")
"""What overrides may stand within: ``compute.instance_count`` is ``instance_count``."""

_COMMAND = {"command": "true", "environment": "azureml:none:1"}
"""What makes inputs and outputs the document of a job, as which they are checked."""


class Invocation:
    """What is asked; collected piece by piece.

    Args:
        deployment_name: the deployment; None means the endpoint's default.
        experiment_name: of the job.
        file: YAML file with ``inputs`` and ``outputs``; the other pieces go over it.
    """

    def __init__(
        self,
        deployment_name: str | None = None,
        experiment_name: str | None = None,
        file: str | Path | None = None,
    ) -> None:
        self._deployment = deployment_name
        self._file = file
        self._ops: list[SetOp] = []
        self._overrides: dict[str, Any] = {}
        if experiment_name is not None:
            self._set("experiment_name", value=experiment_name)

    def take_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Take inputs by name: `Input`, mapping, value; text that is a path or an address is data."""
        for name, given in inputs.items():
            self._set("inputs", name, value=_plain(given))

    def take_input(self, given: Any, type_: str | None = None) -> None:
        """Take the one input: `Input`, path or address.

        Args:
            given: None is nothing.
            type_: ``uri_folder``, ``uri_file``; else what is at a local path, ``uri_folder`` for an address.
        """
        if given is None:
            return
        made = data_of(str(given), type_) if isinstance(given, str | Path) else _plain(given)
        self._set("inputs", THE_INPUT, value=made)

    def take_outputs(self, outputs: Mapping[str, Any]) -> None:
        """Take outputs by name: `Output`, mapping, or the address of a folder to write to."""
        for name, given in outputs.items():
            made = {"type": "uri_folder", "path": given} if isinstance(given, str) else _plain(given)
            self._set("outputs", name, value=made)

    def take_overrides(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Take changes by path: ``mini_batch_size``, ``compute.instance_count`` and so on.

        Raises:
            LapisError: Usage, for a path that leads nowhere.
        """
        from lapisml.documents.merge import assign_op

        self.take_ops([assign_op(path, value, path) for change in changes for path, value in change.items()])

    def take_ops(self, ops: Sequence[SetOp]) -> None:
        """Take changes as ``--set`` writes them; see `take_overrides`."""
        for op in ops:
            if op.path[0] in ("inputs", "outputs", *TAKEN):
                self._ops.append(op)
            else:
                path = op.path[1:] if op.path[0] in _GROUPS and len(op.path) > 1 else op.path
                changed = SetOp(op.verb, path, op.value, op.text, op.flag)
                self._overrides = apply_ops(self._overrides, [changed]).data

    def ready(self, session: Session) -> dict[str, Any]:
        """Check it, upload what it names by a local path, and give the body of the request.

        Raises:
            LapisError: DocumentInvalid, with each fault and its place; ReferenceNotFound for a local path.
        """
        document = Submission(self._loaded()).ready(session)
        kept = {key: value for key, value in document.items() if key in ("inputs", "outputs", *TAKEN) and value}
        named = {"deployment_name": self._deployment} if self._deployment else {}
        return {**named, **kept, **self._overrides}

    def _loaded(self) -> LoadedDocument:
        added = [SetOp("set", (key,), value) for key, value in _COMMAND.items()]
        loaded = load_document(self._file, overrides=[*added, *self._ops], kind="job")
        strange = [key for key in loaded.data if key not in ("$schema", "type", "inputs", "outputs", *TAKEN, *_COMMAND)]
        if strange:
            sentence = f"`{format_path((strange[0],))}` can't be in the file of an invocation."
            hint = "It holds inputs, outputs and what the job is called; use --set for the rest."
            raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, hint)
        return loaded

    def _set(self, *path: str, value: Any) -> None:
        self._ops.append(SetOp("set", path, value, flag=format_path(path)))


def data_of(text: str, type_: str | None = None) -> dict[str, Any]:
    """Make the input that a path or an address means; a local path starts from the working folder."""
    local = local_text(text)
    if local is not None:
        place = Path.cwd() / Path(local).expanduser()
        return {"type": type_ or ("uri_file" if what_is_at(place) == "file" else "uri_folder"), "path": str(place)}
    if type_ is None and text.startswith("azureml:") and not text.startswith("azureml://"):
        return {"path": text}  # an asset has a type
    return {"type": type_ or "uri_folder", "path": text}


def _plain(given: Any) -> Any:
    """Give an input or output as a document has it."""
    if hasattr(given, "to_dict"):
        given = given.to_dict()
    elif hasattr(given, "model_dump"):
        given = given.model_dump(exclude_none=True)
    if not isinstance(given, Mapping):
        return given
    made = {str(key): value for key, value in given.items() if value is not None}
    path = made.get("path")
    local = local_text(path) if path is not None else None
    if local is not None:
        made["path"] = str(Path.cwd() / Path(local).expanduser())
    return made
