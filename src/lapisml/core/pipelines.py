"""What a pipeline does next: which steps start, which never can, and when it is over.

`next_actions` decides from the states of all steps; `Course` decides the same and is told only what changed, so
that a step's end costs what depends on it and not the whole pipeline. Both are pure and keep no clock::

    next_actions(nodes: Mapping[str, NodeState], needs: Mapping[str, Collection[str]],
                 settings: Policy | None = None) -> Actions
    Course(needs, settings); course.news(name, NodeState(...)); course.actions() -> Actions
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lapisml.core.lifecycle import JobState


class Phase(StrEnum):
    """Where a step is."""

    WAITING = "waiting"
    """Not started yet."""
    LIVE = "live"
    """Its job exists and is not over."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class NodeState:
    """The state of a step.

    Attributes:
        attempts: how many jobs were made for it so far.
        reason: why it ended so, a sentence; may be empty.
    """

    phase: Phase = Phase.WAITING
    attempts: int = 0
    reason: str = ""

    @classmethod
    def of_job(cls, state: JobState, attempts: int = 1, reason: str = "") -> NodeState:
        """Read the state of a step's last job.

        Args:
            attempts: how many jobs were made for the step, this one counted.
            reason: that of the job; kept when the job is over.
        """
        phase = _PHASES.get(state, Phase.LIVE)
        return cls(phase, attempts, "" if phase is Phase.LIVE else reason)


_PHASES = {
    JobState.COMPLETED: Phase.COMPLETED,
    JobState.FAILED: Phase.FAILED,
    JobState.CANCELED: Phase.CANCELED,
}

_MOST_NAMED = 5


@dataclass(frozen=True)
class Policy:
    """What happens when a step fails.

    Attributes:
        continue_on_step_failure: whether steps that do not depend on it still run; else all is stopped.
        retries: step → how often it is started again after a failure; 0 for those that are not there.
    """

    continue_on_step_failure: bool = False
    retries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    """The end of a pipeline.

    Attributes:
        state: Completed, Failed or Canceled.
        reason: a sentence that names the steps at fault.
    """

    state: JobState
    reason: str


@dataclass(frozen=True)
class Actions:
    """What is to be done; doing it twice must change nothing.

    Attributes:
        start: steps whose job is to be made now, in the order of the pipeline.
        skip: step that never can run → the step that failed or was canceled.
        cancel: live steps to be canceled, because another failed.
        end: how the pipeline ended; None while it has not.
    """

    start: list[str] = field(default_factory=list)
    skip: dict[str, str] = field(default_factory=dict)
    cancel: list[str] = field(default_factory=list)
    end: End | None = None


