"""Everything that a document may name by text: assets, data, code, runs, plain URIs, files.

Light: the standard library only. `parse` reads every form that Azure ML's documents and command line use;
``str(reference)`` writes the canonical one, which reads back as the same reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lapisml.core.errors import ErrorCode, LapisError

KINDS = {
    "data": "data",
    "models": "model",
    "environments": "environment",
    "components": "component",
    "computes": "compute",
    "datastores": "datastore",
    "codes": "code",
    "jobs": "job",
}
"""Collection as addresses name it → kind of document."""

_COLLECTIONS = {kind: collection for collection, kind in KINDS.items()}
_PROVIDER = "providers/Microsoft.MachineLearningServices"
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_NAME = r"[^/:@\s]+"
_SHORT = re.compile(rf"(?P<name>{_NAME})(?::(?P<version>{_NAME})|@(?P<label>{_NAME}))?\Z")


@dataclass(frozen=True)
class Scope:
    """The workspace that a long address names; the other parts are carried and have no meaning here."""

    workspace: str
    subscription: str | None = None
    resource_group: str | None = None
    location: str | None = None

    def prefix(self) -> str:
        """Write the beginning of an ``azureml://`` address."""
        if self.location is not None:
            return f"azureml://locations/{self.location}/workspaces/{self.workspace}/"
        if self.subscription is None:
            return f"azureml://workspaces/{self.workspace}/"
        group = f"subscriptions/{self.subscription}/resourcegroups/{self.resource_group}"
        return f"azureml://{group}/workspaces/{self.workspace}/"


@dataclass(frozen=True)
class AssetRef:
    """An asset, component, compute or datastore by name; at most one of version and label is set."""

    name: str
    version: str | None = None
    label: str | None = None
    kind: str | None = None
    registry: str | None = None
    scope: Scope | None = None

    def __str__(self) -> str:
        if self.kind is None or (self.registry is None and self.scope is None):
            tail = f":{self.version}" if self.version else f"@{self.label}" if self.label else ""
            return f"azureml:{self.name}{tail}"
        start = f"azureml://registries/{self.registry}/" if self.registry else str(self.scope and self.scope.prefix())
        tail = f"/versions/{self.version}" if self.version else f"/labels/{self.label}" if self.label else ""
        return f"{start}{_COLLECTIONS[self.kind]}/{self.name}{tail}"


@dataclass(frozen=True)
class DatastoreUri:
    """A path in a datastore; an empty path is its root."""

    datastore: str
    path: str = ""
    scope: Scope | None = None

    def __str__(self) -> str:
        start = self.scope.prefix() if self.scope else "azureml://"
        return f"{start}datastores/{self.datastore}/paths/{self.path}"


@dataclass(frozen=True)
class JobOutputUri:
    """A path in an output of a job; the output ``artifacts`` is what the job left in its artifact folder."""

    job: str
    output: str
    path: str = ""

    def __str__(self) -> str:
        return f"azureml://jobs/{self.job}/outputs/{self.output}" + (f"/paths/{self.path}" if self.path else "")


@dataclass(frozen=True)
class CodeRef:
    """A code snapshot by the SHA-256 of its manifest, 64 hexadecimal digits."""

    digest: str

    def __str__(self) -> str:
        return f"azureml://codes/{self.digest}"


@dataclass(frozen=True)
class RunUri:
    """An artifact of an MLflow run: ``runs:/<run id>/<path>``."""

    run_id: str
    path: str = ""

    def __str__(self) -> str:
        return f"runs:/{self.run_id}/{self.path}"


@dataclass(frozen=True)
class ModelsUri:
    """A registered model as MLflow names it: ``models:/<name>/<version or stage>`` or ``models:/<name>@<alias>``."""

    name: str
    version: str | None = None
    alias: str | None = None
    path: str = ""

    def __str__(self) -> str:
        start = f"models:/{self.name}"
        start += f"@{self.alias}" if self.alias else f"/{self.version}" if self.version else ""
        return f"{start}/{self.path}" if self.path else start


@dataclass(frozen=True)
class PlainUri:
    """An address of another system (``https``, ``wasbs``, ``abfss``, ``s3``, ``gs``, ``file`` …), as written."""

    scheme: str
    uri: str

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True)
class LocalPath:
    """A path on the machine that holds the document, as written, without a ``file:`` in front."""

    path: str

    def __str__(self) -> str:
        return self.path


Reference = AssetRef | DatastoreUri | JobOutputUri | CodeRef | RunUri | ModelsUri | PlainUri | LocalPath


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
    if not text or any(ord(c) < 32 for c in text):
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


def _datastore(text: str, parts: list[str], scope: Scope | None) -> DatastoreUri:
    if len(parts) < 2 or (len(parts) > 2 and parts[2].lower() != "paths"):
        raise _invalid(text, "expected azureml://datastores/<datastore>/paths/<path>")
    return DatastoreUri(_part(text, parts[1]), _path(text, "/".join(parts[3:])), scope)


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
