"""What is asked of the computes of a workspace: which there are, what runs their jobs, how their nodes are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, select

from lapisml.core.errors import not_found
from lapisml.ports.compute import ComputeBackend, Standing
from lapisml.server.features.compute import store
from lapisml.server.features.compute.attachments import Attachments
from lapisml.server.features.compute.backing import backed_pool, wish_of
from lapisml.server.features.compute.checking import BUILT_IN
from lapisml.server.features.compute.nodes import ComputeNode, Holder, machine, nodes_of_pool
from lapisml.server.features.compute.pools import Pool, attached_pool, is_attached, nodes_of
from lapisml.server.features.compute.store import RUNNING, ComputeRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

Occupancy = Callable[[Workspace, str], list[Holder]]


def compute_name(reference: str | None) -> str:
    """Give the bare name of a `compute` value: ``azureml:cpu-cluster``, an ARM id, a name, or None."""
    if not reference:
        return "serverless"
    return reference.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1].lower()


class Computes:
    """Reads and describes computes.

    Args:
        local_slots: nodes of ``serverless`` and ``local``.
        attachments: makes the backends of attached computes; None where none can be attached.
        cluster_backend: name of the attached compute that stands behind every ``amlcompute``, empty for none.

    Attributes:
        occupancy: told by the jobs feature: who holds nodes of a compute.
    """

    def __init__(
        self, database: Database, local_slots: int, attachments: Attachments | None, cluster_backend: str
    ) -> None:
        self._database = database
        self._local_slots = local_slots
        self.attachments = attachments
        self._cluster_backend = cluster_backend.lower()
        self.occupancy: Occupancy = lambda _workspace, _name: []

    def get(self, workspace: Workspace, name: str) -> ComputeRecord:
        """Read one compute.

        Raises:
            LapisError: NotFound.
        """
        record = self._find(workspace, name)
        if record is None:
            hint = f"Create it: lapis compute create -n {name} --type amlcompute --max-instances 4"
            raise not_found("compute", name, hint)
        return record

    def _find(self, workspace: Workspace, name: str) -> ComputeRecord | None:
        with self._database.read() as connection:
            return store.get(connection, workspace.id, name)

    def all_of(self, workspace: Workspace) -> list[ComputeRecord]:
        """Read every compute of the workspace, by name."""
        with self._database.read() as connection:
            return store.list_all(connection, workspace.id)

    def pool(self, workspace: Workspace, reference: str | None) -> Pool | None:
        """Give the pool that a job's `compute` names, None when there is no such compute."""
        name = compute_name(reference)
        if name in BUILT_IN:
            return Pool(name, self._local_slots)
        record = self._find(workspace, name)
        if record is None:
            return None
        if is_attached(record.document):
            return self._attached_pool(workspace, record)
        if self._is_backed(record):
            return self._backed_pool(workspace, record)
        return Pool(record.name, capacity(record), record.state == RUNNING)

    def takes_jobs(self, connection: Connection, workspace: Workspace, pool: Pool) -> bool:
        """Say, within the transaction that gives out its nodes, whether a compute is there and takes jobs."""
        name = pool.engine or pool.name
        if name in BUILT_IN:
            return True
        record = store.get(connection, workspace.id, name)
        return record is not None and record.state == RUNNING

    def _attached_pool(self, workspace: Workspace, record: ComputeRecord) -> Pool:
        if record.state != RUNNING:
            return Pool(record.name, nodes_of(record.document), engine=record.name, trouble="it is being detached")
        return attached_pool(record.name, record.document, self.standing(workspace, record))

    def _backed_pool(self, workspace: Workspace, record: ComputeRecord) -> Pool:
        behind = self._backing(workspace)
        if behind is None:
            return backed_pool(record.document, self._cluster_backend, None, None, Standing("unknown"))
        found, standing = self._attached_pool(workspace, behind), self.standing(workspace, behind)
        return backed_pool(record.document, self._cluster_backend, behind.document, found, standing)

    def _backing(self, workspace: Workspace) -> ComputeRecord | None:
        record = self._find(workspace, self._cluster_backend) if self._cluster_backend else None
        return record if record is not None and is_attached(record.document) else None

    def _backing_document(self, workspace: Workspace) -> dict[str, Any] | None:
        record = self._backing(workspace)
        return record.document if record is not None else None

    def attached(self, workspace: Workspace, name: str) -> ComputeBackend | None:
        """Give the backend that runs the jobs of a compute; None for computes of the server's machine.

        Raises:
            LapisError: NotFound; MissingPackage, Integrity: it can't be made.
        """
        record = self._behind(workspace, name)
        if record is None or self.attachments is None:
            return None
        return self.attachments.backend(workspace, record)

    def wish(self, workspace: Workspace, name: str) -> dict[str, Any]:
        """Give what jobs of a cluster ask of a node where they do not say, as in `ResourceSpec`: what its size is."""
        name = compute_name(name)
        record = None if name in BUILT_IN else self._find(workspace, name)
        if record is None or not self._is_backed(record):
            return {}
        behind = self._backing(workspace)
        return wish_of(record.document, behind.document) if behind is not None else {}

    def _is_backed(self, record: ComputeRecord) -> bool:
        return bool(self._cluster_backend) and record.document.get("type") == "amlcompute"

    def _behind(self, workspace: Workspace, name: str) -> ComputeRecord | None:
        """Give the attached compute that runs the jobs of one; None where the server's machine does.

        Raises:
            LapisError: NotFound.
        """
        if compute_name(name) in BUILT_IN:
            return None
        record: ComputeRecord | None = self.get(workspace, name)
        assert record is not None
        if self._is_backed(record):
            record = self._backing(workspace)
        return record if record is not None and is_attached(record.document) else None

    def standing(self, workspace: Workspace, record: ComputeRecord, wait_s: float = 0.0) -> Standing:
        """Say how an attached compute is, as far as that is known after `wait_s` seconds."""
        if self.attachments is None:
            return Standing("unknown", "Computes of others can't be attached to this server.")
        return self.attachments.standing(workspace, record, wait_s)

    def lock_line(self, connection: Connection, workspace: Workspace, name: str) -> None:
        """Let one server at a time give out the nodes of a compute, until the transaction ends.

        SQLite's write transaction does that by itself; on PostgreSQL an advisory lock does.
        """
        if not self._database.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"line:{workspace.id}:{name}"))))

    def busy_nodes(self, workspace: Workspace, name: str) -> int:
        """Count the nodes of a compute on which something runs."""
        return len({index for holder in self.occupancy(workspace, name) for index in holder.nodes})

    def nodes(self, workspace: Workspace, name: str) -> list[ComputeNode]:
        """Describe each node: index, state (``idle``/``running``), and the job on it."""
        pool = self.pool(workspace, name)
        if pool is None:
            raise not_found("compute", name)
        if pool.queues:
            machines = self.standing(workspace, self._engine(workspace, pool)).nodes
            return [machine(one.name, one.state) for one in machines]
        return nodes_of_pool(pool, self.occupancy(workspace, pool.name))

    def _engine(self, workspace: Workspace, pool: Pool) -> ComputeRecord:
        return self.get(workspace, str(pool.engine))


def capacity(record: ComputeRecord) -> int:
    """Give the number of nodes of a compute."""
    return nodes_of(record.document)
