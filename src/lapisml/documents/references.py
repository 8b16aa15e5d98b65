"""Reading everything that a document may name by text: assets, data, code, runs, plain URIs, files.

Light: the standard library only. `parse` reads every form that Azure ML's documents and command line use;
``str(reference)`` writes the canonical one, which reads back as the same reference.
"""

from __future__ import annotations

import re

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.reference_forms import (
    KINDS,
    AssetRef,
    CodeRef,
    DatastoreUri,
    JobOutputUri,
    LocalPath,
    ModelsUri,
    PlainUri,
    Reference,
    RunUri,
    Scope,
)

__all__ = [
    "KINDS", "AssetRef", "CodeRef", "DatastoreUri", "JobOutputUri", "LocalPath", "ModelsUri", "PlainUri",
    "Reference", "RunUri", "Scope", "parse",
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x1f]")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_NAME = r"[^/:@\s]+"
_SHORT = re.compile(rf"(?P<name>{_NAME})(?::(?P<version>{_NAME})|@(?P<label>{_NAME}))?\Z")


def parse(text: str, kind: str | None = None) -> Reference:
    """Read a reference.

    Args:
        text: any form: ``azureml:n:v``, ``azureml:n@label``, ``azureml://…``, an ARM id, ``runs:/``, ``models:/``,
            a URI, or a local path.
        kind: kind of asset that is expected. With it a bare ``n:v``, ``n@label`` or ``n`` is an asset's name;
            without it, a local path.

    Raises:
        LapisError: DocumentInvalid when the text begins like a reference and is none; PathNotAllowed when a
            path in it climbs with ``..`` or holds characters that no path may hold.
    """
    if not text or _CONTROL.search(text):
        raise _invalid(text, "it is empty or holds control characters")
    lower = text.lower()
    if lower.startswith("azureml://"):
        return _address(text, text[len("azureml://") :], kind)
    if lower.startswith("azureml:/"):
        return _address(text, text[len("azureml:/") :], kind)
    if lower.startswith("/subscriptions/"):
        return _address(text, text[1:], kind)
    if lower.startswith("azureml:"):
        return _short(text, text[len("azureml:") :], kind)
    return _other(text, kind)


def _other(text: str, kind: str | None) -> Reference:
    lower = text.lower()
    if lower.startswith("runs:/"):
        run_id, _, path = text[len("runs:/") :].lstrip("/").partition("/")
        return RunUri(_part(text, run_id), _path(text, path))
    if lower.startswith("models:/"):
        return _models(text, text[len("models:/") :].lstrip("/"))
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "file":
        return _file(text)
    if scheme and (text[scheme.end() :].startswith("/") or scheme[1].lower().startswith("git+")):
        return PlainUri(scheme[1].lower(), text)
    if kind is not None and _SHORT.match(text):
        return _short(text, text, kind)
    return LocalPath(text)


def _file(text: str) -> Reference:
    rest = text[len("file:") :]
    return PlainUri("file", text) if rest.startswith("//") else LocalPath(_part(text, rest))


def _short(text: str, rest: str, kind: str | None) -> AssetRef:
    match = _SHORT.match(rest)
    if match is None:
        raise _invalid(text, "expected azureml:<name>:<version> or azureml:<name>@<label>")
    return AssetRef(match["name"], match["version"], match["label"], kind)


def _models(text: str, rest: str) -> ModelsUri:
    head, _, path = rest.partition("/")
    name, at, alias = head.partition("@")
    if at:
        return ModelsUri(_part(text, name), alias=_part(text, alias), path=_path(text, path))
    version, _, inner = path.partition("/")
    return ModelsUri(_part(text, name), version or None, path=_path(text, inner))


