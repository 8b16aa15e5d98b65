"""Logs of jobs at addresses that need no token: each is signed, and ends after a while.

The client reads each log with a plain GET, again and again while it follows a job. A signature opens the logs of one
job only, in the form and with the key of blob signatures.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import COMPOSITE
from lapisml.server.features.jobs.family import FamilyMove
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, arm_time
from lapisml.server.surfaces.azure.services import AzureServices

_PATTERN = "ROOT:joblogs/*/*/*"
_LIFETIME_S = 8 * 3600
_PART = 2**20

_STORIES = {"pipeline": "logs/azureml/executionlogs.txt", "sweep": "azureml-logs/hyperdrive.txt"}
"""A job that runs no process has no log; what its steps or trials did is told where a client looks for one."""


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the address of a log."""

    def read(call: ArmCall) -> ArmAnswer:
        name, job_name, path = call.names
        if "r" not in services.signer.check(name, _container(job_name), call.query):
            raise LapisError(ErrorCode.FORBIDDEN, "The signature of this address does not allow to read.")
        workspace = services.workspaces.get(name)
        job = services.jobs.get(workspace, job_name)
        if path == _STORIES.get(job.type):
            return ArmAnswer(200, parts=iter([_story(services.jobs.moves(workspace, job_name), job)]))
        first = services.job_logs.read(workspace, job, path, 0, _PART)
        return ArmAnswer(200, parts=_parts(services, workspace, job, path, first.data, first.size))

    return {("GET", _PATTERN): read}


def log_addresses(services: AzureServices, call: ArmCall, job: JobRecord) -> dict[str, str]:
    """Give path → signed address of every log that a job has now."""
    workspace = call.workspace
    signature = services.signer.sas(workspace.name, _container(job.name), "r", _LIFETIME_S)
    head = f"{call.url}/joblogs/{quote(workspace.name, safe='')}/{quote(job.name, safe='')}"
    if job.type in COMPOSITE:
        paths = [_STORIES[job.type]]
    else:
        paths = [log.path for log in services.job_logs.files(workspace, job)]
    return {path: f"{head}/{quote(path, safe='')}?{signature}" for path in paths}


def _container(job: str) -> str:
    return f"joblogs/{job}"


def _story(moves: list[FamilyMove], job: JobRecord) -> bytes:
    """Tell what happened, a line for each move."""
    lines = []
    for move in moves:
        who = "" if move.job == job.name else f"{move.step} ({move.job}): "
        lines.append(f"[{arm_time(move.at)}] {who}{move.after}. {move.reason}")
    return "".join(f"{' '.join(line.split())}\n" for line in lines).encode()


def _parts(
    services: AzureServices, workspace: Workspace, job: JobRecord, path: str, first: bytes, size: int
) -> Iterator[bytes]:
    """Give a log as far as it reached when its reading began."""
    data, done = first, 0
    while data:
        data = data[: size - done]
        yield data
        done += len(data)
        data = services.job_logs.read(workspace, job, path, done, _PART).data if done < size else b""
