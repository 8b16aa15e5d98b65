"""The last lines that a deployment's processes wrote."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.compute import ComputeBackend, Handle
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.peers import Peers

CONTAINERS = {"inference-server": "user_logs/", "storage-initializer": "system_logs/"}
"""Azure ML's names for the two groups of logs, and the folder that each is here."""

MOST_LINES = 100_000
_CHUNK = 1 << 16
_MOST_BYTES = 8 << 20


class DeploymentLogs:
    """Reads logs where revisions run.

    Args:
        backend: the compute that runs them.
        peers: asks the server on whose machine a revision runs; None: there is no other server.
    """

    def __init__(self, backend: ComputeBackend, peers: Peers | None = None) -> None:
        self._backend = backend
        self._peers = peers

    def tail(self, workspace: Workspace, revision: Revision, lines: int, container: str) -> str:
        """Give the last lines of a revision's logs; with several files each has its name before it.

        Raises:
            LapisError: Usage for an unknown container or number of lines; ServerUnreachable when the revision runs
                on the machine of a server that is away.
        """
        if container not in CONTAINERS or not 0 < lines <= MOST_LINES:
            expected = f"container: {' or '.join(CONTAINERS)}; lines: 1 to {MOST_LINES}"
            raise LapisError(ErrorCode.USAGE, "There is no such log.", None, [Problem("", "", expected=expected)])
        if self._peers is not None and self._peers.has(revision.site):
            return _elsewhere(self._peers, workspace, revision, lines, container)
        for attempt in range(revision.attempt, max(0, revision.attempt - 3), -1):
            handle = handle_of(workspace, revision, attempt)
            logs = [log for log in self._backend.list_logs(handle) if log.path.startswith(CONTAINERS[container])]
            written = [log for log in logs if log.size]
            if written:
                parts = [(log.path, self._last_lines(handle, log.path, log.size, lines)) for log in written]
                return parts[0][1] if len(parts) == 1 else "\n".join(f"==> {path} <==\n{text}" for path, text in parts)
        return ""

    def _last_lines(self, handle: Handle, path: str, size: int, lines: int) -> str:
        """Read backwards until there are enough lines."""
        data, start = b"", size
        while start > 0 and data.count(b"\n") <= lines and len(data) < _MOST_BYTES:
            begin = max(0, start - _CHUNK)
            data = self._backend.read_log(handle, path, begin, start - begin).data + data
            start = begin
        text = data.decode("utf-8", "replace")
        return "".join(text.splitlines(keepends=True)[-lines:])


def _elsewhere(peers: Peers, workspace: Workspace, revision: Revision, lines: int, container: str) -> str:
    path = f"workspaces/{workspace.name}/online-endpoints/{revision.endpoint}/deployments/{revision.deployment}/logs"
    answer = peers.get(revision.site, path, {"lines": lines, "container": container})
    if answer.status != HTTPStatus.OK:
        sentence = f"The deployment's own server answered with status {answer.status}."
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence)
    return str(orjson.loads(answer.body)["content"])


def handle_of(workspace: Workspace, revision: Revision, attempt: int | None = None) -> Handle:
    """Give what the compute finds a revision's job by; that of the attempt at hand when none is given."""
    number = revision.attempt if attempt is None else attempt
    return Handle(workspace.name, revision.job_of(number), f"{revision.submit_key}-{number}")