def _address(text: str, rest: str, kind: str | None) -> Reference:
    """Read what follows ``azureml://``, or an ARM id without its first slash."""
    parts = rest.split("/")
    scope = None
    if parts[0].lower() in ("subscriptions", "locations", "workspaces"):
        scope, parts = _scope(text, parts)
    elif parts[0].lower() == "registries" and len(parts) > 2:
        registry, parts = _part(text, parts[1]), parts[2:]
        if parts[0].lower() == "datastores":
            return _datastore(text, parts, None, registry)
        return _asset(text, parts, kind, registry=registry)
    collection = parts[0].lower() if parts else ""
    if collection == "datastores":
        return _datastore(text, parts, scope)
    if collection == "jobs" and len(parts) > 3 and parts[2].lower() == "outputs":
        return _job_output(text, parts)
    if collection == "codes" and scope is None:
        return _code(text, parts)
    return _asset(text, parts, kind, scope=scope)


def _scope(text: str, parts: list[str]) -> tuple[Scope, list[str]]:
    given: dict[str, str] = {}
    words = {"subscriptions", "resourcegroups", "locations", "workspaces", "providers"}
    while len(parts) >= 2 and parts[0].lower() in words:
        given[parts[0].lower()] = _part(text, parts[1])
        parts = parts[2:]
    subscription, group = given.get("subscriptions"), given.get("resourcegroups")
    if "workspaces" not in given or not parts or (subscription is None) != (group is None):
        raise _invalid(text, "a long address names subscription, resource group, workspace and something in it")
    location = given.get("locations")
    if location is not None:
        subscription = group = None
    return Scope(given["workspaces"], subscription, group, location), parts


def _asset(
    text: str, parts: list[str], kind: str | None, registry: str | None = None, scope: Scope | None = None
) -> AssetRef:
    collection = parts[0].lower()
    if collection not in KINDS or len(parts) not in (2, 4):
        forms = "azureml://registries/<registry>/environments/<name>/versions/<version>"
        raise _invalid(text, f"expected an address such as {forms} or azureml://datastores/<name>/paths/<path>")
    found = KINDS[collection]
    if kind is not None and found != kind:
        raise _invalid(text, f"it names a {found} where a {kind} is expected")
    ref = AssetRef(_part(text, parts[1]), kind=found, registry=registry, scope=scope)
    if len(parts) == 2:
        return ref
    word, value = parts[2].lower(), _part(text, parts[3])
    if word not in ("versions", "labels"):
        raise _invalid(text, "after the name come /versions/<version> or /labels/<label>")
    version, label = (value, None) if word == "versions" else (None, value)
    return AssetRef(ref.name, version, label, found, registry, scope)


def _datastore(text: str, parts: list[str], scope: Scope | None, registry: str | None = None) -> DatastoreUri:
    if len(parts) < 2 or (len(parts) > 2 and parts[2].lower() != "paths"):
        raise _invalid(text, "expected azureml://datastores/<datastore>/paths/<path>")
    return DatastoreUri(_part(text, parts[1]), _path(text, "/".join(parts[3:])), scope, registry)


def _job_output(text: str, parts: list[str]) -> JobOutputUri:
    rest = parts[4:]
    if rest and rest[0].lower() == "paths":
        rest = rest[1:]
    return JobOutputUri(_part(text, parts[1]), _part(text, parts[3]), _path(text, "/".join(rest)))


def _code(text: str, parts: list[str]) -> CodeRef:
    if len(parts) != 2 or not _DIGEST.match(parts[1]):
        raise _invalid(text, "expected azureml://codes/ and 64 hexadecimal digits")
    return CodeRef(parts[1])


def _part(text: str, part: str) -> str:
    """Check one segment: it is there and is no way up or elsewhere."""
    if not part:
        raise _invalid(text, "a name in it is missing")
    if part in (".", "..") or "\\" in part:
        raise _climbs(text)
    return part


def _path(text: str, path: str) -> str:
    segments = path.split("/")
    if ".." in segments or "\\" in path:
        raise _climbs(text)
    return path


def _invalid(text: str, why: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"'{text}' is not a reference: {why}.")


def _climbs(text: str) -> LapisError:
    return LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{text}' leaves the place that it names.")
