"""The search that learns from results: Optuna's tree-structured Parzen estimator.

Optuna's study is kept in memory and made again from the table of trials after a restart; its own storage would
cost more than a trial. It searches the unit cube: a parameter's own distribution is its prior, whatever its form.
How a trial is drawn depends on the seed, its number and the results so far, never on what this process did before.
Optuna is loaded when the first such sweep begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.core.sweeps.progress import TrialPhase
from lapisml.core.sweeps.spaces import Space, Value, axes, draw
from lapisml.server.features.sweeps.store import Trial

if TYPE_CHECKING:
    import optuna

_STARTUP = 10
"""So many trials are drawn by chance before the estimator has enough to learn from."""


class Search:
    """Draws trials.

    Args:
        trials: those that were drawn before, in their order, with the results that are known.
    """

    def __init__(self, space: Space, seed: int, maximize: bool, trials: Sequence[Trial]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._space = space
        self._axes = axes(space)
        self._seed = seed
        directions = optuna.study.StudyDirection
        direction = directions.MAXIMIZE if maximize else directions.MINIMIZE
        self._study = optuna.create_study(direction=direction, sampler=self._sampler(0))
        self._study.add_trials([self._known(trial) for trial in trials])

    def draw(self, number: int) -> tuple[dict[str, Value], dict[str, float | int]]:
        """Draw the parameters of trial `number` and the coordinates that they come from."""
        self._study.sampler = self._sampler(number)
        source = _Asked(self._study.ask())
        return draw(self._space, source), source.coordinates

    def tell(self, trial: Trial) -> None:
        """Take in how a trial ended."""
        state, score = self._outcome(trial)
        self._study.tell(trial.number, score, state=state)

    def _outcome(self, trial: Trial) -> tuple[optuna.trial.TrialState, float | None]:
        states = self._optuna.trial.TrialState
        if trial.is_live:
            return states.RUNNING, None
        if trial.score is None or trial.phase not in (TrialPhase.COMPLETED, TrialPhase.STOPPED):
            return states.FAIL, None
        return states.COMPLETE, trial.score

    def _known(self, trial: Trial) -> optuna.trial.FrozenTrial:
        state, score = self._outcome(trial)
        distributions: dict[str, Any] = {}
        for axis in trial.coordinates:
            count = self._axes[axis]
            distributions[axis] = (
                self._optuna.distributions.FloatDistribution(0.0, 1.0)
                if count is None
                else self._optuna.distributions.CategoricalDistribution(tuple(range(count)))
            )
        made: optuna.trial.FrozenTrial = self._optuna.trial.create_trial(
            state=state, value=score, params=dict(trial.coordinates), distributions=distributions
        )
        return made

    def _sampler(self, number: int) -> optuna.samplers.TPESampler:
        digest = hashlib.sha256(f"{self._seed}/{number}".encode()).digest()
        seed = int.from_bytes(digest[:4])
        return self._optuna.samplers.TPESampler(n_startup_trials=_STARTUP, constant_liar=True, seed=seed)


class _Asked:
    """Coordinates that the estimator suggests, remembered."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial
        self.coordinates: dict[str, float | int] = {}

    def unit(self, axis: str) -> float:
        """See `spaces.Source`."""
        self.coordinates[axis] = found = self._trial.suggest_float(axis, 0.0, 1.0)
        return found

    def index(self, axis: str, count: int) -> int:
        """See `spaces.Source`."""
        found = int(self._trial.suggest_categorical(axis, tuple(range(count))))
        self.coordinates[axis] = found
        return found
