"""The last lines that a deployment's processes wrote."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.compute import LogFile
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.runs import RevisionRuns, Run
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.peers import Peers

CONTAINERS = {"inference-server": "user_logs/", "storage-initializer": "system_logs/"}
"""Azure ML's names for the two groups of logs, and the folder that each is here."""

MOST_LINES = 100_000
_CHUNK = 1 << 16
_MOST_BYTES = 8 << 20
_TRIES = 3
"""How many attempts are looked through for one that wrote something."""


class DeploymentLogs:
    """Reads logs where revisions run.

    Args:
        runs: knows where.
        peers: asks the server on whose machine a revision runs; None: there is no other server.
    """

    def __init__(self, runs: RevisionRuns, peers: Peers | None = None) -> None:
        self._runs = runs
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
        for back in range(_TRIES):
            found = self._runs.of(workspace, revision, back)
            written = [(run, log) for run in found for log in run.logs(CONTAINERS[container]) if log.size]
            if written:
                parts = [(_title(run, log), self._last_lines(run, log.path, log.size, lines)) for run, log in written]
                return parts[0][1] if len(parts) == 1 else "\n".join(f"==> {path} <==\n{text}" for path, text in parts)
        return ""

    def _last_lines(self, run: Run, path: str, size: int, lines: int) -> str:
        """Read backwards until there are enough lines."""
        data, start = b"", size
        while start > 0 and data.count(b"\n") <= lines and len(data) < _MOST_BYTES:
            begin = max(0, start - _CHUNK)
            data = run.backend.read_log(run.handle, path, begin, start - begin).data + data
            start = begin
        text = data.decode("utf-8", "replace")
        return "".join(text.splitlines(keepends=True)[-lines:])


def _title(run: Run, log: LogFile) -> str:
    return f"{run.node}: {log.path}" if run.node else log.path


def _elsewhere(peers: Peers, workspace: Workspace, revision: Revision, lines: int, container: str) -> str:
    path = f"workspaces/{workspace.name}/online-endpoints/{revision.endpoint}/deployments/{revision.deployment}/logs"
    answer = peers.get(revision.site, path, {"lines": lines, "container": container})
    if answer.status != HTTPStatus.OK:
        sentence = f"The deployment's own server answered with status {answer.status}."
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence)
    return str(orjson.loads(answer.body)["content"])
