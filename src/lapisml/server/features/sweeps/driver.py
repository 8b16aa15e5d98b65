"""Moves a sweep on: draws trials, starts them, ends those that are far behind, and finds the best.

A pass may be cut off anywhere and made again. A trial's row, with its parameters, is written before its job is
made, and the job's name follows from the sweep's name and the trial's number: nothing is lost, drawn twice or
started twice.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.ids import child_name
from lapisml.core.lifecycle import JobState
from lapisml.core.sweeps.plan import read_plan
from lapisml.core.sweeps.progress import Ending, TrialPhase, best_of, ending, note, to_start
from lapisml.ports.endings import EndReason
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.jobs.composites import CompositeJobs
from lapisml.server.features.jobs.finish import PASSING
from lapisml.server.features.jobs.records import Child, JobRecord
from lapisml.server.features.sweeps import store
from lapisml.server.features.sweeps.bayesian import Search
from lapisml.server.features.sweeps.kind import Trials
from lapisml.server.features.sweeps.memory import Memory
from lapisml.server.features.sweeps.metrics import TrialMetrics
from lapisml.server.features.sweeps.store import Trial
from lapisml.server.features.sweeps.trial_documents import HYPERPARAMETERS, trial_document
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.jobs")

_LOOK_S = 0.5
"""How often metrics are read for an early termination policy, seconds."""
_READ_ALL_AFTER_MS = 10_000
_NOTE_EVERY_MS = 300
"""How often a sweep says where it stands, at most; each time costs a write."""
_FORGET_ABOVE = 64

EARLY, OUT_OF_TIME = "EarlyTerminated", "SweepTimeLimit"
BEST, SCORE = "best_child_run_id", "score"


class SweepDriver:
    """Drives jobs of type ``sweep``."""

    type = "sweep"

    def __init__(
        self, database: Database, clock: Clock, composites: CompositeJobs, trials: Trials, metrics: TrialMetrics
    ) -> None:
        self._database = database
        self._clock = clock
        self._composites = composites
        self._trials = trials
        self._metrics = metrics
        self._memories: dict[int, Memory] = {}

    def forget(self) -> None:
        """Forget every job: the next pass reads it from the database."""
        self._memories.clear()

    def drive(self, workspace: Workspace, job: JobRecord) -> float | None:
        """Start what can start, end what is behind; end the sweep when nothing is left to do."""
        try:
            memory = self._memory(workspace, job)
            if memory is None:
                return None
            ended = self._take_news(workspace, job, memory)
            late = self._enforce_limit(workspace, job, memory)
            if late is None:
                self._start(workspace, job, memory)
                self._judge(workspace, job, memory, anew=bool(ended))
            if ended:  # what follows has started; until this is written, a restart finds it again
                self._settle(workspace, job, ended)
            if self._conclude(workspace, job, memory, late):
                self._memories.pop(job.seq, None)
                return None
        except BaseException:
            self._memories.pop(job.seq, None)  # half a pass: read everything again
            raise
        return self._rest(job, memory)

    def _memory(self, workspace: Workspace, job: JobRecord) -> Memory | None:
        """Give what is known of a sweep; None when it had to be ended, since its trial is gone."""
        known = self._memories.get(job.seq)
        if known is not None:
            return known
        try:
            plan = read_plan(job.document, job.name)
            component = self._trials.component(workspace, job.document.get("trial"))
        except LapisError as error:
            if error.code in PASSING:
                raise
            self._composites.end(workspace, job, JobState.FAILED, error.code.value, str(error))
            return None
        with self._database.read() as connection:
            rows = store.of_sweep(connection, job.seq)
        memory = Memory(plan, component, rows)
        memory.submitted = {trial.name for trial in rows if not trial.is_live}
        if plan.algorithm.type == "bayesian":
            memory.search = Search(plan.space, plan.algorithm.seed, plan.maximize, rows)
        if plan.policy is not None:
            self._metrics.follow(workspace, memory, rows)
            for trial in rows:
                memory.course(trial.name).history.finished = not trial.is_live
        for seq in [seq for seq in self._memories if seq != job.seq][:-_FORGET_ABOVE]:
            self._memories.pop(seq, None)
        self._memories[job.seq] = memory
        return memory

    def _take_news(self, workspace: Workspace, job: JobRecord, memory: Memory) -> list[Trial]:
        """Read the children that moved, score those that are over, and do what a pass before this left undone.

        Returns:
            The trials that have ended.
        """
        now = self._clock.now_ms()
        everything = now - memory.read_at >= _READ_ALL_AFTER_MS or now < memory.read_at
        children, memory.event = self._composites.moved_children(workspace, job, 0 if everything else memory.event)
        if everything:
            memory.read_at = now
        ended = []
        for child in children:
            trial = memory.by_name.get(child.name)
            memory.submitted.add(child.name)
            if trial is not None and trial.is_live and child.is_over:
                ended.append(trial)
                trial.phase, trial.reason = _phase(trial, child), child.status_reason
        if ended:
            self._metrics.score(workspace, memory, ended)
        if memory.search is not None:
            for trial in ended:
                memory.search.tell(trial)
        for trial in memory.live():
            if trial.name not in memory.submitted:
                self._submit(workspace, job, memory, trial)
            if everything and trial.stop_code is not None:
                self._stop(workspace, job, trial, trial.stop_code, "")
        return ended

    def _settle(self, workspace: Workspace, job: JobRecord, ended: list[Trial]) -> None:
        for trial in ended:
            self._metrics.log_parameters(workspace, trial)
        with self._database.write() as connection:
            store.settle(connection, job.seq, ended)

    def _enforce_limit(self, workspace: Workspace, job: JobRecord, memory: Memory) -> float | None:
        """End all trials when the sweep's time is over; give the limit then, seconds."""
        limit = memory.plan.limits.timeout
        if limit is None or self._left(job, limit) > 0:
            return None
        if not memory.live() and len(memory.trials) == memory.plan.total:
            return None
        reason = f"The sweep reached its time limit of {limit:g} seconds."
        for trial in memory.live():
            self._stop(workspace, job, trial, OUT_OF_TIME, reason)
        return limit

    def _judge(self, workspace: Workspace, job: JobRecord, memory: Memory, anew: bool) -> None:
        """Read what live trials logged meanwhile, and end those that the policy gives up.

        Args:
            anew: whether to judge although no live trial has logged anything.
        """
        policy = memory.plan.policy
        if policy is None:
            return
        live = [trial for trial in memory.live() if trial.stop_code is None]
        if not self._metrics.follow(workspace, memory, live) and not anew:
            return
        histories = [memory.course(trial.name).history for trial in memory.trials]
        for verdict in policy.judge(histories, memory.plan.maximize):
            trial = memory.by_name[verdict.trial]
            if trial.stop_code is None:
                reason = f"Stopped by the early termination policy: {verdict.reason}."
                self._stop(workspace, job, trial, EARLY, reason)

    def _stop(self, workspace: Workspace, job: JobRecord, trial: Trial, code: str, reason: str) -> None:
        if trial.stop_code is None:
            trial.stop_code, trial.stop_reason = code, reason
            with self._database.write() as connection:
                store.stop(connection, job.seq, trial)
        self._composites.cancel(workspace, trial.name, code=trial.stop_code, reason=trial.stop_reason or "")

    def _start(self, workspace: Workspace, job: JobRecord, memory: Memory) -> None:
        count = to_start(memory.states(), memory.plan.total, memory.plan.limits.concurrent)
        if count == 0:
            return
        first = len(memory.trials)
        drawn = [self._draw(job, memory, number) for number in range(first, first + count)]
        with self._database.write() as connection:
            store.add(connection, job.seq, drawn)
        memory.add(drawn)
        for trial in drawn:
            self._submit(workspace, job, memory, trial)

    def _draw(self, job: JobRecord, memory: Memory, number: int) -> Trial:
        name = child_name(job.name, str(number))
        if memory.search is None:
            return Trial(number, name, memory.plan.values(number))
        return Trial(number, name, *memory.search.draw(number))

    def _submit(self, workspace: Workspace, job: JobRecord, memory: Memory, trial: Trial) -> None:
        """Make the job of a trial; one that can't be started counts as failed."""
        limit = memory.plan.limits.trial_timeout
        document = trial_document(job.document, memory.component, trial.parameters, trial.name, limit)
        told = document.get("tags", {}).get(HYPERPARAMETERS)
        shown = f"{job.display_name}_{trial.number}"
        try:
            self._composites.submit_child(
                workspace,
                job,
                trial.name,
                document,
                step=str(trial.number),
                display_name=shown,
                properties={HYPERPARAMETERS: told} if told else None,
            )
        except LapisError as error:
            if error.code in PASSING:
                raise
            _log.warning("sweep.trial.refused job=%s reason=%s", trial.name, error.message)
            self._composites.add_failed_child(
                workspace, job, trial.name, document, error, step=str(trial.number), display_name=shown
            )
        memory.submitted.add(trial.name)

    def _conclude(self, workspace: Workspace, job: JobRecord, memory: Memory, late: float | None) -> bool:
        """Write where the sweep stands; end it when nothing is left to do."""
        plan, states = memory.plan, memory.states()
        best = best_of(states, plan.maximize)
        if best is not None and best.score is not None and memory.told != (best.name, best.score):
            self._metrics.log_best(workspace, job, memory, memory.by_name[best.name])
            self._composites.set_properties(workspace, job.name, {BEST: best.name, SCORE: repr(best.score)})
            memory.told = (best.name, best.score)
        if late is None and any(trial.stop_code == OUT_OF_TIME for trial in memory.trials):
            late = plan.limits.timeout
        end = ending(states, plan.total, plan.metric, plan.maximize, late)
        if end is None:
            now = self._clock.now_ms()
            is_due = not 0 <= now - memory.noted_at < _NOTE_EVERY_MS
            if is_due:
                self._composites.note(job, note(states, plan.total, plan.metric, plan.maximize))
                memory.noted_at = now
            return False
        if end.code == "NoMetric":
            end = replace(end, reason=f"{end.reason} {self._metrics.hint(workspace, memory)}")
        return self._end(workspace, job, end)

    def _end(self, workspace: Workspace, job: JobRecord, end: Ending) -> bool:
        if end.best is not None:
            given = self._composites.outputs_of(workspace, end.best.name)
            outputs = [JobOutput(job.name, output.name, output.type, output.uri) for output in given]
            self._composites.record_outputs(workspace, outputs)
        self._composites.end(workspace, job, end.state, end.code, end.reason)
        return True

    def _left(self, job: JobRecord, limit: float) -> float:
        return (job.started_at or job.created_at) / 1000 + limit - self._clock.now_ms() / 1000

    def _rest(self, job: JobRecord, memory: Memory) -> float | None:
        limit = memory.plan.limits.timeout
        waits = [] if limit is None else [max(0.05, self._left(job, limit))]
        if memory.plan.policy is not None and any(trial.stop_code is None for trial in memory.live()):
            waits.append(_LOOK_S)
        return min(waits, default=None)


def _phase(trial: Trial, child: Child) -> TrialPhase:
    """Say what the end of a trial's job means for the search."""
    if child.status == JobState.COMPLETED:
        return TrialPhase.COMPLETED
    if trial.stop_code is not None or child.status_code == EndReason.TIMEOUT.value:
        return TrialPhase.STOPPED
    return TrialPhase.FAILED if child.status == JobState.FAILED else TrialPhase.CANCELED
