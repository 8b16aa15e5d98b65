"""Addresses of artifacts: what the server keeps, and which address of it stands for what.

====================================  =====================================================
``runs/<run id>/artifacts/…``         artifacts of a run
``models/<model id>/artifacts/…``     files of a logged model
``traces/<trace id>/artifacts/…``     files of a trace
``registered/<name>/<version>/…``     files of a registered model's version (read only)
====================================  =====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.records import ARTIFACTS

_MOST_DECODINGS = 4
_MAX_LENGTH = 4096
_MAX_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class ArtifactPath:
    """A checked address.

    Attributes:
        kind: ``runs``, ``models``, ``traces`` or ``registered``.
        owner: id of the run, model or trace, or the registered model's name.
        version: the registered model's version, else "".
        rest: path below the root of the artifacts, POSIX, without ``..``; "" for the root itself.
    """

    kind: str
    owner: str
    version: str
    rest: str


def parse_artifact_path(path: str) -> ArtifactPath:
    """Read the part of an address behind ``mlflow-artifacts/artifacts/``, decoded once by the server.

    Raises:
        LapisError: PathNotAllowed for a path that leads elsewhere, however it is written; NotFound for one
            that names nothing.
    """
    parts = check_relative(path).split("/")
    if len(parts) >= 3 and parts[0] in ("runs", "models", "traces") and parts[2] == "artifacts":
        return ArtifactPath(parts[0], parts[1], "", "/".join(parts[3:]))
    if len(parts) >= 3 and parts[0] == "registered":
        return ArtifactPath(parts[0], parts[1], parts[2], "/".join(parts[3:]))
    raise LapisError(ErrorCode.NOT_FOUND, "There are no artifacts at this address.")


def parse_artifact_uri(uri: str) -> ArtifactPath | None:
    """Read an ``mlflow-artifacts:`` address, with or without a host; None when it is another kind of address.

    Raises:
        LapisError: as `parse_artifact_path`.
    """
    if not uri.startswith(ARTIFACTS):
        return None
    path = uri.removeprefix(ARTIFACTS)
    if path.startswith("//"):
        path = path[2:].partition("/")[2]
    return parse_artifact_path(path.strip("/"))


def registered_uri(name: str, version: str) -> str:
    """Give the address of the files of a registered model's version."""
    return f"{ARTIFACTS}/registered/{name}/{version}"


def check_relative(path: str) -> str:
    """Return a relative path without empty components; "" for none.

    A path is refused when it leads elsewhere as it stands or after being decoded again: nobody behind this
    check decodes, but a name that means another path to the next reader is nobody's file.

    Raises:
        LapisError: PathNotAllowed.
    """
    decoded = path
    for _ in range(_MOST_DECODINGS):
        _refuse_unsafe(decoded)
        again = unquote(decoded)
        if again == decoded:
            return "/".join(part for part in path.split("/") if part and part != ".")
        decoded = again
    raise _not_allowed()


def _refuse_unsafe(path: str) -> None:
    parts = path.split("/")
    if (
        path.startswith("/")
        or len(path) > _MAX_LENGTH
        or ".." in parts
        or "\\" in path
        or any(ord(sign) < 32 or ord(sign) == 127 for sign in path)
        or any(len(part.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES for part in parts)
        or (len(path) > 1 and path[1] == ":" and path[0].isalpha())
    ):
        raise _not_allowed()


def _not_allowed() -> LapisError:
    return LapisError(ErrorCode.PATH_NOT_ALLOWED, "Invalid path: it is not a relative path within its folder.")
