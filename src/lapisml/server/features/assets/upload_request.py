"""What a client asks for when it uploads, and what it is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.manifest import Manifest
from lapisml.documents.references import CodeRef
from lapisml.server.features.assets.intake import UPLOADS
from lapisml.server.features.assets.receiving import Receiver
from lapisml.server.features.datastores.service import DEFAULT, datastore_uri
from lapisml.server.features.workspaces.service import Workspace

PURPOSES = ("code", "data")


@dataclass(frozen=True)
class UploadRequest:
    """What is to be uploaded.

    Attributes:
        purpose: ``code`` or ``data``.
        basename: name of the file or folder; a manifest of one file with this very path is a file.
    """

    manifest: Manifest
    purpose: str
    basename: str

    @classmethod
    def from_json(cls, body: Any) -> UploadRequest:
        """Read the wire form: ``{"manifest": …, "purpose": …, "basename": …}``.

        Raises:
            LapisError: DocumentInvalid, PathNotAllowed, RequestTooLarge.
        """
        if not isinstance(body, dict) or body.get("purpose") not in PURPOSES:
            raise LapisError(ErrorCode.USAGE, f"An upload has a manifest and a purpose, one of {PURPOSES}.")
        manifest = Manifest.from_dict(body.get("manifest"))
        if not manifest.files:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "There are no files to upload.")
        return cls(manifest, body["purpose"], _checked_basename(body.get("basename")))

    @property
    def is_file(self) -> bool:
        """Whether a single file is meant, and not a folder."""
        return len(self.manifest.files) == 1 and self.manifest.files[0].path == self.basename


@dataclass(frozen=True)
class UploadAnswer:
    """Where an upload stands.

    Attributes:
        missing: SHA-256 of the files that are to be sent, sorted; empty when it is complete or can be completed.
        uri: the address of the content once it is complete.
    """

    digest: str
    missing: list[str]
    uri: str


class Uploads(Protocol):
    """Takes files in."""

    def begin(self, workspace: Workspace, request: UploadRequest) -> UploadAnswer:
        """Say which files are missing.

        Raises:
            LapisError: StorageFull, StorageUnreachable.
        """
        ...

    def receive(self, workspace: Workspace, sha256: str, size: int | None) -> AbstractContextManager[Receiver]:
        """Take in one file within ``with``; call `Receiver.write` for each part. It is kept if all is well.

        Args:
            size: bytes announced by the sender; None when it announced none.

        Raises:
            LapisError: Integrity when the content has another digest, RequestTooLarge, StorageFull,
                StorageUnreachable.
        """
        ...

    def complete(self, workspace: Workspace, digest: str, request: UploadRequest) -> UploadAnswer:
        """Make the content visible when nothing is missing; say what is missing otherwise.

        Raises:
            LapisError: Usage when the manifest is not that of `digest`; StorageFull, StorageUnreachable.
        """
        ...


def answer(request: UploadRequest, missing: list[str]) -> UploadAnswer:
    """Say where an upload stands."""
    digest = request.manifest.digest()
    if request.purpose == "code":
        return UploadAnswer(digest, missing, str(CodeRef(digest)))
    tail = "" if request.is_file else "/"
    return UploadAnswer(digest, missing, datastore_uri(DEFAULT, f"{UPLOADS}/{digest}/{request.basename}{tail}"))


def check_digest(request: UploadRequest, digest: str) -> None:
    """Check that a manifest is the one that an address names.

    Raises:
        LapisError: Usage.
    """
    if request.manifest.digest() != digest:
        raise LapisError(ErrorCode.USAGE, "The manifest is not the one whose digest the address names.")


def _checked_basename(name: Any) -> str:
    bad = not isinstance(name, str) or not name or name in (".", "..") or "/" in name or "\\" in name
    if bad or len(name.encode(errors="replace")) > 255 or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, "The basename of an upload is the name of one file or folder.")
    return str(name)
