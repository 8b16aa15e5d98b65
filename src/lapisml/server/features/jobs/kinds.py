"""How each type of job is checked when it is submitted: the feature that brings a type tells here."""

from __future__ import annotations

from typing import Any, Protocol

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import listed, nearest
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.workspaces.service import Workspace


class JobKind(Protocol):
    """One type of job."""

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document against the workspace and create nothing.

        Args:
            uploaded: whether local paths have been replaced by references; before that they are passed over.

        Raises:
            LapisError: DocumentInvalid, NotSupported or ReferenceNotFound, with a problem for every fault, each
                with its path within the document.
        """
        ...


class JobKinds:
    """The types of jobs that this server takes."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}

    def add(self, name: str, kind: JobKind) -> None:
        """Take a type; called while the server is put together."""
        self._kinds[name] = kind

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document as its type wants it.

        Raises:
            LapisError: as `JobKind.check`; NotSupported for a type that is not known.
        """
        name = type_of(document)
        kind = self._kinds.get(name)
        if kind is None:
            near = nearest(name, self._kinds)
            problem = Problem(
                f"jobs of type `{name[:80]}` can't be run", "type", expected=listed(self._kinds), suggestion=near
            )
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The job is of a type that is not supported.", None, [problem])
        return kind.check(workspace, document, uploaded=uploaded)


def type_of(document: dict[str, Any]) -> str:
    """Give a job document's type; one that does not say is a command."""
    return str(document.get("type") or "command")
