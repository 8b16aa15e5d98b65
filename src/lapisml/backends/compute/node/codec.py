"""Plain JSON forms of what the compute port speaks of, as they go over the link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from lapisml.ports.compute import (
    ExitStatus,
    Handle,
    Help,
    JobPhase,
    JournalEntry,
    LogFile,
    MetricSample,
    NodeStanding,
    Observation,
    Standing,
    Watch,
)


def watch_to_json(watch: Watch, seen: Observation | None) -> list[Any]:
    """Give a watch; with what was answered last, so that it need not be told again."""
    handle = watch.handle
    plain = [handle.workspace, handle.job, handle.submit_key, handle.part, watch.journal_after, watch.metrics_after]
    return plain if seen is None else [*plain, seen.phase.value, seen.sentence]


def watch_from_json(body: Sequence[Any]) -> tuple[Watch, tuple[str, str] | None]:
    """Read a watch back, and what its asker knows: phase and sentence."""
    watch = Watch(Handle(str(body[0]), str(body[1]), str(body[2]), int(body[3])), int(body[4]), int(body[5]))
    return watch, (str(body[6]), str(body[7])) if len(body) > 7 else None


def observation_to_json(found: Observation, watch: Watch, known: tuple[str, str] | None) -> dict[str, Any] | None:
    """Give an observation; None when there is nothing that its asker does not know."""
    same = known == (found.phase.value, found.sentence) and not (found.journal or found.metrics or found.exit)
    if same and (found.journal_cursor, found.metrics_cursor) == (watch.journal_after, watch.metrics_after):
        return None
    return {
        "phase": found.phase.value,
        "sentence": found.sentence,
        "journal": [[e.seq, e.at, e.phase, e.reason, dict(e.detail)] for e in found.journal],
        "journal_cursor": found.journal_cursor,
        "metrics": [[sample.at, dict(sample.values)] for sample in found.metrics],
        "metrics_cursor": found.metrics_cursor,
        "exit": asdict(found.exit) if found.exit is not None else None,
        **({"help": found.help.value} if found.help else {}),
    }


def observation_from_json(handle: Handle, body: dict[str, Any], ahead_ms: int = 0) -> Observation:
    """Read an observation back.

    Args:
        handle: the job.
        body: the plain form.
        ahead_ms: how far the node's clock is ahead of ours; its times become ours.
    """
    ended = body["exit"]
    return Observation(
        handle,
        JobPhase(body["phase"]),
        str(body["sentence"]),
        [JournalEntry(seq, at - ahead_ms, phase, reason, detail) for seq, at, phase, reason, detail in body["journal"]],
        int(body["journal_cursor"]),
        [MetricSample(at - ahead_ms, values) for at, values in body["metrics"]],
        int(body["metrics_cursor"]),
        _in_our_time(ExitStatus.from_json(ended), ahead_ms) if ended is not None else None,
        Help(body.get("help", "")),
    )


def logs_to_json(logs: Sequence[LogFile]) -> list[list[Any]]:
    """Give a listing of logs."""
    return [[log.path, log.size, log.modified_at] for log in logs]


def logs_from_json(body: Sequence[Sequence[Any]], ahead_ms: int = 0) -> list[LogFile]:
    """Read a listing of logs back."""
    return [LogFile(str(path), int(size), int(at) - ahead_ms) for path, size, at in body]


def standing_to_json(standing: Standing) -> dict[str, Any]:
    """Give how a compute is."""
    return asdict(standing)


def standing_from_json(body: dict[str, Any]) -> Standing:
    """Read how a compute is."""
    nodes = tuple(NodeStanding(**node) for node in body["nodes"])
    return Standing(str(body["state"]), str(body["sentence"]), nodes, dict(body["engine"]))


def _in_our_time(status: ExitStatus, ahead_ms: int) -> ExitStatus:
    if not ahead_ms:
        return status
    started = None if status.started_at is None else status.started_at - ahead_ms
    caused = None if status.cause_at is None else status.cause_at - ahead_ms
    ended = status.ended_at - ahead_ms if status.ended_at else 0
    return replace(status, started_at=started, ended_at=ended, cause_at=caused)
