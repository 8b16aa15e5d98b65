"""From a document, or an entity, to what is sent: checked as a whole, then its local files uploaded."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.checks import check_files
from lapisml.documents.loading import LoadedDocument, load_dict
from lapisml.documents.local_paths import path_fields
from lapisml.documents.merge import assign_op
from lapisml.documents.paths import DocumentPath, format_path, value_at
from lapisml.documents.references import AssetRef, parse
from lapisml.documents.scalars import SourceScalar
from lapisml.sdk.git import git_facts
from lapisml.sdk.session import Session
from lapisml.sdk.uploads import Purpose, upload

if TYPE_CHECKING:
    from lapisml.documents.local_paths import LocalFile

_PURPOSES: dict[str, Purpose] = {"code": "code", "data": "data", "model": "data", "build": "data"}

_CHECKED_AT_SERVER = ("job", "data", "model", "environment", "component")


class Submission:
    """A document on its way to the server.

    Args:
        loaded: the document, with where it came from.
        known: the server's record when the document is that of something that exists.
        defer: leave the check to the server where nothing is lost by that: it saves the time that the models take
            to import. A fault that the server finds is then looked for here, for the exact place.

    Raises:
        LapisError: DocumentInvalid or NotSupported, with every fault and its place; nothing was sent then.

    Attributes:
        document: the document, local paths still in it.
    """

    def __init__(self, loaded: LoadedDocument, known: dict[str, Any] | None = None, *, defer: bool = False) -> None:
        self.known = known
        self._loaded = loaded
        self._is_checked = not (defer and _server_can_check(loaded))
        self.document = _validated(loaded) if self._is_checked else _without_schema(loaded.data)

    def check(self) -> None:
        """Check the document here if that was left to the server.

        Raises:
            LapisError: see the class.
        """
        if not self._is_checked:
            self.document = {**_validated(self._loaded), **_added(self.document, self._loaded.data)}
            self._is_checked = True

    def name(self) -> str:
        """Return the document's name.

        Raises:
            LapisError: DocumentInvalid when it has none.
        """
        if not self.document.get("name"):
            self.check()
        return str(self.document["name"])

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self._loaded.base_dir

    def has_local_files(self) -> bool:
        """Say whether something must be uploaded."""
        return bool(self._loaded.local_files())

    def check_environment(self, session: Session) -> None:
        """Check that the environment which the document refers to exists.

        Raises:
            LapisError: ReferenceNotFound, with its place.
        """
        given = self.document.get("environment")
        reference = parse(given, "environment") if isinstance(given, str) else None
        if not isinstance(reference, AssetRef) or reference.registry is not None or reference.scope is not None:
            return
        version = ("versions", reference.version) if reference.version else ("labels", reference.label or "latest")
        try:
            session.transport.get(session.path("environments", reference.name, *version))
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            problems = self._loaded.located([Problem(error.message.rstrip("."), "environment", expected=error.hint)])
            sentence = f"The {self._loaded.kind} refers to what does not exist."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, None, problems) from None

    def ready(self, session: Session) -> dict[str, Any]:
        """Upload what the document names and return it with the uploads' addresses in place of local paths.

        Raises:
            LapisError: ReferenceNotFound for what can't be read, with its place.
        """
        document = copy.deepcopy(self.document)
        files = self._loaded.local_files()
        includes = _includes(files)
        done: dict[tuple[Path, Purpose, tuple[Path, ...]], str] = {}
        for file in files:
            if file.role in _PURPOSES:
                purpose = _PURPOSES[file.role]
                extra = tuple(includes.pop(_holder(file), ())) if purpose == "code" else ()
                known = (file.absolute, purpose, extra)
                if known not in done:
                    done[known] = self._upload(session, file, purpose, extra)
                _put(document, file.path, done[known])
        for path, extras in includes.items():
            place = (*path, "task") if "task" in value_at(document, path) else path
            _put(document, (*place, "code"), upload(session, None, "code", extras))
        for file in files:
            if file.role == "include":
                value_at(document, _holder(file)).pop("additional_includes", None)
        return document

    def git(self) -> dict[str, str] | None:
        """Describe the Git repository that the code is in, as job properties."""
        code = [file.absolute for file in self._loaded.local_files() if file.role == "code"]
        place = code[0] if code else self.folder
        return git_facts(place if place.is_dir() else place.parent)

    @contextmanager
    def decorated(self) -> Iterator[None]:
        """Give faults that the server finds within the block their place in the file."""
        try:
            yield
        except LapisError as error:
            problems = error.problems or self._meant(error)
            if not problems:
                raise
            self.check()
            message = error.message if error.problems else f"The {self._loaded.kind} refers to what does not exist."
            raise LapisError(error.code, message, error.hint, self._loaded.located(problems)) from None

    def _meant(self, error: LapisError) -> list[Problem]:
        """Find the reference of the document that an error without a path speaks of: it quotes it."""
        if error.code not in (ErrorCode.REFERENCE_NOT_FOUND, ErrorCode.NOT_FOUND):
            return []
        named = ((path, value) for path, value, _ in path_fields(self._loaded.kind, self.document))
        found = next((path for path, value in named if isinstance(value, str) and f"'{value}'" in error.message), None)
        return [] if found is None else [Problem(error.message.rstrip("."), format_path(found))]

    def _upload(self, session: Session, file: LocalFile, purpose: Purpose, includes: Sequence[Path]) -> str:
        try:
            return upload(session, file.absolute, purpose, includes)
        except LapisError as error:
            place = self._loaded.source.locate(file.path)
            if place is None or error.code is not ErrorCode.REFERENCE_NOT_FOUND:
                raise
            sentence = f"{place[0]}:{place[1]}:{place[2]}: {error.message}"
            raise LapisError(error.code, sentence, error.hint) from None


def submission_of(asset: Any, kind: str, overrides: Mapping[str, Any] | None = None) -> Submission:
    """Make the submission of an entity, or pass one on.

    Args:
        asset: an entity, or a `Submission`.
        kind: what the operation takes.
        overrides: keys to set on top; those that are None are left out.

    Raises:
        LapisError: DocumentInvalid …; Usage for an entity of another kind.
    """
    if isinstance(asset, Submission):
        return asset
    found = getattr(asset, "KIND", None)
    if found != kind:
        raise LapisError(ErrorCode.USAGE, f"Expected a {kind}, not a {found or type(asset).__name__}.")
    ops = [assign_op(key, value, key) for key, value in (overrides or {}).items() if value is not None]
    loaded = load_dict(asset.to_dict(), overrides=ops, kind=kind, base_dir=asset.base_path)
    return Submission(loaded, asset.record)


def _validated(loaded: LoadedDocument) -> dict[str, Any]:
    document = loaded.validated().to_dict()
    if loaded.kind in ("data", "model") and not loaded.data.get("type"):
        del document["type"]  # the server looks at the content and knows better than the default
    return document


def _server_can_check(loaded: LoadedDocument) -> bool:
    """Say whether the server can check a document as well as we could: before any upload, and with no text lost.

    A job is checked at the server before its files are uploaded; numbers in JSON must read as they are written.
    """
    if loaded.kind not in _CHECKED_AT_SERVER or loaded.faults or loaded.problems:
        return False
    if loaded.kind != "job" and loaded.local_files():
        return False
    if next(iter(check_files(loaded.kind, loaded.data, loaded.base_dir)), None) is not None:
        return False
    return _reads_as_written(loaded.source.with_texts(loaded.data))


def _reads_as_written(data: Any) -> bool:
    if isinstance(data, dict):
        return all(isinstance(key, str) and _reads_as_written(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(_reads_as_written, data))
    if isinstance(data, SourceScalar):
        return not isinstance(data.value, bool) and str(data.value) == str.__str__(data)
    return data is None or isinstance(data, str)


def _includes(files: Sequence[LocalFile]) -> dict[DocumentPath, list[Path]]:
    """Find what each job, step or component adds to its code: where it stands → files and folders."""
    found: dict[DocumentPath, list[Path]] = {}
    for file in files:
        if file.role == "include":
            found.setdefault(_holder(file), []).append(file.absolute)
    return found


def _holder(file: LocalFile) -> DocumentPath:
    """Say where the job, step or component stands whose code, or addition to it, a file is."""
    if file.role == "include":
        return file.path[:-2]
    return file.path[:-2] if file.path[-2:] == ("task", "code") else file.path[:-1]


def _without_schema(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "$schema" and value is not None}


def _added(document: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in data}


def _put(document: dict[str, Any], path: DocumentPath, value: str) -> None:
    value_at(document, path[:-1])[path[-1]] = value
