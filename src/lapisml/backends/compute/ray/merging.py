"""One job made of its parts: what they say together, and whose a log is."""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.ports.compute import JobPhase, LogFile, Observation, Outcome, Watch


def merged(watch: Watch, parts: Sequence[Observation]) -> Observation:
    """Say of a job what its parts say."""
    if len(parts) == 1:
        return parts[0]
    raise NotImplementedError


def logs_of_parts(parts):
    return parts[0][1] if parts else []


def part_and_path(path, count):
    return 0, path
