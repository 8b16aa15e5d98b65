"""Who sends a request, and where they may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of an authenticated request.

    Attributes:
        kind: ``user``, or ``job`` for the code of a running job.
        name: the user's name, or the job's.
        workspace: the one workspace that a job's principal reaches; None for a user.
        job: the job's name; None for a user.
    """

    kind: str
    name: str
    workspace: str | None = None
    job: str | None = None

    def may_reach(self, path: str) -> bool:
        """Say whether `path` (decoded, from the root) is open to this principal at all.

        A job reaches the MLflow root of its own workspace and nothing else; what it may change there is
        decided on the run itself.
        """
        if self.kind == "user":
            return True
        return path.startswith(f"/mlflow/{self.workspace}/") and "/../" not in path and "/./" not in path


class Authenticator(Protocol):
    """Turns tokens, and what browsers' cookies hold in their place, into principals."""

    def cached(self, token: str) -> Principal | None:
        """Return the principal of a token seen lately, without I/O; None means "ask `authenticate`"."""
        ...

    def authenticate(self, token: str) -> Principal:
        """Return the token's principal; may read the database.

        Raises:
            LapisError: Unauthenticated.
        """
        ...

    def cached_session(self, secret: str) -> Principal | None:
        """Do as `cached` for what a cookie holds."""
        ...

    def authenticate_session(self, secret: str) -> Principal:
        """Do as `authenticate` for what a cookie holds.

        Raises:
            LapisError: Unauthenticated.
        """
        ...
