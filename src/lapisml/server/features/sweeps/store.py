"""Rows of trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from lapisml.core.sweeps.progress import TrialPhase, TrialState
from lapisml.core.sweeps.spaces import Value
from lapisml.server.features.sweeps.tables import sweep_trials

_OF_SWEEP = select(sweep_trials).where(sweep_trials.c.sweep == bindparam("of")).order_by(sweep_trials.c.number)
_ADD = insert(sweep_trials)
_which = (sweep_trials.c.sweep == bindparam("of")) & (sweep_trials.c.number == bindparam("which"))
_STOP = (
    update(sweep_trials)
    .where(_which, sweep_trials.c.stop_code.is_(None))
    .values(stop_code=bindparam("code"), stop_reason=bindparam("why"))
)
_SETTLE = (
    update(sweep_trials).where(_which).values(phase=bindparam("now"), score=bindparam("value"), reason=bindparam("why"))
)


@dataclass
class Trial:
    """One trial as kept.

    Attributes:
        parameters: name → value.
        coordinates: where in the space it lies, for the search that learns from results; else empty.
        stop_code, stop_reason: why the sweep asked for its end, None when it did not.
    """

    number: int
    name: str
    parameters: dict[str, Value]
    coordinates: dict[str, float | int] = field(default_factory=dict)
    stop_code: str | None = None
    stop_reason: str | None = None
    phase: TrialPhase = TrialPhase.LIVE
    score: float | None = None
    reason: str = ""

    @property
    def is_live(self) -> bool:
        """Whether it is not known to be over."""
        return self.phase == TrialPhase.LIVE

    def state(self) -> TrialState:
        """Give what decisions are made from."""
        return TrialState(self.number, self.name, self.phase, self.score, self.reason)


def of_sweep(connection: Connection, sweep: int) -> list[Trial]:
    """Read the trials of a sweep, in their order."""
    found = []
    for row in connection.execute(_OF_SWEEP, {"of": sweep}):
        values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
        del values["sweep"]
        found.append(Trial(**{**values, "phase": TrialPhase(values["phase"])}))
    return found


def add(connection: Connection, sweep: int, trials: Sequence[Trial]) -> None:
    """Insert trials.

    Raises:
        IntegrityError: one of these numbers is there.
    """
    connection.execute(
        _ADD,
        [
            {
                "sweep": sweep,
                "number": trial.number,
                "name": trial.name,
                "parameters": trial.parameters,
                "coordinates": trial.coordinates,
                "phase": trial.phase.value,
                "reason": trial.reason,
            }
            for trial in trials
        ],
    )


def stop(connection: Connection, sweep: int, trial: Trial) -> None:
    """Write down why a trial is to end; the first reason stays."""
    values = {"code": trial.stop_code, "why": trial.stop_reason}
    connection.execute(_STOP, {"of": sweep, "which": trial.number, **values})


def settle(connection: Connection, sweep: int, trials: Sequence[Trial]) -> None:
    """Write down how trials ended."""
    connection.execute(
        _SETTLE,
        [{"of": sweep, "which": t.number, "now": t.phase.value, "value": t.score, "why": t.reason} for t in trials],
    )


def forget(connection: Connection, sweeps: Sequence[int]) -> None:
    """Remove the trials of sweeps, given by their row numbers; numbers of other jobs change nothing."""
    connection.execute(delete(sweep_trials).where(sweep_trials.c.sweep.in_(sweeps)))
