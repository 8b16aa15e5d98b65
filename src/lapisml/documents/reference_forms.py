"""The forms that a reference may have, and how each is written.

Light: the standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """A path in a datastore of a workspace, or of a registry; an empty path is its root."""

    datastore: str
    path: str = ""
    scope: Scope | None = None
    registry: str | None = None

    def __str__(self) -> str:
        start = self.scope.prefix() if self.scope else "azureml://"
        if self.registry is not None:
            start = f"azureml://registries/{self.registry}/"
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
