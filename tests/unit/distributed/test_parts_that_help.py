"""Jobs whose other parts only help the first: the crews of mini-batch jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lapisml.backends.compute.local.folders import help_of
from lapisml.backends.compute.node import codec, parts
from lapisml.ports.compute import EndReason, ExitStatus, Handle, Help, JobPhase, Observation, Outcome, Watch
from lapisml.ports.endings import OUTCOMES

HANDLE = Handle("default", "job", "key")
WATCH = Watch(HANDLE)
SERVED = "Canceled by Lapis, because node 0 has ended."


def end(reason: EndReason = EndReason.SUCCEEDED, text: str = "", at: int = 50) -> ExitStatus:
    """Make an ending."""
    return ExitStatus(OUTCOMES[reason], reason, text or f"It was {reason}.", ended_at=at + 5, cause_at=at)


def at(phase: JobPhase, exit_status: ExitStatus | None = None, aid: Help = Help.NONE) -> Observation:
    """Make what is seen of a part."""
    return Observation(HANDLE, phase, phase.value, exit=exit_status, help=aid)


def lead(aid: Help, exit_status: ExitStatus | None = None) -> Observation:
    """Make what is seen of the first part."""
    return at(JobPhase.RUNNING if exit_status is None else JobPhase.ENDED, exit_status, aid)


OVER = at(JobPhase.ENDED, end())
LOST = at(JobPhase.ENDED, end(EndReason.NODE_LOST, at=10))
AWAY = at(JobPhase.UNKNOWN)
RUNS = at(JobPhase.RUNNING)


def standing(*found: Observation) -> tuple[JobPhase, Sequence[int]]:
    """Give where the whole is, and which parts are to be ended."""
    whole = parts.merged(WATCH, found)
    return whole.observation.phase, [number for number, _by in whole.ends]


@pytest.mark.parametrize("other", [OVER, LOST, AWAY, RUNS, at(JobPhase.ABSENT), at(JobPhase.PREPARING)])
def test_while_the_first_works_nothing_that_becomes_of_spare_parts_matters(other: Observation) -> None:
    assert standing(lead(Help.SPARE), other, RUNS) == (JobPhase.RUNNING, [])


@pytest.mark.parametrize("reason", [EndReason.SUCCEEDED, EndReason.MINI_BATCHES, EndReason.CANCELED])
def test_spare_parts_that_are_lost_or_silent_do_not_keep_the_job(reason: EndReason) -> None:
    verdict = end(reason)
    whole = parts.merged(WATCH, [lead(Help.SPARE, verdict), LOST, AWAY, OVER])
    assert whole.observation.exit == verdict
    assert not [number for number, _by in whole.ends if number != 2]


def test_spare_parts_that_live_are_ended_when_the_first_has() -> None:
    assert standing(lead(Help.SPARE, end()), RUNS, at(JobPhase.PREPARING)) == (JobPhase.FINALIZING, [1, 2])
    assert standing(lead(Help.SPARE, end()), at(JobPhase.FINALIZING)) == (JobPhase.FINALIZING, [])
    assert standing(lead(Help.SPARE, end(EndReason.MINI_BATCHES)), RUNS, OVER) == (JobPhase.FINALIZING, [1])


def test_parts_that_keep_something_are_waited_for_and_their_loss_counts() -> None:
    assert standing(lead(Help.KEEPING), AWAY)[0] is JobPhase.UNKNOWN
    assert standing(lead(Help.KEEPING), LOST) == (JobPhase.RUNNING, [0])
    assert standing(lead(Help.KEEPING, end()), AWAY)[0] is JobPhase.UNKNOWN
    assert standing(lead(Help.KEEPING, end()), RUNS, OVER) == (JobPhase.FINALIZING, [1])
    lost = parts.merged(WATCH, [lead(Help.KEEPING, end()), LOST]).observation.exit
    assert lost is not None
    assert lost.reason_code is EndReason.NODE_LOST


@pytest.mark.parametrize("aid", [Help.SPARE, Help.KEEPING])
def test_parts_that_were_ended_because_they_were_needed_no_more_change_nothing(aid: Help) -> None:
    canceled = at(JobPhase.ENDED, end(EndReason.CANCELED, SERVED))
    whole = parts.merged(WATCH, [lead(aid, end()), canceled, OVER]).observation
    assert whole.exit is not None
    assert whole.exit.outcome is Outcome.COMPLETED


def test_the_loss_of_the_first_is_the_end_of_the_job() -> None:
    phase, ends = standing(LOST, RUNS)
    assert (phase, ends) == (JobPhase.FINALIZING, [1])


def test_what_parts_are_crosses_to_the_server() -> None:
    for aid in Help:
        found = replace(RUNS, help=aid)
        plain = codec.observation_to_json(found, WATCH, None)
        assert plain is not None
        assert codec.observation_from_json(HANDLE, plain).help is aid


@pytest.mark.parametrize(
    ("changes", "outputs", "expected"),
    [
        ({}, {}, Help.SPARE),
        ({"node_count": 1}, {}, Help.NONE),
        ({"parallel": None}, {"more": ("upload", "file")}, Help.NONE),
        ({}, {"more": (None, "file")}, Help.SPARE),
        ({}, {"more": ("upload", "file")}, Help.KEEPING),
        ({}, {"more": (None, "s3")}, Help.KEEPING),
        ({}, {"scored": (None, "lapis")}, Help.SPARE),
    ],
)
def test_outputs_say_whether_parts_keep_anything(
    changes: dict[str, Any], outputs: dict[str, tuple[str | None, str]], expected: Help
) -> None:
    spec: dict[str, Any] = {"node_count": 2, "parallel": {"append_row_to": "scored"}, **changes}
    spec["outputs"] = {name: {"mode": mode, "location": {"protocol": p}} for name, (mode, p) in outputs.items()}
    assert help_of(spec) is expected
