"""What the assets feature gives to its callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class AssetKind(StrEnum):
    """The four kinds of asset; the value is the word in addresses."""

    DATA = "data"
    MODELS = "models"
    ENVIRONMENTS = "environments"
    COMPONENTS = "components"

    @property
    def singular(self) -> str:
        """The document kind: ``data``, ``model``, ``environment``, ``component``."""
        return self.value if self is AssetKind.DATA else self.value.removesuffix("s")


class Archived(StrEnum):
    """Which records a list gives."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ALL = "all"


@dataclass(frozen=True)
class AssetRecord:
    """One version of an asset.

    Attributes:
        id: row id; 0 for a curated environment, which is not kept in the database.
        document: CLI v2 keys, with `name`, `version`, `tags`, `description`, `properties` as they are now.
        content_hash: SHA-256 of what may not change, as it was first given.
        source: the URI that the content was taken from, as it was given; None for an asset without content.
        job_name: the job or run that made it; None when a person did.
        stage: registry stage of a model (``Development``, ``Staging``, ``Production``, ``Archived``), or None.
        archived: this version or its whole container is archived.
        labels: labels (aliases) that point at this version, sorted; ``latest`` is not among them.
        is_new: False when `create` found an equal version and answered with that one.
        registry: the registry that a reference found it in; None for one of a workspace.
    """

    id: int
    kind: AssetKind
    name: str
    version: str
    document: dict[str, Any]
    content_hash: str
    source: str | None
    job_name: str | None
    stage: str | None
    archived: bool
    created_by: str
    created_at: int
    updated_at: int
    labels: tuple[str, ...] = ()
    is_new: bool = True
    registry: str | None = None

    @property
    def reference(self) -> str:
        """The reference that means this version and no other, from every workspace that may use it."""
        if self.registry is None:
            return f"azureml:{self.name}:{self.version}"
        return f"azureml://registries/{self.registry}/{self.kind.value}/{self.name}/versions/{self.version}"

    @property
    def key(self) -> str:
        """What tables of later features know this version by."""
        return f"{self.name}:{self.version}" if self.registry is None else f"{self.registry}/{self.name}:{self.version}"

    @property
    def uri(self) -> str | None:
        """Where the content lies (`path` of the document); None for an asset without content."""
        path = self.document.get("path")
        return path if isinstance(path, str) else None


def reference_of_key(kind: AssetKind, key: str) -> str:
    """Give the reference of the version that has a key (`AssetRecord.key`)."""
    registry, _, short = key.rpartition("/")
    if not registry:
        return f"azureml:{key}"
    name, _, version = short.partition(":")
    return f"azureml://registries/{registry}/{kind.value}/{name}/versions/{version}"


@dataclass(frozen=True)
class ContainerRecord:
    """A name with its versions: a registered model, a data set with all its versions.

    Attributes:
        labels: label → version, without ``latest``.
        latest: the version made last that is not archived, None when there is none.
        next_version: the number that a create without a version takes.
    """

    id: int
    kind: AssetKind
    name: str
    description: str | None
    tags: dict[str, str]
    archived: bool
    created_by: str
    created_at: int
    updated_at: int
    labels: dict[str, str] = field(default_factory=dict)
    latest: str | None = None
    next_version: int = 1


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list.

    Attributes:
        next: pass it as `token` for the part that follows; None at the end.
    """

    value: list[T]
    next: str | None = None


@dataclass(frozen=True)
class ListQuery:
    """What to list.

    Attributes:
        name: exact name; then every version of it is listed, newest first.
        tags: key → value (None: the key alone) that all must be there.
        limit: at most this many, 1–1000.
        token: `Page.next` of the part before.
    """

    name: str | None = None
    archived: Archived = Archived.ACTIVE
    tags: dict[str, str | None] = field(default_factory=dict)
    limit: int = 100
    token: str | None = None


@dataclass(frozen=True)
class JobOutput:
    """What a job puts out under a name.

    Attributes:
        type: ``uri_file, uri_folder, mltable, mlflow_model, custom_model, triton_model``.
        uri: ``azureml://datastores/…/paths/…``.
    """

    job: str
    name: str
    type: str
    uri: str


@dataclass(frozen=True)
class SearchClause:
    """One condition of a registry search; all of a list must hold.

    Attributes:
        field: ``name`` or ``tag``; for versions also ``run_id``, ``stage``, ``version``, ``source``.
        operator: ``=``, ``!=``, ``LIKE`` (case-sensitive), ``ILIKE``, ``IN``; patterns use ``%`` and ``_``.
        key: the tag's key when `field` is ``tag``.
        value: text, or a list of texts for ``IN``.
    """

    field: str
    operator: str
    value: str | list[str]
    key: str | None = None
