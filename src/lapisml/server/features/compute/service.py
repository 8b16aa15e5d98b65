"""Computes of a workspace: clusters and instances on this machine, the two that need no document, and attached ones.

``serverless`` (a job without `compute`) and ``local`` always exist; they have as many nodes as the setting
``LAPIS_LOCAL_SLOTS`` says. An ``amlcompute`` has `max_instances` nodes, a ``computeinstance`` one. Nodes are
places for jobs on the machine that the server runs on. An attached compute (``virtualmachine``, ``slurm``, ``ray``)
has machines of its own, and may stand behind every ``amlcompute``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypedDict

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.compute import store
from lapisml.server.features.compute.attachments import Attachments
from lapisml.server.features.compute.checking import BUILT_IN, check, fixed_keys, kept
from lapisml.server.features.compute.looking import Computes, capacity, compute_name
from lapisml.server.features.compute.nodes import ComputeNode, ComputeSize, Holder, sizes
from lapisml.server.features.compute.pools import Pool, is_attached
from lapisml.server.features.compute.store import DETACHING, RUNNING, ComputeRecord
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
    "Waits",
    "capacity",
    "compute_name",
    "is_attached",
    "sizes",
]


Objection = Callable[[Workspace, str], str | None]
"""Takes a workspace and the name of a compute; gives the sentence why it can't go now, None when it can."""


class Waits(TypedDict):
    """A job that waits for a compute, and why."""

    job: str
    reason: str


