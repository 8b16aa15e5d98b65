"""What Slurm says of jobs, read from ``squeue`` and ``sacct``, and told to people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lapisml.ports.endings import EndReason

SQUEUE_FORMAT = "%i|%T|%N|%S|%r|%j|%k"
SACCT_FORMAT = "JobID,State%40,NodeList%200,Start,Reason%60,JobName%120"

_ID = re.compile(r"[0-9]+(?:_[0-9]+)?\Z")
WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"})
"""States of a job that has no nodes (any more, after Slurm put it back)."""
OVER = frozenset(
    "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED REVOKED TIMEOUT LAUNCH_FAILED "
    "RECONFIG_FAIL EXPIRED".split()
)
"""States from which a job does not come back by itself."""

_REASONS = {
    "None": "Slurm has not looked at it yet",
    "Priority": "jobs with a higher priority come first",
    "Resources": "it waits for nodes to become free",
    "Dependency": "it waits for another job",
    "DependencyNeverSatisfied": "what it waits for can't happen any more; cancel it, or change it with `scontrol`",
    "BeginTime": "its time to begin has not come",
    "JobHeldUser": "it is held; `scontrol release` lets it go",
    "JobHeldAdmin": "an administrator holds it; `scontrol release` lets it go",
    "JobArrayTaskLimit": "as many trials of its sweep run as may at a time (`max_nodes`)",
    "Licenses": "it waits for a licence",
    "Reservation": "it waits for its reservation",
    "ReqNodeNotAvail": "nodes that it needs are down, drained or reserved",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition is inactive",
    "PartitionNodeLimit": "it asks for more nodes than its partition gives to one job",
    "PartitionTimeLimit": "its time limit is above that of its partition",
    "PartitionConfig": "its partition can't give what it asks for",
    "NodeDown": "a node that it needs is down",
    "BadConstraints": "no node has what it asks for; its limits or its constraint must change",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "AssociationJobLimit": "its account has as many jobs as it may have",
    "AssociationResourceLimit": "its account uses as much as it may",
    "AssociationTimeLimit": "its account has used up its time",
    "QOSJobLimit": "its QOS has as many jobs as it may have",
    "QOSResourceLimit": "its QOS uses as much as it may",
    "QOSTimeLimit": "its QOS has used up its time",
    "QOSNotAllowed": "its QOS may not be used in this partition",
    "Cleaning": "Slurm cleans up after its earlier run",
    "Prolog": "the nodes' prolog runs",
    "NonZeroExitCode": "it ended with an exit code other than 0",
    "launch failed requeued held": "it could not be started and is held; `scontrol release` lets it go",
}
_FAMILIES = (
    (re.compile(r"(?:Assoc|Association)\w*"), "a limit of its account is reached"),
    (re.compile(r"QOS\w*"), "a limit of its QOS is reached"),
    (re.compile(r"Max\w+PerAccount"), "a limit of its account is reached"),
    (re.compile(r"Nodes? .*(?:DOWN|DRAINED|reserved).*", re.IGNORECASE), "nodes that it needs are down or reserved"),
)

_ENDINGS = {
    "TIMEOUT": (EndReason.ENDED_BY_COMPUTE, "its time limit in Slurm was reached"),
    "DEADLINE": (EndReason.ENDED_BY_COMPUTE, "its deadline in Slurm has passed"),
    "PREEMPTED": (EndReason.ENDED_BY_COMPUTE, "a job with a higher priority took its nodes (preemption)"),
    "CANCELLED": (EndReason.ENDED_BY_COMPUTE, "it was cancelled in Slurm, not through Lapis"),
    "REVOKED": (EndReason.ENDED_BY_COMPUTE, "another cluster of Slurm's federation took it"),
    "BOOT_FAIL": (EndReason.NODE_LOST, "it could not be started (Slurm's BOOT_FAIL)"),
    "NODE_FAIL": (EndReason.NODE_LOST, "Slurm's NODE_FAIL"),
    "OUT_OF_MEMORY": (EndReason.OUT_OF_MEMORY, "Slurm's OUT_OF_MEMORY; ask for more with resources.memory"),
}
_MEMORY = re.compile(r"[Ee]xceeded (?:job |step )?memory limit|oom[_-]kill event", re.IGNORECASE)
"""What a node's daemon writes into the job's output where it ends jobs by itself; the state is FAILED then."""


@dataclass(frozen=True)
class JobState:
    """One job as Slurm tells of it.

    Attributes:
        id: ``123``, or ``123_4`` for an element of an array.
        state: Slurm's long word.
        nodes: its nodes, as Slurm writes them; empty without.
        start: when it started or is to start, as Slurm writes it; empty where that is not known.
        reason: Slurm's word why it waits or ended.
        name: its name there, followed by its comment where that is told.
    """

    id: str
    state: str
    nodes: str = ""
    start: str = ""
    reason: str = ""
    name: str = ""

    @property
    def waits(self) -> bool:
        """It has no nodes yet, or not any more."""
        return self.state in WAITING

    @property
    def is_over(self) -> bool:
        """It has ended, and nothing of it runs."""
        return self.state in OVER


def from_squeue(text: str) -> dict[str, JobState]:
    """Read lines in `SQUEUE_FORMAT`; what is no such line is passed over."""
    return {found.id: found for line in text.splitlines() if (found := _state(line.split("|", 5))) is not None}


def from_sacct(text: str) -> dict[str, JobState]:
    """Read lines of ``sacct -n -P -X`` with `SACCT_FORMAT`; of a job that was requeued the last line counts."""
    return {found.id: found for line in text.splitlines() if (found := _state(line.split("|", 5))) is not None}


def _state(fields: list[str]) -> JobState | None:
    if len(fields) < 6 or _ID.match(fields[0]) is None or not fields[1].strip():
        return None
    number, state, nodes, start, reason, name = (field.strip() for field in fields)
    word = state.split()[0].rstrip("+")
    by = state[len(word) :].strip()
    nodes = "" if nodes in ("None assigned", "(null)") else nodes
    start = "" if start in ("N/A", "Unknown", "None") else start
    return JobState(number, word, nodes, start, by if by.startswith("by ") else _bare(reason), name)


def _bare(reason: str) -> str:
    return reason[1:-1] if reason.startswith("(") and reason.endswith(")") else reason


def waiting_sentence(state: JobState) -> str:
    """Say why a job waits."""
    when = f" Slurm expects to start it at {state.start.replace('T', ' ')}." if state.start else ""
    return f"Slurm's queue has it as job {state.id}: {reason_words(state.reason)}.{when}"


def reason_words(reason: str) -> str:
    """Say what one of Slurm's reasons means, and which it is."""
    plain = reason.split(",", 1)[0].strip()
    if not plain:
        return _REASONS["None"]
    known = _REASONS.get(reason) or _REASONS.get(plain)
    if known is None:
        known = next((words for family, words in _FAMILIES if family.match(plain)), None)
    if plain == "None":
        return str(known)
    return f"{known} ({reason})" if known else f"its reason is {reason}"


