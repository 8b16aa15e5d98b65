"""Where versions came from and where outputs lie, for many at once: what lineage asks, in one statement each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, tuple_

from lapisml.server.features.assets.records import AssetKind, JobOutput
from lapisml.server.features.assets.tables import asset_containers, assets, job_outputs
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_SHOWN = (
    asset_containers.c.kind, asset_containers.c.name, assets.c.version, assets.c.job_name, assets.c.document,
    assets.c.created_at, assets.c.archived,
)  # fmt: skip
_KINDS = (AssetKind.DATA.value, AssetKind.MODELS.value)


@dataclass(frozen=True)
class Origin:
    """A version of data or of a model, and what made it.

    Attributes:
        type: ``uri_file``, ``mlflow_model`` ….
        path: where its content lies.
        job_name: the job or run that made it; None when a person did.
        created_at: milliseconds since the epoch, UTC.
    """

    kind: AssetKind
    name: str
    version: str
    type: str
    path: str
    job_name: str | None
    created_at: int
    archived: bool

    @property
    def key(self) -> str:
        """What jobs and deployments know it by."""
        return f"{self.name}:{self.version}"


class Origins:
    """Looks up versions and outputs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def versions(self, workspace: Workspace, keys: Collection[str]) -> list[Origin]:
        """Give the versions of data and models with these keys (``name:version``)."""
        pairs = [tuple(key.rsplit(":", 1)) for key in keys if ":" in key and "/" not in key]
        if not pairs:
            return []
        return self._origins(workspace, tuple_(asset_containers.c.name, assets.c.version).in_(pairs))

    def made_by(self, workspace: Workspace, jobs: Collection[str]) -> list[Origin]:
        """Give the versions that jobs or runs made, in the order in which they were made."""
        return self._origins(workspace, assets.c.job_name.in_(jobs)) if jobs else []

    def outputs(self, workspace: Workspace, jobs: Collection[str]) -> list[JobOutput]:
        """Give what jobs put out."""
        return self._outputs(workspace, job_outputs.c.job_name.in_(jobs)) if jobs else []

    def outputs_at(self, workspace: Workspace, uris: Iterable[str]) -> list[JobOutput]:
        """Give the outputs that lie at addresses, with or without a slash at their end."""
        wanted = {form for uri in uris for form in (uri, f"{uri}/")}
        return self._outputs(workspace, job_outputs.c.uri.in_(wanted)) if wanted else []

    def _origins(self, workspace: Workspace, which: ColumnElement[bool]) -> list[Origin]:
        joined = assets.join(asset_containers, assets.c.container_id == asset_containers.c.id)
        query = select(*_SHOWN).select_from(joined).where(asset_containers.c.workspace_id == workspace.id)
        query = query.where(asset_containers.c.kind.in_(_KINDS), which).order_by(assets.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Origin(
                AssetKind(row.kind), row.name, row.version, str(row.document.get("type") or ""),
                str(row.document.get("path") or ""), row.job_name, row.created_at, row.archived,
            )
            for row in rows
        ]  # fmt: skip

    def _outputs(self, workspace: Workspace, which: ColumnElement[bool]) -> list[JobOutput]:
        query = select(job_outputs.c.job_name, job_outputs.c.name, job_outputs.c.type, job_outputs.c.uri)
        query = query.where(job_outputs.c.workspace_id == workspace.id, which)
        with self._database.read() as connection:
            return [JobOutput(*row) for row in connection.execute(query.order_by(job_outputs.c.id))]