class ComputeService(Computes):
    """Creates, attaches, changes and describes computes; what is only asked of them: `Computes`.

    Args:
        local_slots: nodes of ``serverless`` and ``local``.
        attachments: makes the backends of attached computes; None where none can be attached.
        cluster_backend: name of the attached compute that stands behind every ``amlcompute``, empty for none.

    Attributes:
        occupancy, waiting, engaged, evict: told by the jobs feature: who holds nodes of a compute; who waits for it
            and why (at most a few); the jobs that an attached compute was given and that are not over; ends those.
        on_change: called when a line may move.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        local_slots: int,
        attachments: Attachments | None = None,
        cluster_backend: str = "",
    ) -> None:
        super().__init__(database, local_slots, attachments, cluster_backend)
        self._clock = clock
        self.waiting: Callable[[Workspace, str], list[Waits]] = lambda _workspace, _name: []
        self.engaged: Callable[[Workspace, str], list[str]] = lambda _workspace, _name: []
        self.evict: Callable[[Workspace, str], None] = lambda _workspace, _name: None
        self.on_change: Callable[[], None] = lambda: None
        self._objections: list[Objection] = []

    def object_to_deletion(self, objection: Objection) -> None:
        """Let a later feature forbid that a compute is deleted or detached (while its endpoints use it, say)."""
        self._objections.append(objection)

    def create_or_update(self, workspace: Workspace, document: dict[str, Any], by: str) -> ComputeRecord:
        """Keep a compute document; an existing compute of the same type is changed.

        Raises:
            LapisError: NotSupported for types that can't run here, DocumentInvalid for a bad name or bounds,
                Conflict when the type would change, MissingPackage when its backend can't be loaded.
        """
        document = kept(document)
        check(document, self._backing_document(workspace))
        name = str(document["name"]).lower()
        now = self._clock.now_ms()
        with self._database.read() as connection:
            present = store.get(connection, workspace.id, name)
        if present is not None and present.document.get("type") != document.get("type"):
            raise LapisError(ErrorCode.CONFLICT, f"Compute '{name}' exists with type {present.document['type']}.")
        if present is not None and not is_attached(document):
            document = {**present.document, **document}
        document, sealed = self._sealed(workspace, document, present)
        with self._database.write() as connection:
            if store.get(connection, workspace.id, name) is None:
                store.add(connection, workspace.id, name, document, by, now, sealed)
            elif present is not None:
                state = RUNNING if present.state == DETACHING else present.state
                store.change(connection, present.id, now, document=document, secrets=sealed, state=state)
        self.on_change()
        return self.get(workspace, name)

    def _sealed(
        self, workspace: Workspace, document: dict[str, Any], before: ComputeRecord | None
    ) -> tuple[dict[str, Any], str | None]:
        """Part a document and its secrets; what an attached compute's backend has against it is raised."""
        if not is_attached(document):
            return document, None
        if self.attachments is None:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Computes of others can't be attached to this server.")
        self.attachments.check(workspace, document, before)
        return self.attachments.seal(document, before)

    def update(self, workspace: Workspace, name: str, changes: dict[str, Any]) -> ComputeRecord:
        """Change some keys of the document.

        Raises:
            LapisError: NotFound; NotSupported for a key that can't change; DocumentInvalid for bad bounds.
        """
        record = self.get(workspace, name)
        fixed = fixed_keys(record.document, changes)
        if fixed:
            raise LapisError(
                ErrorCode.NOT_SUPPORTED,
                f"{', '.join(fixed)} of compute '{name}' can't change once it exists.",
            )
        document = kept({**record.document, **changes})
        check(document, self._backing_document(workspace))
        document, sealed = self._sealed(workspace, document, record)
        with self._database.write() as connection:
            store.change(connection, record.id, self._clock.now_ms(), document=document, secrets=sealed)
        self.on_change()
        return self.get(workspace, name)

    def set_state(self, workspace: Workspace, name: str, state: str) -> ComputeRecord:
        """Start (``Running``) or stop (``Stopped``) a compute; a stopped one starts no further job.

        Raises:
            LapisError: NotFound; NotSupported for clusters, which scale by themselves.
        """
        record = self.get(workspace, name)
        if record.document.get("type") != "computeinstance":
            what = "attached: Lapis starts and stops none of its machines"
            what = what if is_attached(record.document) else "a cluster: it starts and stops its nodes by itself"
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"Compute '{name}' is {what}.")
        with self._database.write() as connection:
            store.change(connection, record.id, self._clock.now_ms(), state=state)
        self.on_change()
        return self.get(workspace, name)

    def delete(self, workspace: Workspace, name: str, force: bool = False) -> None:
        """Delete a compute that no job holds, or detach one.

        Args:
            force: ends the jobs that an attached compute was given; it is given no other from then on.

        Raises:
            LapisError: NotFound; Conflict while jobs run on it.
        """
        record = self.get(workspace, name)
        for objection in self._objections:
            sentence = objection(workspace, record.name)
            if sentence is not None:
                raise LapisError(ErrorCode.CONFLICT, sentence)
        attached = is_attached(record.document)
        if attached and force:
            with self._database.write() as connection:
                self.lock_line(connection, workspace, record.name)
                store.change(connection, record.id, self._clock.now_ms(), state=DETACHING)
            self.evict(workspace, record.name)
        with self._database.write() as connection:
            self.lock_line(connection, workspace, record.name)  # nobody gives it a job between the look and its end
            self._refuse_in_use(workspace, record, attached)
            store.remove(connection, record.id)
        if self.attachments is not None:
            self.attachments.drop(record.id)

    def _refuse_in_use(self, workspace: Workspace, record: ComputeRecord, attached: bool) -> None:
        name = record.name
        jobs = [holder.job for holder in self.occupancy(workspace, record.name)]
        jobs += [job for job in (self.engaged(workspace, record.name) if attached else []) if job not in jobs]
        if jobs:
            hint = f"Cancel first: lapis job cancel -n {jobs[0]}"
            hint += f"; or end them all: lapis compute detach -n {name} --force" if attached else ""
            more = f" and {len(jobs) - 3} more" if len(jobs) > 3 else ""
            raise LapisError(ErrorCode.CONFLICT, f"Compute '{name}' is in use by {', '.join(jobs[:3])}{more}.", hint)
