"""The logs of a job: from its compute while it runs there, from its artifacts afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend, Handle
from lapisml.ports.storage import Storage, StorageLocation, safe_relative
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.jobs.places import artifacts_uri
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.peers import PeerAnswer, Peers

USER_LOG = "user_logs/std_log.txt"
BUILD_LOG = "system_logs/environment.log"
_FAULT = 400
_FOLDERS = ("user_logs", "system_logs")


@dataclass(frozen=True)
class LogItem:
    """A log file: POSIX path below the job, bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class LogPart:
    """Bytes of a log, and its size at that moment."""

    data: bytes
    size: int


class JobLogs:
    """Lists and reads logs.

    Args:
        backend: of this machine; `computes` gives those of attached computes.
        peers: asks the server on whose machine a job runs; None: there is no other server.
    """

    def __init__(
        self,
        backend: ComputeBackend,
        computes: ComputeService,
        storage: Storage,
        assets: AssetService,
        peers: Peers | None = None,
    ) -> None:
        self._peers = peers
        self._computes = computes
        self._backend = backend
        self._storage = storage
        self._assets = assets

    def files(self, workspace: Workspace, job: JobRecord) -> list[LogItem]:
        """List a job's logs, by path.

        Raises:
            LapisError: ServerUnreachable when it runs on the machine of a server that is away.
        """
        if self._is_elsewhere(job):
            return self._files_elsewhere(workspace, job)
        backend = self._backend_of(workspace, job)
        live = {log.path: log.size for log in backend.list_logs(_handle(workspace, job))} if backend else {}
        if not live:
            live = self._stored(workspace, job)
        return [LogItem(path, size) for path, size in sorted(live.items())]

    def read(self, workspace: Workspace, job: JobRecord, path: str, offset: int, limit: int) -> LogPart:
        """Read up to `limit` bytes of a log from byte `offset` on.

        Raises:
            LapisError: NotFound when there is no such log; PathNotAllowed for a path outside the log folders;
                ServerUnreachable when the job runs on the machine of a server that is away.
        """
        if self._is_elsewhere(job):
            return self._read_elsewhere(workspace, job, path, offset, limit)
        backend = self._backend_of(workspace, job)
        if backend is None:
            return self._read_stored(workspace, job, path, offset, limit)
        try:
            chunk = backend.read_log(_handle(workspace, job), path, offset, limit)
        except LapisError as error:
            if error.code != ErrorCode.NOT_FOUND:
                raise
            return self._read_stored(workspace, job, path, offset, limit)
        return LogPart(chunk.data, chunk.size)

    def _backend_of(self, workspace: Workspace, job: JobRecord) -> ComputeBackend | None:
        """Give what has a job's logs while it runs; None where they are to be looked for among its artifacts.

        What has ended on an attached compute lies in its artifacts: that compute may be gone or away.
        """
        if job.engine is None:
            return self._backend
        return None if job.is_over else self._computes.attached(workspace, job.engine)

    def _is_elsewhere(self, job: JobRecord) -> bool:
        """Say whether a job runs on the machine of another server; what has ended lies in its artifacts."""
        if self._peers is None or job.is_over or not job.handed_over or job.engine is not None:
            return False  # an attached compute is reached from every server
        return self._peers.has(job.site)

    def _files_elsewhere(self, workspace: Workspace, job: JobRecord) -> list[LogItem]:
        answer = self._ask(workspace, job, "logs")
        return [LogItem(entry["path"], entry["size"]) for entry in orjson.loads(answer.body)["value"]]

    def _read_elsewhere(self, workspace: Workspace, job: JobRecord, path: str, offset: int, limit: int) -> LogPart:
        answer = self._ask(workspace, job, "logs/file", path=path, offset=offset, limit=limit)
        return LogPart(answer.body, answer.size)

    def _ask(self, workspace: Workspace, job: JobRecord, what: str, **query: str | int) -> PeerAnswer:
        assert self._peers is not None
        path = f"workspaces/{workspace.name}/jobs/{job.name}/{what}"
        answer = self._peers.get(str(job.site), path, query)
        if answer.status >= _FAULT:
            raise _as_error(answer)
        return answer

    def _stored(self, workspace: Workspace, job: JobRecord) -> dict[str, int]:
        root = self._assets.location(workspace, artifacts_uri(job.name))
        found = {}
        for folder in _FOLDERS:
            for item in self._storage.walk(root.child(folder)):
                found[f"{folder}/{item.path}"] = item.size
        return found

    def _read_stored(self, workspace: Workspace, job: JobRecord, path: str, offset: int, limit: int) -> LogPart:
        clean = safe_relative(path)
        if clean.split("/", 1)[0] not in _FOLDERS:
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{path}' is not a log of job '{job.name}'.")
        location = self._assets.location(workspace, artifacts_uri(job.name)).child(clean)
        return self._part(location, f"Job '{job.name}' has no log '{path}'.", offset, limit)

    def _part(self, location: StorageLocation, absent: str, offset: int, limit: int) -> LogPart:
        info = self._storage.info(location)
        if info is None or info.is_dir:
            raise LapisError(ErrorCode.NOT_FOUND, absent)
        if offset >= info.size:
            return LogPart(b"", info.size)
        with self._storage.open_read(location, offset) as stream:
            return LogPart(stream.read(limit), info.size)


def _as_error(answer: PeerAnswer) -> LapisError:
    try:
        return LapisError.from_json(orjson.loads(answer.body)["error"])
    except (orjson.JSONDecodeError, KeyError):
        return LapisError(ErrorCode.SERVER_UNREACHABLE, f"The job's own server answered with status {answer.status}.")


def _handle(workspace: Workspace, job: JobRecord) -> Handle:
    return Handle(workspace.name, job.name, job.submit_key)
