"""What is written down of a rank that failed, and what the supervisor makes of it.

``ranks.json`` is put on disk by the launcher before the other ranks are ended, so that it is known which rank
failed, and how, whoever is killed afterwards.
"""

from __future__ import annotations

from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import durable, endings, layout
from lapisml.runner.distributed import plan
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.journal import now_ms

_TAIL_LINES = 12


def write_failure(path: str, rank: int | None, exit_code: int | None, signal: int | None) -> None:
    """Put on disk which rank failed first (None: the launcher of the MPI runtime) and how."""
    durable.write_reserved(path, {"rank": rank, "exit_code": exit_code, "signal": signal, "ended_at": now_ms()})


def failed_rank(job: Job) -> dict[str, Any] | None:
    """Return what `write_failure` wrote, None when no rank failed."""
    found = job.read(layout.RANKS)
    return found if isinstance(found, dict) else None


def with_rank(job: Job, status: dict[str, Any]) -> dict[str, Any]:
    """Return the command's status with the exit code and signal of the rank that failed."""
    failed = failed_rank(job)
    return status if failed is None else {**status, "exit_code": failed["exit_code"], "signal": failed["signal"]}


def name_rank(job: Job, end: JobEndError) -> JobEndError:
    """Say in a job's end which rank failed, and show the end of that rank's log in the job's own."""
    failed = failed_rank(job)
    if failed is None or end.reason is EndReason.SUCCEEDED:
        return end
    ranks = plan.ranks_of(job.spec)
    if failed["rank"] is None:
        return end.of("mpirun")
    rank = ranks[failed["rank"]]
    named = end.of(plan.title(rank, len(ranks)))
    named.at = failed.get("ended_at")
    if rank.number != plan.own_ranks(job.spec, ranks)[0].number:
        log = plan.log_of(rank, len(ranks))
        lines = endings.log_tail(job.path(log)).splitlines()[-_TAIL_LINES:]
        heading = f"{named.sentence} Last lines of {log}:" if lines else f"{named.sentence} It wrote nothing."
        job.tell_user("\n".join([heading, *lines]))
    return named