def running_sentence(state: JobState) -> str:
    """Say where a job is that has nodes and whose runner has not spoken."""
    if state.state == "CONFIGURING":
        return f"Slurm makes {state.nodes or 'its nodes'} ready (job {state.id})."
    if state.state in ("SUSPENDED", "STOPPED"):
        return f"Slurm has suspended it (job {state.id})."
    return f"Slurm started it on {state.nodes or 'its nodes'} (job {state.id}); its runner has not spoken yet."


def ending_of(state: JobState, tail: str = "") -> tuple[EndReason, dict[str, str]]:
    """Say why a job ended that left no ending of its own: the reason, and the words of its sentence.

    Args:
        state: what Slurm says of it.
        tail: the end of what the batch script wrote.
    """
    reason, evidence = _ENDINGS.get(state.state, (EndReason.ENDED_BY_COMPUTE, ""))
    if state.state == "FAILED" and (memory := _MEMORY.search(tail)):
        reason, evidence = EndReason.OUT_OF_MEMORY, f"Slurm said '{memory[0]}'; ask for more with resources.memory"
    if state.state == "CANCELLED" and state.reason.startswith("by "):
        evidence = f"it was cancelled in Slurm {_who(state.reason)}, not through Lapis"
    if not evidence:
        said = f"; it wrote: {tail}" if tail else ""
        evidence = f"Slurm calls it {state.state} and its runner left no ending{said}"
    if reason is EndReason.NODE_LOST:
        return reason, {"node": state.nodes or "of the job", "evidence": f"{evidence}, job {state.id}"}
    if reason is EndReason.OUT_OF_MEMORY:
        return reason, {"evidence": f"{evidence}, job {state.id}"}
    return reason, {"error": f"{evidence} (Slurm's {state.state}, job {state.id})."}


def number_of(mark: str, states: Iterable[JobState]) -> str | None:
    """Return the number under which Slurm has the jobs of a batch, the array's for one of its elements.

    The mark stands in their name and in their comment.
    """
    return next((state.id.partition("_")[0] for state in states if mark in state.name), None)


def _who(by: str) -> str:
    number = by.removeprefix("by ").strip()
    return f"by user {number}" if number.isdigit() else by
