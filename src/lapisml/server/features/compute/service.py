"""Computes of a workspace: clusters and instances on this machine, and the two that need no document.

``serverless`` (a job without `compute`) and ``local`` always exist; they have as many nodes as the setting
``LAPIS_LOCAL_SLOTS`` says. An ``amlcompute`` has `max_instances` nodes, a ``computeinstance`` one. Nodes are
places for jobs on the machine that the server runs on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
from sqlalchemy import Connection, func, select
from typing_extensions import TypedDict

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.server.features.compute import store
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

__all__ = [
    "BUILT_IN",
    "ComputeNode",
    "ComputeRecord",
    "ComputeService",
    "ComputeSize",
    "Holder",
    "Pool",
    "capacity",
    "compute_name",
    "sizes",
]

BUILT_IN = ("serverless", "local")
_MUTABLE = frozenset(
    {
        "min_instances",
        "max_instances",
        "idle_time_before_scale_down",
        "description",
        "tags",
        "identity",
        "tier",
    }
)


class ComputeNode(TypedDict):
    """A node of a compute.

    Attributes:
        node_state: ``idle`` or ``running``.
        since: when the job on it got it, milliseconds since the epoch, UTC.
    """

    node_id: str
    node_state: str
    current_job_name: str | None
    since: int | None


class ComputeSize(TypedDict):
    """A machine size. `memory_gb` is in GiB."""

    name: str
    v_cp_us: int
    gpus: int
    memory_gb: float


@dataclass(frozen=True)
class Holder:
    """A job that holds nodes of a compute.

    Attributes:
        nodes: indexes of the nodes, from 0.
        since: milliseconds since the epoch, UTC.
    """

    job: str
    nodes: tuple[int, ...]
    since: int


Occupancy = Callable[[Workspace, str], list[Holder]]


@dataclass(frozen=True)
class Pool:
    """What the queue needs to know of a compute.

    Attributes:
        name: the compute's name, lower case.
        capacity: number of nodes.
        open: False while the compute is stopped.
    """

    name: str
    capacity: int
    open: bool = True


def compute_name(reference: str | None) -> str:
    """Give the bare name of a `compute` value: ``azureml:cpu-cluster``, an ARM id, a name, or None."""
    if not reference:
        return "serverless"
    return reference.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1].lower()


class ComputeService:
    """Creates, changes and describes computes.

    Args:
        local_slots: nodes of ``serverless`` and ``local``.
    """

    def __init__(self, database: Database, clock: Clock, local_slots: int) -> None:
        self._database = database
        self._clock = clock
        self._local_slots = local_slots
        self.occupancy: Occupancy = lambda _workspace, _name: []
        self.on_change: Callable[[], None] = lambda: None

    def create_or_update(self, workspace: Workspace, document: dict[str, Any], by: str) -> ComputeRecord:
        """Keep a compute document; an existing compute of the same type is changed.

        Raises:
            LapisError: NotSupported for types that can't run here, DocumentInvalid for a bad name or bounds,
                Conflict when the type would change.
        """
        document = _kept(document)
        _check(document)
        name = str(document["name"]).lower()
        now = self._clock.now_ms()
        with self._database.write() as connection:
            present = store.get(connection, workspace.id, name)
            if present is None:
                store.add(connection, workspace.id, name, document, by, now)
            elif present.document.get("type") != document.get("type"):
                raise LapisError(ErrorCode.CONFLICT, f"Compute '{name}' exists with type {present.document['type']}.")
            else:
                store.change(connection, present.id, now, document={**present.document, **document})
        self.on_change()
        return self.get(workspace, name)

    def get(self, workspace: Workspace, name: str) -> ComputeRecord:
        """Read one compute.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            record = store.get(connection, workspace.id, name)
        if record is None:
            hint = f"Create it: lapis compute create -n {name} --type amlcompute --max-instances 4"
            raise not_found("compute", name, hint)
        return record

    def all_of(self, workspace: Workspace) -> list[ComputeRecord]:
        """Read every compute of the workspace, by name."""
        with self._database.read() as connection:
            return store.list_all(connection, workspace.id)

    def update(self, workspace: Workspace, name: str, changes: dict[str, Any]) -> ComputeRecord:
        """Change some keys of the document.

        Raises:
            LapisError: NotFound; NotSupported for a key that can't change; DocumentInvalid for bad bounds.
        """
        record = self.get(workspace, name)
        fixed = sorted(
            key for key, value in changes.items() if key not in _MUTABLE and record.document.get(key) != value
        )
        if fixed:
            raise LapisError(
                ErrorCode.NOT_SUPPORTED,
                f"{', '.join(fixed)} of compute '{name}' can't change once it exists.",
            )
        document = _kept({**record.document, **changes})
        _check(document)
        with self._database.write() as connection:
            store.change(connection, record.id, self._clock.now_ms(), document=document)
        self.on_change()
        return self.get(workspace, name)

    def set_state(self, workspace: Workspace, name: str, state: str) -> ComputeRecord:
        """Start (``Running``) or stop (``Stopped``) a compute; a stopped one starts no further job.

        Raises:
            LapisError: NotFound; NotSupported for clusters, which scale by themselves.
        """
        record = self.get(workspace, name)
        if record.document.get("type") != "computeinstance":
            sentence = f"Compute '{name}' is a cluster: it starts and stops its nodes by itself."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
        with self._database.write() as connection:
            store.change(connection, record.id, self._clock.now_ms(), state=state)
        self.on_change()
        return self.get(workspace, name)

    def delete(self, workspace: Workspace, name: str) -> None:
        """Delete a compute that no job holds.

        Raises:
            LapisError: NotFound; Conflict while jobs run on it.
        """
        record = self.get(workspace, name)
        holders = self.occupancy(workspace, record.name)
        if holders:
            jobs = ", ".join(holder.job for holder in holders[:3])
            hint = f"Cancel first: lapis job cancel -n {holders[0].job}"
            raise LapisError(ErrorCode.CONFLICT, f"Compute '{name}' is in use by {jobs}.", hint)
        with self._database.write() as connection:
            store.remove(connection, record.id)

    def pool(self, workspace: Workspace, reference: str | None) -> Pool | None:
        """Give the pool that a job's `compute` names, None when there is no such compute."""
        name = compute_name(reference)
        if name in BUILT_IN:
            return Pool(name, self._local_slots)
        with self._database.read() as connection:
            record = store.get(connection, workspace.id, name)
        return None if record is None else Pool(record.name, capacity(record), record.state == "Running")

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
        busy = {index: holder for holder in self.occupancy(workspace, pool.name) for index in holder.nodes}
        return [_node(index, busy.get(index)) for index in range(pool.capacity)]


