"""The steps of a pipeline, or the trials of a sweep, as one tree: who is where, since when, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lapisml.sdk.streaming import TERMINAL

NOT_STARTED = "NotStarted"
REUSED = "Reused"
QUIET = ("Queued", "Starting", "Finalizing", NOT_STARTED)
"""States that pass too quickly to be worth a line; a step that stays queued says why."""

_NEEDED = re.compile(r"\$\{\{\s*parent\.jobs\.([A-Za-z_][A-Za-z0-9_-]*)\.")


@dataclass
class Member:
    """One step or trial.

    Attributes:
        step: what a person calls it within its parent.
        path: names of the steps down to it, with slashes between.
        depth: 0 for a child of the job that is followed.
        job: name of its job; empty while there is none.
        type: of the job.
        status: of the job; ``Reused`` when its result was taken from an earlier one.
        reason: why it is there.
        reused_from: the job whose result it took.
        needs: the steps that it waits for before it can start.
        began, ended: when it ran.
        members: its own steps.
    """

    step: str
    path: str
    depth: int
    job: str = ""
    type: str = "command"
    status: str = NOT_STARTED
    reason: str = ""
    reused_from: str = ""
    needs: tuple[str, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return self.status in (*TERMINAL, REUSED)

    def seconds(self, now: datetime) -> float | None:
        """Give for how long it has run, or ran; None when it did not."""
        if self.began is None:
            return None
        return max(0.0, ((self.ended or now) - self.began).total_seconds())


class FamilyTree:
    """What is known of a composite job's descendants.

    Args:
        job: its name.
        document: its document; steps that have not started yet are read from it.
    """

    def __init__(self, job: str, document: Mapping[str, Any]) -> None:
        self.root = Member("", "", -1, job, str(document.get("type", "pipeline")))
        self._by_job = {job: self.root}
        _plan(self.root, document)

    def take(self, move: Mapping[str, Any]) -> Member | None:
        """Take in a move of a descendant; give it, or None when nothing about it can be told apart from before."""
        member = self._by_job.get(str(move["name"])) or self._add(move)
        if member is None:
            return None
        at = datetime.fromisoformat(str(move["at"]))
        member.reused_from = str(move.get("reused_from") or "")
        member.status = REUSED if member.reused_from else str(move["status"])
        reason = str(move.get("reason") or "")
        if not (member.reason and reason.rstrip(".") == "Canceled"):  # why it was to end says more
            member.reason = reason
        if member.status == "Running" and member.began is None:
            member.began = at
        if member.is_over:
            member.ended = at
        return member

    def wait(self, job: str, reason: str) -> Member | None:
        """Take in why a descendant waits."""
        member = self._by_job.get(job)
        if member is not None:
            member.reason = reason
        return member

    def members(self) -> Iterator[Member]:
        """Yield all descendants, each before its own."""
        yield from _below(self.root)

    def failed(self) -> list[Member]:
        """List the failed descendants that no other failed descendant explains."""
        return [
            member
            for member in self.members()
            if member.status == "Failed" and not any(below.status == "Failed" for below in _below(member))
        ]

    def _add(self, move: Mapping[str, Any]) -> Member | None:
        parent = self._by_job.get(str(move.get("parent")))
        if parent is None:
            return None
        step = str(move["step"])
        member = parent.members.get(step)
        if member is None or (member.job and not member.is_over):
            member = _member(parent, step)
        if member.job:  # another attempt
            member.began = member.ended = None
        member.job, member.type = str(move["name"]), str(move["type"])
        self._by_job[member.job] = member
        return member


def change(member: Member) -> str:
    """Say in one line where a step is now: ``train: Running``, ``score: Failed: The command ended …``."""
    first = (member.reason.splitlines() or [""])[0].strip()
    if member.status in ("Completed", "Running") or not first:
        return f"{member.path}: {member.status}"
    if member.status == REUSED:
        return f"{member.path}: Reused from {member.reused_from}"
    if first.startswith(member.status):
        return f"{member.path}: {first.rstrip('.')}"
    return f"{member.path}: {member.status}: {first}"


def _below(member: Member) -> Iterator[Member]:
    for inner in member.members.values():
        yield inner
        yield from _below(inner)


def _member(parent: Member, step: str) -> Member:
    shown = f"trial {step}" if parent.type == "sweep" and step.isdigit() else step
    path = f"{parent.path}/{shown}" if parent.path else shown
    member = Member(shown, path, parent.depth + 1)
    parent.members[step] = member
    return member


def _plan(parent: Member, document: Mapping[str, Any]) -> None:
    """Add the steps that a pipeline's document names, each behind those that it waits for."""
    jobs = document.get("jobs")
    said = {str(step): one for step, one in jobs.items() if isinstance(one, Mapping)} if isinstance(jobs, dict) else {}
    needs = {step: _needs(one) for step, one in said.items()}
    for step in _in_order(needs):
        member = _member(parent, step)
        component = said[step].get("component")
        within = component if isinstance(component, Mapping) else {}
        member.type = str(said[step].get("type") or within.get("type") or "command")
        member.needs = needs[step]
        _plan(member, within)


def _needs(step: Mapping[str, Any]) -> tuple[str, ...]:
    texts = repr({key: value for key, value in step.items() if key not in ("component", "command", "outputs")})
    return tuple(dict.fromkeys(_NEEDED.findall(texts)))


def _in_order(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Order steps by how many others lie before them, at most; steps of a circle come last."""
    depths: dict[str, int] = {}
    left = list(needs)
    for depth in range(len(needs)):
        ready = [step for step in left if all(need in depths for need in needs[step] if need in needs)]
        depths.update(dict.fromkeys(ready, depth))
        left = [step for step in left if step not in depths]
        if not ready or not left:
            break
    return sorted(needs, key=lambda step: depths.get(step, len(needs)))
