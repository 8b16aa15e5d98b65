"""Parts of sweeps under the names of ``azure.ai.ml.sweep``: distributions, policies, algorithms, limits, objective.

Each is a part of the document; what it may hold is checked when the sweep is submitted.
"""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.sdk.attributes import Attributes


class SearchSpace(Attributes):
    """From which values a parameter is taken."""


class Choice(SearchSpace):
    """One of several values."""

    def __init__(self, values: Sequence[float | str | bool]) -> None:
        super().__init__(type="choice", values=list(values))


class Uniform(SearchSpace):
    """Any number of a range, each as likely as another."""

    def __init__(self, min_value: float, max_value: float) -> None:
        super().__init__(type="uniform", min_value=min_value, max_value=max_value)


class LogUniform(SearchSpace):
    """e to the power of a number of a range: `min_value` and `max_value` are natural logarithms."""

    def __init__(self, min_value: float, max_value: float) -> None:
        super().__init__(type="loguniform", min_value=min_value, max_value=max_value)


class QUniform(SearchSpace):
    """As `Uniform`, rounded to multiples of `q`."""

    def __init__(self, min_value: float, max_value: float, q: float) -> None:
        super().__init__(type="quniform", min_value=min_value, max_value=max_value, q=q)


class QLogUniform(SearchSpace):
    """As `LogUniform`, rounded to multiples of `q`."""

    def __init__(self, min_value: float, max_value: float, q: float) -> None:
        super().__init__(type="qloguniform", min_value=min_value, max_value=max_value, q=q)


class Normal(SearchSpace):
    """A number of the normal distribution with mean `mu` and standard deviation `sigma`."""

    def __init__(self, mu: float, sigma: float) -> None:
        super().__init__(type="normal", mu=mu, sigma=sigma)


class LogNormal(SearchSpace):
    """e to the power of a number of the normal distribution."""

    def __init__(self, mu: float, sigma: float) -> None:
        super().__init__(type="lognormal", mu=mu, sigma=sigma)


class QNormal(SearchSpace):
    """As `Normal`, rounded to multiples of `q`."""

    def __init__(self, mu: float, sigma: float, q: float) -> None:
        super().__init__(type="qnormal", mu=mu, sigma=sigma, q=q)


class QLogNormal(SearchSpace):
    """As `LogNormal`, rounded to multiples of `q`."""

    def __init__(self, mu: float, sigma: float, q: float) -> None:
        super().__init__(type="qlognormal", mu=mu, sigma=sigma, q=q)


class Randint(SearchSpace):
    """A whole number from 0 up to, and without, `upper`."""

    def __init__(self, upper: int) -> None:
        super().__init__(type="randint", upper=upper)


class EarlyTerminationPolicy(Attributes):
    """Which trials are ended before they are done."""


class BanditPolicy(EarlyTerminationPolicy):
    """Ends trials that are worse than the best by more than a slack."""

    def __init__(
        self,
        *,
        delay_evaluation: int = 0,
        evaluation_interval: int = 0,
        slack_amount: float = 0,
        slack_factor: float = 0,
    ) -> None:
        super().__init__(
            type="bandit",
            delay_evaluation=delay_evaluation or None,
            evaluation_interval=evaluation_interval or None,
            slack_amount=slack_amount or None,
            slack_factor=slack_factor or (None if slack_amount else 0),
        )


class MedianStoppingPolicy(EarlyTerminationPolicy):
    """Ends trials that are worse than the median of the others."""

    def __init__(self, *, delay_evaluation: int = 0, evaluation_interval: int = 1) -> None:
        delay = delay_evaluation or None
        super().__init__(type="median_stopping", delay_evaluation=delay, evaluation_interval=evaluation_interval)


class TruncationSelectionPolicy(EarlyTerminationPolicy):
    """Ends the worst percentage of the trials."""

    def __init__(
        self, *, delay_evaluation: int = 0, evaluation_interval: int = 0, truncation_percentage: int = 0
    ) -> None:
        super().__init__(
            type="truncation_selection",
            delay_evaluation=delay_evaluation or None,
            evaluation_interval=evaluation_interval or None,
            truncation_percentage=truncation_percentage,
        )


class SamplingAlgorithm(Attributes):
    """How parameters are chosen."""


class RandomSamplingAlgorithm(SamplingAlgorithm):
    """By chance; with ``rule="sobol"`` spread evenly, with a seed the same each time."""

    def __init__(self, *, rule: str | None = None, seed: int | None = None, logbase: float | str | None = None) -> None:
        super().__init__(type="random", seed=seed, rule=rule, logbase=logbase)


class GridSamplingAlgorithm(SamplingAlgorithm):
    """Every combination of the values."""

    def __init__(self) -> None:
        super().__init__(type="grid")


class BayesianSamplingAlgorithm(SamplingAlgorithm):
    """By what earlier trials have shown."""

    def __init__(self) -> None:
        super().__init__(type="bayesian")


class SweepJobLimits(Attributes):
    """How many trials, how many at once, and for how long (seconds)."""

    def __init__(
        self,
        *,
        max_concurrent_trials: int | None = None,
        max_total_trials: int | None = None,
        timeout: int | None = None,
        trial_timeout: int | None = None,
    ) -> None:
        super().__init__(
            max_concurrent_trials=max_concurrent_trials,
            max_total_trials=max_total_trials,
            timeout=timeout,
            trial_timeout=trial_timeout,
        )


class Objective(Attributes):
    """Which trial is the best: that with the largest (``maximize``) or smallest (``minimize``) metric."""

    def __init__(self, goal: str | None, primary_metric: str | None = None) -> None:
        super().__init__(goal=None if goal is None else goal.lower(), primary_metric=primary_metric)


__all__ = [
    "BanditPolicy",
    "BayesianSamplingAlgorithm",
    "Choice",
    "EarlyTerminationPolicy",
    "GridSamplingAlgorithm",
    "LogNormal",
    "LogUniform",
    "MedianStoppingPolicy",
    "Normal",
    "Objective",
    "QLogNormal",
    "QLogUniform",
    "QNormal",
    "QUniform",
    "Randint",
    "RandomSamplingAlgorithm",
    "SamplingAlgorithm",
    "SearchSpace",
    "SweepJobLimits",
    "TruncationSelectionPolicy",
    "Uniform",
]
