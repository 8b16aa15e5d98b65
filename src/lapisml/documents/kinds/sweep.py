"""Sweeps: one command, run with different parameters in search of the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part, TextOr
from lapisml.documents.fields import Choice, FilledText, Int, Text
from lapisml.documents.kinds.any_component import ATrial
from lapisml.documents.kinds.bindings import BoundAmount, BoundCount
from lapisml.documents.kinds.io import Inputs, Outputs
from lapisml.documents.kinds.jobs import Job
from lapisml.documents.kinds.parts import QueueSettings, Resources
from lapisml.documents.kinds.search_space import Number, SearchSpace
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault
from lapisml.documents.words import listed

ALGORITHMS = ("random", "grid", "bayesian")
_POLICY_KEYS = {
    "bandit": {"slack_factor", "slack_amount"},
    "median_stopping": set(),
    "truncation_selection": {"truncation_percentage"},
}
_MOST_PERCENT = 99
_COUNTABLE = ("choice", "randint", "quniform", "qloguniform")


class SamplingAlgorithm(Part):
    """How parameters are chosen."""

    type: Annotated[str, Choice(*ALGORITHMS)] = Field(description="random, grid or bayesian")
    seed: Int | None = Field(None, description="random: the same seed gives the same parameters")
    rule: Annotated[str, Choice("random", "sobol")] | None = Field(None, description="random: random or sobol")
    logbase: Text | None = Field(None, description="random: base of the logarithms of log forms: e, or a number")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse settings of random choice elsewhere, and a base that can't be one."""
        for key in ("rule", "logbase"):
            if getattr(self, key) is not None and self.type != "random":
                yield (key,), fault(f"`{key}` has no meaning for {self.type}", "`type: random`", at="key")
        if self.logbase is not None and not _is_base(self.logbase):
            yield ("logbase",), fault(f"`{self.logbase[:80]}` can't be a base", "e, or a number above 1")


def _is_base(text: str) -> bool:
    try:
        return text.strip().lower() == "e" or 1 < float(text) < math.inf
    except ValueError:
        return False


class Objective(Part):
    """What the best trial is."""

    goal: Annotated[str, Choice("maximize", "minimize")] = Field(description="maximize or minimize")
    primary_metric: FilledText = Field(description="name of the metric, as the trial logs it")


class EarlyTermination(Part):
    """Which trials are ended before they are done."""

    type: Annotated[str, Choice(*_POLICY_KEYS)] = Field(description="bandit, median_stopping or truncation_selection")
    evaluation_interval: BoundAmount | None = Field(
        None, description="how many values of the metric lie between looks; 0 is 1"
    )
    delay_evaluation: BoundAmount | None = Field(None, description="how many values pass before the first look")
    slack_factor: Number | None = Field(None, description="bandit: how far from the best, as a ratio")
    slack_amount: Number | None = Field(None, description="bandit: how far from the best, as a difference")
    truncation_percentage: BoundCount | None = Field(
        None, description="truncation_selection: percent of the trials that end at each look, 1 to 99"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse what belongs to another policy, and a bandit without, or with two, kinds of slack."""
        own = _POLICY_KEYS[self.type]
        for key in ("slack_factor", "slack_amount", "truncation_percentage"):
            value = getattr(self, key)
            if value is None:
                continue
            if key not in own:
                expected = " or ".join(sorted(own)) or None
                yield (key,), fault(f"`{key}` has no meaning for {self.type}", expected, at="key")
            elif not isinstance(value, str) and value < 0:
                yield (key,), fault(f"{value} is out of range", "a number of 0 or more")
        yield from self._missing()

    def _missing(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        slacks = [key for key in ("slack_factor", "slack_amount") if getattr(self, key) is not None]
        if self.type == "bandit" and not slacks:
            yield ("slack_factor",), fault("missing key `slack_factor`", "it, or `slack_amount`", at="missing")
        if self.type == "bandit" and len(slacks) > 1:
            yield ("slack_amount",), fault("a bandit has slack_factor or slack_amount", "one of them", at="key")
        percent = self.truncation_percentage
        if self.type == "truncation_selection":
            if percent is None:
                message = "missing key `truncation_percentage`"
                yield ("truncation_percentage",), fault(message, "a whole number from 1 to 99", at="missing")
            elif isinstance(percent, int) and percent > _MOST_PERCENT:
                yield ("truncation_percentage",), fault(f"{percent} is out of range", "a whole number from 1 to 99")


class SweepLimits(Part):
    """How many trials, how many at once, and for how long."""

    max_total_trials: BoundCount | None = Field(None, description="trials in all")
    max_concurrent_trials: BoundCount | None = Field(None, description="trials at the same time")
    timeout: BoundCount | None = Field(None, description="seconds for the whole sweep")
    trial_timeout: BoundCount | None = Field(None, description="seconds for each trial")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse more trials at once than in all."""
        total, at_once = self.max_total_trials, self.max_concurrent_trials
        if isinstance(total, int) and isinstance(at_once, int) and at_once > total:
            message = f"{at_once} is more than max_total_trials, {total}"
            yield ("max_concurrent_trials",), fault(message, f"a whole number from 1 to {total}")


Sampling = Annotated[
    str | SamplingAlgorithm,
    TextOr(SamplingAlgorithm, Choice(*ALGORITHMS).read, "random, grid, bayesian or a mapping"),
]
"""The name of an algorithm, or a mapping with its settings."""


def sampling_faults(sampling: Any, space: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Refuse a grid over what has no end of values."""
    kind = sampling.type if isinstance(sampling, SamplingAlgorithm) else sampling
    for name, parameter in space.items() if kind == "grid" else ():
        if parameter.type not in _COUNTABLE:
            message = f"a grid needs values that can be counted, and this is {parameter.type}"
            expected = f"{listed(_COUNTABLE)}, or another sampling_algorithm"
            yield ("search_space", name, "type"), fault(message, expected)


class SweepJob(Job):
    """A sweep."""

    NOUN: ClassVar[str] = "sweep job"

    type: Annotated[str, Choice("sweep")] = Field("sweep", description="sweep")
    trial: ATrial = Field(description="the command to run: a component, or command, code and environment")
    inputs: Inputs | None = Field(None, description="name and value, for every trial")
    outputs: Outputs | None = Field(None, description="name and place; those of the best trial")
    sampling_algorithm: Sampling = Field("random", description="random, grid, bayesian, or a mapping with settings")
    search_space: SearchSpace = Field(description="parameter and distribution")
    objective: Objective = Field(description="which trial is the best")
    early_termination: EarlyTermination | None = Field(None, description="which trials are ended early")
    limits: SweepLimits | None = Field(None, description="how many trials, and for how long")
    resources: Resources | None = Field(None, description="how many nodes each trial has")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a grid without lists."""
        yield from super().faults()
        yield from sampling_faults(self.sampling_algorithm, self.search_space)