class Course:
    """Follows one pipeline.

    Args:
        needs: step → the steps that must have completed before; in the order of the pipeline, without cycles.
        settings: what happens when a step fails.
    """

    def __init__(self, needs: Mapping[str, Collection[str]], settings: Policy | None = None) -> None:
        self._settings = settings or Policy()
        self._names = list(needs)
        self._places = {name: place for place, name in enumerate(self._names)}
        self._missing = {name: len(frozenset(wanted)) for name, wanted in needs.items()}
        self._followers: dict[str, list[str]] = {name: [] for name in self._names}
        for name, wanted in needs.items():
            for other in frozenset(wanted):
                self._followers[other].append(name)
        self._states: dict[str, NodeState] = dict.fromkeys(self._names, NodeState())
        self._ready = {self._places[name] for name, count in self._missing.items() if not count}
        self._live: set[int] = set()
        self._lost: set[int] = set()
        self._skipped: dict[str, str] = {}
        self._completed = 0

    def news(self, name: str, state: NodeState) -> None:
        """Take in the state of a step; what is known already changes nothing.

        Raises:
            KeyError: the pipeline has no such step.
            ValueError: the step was over for good and now is said to be elsewhere.
        """
        before = self._states[name]
        if state == before:
            return
        place = self._places[name]
        if (before.phase is Phase.COMPLETED or place in self._lost) and state.phase is before.phase:
            self._states[name] = state
            return
        if before.phase is Phase.COMPLETED or place in self._lost:
            raise ValueError(f"Step '{name}' was {before.phase} and can't become {state.phase}.")
        self._states[name] = state
        self._ready.discard(place)
        self._live.discard(place)
        if state.phase is Phase.LIVE:
            self._live.add(place)
        elif state.phase is Phase.COMPLETED:
            self._complete(name)
        elif not self._may_start(name):
            self._lost.add(place)
            self._skip_after(name)
        elif not self._missing[name]:
            self._ready.add(place)

    def actions(self) -> Actions:
        """Say what is to be done now."""
        if self._lost and not self._settings.continue_on_step_failure:
            return self._stopping()
        if self._ready or self._live:
            return Actions([self._names[place] for place in sorted(self._ready)], dict(self._skipped))
        return Actions(skip=dict(self._skipped), end=self._end(dict(self._skipped)))

    def _complete(self, name: str) -> None:
        self._completed += 1
        for follower in self._followers[name]:
            self._missing[follower] -= 1
            if not self._missing[follower] and self._may_start(follower):
                self._ready.add(self._places[follower])

    def _may_start(self, name: str) -> bool:
        """Say whether a step waits for its first or a further attempt."""
        state = self._states[name]
        again = state.phase is Phase.FAILED and state.attempts <= self._settings.retries.get(name, 0)
        return again or state.phase is Phase.WAITING

    def _skip_after(self, name: str) -> None:
        """Mark all that depends on a step as never to run; of several causes the first in the pipeline counts."""
        stack, place = [name], self._places[name]
        while stack:
            for follower in self._followers[stack.pop()]:
                cause = self._skipped.get(follower)
                if cause is None or place < self._places[cause]:
                    self._skipped[follower] = name
                    stack.append(follower)

    def _stopping(self) -> Actions:
        live = [self._names[place] for place in sorted(self._live)]
        cause = self._names[min(self._failed() or self._lost)]
        skip = {
            name: self._skipped.get(name, cause) for name, state in self._states.items() if state.phase is Phase.WAITING
        }
        return Actions(skip=skip, cancel=live, end=None if live else self._end(skip))

    def _failed(self) -> list[int]:
        return [place for place, name in enumerate(self._names) if self._states[name].phase is Phase.FAILED]

    def _end(self, skip: Mapping[str, str]) -> End:
        total = len(self._names)
        if self._completed == total:
            return End(JobState.COMPLETED, "The step completed." if total == 1 else f"All {total} steps completed.")
        failed = self._failed()
        places, verb = (failed, "failed") if failed else (sorted(self._lost), "was canceled")
        sentence = _sentence([self._names[place] for place in places], verb)
        if len(places) == 1 and self._states[self._names[places[0]]].reason:
            sentence += f": {self._states[self._names[places[0]]].reason}"
        else:
            sentence += "."
        if skip:
            sentence += f" {_counted(len(skip))} did not run."
        return End(JobState.FAILED if failed else JobState.CANCELED, sentence)


def next_actions(
    nodes: Mapping[str, NodeState], needs: Mapping[str, Collection[str]], settings: Policy | None = None
) -> Actions:
    """Decide from the states of all steps; see `Course`, which is told only what changed.

    Args:
        nodes: step → state; a step that is not there waits.
        needs: step → the steps that must have completed before; in the order of the pipeline, without cycles.
        settings: what happens when a step fails.
    """
    course = Course(needs, settings)
    for name, state in nodes.items():
        course.news(name, state)
    return course.actions()


def _sentence(names: list[str], verb: str) -> str:
    if len(names) == 1:
        return f"Step '{names[0]}' {verb}"
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMED])
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"Steps {shown}{rest} {verb.replace('was', 'were')}"


def _counted(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"
