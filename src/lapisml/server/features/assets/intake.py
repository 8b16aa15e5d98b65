"""What a document of an asset brings along: its content is found, looked at and, for models, kept safe.

A model that a job or run made is copied (by hard links where both sides lie on this machine) into a folder of
its own, ``azureml/models/<name>/<random>/``, so that deleting or overwriting the run's artifacts does not
touch it. Content in remote stores is kept as a reference.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.references import (
    AssetRef,
    DatastoreUri,
    JobOutputUri,
    LocalPath,
    ModelsUri,
    PlainUri,
    RunUri,
    parse,
)
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.model_files import ModelFacts, examine
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.tabular import check_mltable
from lapisml.server.features.datastores.service import DEFAULT, DatastoreService, datastore_uri
from lapisml.server.features.workspaces.service import Workspace

UPLOADS = "LocalUpload"
"""Folder of uploaded content in the default datastore: ``LocalUpload/<digest>/<basename>``."""

MODELS = "azureml/models"
"""Folder of the copies of models in the default datastore."""

UriOf = Callable[[Workspace, str, AssetKind], str]


@dataclass(frozen=True)
class Taken:
    """A document after its content was looked at.

    Attributes:
        document: with the type filled in, and `path` as it was given.
        source: the URI that the content is to be taken from; None without content.
        job_name: the job that the content came from.
        copy_from, copy_to: where to copy the content before the version is written; None when it stays.
        copied_uri: the URI of `copy_to`, which becomes the `path` of the document.
    """

    document: dict[str, Any]
    source: str | None = None
    job_name: str | None = None
    copy_from: StorageLocation | None = field(default=None, repr=False)
    copy_to: StorageLocation | None = field(default=None, repr=False)
    copied_uri: str | None = None


class Intake:
    """Looks at the content of new versions.

    Args:
        uri_of: turns any reference to content into a datastore URI or a plain one.
    """

    def __init__(self, datastores: DatastoreService, storage: Storage, uri_of: UriOf) -> None:
        self._datastores = datastores
        self._storage = storage
        self._uri_of = uri_of

    def take(self, workspace: Workspace, kind: AssetKind, document: dict[str, Any], must_exist: bool) -> Taken:
        """Look at the content that a document names.

        Args:
            must_exist: False accepts a model whose files are not there (yet): it is kept as a reference.

        Raises:
            LapisError: ReferenceNotFound for content of the workspace that is not there; DocumentInvalid for a
                path of another machine, an MLTable or MLmodel file with faults; StorageUnreachable.
        """
        path = document.get("path")
        if kind is AssetKind.MODELS:
            return self._model(workspace, document, must_exist)
        if kind is AssetKind.DATA and isinstance(path, str):
            return self._data(workspace, document, path)
        if kind is AssetKind.ENVIRONMENTS:
            document = self._with_build(workspace, document)
        return Taken(document)

    def settle(self, taken: Taken) -> dict[str, Any]:
        """Copy the content if it has to be, and return the document to keep."""
        if taken.copy_from is None or taken.copy_to is None:
            return taken.document
        self._storage.copy(taken.copy_from, taken.copy_to, link=True)
        return {**taken.document, "path": taken.copied_uri}

    def undo(self, taken: Taken) -> None:
        """Remove what `settle` copied."""
        if taken.copy_to is not None:
            self._storage.delete(taken.copy_to)

    def remove_copy(self, workspace: Workspace, document: dict[str, Any]) -> None:
        """Remove the files that were copied for a version, and no others."""
        reference = parse(str(document.get("path") or "."))
        ours = isinstance(reference, DatastoreUri) and reference.registry == workspace.registry
        if ours and isinstance(reference, DatastoreUri) and reference.datastore == DEFAULT:
            parts = reference.path.split("/")
            if "/".join(parts[:2]) == MODELS and len(parts) > 3:
                folder = datastore_uri(DEFAULT, "/".join(parts[:4]))
                self._storage.delete(self._datastores.resolve(workspace, folder))

    def _data(self, workspace: Workspace, document: dict[str, Any], path: str) -> Taken:
        uri = self._uri(workspace, path, AssetKind.DATA)
        document = {**document, "path": uri}
        found = self._uploaded(workspace, uri)
        location = self._datastores.resolve(workspace, uri)
        kind = document.setdefault("type", "uri_file" if found is not None and not found.is_dir else "uri_folder")
        if found is not None and kind in _SHAPES and found.is_dir != (kind != "uri_file"):
            what = "folder" if found.is_dir else "file"
            problem = Problem(f"is a {what}, which is not data of type {kind}", path="path")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The data document is not valid.", problems=[problem])
        if kind == "mltable" and location.protocol == "file":
            check_mltable(self._storage, location)
        return Taken(document, path, _job_of(path))

    def _with_build(self, workspace: Workspace, document: dict[str, Any]) -> dict[str, Any]:
        """Check that the build context is there; what a registry keeps names the registry."""
        build = document.get("build") or {}
        path = build.get("path")
        if not isinstance(path, str):
            return document
        uri = self._uri(workspace, path, AssetKind.ENVIRONMENTS)
        self._uploaded(workspace, uri)
        return {**document, "build": {**build, "path": uri}} if workspace.registry is not None else document

    def _model(self, workspace: Workspace, document: dict[str, Any], must_exist: bool) -> Taken:
        path = document.get("path")
        if not isinstance(path, str):
            problem = Problem("is missing", path="path", expected="where the model's files are")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The model is not valid.", problems=[problem])
        uri = self._uri(workspace, path, AssetKind.MODELS)
        location = self._datastores.resolve(workspace, uri)
        typed = location.protocol != "file" and "type" in document
        found = None if typed else self._looked_up(location, path, must_exist)
        facts = examine(self._storage, location, found.is_dir) if found is not None else ModelFacts("mlflow_model")
        self._check_type(document, facts, found)
        known = {"type": facts.type, **({"flavors": facts.flavors} if facts.flavors else {})}
        document = {**known, **document, "path": uri}
        job = _job_of(path) or facts.run_id
        if found is None or not _is_kept_safe(path) or location.protocol != "file":
            return Taken(document, path, job)
        folder = f"{MODELS}/{document['name']}/{secrets.token_hex(6)}/{location.name}{'/' if found.is_dir else ''}"
        target = datastore_uri(DEFAULT, folder, workspace)
        return Taken(document, path, job, location, self._datastores.resolve(workspace, target), target)

    def _uri(self, workspace: Workspace, path: str, kind: AssetKind) -> str:
        if isinstance(parse(path), LocalPath) and not path.startswith("/"):
            problem = Problem(f"'{path}' is a path on the sender's machine", path="path", expected="an uploaded URI")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The {kind.singular} is not valid.", problems=[problem])
        uri = self._uri_of(workspace, path, kind)
        reference = parse(uri) if workspace.registry is not None else None
        if isinstance(reference, DatastoreUri) and reference.registry is None:
            return datastore_uri(reference.datastore, reference.path, workspace)
        return uri

    def _uploaded(self, workspace: Workspace, uri: str) -> ObjectInfo | None:
        """Describe uploaded content; None for content that did not come by an upload."""
        reference = parse(uri)
        if not isinstance(reference, DatastoreUri) or not reference.path.startswith(f"{UPLOADS}/"):
            return None
        found = self._storage.info(self._datastores.resolve(workspace, uri))
        if found is None:
            raise _missing(uri)
        return found

    def _looked_up(self, location: StorageLocation, path: str, must_exist: bool) -> ObjectInfo | None:
        """Describe a model's files; those at plain web addresses are not asked for."""
        if location.protocol in ("http", "https"):
            return None
        found = self._storage.info(location)
        if found is None and must_exist:
            raise _missing(path)
        return found

    @staticmethod
    def _check_type(document: dict[str, Any], facts: ModelFacts, found: ObjectInfo | None) -> None:
        if document.get("type") == "mlflow_model" and found is not None and facts.type != "mlflow_model":
            problem = Problem("is mlflow_model, but there is no MLmodel file in its folder", path="type")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The model is not valid.", problems=[problem])


def _is_kept_safe(path: str) -> bool:
    """Say whether a model's files must be copied: those of jobs, runs, other models and folders that may change."""
    reference = parse(path)
    if isinstance(reference, DatastoreUri):
        return not reference.path.startswith(f"{UPLOADS}/")
    return isinstance(reference, AssetRef | JobOutputUri | LocalPath | ModelsUri | PlainUri | RunUri)


def _job_of(path: str) -> str | None:
    reference = parse(path)
    if isinstance(reference, JobOutputUri):
        return reference.job
    if isinstance(reference, DatastoreUri):
        for part in reference.path.split("/"):
            if part.startswith("dcid."):
                return part.removeprefix("dcid.")
    return reference.run_id if isinstance(reference, RunUri) else None


def _missing(path: str) -> LapisError:
    problem = Problem(f"there is nothing at '{path}'", path="path")
    hint = "List what a job left: lapis job show -n <job> --query services, or lapis job download -n <job>."
    return LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"There is nothing at '{path}'.", hint, [problem])


_SHAPES = ("uri_file", "uri_folder", "mltable")
