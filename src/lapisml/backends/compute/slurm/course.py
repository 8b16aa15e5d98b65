"""Where a job is, from its folder and from what Slurm says; and the end of one that wrote none itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local.folders import Known
from lapisml.backends.compute.local.supervisors import Supervisors
from lapisml.backends.compute.slurm import states
from lapisml.backends.compute.slurm.batches import Batch, Batches, main_of
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.desk import Desk, is_canceled
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.backends.compute.slurm.slurm import Slurm
from lapisml.backends.compute.slurm.start import CLAIM
from lapisml.backends.compute.slurm.states import JobState
from lapisml.ports.compute import EndReason, ExitStatus, JobPhase
from lapisml.runner import durable, engine, layout
from lapisml.runner.relay_link import has_undelivered

Where = tuple[JobPhase, str]
Order = Callable[[str, str], None]
"""Takes what to do (``take``, ``wake``, ``end``) and the id of Slurm's job; returns at once."""

_FIRM_AFTER_S = 20.0
_ORDER_AGAIN_S = 5.0


class Course:
    """Tells where jobs are.

    Args:
        batches: the batches.
        slurm: the cluster.
        desk: hands over what Slurm does not have.
        supervisors: of this machine: they write the endings of jobs that could not do so themselves.
        options: of the compute.
        order: has Slurm end or wake a job.
    """

    def __init__(
        self,
        batches: Batches,
        slurm: Slurm,
        desk: Desk,
        supervisors: Supervisors,
        options: SlurmOptions,
        order: Order,
    ) -> None:
        self._batches = batches
        self._slurm = slurm
        self._desk = desk
        self._supervisors = supervisors
        self._options = options
        self._order = order
        self._since: dict[tuple[str, Path], float] = {}
        self._last: dict[Path, JobState] = {}  # how Slurm called it over, which it may forget within seconds
        self._finals: set[Path] = set()

    def ended(self, folder: Path, known: Known, status: ExitStatus) -> Where:
        """Say whether a job that has an ending is over for everybody."""
        if has_undelivered(str(folder)):
            self._supervisors.ensure(folder)
            return JobPhase.FINALIZING, "Finalizing: delivering the last metrics."
        if known.phase is not JobPhase.ENDED and not self._lasts("unread", folder, self._options.settle_s):
            return known.phase, known.sentence
        self.forget(folder)
        return JobPhase.ENDED, status.reason

    def unplaced(self, folder: Path) -> Where:
        """Say where a job is that Slurm does not have yet."""
        if is_canceled(folder) and self._desk.take_back(main_of(folder)):
            return self.conclude(folder, *self._canceled(folder))
        return JobPhase.SUBMITTED, self._desk.sentence()

    def placed(self, folder: Path, known: Known, number: str, state: JobState | None) -> Where:
        """Say where a job is that Slurm has, or had."""
        if self.is_concluded(folder):
            return self.finalize(folder)
        state = state or self._last.get(folder)
        if state is None:
            return self._missing(folder, number)
        self._since.pop(("missing", folder), None)
        if state.is_over:
            return self._over(folder, known, state)
        if state.waits:
            return self._waits(folder, state)
        self._since.pop(("requeued", folder), None)
        if is_canceled(folder):
            self._see_to_cancel(folder, number)
        if known.phase is JobPhase.SUBMITTED:
            return JobPhase.SUBMITTED, states.running_sentence(state)
        return known.phase, known.sentence

    def conclude(self, folder: Path, reason: EndReason, words: dict[str, str]) -> Where:
        """End a job of which nothing runs any more."""
        if not (folder / layout.EXIT).exists():
            engine.write(str(folder), reason, words, final=True)
            self._finals.add(folder)
        return self.finalize(folder)

    def is_concluded(self, folder: Path) -> bool:
        """Say whether a job's end was decided here, and is being written."""
        if folder not in self._finals:
            said = durable.read_json(str(folder / layout.COMPUTE))
            if isinstance(said, dict) and said.get("final"):
                self._finals.add(folder)
        return folder in self._finals

    def forget(self, folder: Path) -> None:
        """Drop what is remembered of a job."""
        for key in [key for key in self._since if key[1] == folder]:
            del self._since[key]
        self._finals.discard(folder)
        self._last.pop(folder, None)
        self._supervisors.forget(folder)

    def see_to_cancel(self, folder: Path, number: str) -> None:
        """Have Slurm take a waiting job out of its queue, and a running one look for the request."""
        self._since[("ordered", folder)] = time.monotonic()
        self._order("take", number)
        placed = self._batches.of(folder)
        if placed is not None and placed[0].nodes == 1:  # of several nodes each looks by itself
            self._order("wake", number)

    def finalize(self, folder: Path) -> Where:
        """Have this machine write the ending of a job that was concluded."""
        if self._supervisors.ensure(folder):
            return JobPhase.FINALIZING, "Finalizing: its ending is being written."
        return JobPhase.UNKNOWN, f"Its ending can't be written; see its {layout.RUNNER_LOG}."

    def _waits(self, folder: Path, state: JobState) -> Where:
        if (folder / layout.STARTED).exists():
            if not self._is_said_again(folder):
                return JobPhase.UNKNOWN, f"Slurm is asked again about job {state.id}."
            self._order("end", state.id)
            return self.conclude(folder, *self._put_back(folder, state.id))
        if is_canceled(folder):
            self._see_to_cancel(folder, state.id)
            return JobPhase.SUBMITTED, "It is being taken out of Slurm's queue."
        return JobPhase.SUBMITTED, states.waiting_sentence(state)

    def _over(self, folder: Path, known: Known, state: JobState) -> Where:
        self._last[folder] = state
        never_ran = known.phase is JobPhase.SUBMITTED and state.state in ("CANCELLED", "DEADLINE", "REVOKED")
        if not never_ran and not self._lasts("over", folder, self._options.settle_s):
            return known.phase, known.sentence
        if (folder / layout.EXIT).exists():
            return known.phase, known.sentence
        return self._end(folder, state)

    def _end(self, folder: Path, state: JobState) -> Where:
        if is_canceled(folder):
            return self.conclude(folder, *self._canceled(folder))
        placed = self._batches.of(folder)
        tail = self._batches.tail(*placed) if placed is not None else ""
        return self.conclude(folder, *states.ending_of(state, tail))

    def _missing(self, folder: Path, number: str) -> Where:
        """Neither the controller nor the accounting knows it: it has ended, unless one of them forgot too much."""
        if self._slurm.accounting_trouble:
            self._since.pop(("missing", folder), None)
            sentence = f"Slurm does not know job {number} any more, and its accounting does not answer"
            return JobPhase.UNKNOWN, f"{sentence} ({self._slurm.accounting_trouble})."
        if not self._lasts("missing", folder, self._options.lost_after_s):
            return JobPhase.UNKNOWN, f"Slurm does not know job {number} any more; its runner's ending is looked for."
        if is_canceled(folder):
            return self.conclude(folder, *self._canceled(folder))
        placed = self._batches.of(folder)
        try:
            dropped = placed is not None and self._was_dropped(placed[0], folder)
        except SlurmError as error:
            return JobPhase.UNKNOWN, f"Slurm does not know job {number} any more, and can't be asked why ({error})."
        if dropped:
            self._batches.release(folder)
            self._since.pop(("missing", folder), None)
            return JobPhase.SUBMITTED, f"Slurm lost job {number} with its controller's state; it is handed over again."
        tail = self._batches.tail(*placed) if placed is not None else ""
        said = f"; it wrote: {tail}" if tail else ""
        sentence = f"Slurm does not know job {number} any more, and its runner left no ending{said}."
        return self.conclude(folder, EndReason.ENDED_BY_COMPUTE, {"error": sentence})

    def _was_dropped(self, batch: Batch, folder: Path) -> bool:
        """Say whether a controller that was started anew does not know a job that nothing has begun to run.

        It saves its state every few seconds; one that is killed forgets what came since.
        """
        main = main_of(folder)
        if any((share / CLAIM).exists() for share in (main, *main.parent.glob(f"{main.name}+*"))):
            return False
        return self._slurm.has_started_since(self._batches.handed_over_at(batch))

    def _see_to_cancel(self, folder: Path, number: str) -> None:
        """Repeat a request now and then; when the runner does not see to it, Slurm does."""
        last = self._since.get(("ordered", folder))
        now = time.monotonic()
        if last is not None and now < last + _ORDER_AGAIN_S:
            return
        self.see_to_cancel(folder, number)
        request = self._request(folder)
        grace = float(request.get("grace_s") or _spec(folder).get("grace_s") or 0)
        if self._lasts("asked", folder, grace + _FIRM_AFTER_S):
            self._order("end", number)

    def _canceled(self, folder: Path) -> tuple[EndReason, dict[str, str]]:
        by = self._request(folder).get("by")
        return EndReason.CANCELED, {"by": f" by {by}" if by else ""}

    def _request(self, folder: Path) -> Mapping[str, Any]:
        known = durable.read_json(str(folder / layout.CANCEL))
        return known if isinstance(known, dict) else {}

    def _put_back(self, folder: Path, number: str) -> tuple[EndReason, dict[str, str]]:
        """Say why a job ends that Slurm would start again although its command had begun."""
        node = str((durable.read_json(str(folder / CLAIM)) or {}).get("node") or "")
        past = self._slurm.past(number)
        for state in ("PREEMPTED", "NODE_FAIL"):
            if state in past:
                return states.ending_of(JobState(number, state, node))
        evidence = self._trouble_of(node, (folder / CLAIM).stat().st_mtime)
        if evidence:
            return EndReason.NODE_LOST, {"node": node, "evidence": f"{evidence}, job {number}"}
        error = f"Slurm put job {number} back into its queue after its command had begun, and none runs twice."
        return EndReason.ENDED_BY_COMPUTE, {"error": error}

    def _trouble_of(self, node: str, since: float) -> str:
        """Say what has become of a node since a job began there; empty where nothing is known."""
        try:
            known = next((found.standing() for found in self._slurm.nodes() if found.name == node), None)
        except SlurmError:
            known = None
        if known is not None and known.state in ("down", "unreachable"):
            return known.sentence.rstrip(".")
        booted = self._slurm.booted_at(node)
        return "its machine was started anew" if booted is not None and booted > since else ""

    def _is_said_again(self, folder: Path) -> bool:
        """Say whether Slurm was asked since the first look at a job that waits although its command has begun.

        The answer that is at hand may be older than what lies in the folder.
        """
        return self._slurm.questions > self._since.setdefault(("requeued", folder), self._slurm.questions)

    def _lasts(self, what: str, folder: Path, seconds: float) -> bool:
        """Say whether something has been so for long enough; its first sight begins the time."""
        return time.monotonic() >= self._since.setdefault((what, folder), time.monotonic()) + seconds


def _spec(folder: Path) -> Mapping[str, Any]:
    known = durable.read_json(str(folder / layout.SPEC))
    return known if isinstance(known, dict) else {}
