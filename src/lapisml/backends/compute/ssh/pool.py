"""`ComputeBackend` over any number of machines that are reached by SSH.

Every machine has a link, an agent and a health of its own. Places for jobs are given out by the server: place i lies on
machine ``hosts.places()[i]``. What is known of where a job is, and when a machine counts as gone: `members`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.parted import OfParts, part_specs
from lapisml.backends.compute.node.remote import RemoteBackend, default_root
from lapisml.backends.compute.ssh.access import read_access
from lapisml.backends.compute.ssh.hostkeys import read_host_keys
from lapisml.backends.compute.ssh.hosts import places, read_hosts
from lapisml.backends.compute.ssh.looking import Looking
from lapisml.backends.compute.ssh.members import Gone, LostError, Member, UnsureError, members_of
from lapisml.backends.compute.ssh.placements import Placement, Placements
from lapisml.backends.compute.ssh.standing import Standings
from lapisml.backends.compute.ssh.transport import SshTransport
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Attachment
from lapisml.ports.compute import Capabilities, ComputeBackend, Handle, LaunchSpec, Observation, Standing, Watch

_PORTS = 16
_PACE = Pace(quiet=15.0)


class SshPool(OfParts):
    """Runs jobs on machines that are reached by SSH.

    Args:
        attachment: the compute.
        pace: how patient the links are; None means the usual.

    Raises:
        LapisError: DocumentInvalid for what can't be an address, a user, a key.
    """

    def __init__(self, attachment: Attachment, pace: Pace | None = None) -> None:
        super().__init__(self._backends)
        document = attachment.document
        hosts = read_hosts(document)
        access, keys = read_access(document.get("ssh_settings")), read_host_keys(document)
        root, interpreter = default_root(attachment), document.get("interpreter")
        self._name = attachment.name
        self._places = places(hosts)
        self._capabilities = Capabilities(multi_node=len(self._places) > 1, local_paths=False)
        self._members = [
            Member(
                number,
                host,
                RemoteBackend(
                    attachment,
                    SshTransport(host, access, keys, root, interpreter),
                    capabilities=self._capabilities,
                    where=host.name,
                    pace=pace or _PACE,
                ),
            )
            for number, host in enumerate(hosts)
        ]
        self._placements = Placements(attachment.home / "remote" / attachment.workspace / attachment.name)
        self._looking = Looking(self._members, self._placements, self._name)
        self._standings = Standings(self._members, len(self._places))

    @property
    def capabilities(self) -> Capabilities:
        """Say what the machines can do."""
        return self._capabilities

    def submit(self, spec: LaunchSpec) -> Handle:
        """Bring what the job needs to its machines, and hand it over."""
        handle = Handle(spec.workspace, spec.job, spec.submit_key)
        before = self._placements.of_job(spec.job)
        if before is not None and before.submit_key != spec.submit_key and not before.lost:
            raise LapisError(ErrorCode.CONFLICT, f"Job '{spec.job}' was submitted before, under another key.")
        known = self._placements.get(handle)
        if known is not None and known.lost:
            return handle
        placement = known or self._placed(spec)
        members = self._certain(placement)
        if known is None:
            self._placements.put(spec.job, placement)
        try:
            self._hand_over(spec, placement, members)
        except LapisError as error:
            if known is None and error.code is not ErrorCode.SERVER_UNREACHABLE:
                self._placements.remove(spec.job)
            raise
        self._placements.note_given(spec.job)
        return handle

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Ask every machine for its jobs, all at a time."""
        return self._looking.observe(watches)

    def discard(self, handle: Handle) -> None:
        """Remove what is left of a job."""
        super().discard(handle)
        if self._placements.get(handle) is not None:
            self._placements.remove(handle.job)

    def describe(self) -> Standing:
        """Say how each machine is, in the order of the document."""
        return self._standings.look()

    def close(self) -> None:
        """Let go of all links; jobs go on."""
        self._looking.close()
        self._standings.close()
        for member in self._members:
            member.backend.close()

    def _placed(self, spec: LaunchSpec) -> Placement:
        """Choose the machines of a job, and reach each of them.

        Raises:
            LapisError: ServerUnreachable; NotSupported for more machines than there are.
        """
        numbers = list(spec.nodes) or list(range(spec.node_count))
        if len(numbers) < spec.node_count or any(not 0 <= number < len(self._places) for number in numbers):
            sentence = f"Compute '{self._name}' has {len(self._places)} places, and job '{spec.job}' was given others."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Submit it again.")
        chosen = [self._members[self._places[number]] for number in numbers[: spec.node_count]]
        for member in chosen:
            member.backend.link.connect()
        spots = tuple(member.spot for member in chosen)
        if len(chosen) == 1:
            return Placement(spec.submit_key, spots)
        met = [member.backend.free_ports(_PORTS) for member in chosen]
        return Placement(spec.submit_key, spots, tuple(host for host, _port in met), tuple(port for _host, port in met))

    def _certain(self, placement: Placement) -> list[Member]:
        try:
            found = members_of(placement, self._members, self._name)
        except UnsureError as error:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, str(error)) from error
        gone = [one for one in found if isinstance(one, LostError)]
        if gone:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, str(gone[0]))
        return [one for one in found if isinstance(one, Member)]

    def _hand_over(self, spec: LaunchSpec, placement: Placement, members: Sequence[Member]) -> None:
        if len(members) == 1:
            members[0].backend.submit(replace(spec, nodes=()))
            return
        specs = part_specs(replace(spec, nodes=()), placement.hosts, placement.ports)
        self._parted.submit(spec, [member.backend for member in members], specs)

    def _backends(self, handle: Handle) -> list[ComputeBackend]:
        """Return what has the job's parts; nothing for a job that no machine has (any more).

        Raises:
            LapisError: ServerUnreachable while that can't be said.
        """
        placement = self._placements.get(handle) or self._looking.found(handle)
        if placement is None:
            return []
        try:
            found = members_of(placement, self._members, self._name)
            return [one.backend if isinstance(one, Member) else cast(ComputeBackend, Gone()) for one in found]
        except UnsureError as error:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, str(error)) from error
