"""Jobs of several parts over several backends, each of which runs parts as if they were jobs.

For pools of machines that have no engine of their own. Nothing is kept here but in which part a log was last seen, so
any object over the same machines goes on where another was ended.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from lapisml.backends.compute.node import parts
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend, Handle, LaunchSpec, LogChunk, LogFile, Observation, PartSpec, Watch
from lapisml.runner.parts import log_names

_PASSING = frozenset({ErrorCode.SERVER_UNREACHABLE, ErrorCode.STORAGE_UNREACHABLE, ErrorCode.STORAGE_FULL})
_REMEMBERED = 1000

Locate = Callable[[Handle], Sequence[ComputeBackend]]
"""Gives the backends of a job's parts, in their order; one backend for a job on one machine."""


def part_specs(spec: LaunchSpec, hosts: Sequence[str], ports: Sequence[int]) -> list[LaunchSpec]:
    """Return the specification of each part.

    Args:
        spec: of the job.
        hosts: the parts' addresses, as they reach each other.
        ports: first of 16 free ports on each.
    """
    places = tuple(hosts), tuple(ports)
    return [replace(spec, node_count=len(hosts), part=PartSpec(number, *places)) for number in range(len(hosts))]


class Parted:
    """What a pool does with jobs that may have several parts.

    Args:
        locate: says where a job's parts are.
    """

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self._names: OrderedDict[Handle, dict[str, tuple[int, str]]] = OrderedDict()

    def submit(self, spec: LaunchSpec, backends: Sequence[ComputeBackend], specs: Sequence[LaunchSpec]) -> Handle:
        """Hand all parts over, the first last: a job whose first part is there was handed over whole.

        A second call after one that was cut off completes it. When a part is refused for good, those that had been
        handed over are cancelled; after an error that passes they wait for the others.

        Raises:
            LapisError: a backend's.
        """
        given: list[tuple[ComputeBackend, Handle]] = []
        try:
            for number in reversed(range(len(specs))):
                given.append((backends[number], backends[number].submit(specs[number])))  # noqa: PERF401 - kept one by one
        except LapisError as error:
            if error.code not in _PASSING:
                for backend, handle in given:
                    with suppress(LapisError):
                        backend.cancel(handle, by=f"Lapis, because another node refused the job: {error.message}")
            raise
        return Handle(spec.workspace, spec.job, spec.submit_key)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Say what is known of each job; each backend is asked once for all of them. Ends what must end together."""
        wanted: list[list[tuple[ComputeBackend, Watch]]] = []
        for watch in watches:
            backends = self._locate(watch.handle)
            asked = [watch] if len(backends) == 1 else parts.watches(watch, len(backends))
            wanted.append(list(zip(backends, asked, strict=True)))
        found = _asked([pair for pairs in wanted for pair in pairs])
        return [self._together(watch, pairs, found) for watch, pairs in zip(watches, wanted, strict=True)]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request with all parts; one that can't be reached does not keep it from the others.

        Raises:
            LapisError: of the first part that could not be told.
        """
        _all([partial(b.cancel, parts.part_of(handle, n), grace_s, by) for n, b in self._of(handle)])

    def discard(self, handle: Handle) -> None:
        """Remove what all parts left, the first last.

        Raises:
            LapisError: of the first part that can't be removed.
        """
        _all([partial(b.discard, parts.part_of(handle, n)) for n, b in reversed(self._of(handle))])
        self._names.pop(handle, None)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List the logs of all parts under the names that they have as the job's; none of a job that is nowhere."""
        backends = self._of(handle)
        if len(backends) == 1:
            return backends[0][1].list_logs(handle)
        names: dict[str, tuple[int, str]] = {}
        found: dict[str, LogFile] = {}
        for number, backend in backends:
            try:
                own = {log.path: log for log in backend.list_logs(parts.part_of(handle, number))}
            except LapisError:
                if number == 0:
                    raise
                continue  # its logs are seen again when its machine is
            for path, shown in log_names(number, own).items():
                if shown not in found:
                    found[shown], names[shown] = replace(own[path], path=shown), (number, path)
        self._remember(handle, names)
        return sorted(found.values(), key=lambda log: log.path)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log, wherever it lies.

        Raises:
            LapisError: NotFound, PathNotAllowed.
        """
        backends = self._of(handle)
        if not backends:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no log '{path}' of job '{handle.job}' here.")
        if len(backends) == 1:
            return backends[0][1].read_log(handle, path, offset, limit)
        if path not in self._names.get(handle, {}):
            self.list_logs(handle)
        number, own = self._names.get(handle, {}).get(path, (0, path))
        return backends[number][1].read_log(parts.part_of(handle, number), own, offset, limit)

    def _of(self, handle: Handle) -> list[tuple[int, ComputeBackend]]:
        return list(enumerate(self._locate(handle)))

    def _remember(self, handle: Handle, names: dict[str, tuple[int, str]]) -> None:
        self._names[handle] = names
        while len(self._names) > _REMEMBERED:
            self._names.popitem(last=False)

    def _together(
        self,
        watch: Watch,
        pairs: Sequence[tuple[ComputeBackend, Watch]],
        found: dict[tuple[int, Handle], Observation],
    ) -> Observation:
        answers = [found[id(backend), asked.handle] for backend, asked in pairs]
        if len(answers) == 1:
            return answers[0]
        whole = parts.merged(watch, answers)
        for number, by in whole.ends:
            with suppress(LapisError):  # the next observation says so again
                pairs[number][0].cancel(parts.part_of(watch.handle, number), by=by)
        return whole.observation


class OfParts:
    """What a backend has of `Parted` as it is; the rest of the port is its own.

    Args:
        locate: says where a job's parts are.
    """

    def __init__(self, locate: Locate) -> None:
        self._parted = Parted(locate)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Say what is known of each job."""
        return self._parted.observe(watches)

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request with every part."""
        self._parted.cancel(handle, grace_s, by)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List the logs of all parts."""
        return self._parted.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        return self._parted.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove what is left of a job that has ended."""
        self._parted.discard(handle)


def _asked(pairs: Sequence[tuple[ComputeBackend, Watch]]) -> dict[tuple[int, Handle], Observation]:
    """Ask each backend once; give backend and handle → answer."""
    by_backend: dict[int, tuple[ComputeBackend, list[Watch]]] = {}
    for backend, watch in pairs:
        by_backend.setdefault(id(backend), (backend, []))[1].append(watch)
    return {
        (key, watch.handle): answer
        for key, (backend, watches) in by_backend.items()
        for watch, answer in zip(watches, backend.observe(watches), strict=True)
    }


def _all(calls: Sequence[Callable[[], None]]) -> None:
    """Do all, whatever becomes of one; raise the first error then."""
    errors: list[LapisError] = []
    for call in calls:
        try:
            call()
        except LapisError as error:
            errors.append(error)
    if errors:
        raise errors[0]
