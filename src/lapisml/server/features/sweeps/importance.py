"""How much each parameter of a sweep has to do with its best results.

PED-ANOVA (Watanabe et al., 2023, https://arxiv.org/abs/2304.10255) as Optuna computes it: it compares where the best
trials lie with where all lie, and takes milliseconds where a forest takes seconds.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from lapisml.core.sweeps.plan import Plan
from lapisml.core.sweeps.progress import TrialPhase
from lapisml.core.sweeps.spaces import Dimension, Numeric, Value
from lapisml.server.features.sweeps.store import Trial

FEWEST = 8
"""With fewer results, an importance would be chance."""


def scored(trials: Sequence[Trial]) -> list[Trial]:
    """Give the trials whose result counts."""
    counted = (TrialPhase.COMPLETED, TrialPhase.STOPPED)
    return [t for t in trials if t.phase in counted and t.score is not None and math.isfinite(t.score)]


def flat(parameters: Mapping[str, Value], prefix: str = "") -> dict[str, Value]:
    """Give the values of parameters, those within others under the path that leads to them.

    >>> flat({"lr": 0.1, "model": {"depth": 3}})
    {'lr': 0.1, 'model.depth': 3}
    """
    found: dict[str, Value] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def importance(plan: Plan, trials: Sequence[Trial]) -> dict[str, float]:
    """Give parameter → share of the importance, highest first; they sum to 1.

    Parameters that some trials lack, and those that are the same in all, are left out; with fewer than `FEWEST`
    results nothing is said.
    """
    results = scored(trials)
    if len(results) < FEWEST:
        return {}
    rows = [flat(trial.parameters) for trial in results]
    names = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: _Column([row[name] for row in rows], plan.space.get(name)) for name in names}
    columns = {name: column for name, column in columns.items() if column.varies}
    if not columns:
        return {}
    return _evaluate(columns, [float(trial.score or 0.0) for trial in results], plan.maximize)


class _Column:
    """The values of one parameter, as Optuna takes them."""

    def __init__(self, values: Sequence[Value], dimension: Dimension | None) -> None:
        self._is_number = isinstance(dimension, Numeric)
        self._is_log = isinstance(dimension, Numeric) and dimension.base is not None
        self.values: list[Any] = [float(v) for v in values] if self._is_number else [json.dumps(v) for v in values]  # type: ignore[arg-type]  # what a numeric dimension draws is a number
        self.varies = len(set(self.values)) > 1

    def distribution(self) -> Any:
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        if not self._is_number:
            return CategoricalDistribution(sorted(set(self.values)))
        low, high = min(self.values), max(self.values)
        return FloatDistribution(low, high, log=self._is_log and low > 0)


def _evaluate(columns: Mapping[str, _Column], scores: Sequence[float], maximize: bool) -> dict[str, float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    distributions = {name: column.distribution() for name, column in columns.items()}
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: column.values[row] for name, column in columns.items()},
                distributions=distributions,
                value=score,
            )
            for row, score in enumerate(scores)
        ]
    )
    quantile = max(0.1, 2 / len(scores))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
    total = sum(value for value in found.values() if math.isfinite(value))
    if total <= 0:
        return dict.fromkeys(columns, 1 / len(columns))
    return dict(sorted(((name, value / total) for name, value in found.items()), key=lambda item: -item[1]))