def capacity(record: ComputeRecord) -> int:
    """Give the number of nodes of a compute."""
    if record.document.get("type") == "computeinstance":
        return 1
    return int(record.document.get("max_instances", 4))


def sizes() -> list[ComputeSize]:
    """Describe the one machine size there is: this machine."""
    memory = psutil.virtual_memory().total
    return [{"name": "host", "v_cp_us": os.cpu_count() or 1, "gpus": 0, "memory_gb": round(memory / 2**30, 1)}]


def _node(index: int, holder: Holder | None) -> ComputeNode:
    if holder is None:
        return {"node_id": f"node-{index}", "node_state": "idle", "current_job_name": None, "since": None}
    return {
        "node_id": f"node-{index}",
        "node_state": "running",
        "current_job_name": holder.job,
        "since": holder.since,
    }


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    """Give what is kept of a document: a password of a node's administrator opens nothing here, and is not."""
    document = dict(registry.parse("compute", given).to_dict())
    settings = document.get("ssh_settings")
    if settings:
        document["ssh_settings"] = {key: value for key, value in settings.items() if key != "admin_password"}
    return document


def _check(document: dict[str, Any]) -> None:
    name = str(document.get("name", ""))
    if not is_valid_name(name) or name.lower() in BUILT_IN:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be a compute's name.")
    if document.get("type") not in ("amlcompute", "computeinstance"):
        sentence = f"Computes of type {document.get('type')} are not supported; use amlcompute or computeinstance."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
    low, high = int(document.get("min_instances") or 0), int(document.get("max_instances", 4))
    if (document["type"] == "amlcompute" and not 0 <= low <= high) or high < 1:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            f"min_instances {low} and max_instances {high} must hold 0 <= min <= max, max >= 1.",
        )
