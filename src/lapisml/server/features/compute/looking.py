"""What is asked of the computes of a workspace: which there are, what runs their jobs, how their nodes are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from lapisml.core.errors import not_found
from lapisml.ports.compute import ComputeBackend, Standing
from lapisml.server.features.compute import store
from lapisml.server.features.compute.attachments import Attachments
from lapisml.server.features.compute.checking import BUILT_IN
from lapisml.server.features.compute.nodes import ComputeNode, Holder, machine, node_at
from lapisml.server.features.compute.pools import QUEUES, Pool, is_attached, nodes_of, slots_of
from lapisml.server.features.compute.store import ComputeRecord
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
        if self._cluster_backend and record.document.get("type") == "amlcompute":
            return self._backed_pool(workspace, record)
        return Pool(record.name, capacity(record), record.state == "Running")

    def _attached_pool(self, workspace: Workspace, record: ComputeRecord) -> Pool:
        document = record.document
        if document["type"] in QUEUES:
            machines, most = len(self.standing(workspace, record).nodes), self._most(record)
            return Pool(record.name, nodes_of(document), engine=record.name, queues=True, most=most, machines=machines)
        places, standing = nodes_of(document), self.standing(workspace, record)
        closed = _closed(document, standing)
        trouble = standing.sentence if len(closed) == places else ""
        return Pool(record.name, places, engine=record.name, shared=places, closed=closed, trouble=trouble)

    def _backed_pool(self, workspace: Workspace, record: ComputeRecord) -> Pool:
        behind = self._backing(workspace)
        high, engine = capacity(record), self._cluster_backend
        if behind is None:
            trouble = f"LAPIS_CLUSTER_BACKEND names compute '{engine}', which is not attached to this workspace"
            return Pool(record.name, high, engine=engine, trouble=trouble)
        found = self._attached_pool(workspace, behind)
        if found.queues:
            most = high if found.most is None else min(high, found.most)
            return Pool(record.name, high, engine=engine, queues=True, most=most, machines=high)
        least = min(high, found.capacity)
        shared, closed, trouble = found.capacity, found.closed, found.trouble
        return Pool(record.name, least, engine=engine, shared=shared, closed=closed, trouble=trouble)

    @staticmethod
    def _most(record: ComputeRecord) -> int | None:
        most = record.document.get("max_nodes")
        return None if most is None else int(most)

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

    def _behind(self, workspace: Workspace, name: str) -> ComputeRecord | None:
        """Give the attached compute that runs the jobs of one; None where the server's machine does.

        Raises:
            LapisError: NotFound.
        """
        if compute_name(name) in BUILT_IN:
            return None
        record: ComputeRecord | None = self.get(workspace, name)
        assert record is not None
        if self._cluster_backend and record.document.get("type") == "amlcompute":
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
        busy = {index: holder for holder in self.occupancy(workspace, pool.name) for index in holder.nodes}
        found = [node_at(index, busy.get(index)) for index in range(pool.capacity)]
        for index in pool.closed & set(range(pool.capacity)) - set(busy):
            found[index]["node_state"] = "unreachable"
        return found

    def _engine(self, workspace: Workspace, pool: Pool) -> ComputeRecord:
        return self.get(workspace, str(pool.engine))


def capacity(record: ComputeRecord) -> int:
    """Give the number of nodes of a compute."""
    return nodes_of(record.document)


def _closed(document: Mapping[str, Any], standing: Standing) -> frozenset[int]:
    """Give the places on hosts that can't be reached; what is not known counts as reachable."""
    gone = {number for number, host in enumerate(standing.nodes) if host.state in ("unreachable", "down")}
    return frozenset(place for place, host in enumerate(slots_of(document)) if host in gone) if gone else frozenset()
