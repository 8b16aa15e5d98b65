"""A sweep's document, read: what is searched, how, for what, and within which limits."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.sweeps import sobol
from lapisml.core.sweeps.drawing import RandomDraw, SobolDraw
from lapisml.core.sweeps.policies import Bandit, MedianStopping, Policy, Rule, Timing, TruncationSelection
from lapisml.core.sweeps.reading import read_space
from lapisml.core.sweeps.spaces import Space, Value, axes, combinations, draw, nth

_DEFAULT_CONCURRENT = 4
"""How many trials run at once when the document does not say; each still waits for a free node."""
_DEFAULT_TOTAL = 1000
"""A grid of more trials is searched only when the document says so."""


@dataclass(frozen=True)
class Algorithm:
    """How values are chosen.

    Attributes:
        type: ``random``, ``grid`` or ``bayesian``.
        rule: of random: ``random`` or ``sobol``.
    """

    type: str
    seed: int
    rule: str = "random"


@dataclass(frozen=True)
class Limits:
    """How much a sweep may do; times in seconds, None without a limit."""

    total: int
    concurrent: int
    timeout: float | None = None
    trial_timeout: int | None = None


@dataclass(frozen=True)
class Plan:
    """What a sweep does.

    Attributes:
        metric: the primary metric.
        total: how many trials there are at most: the limit, or fewer when a grid has fewer.
    """

    space: Space
    algorithm: Algorithm
    metric: str
    maximize: bool
    limits: Limits
    policy: Policy | None
    total: int

    def values(self, number: int) -> dict[str, Value]:
        """Give the parameters of trial `number`, from 0, where they do not depend on other trials' results."""
        seed = self.algorithm.seed
        if self.algorithm.type == "grid":
            return nth(self.space, number)
        if self.algorithm.rule == "sobol":
            return draw(self.space, SobolDraw(seed, number, list(axes(self.space))))
        return draw(self.space, RandomDraw(seed, number))


def read_plan(document: Mapping[str, Any], name: str) -> Plan:
    """Read a sweep job's document.

    Args:
        name: of the job; the seed comes from it when the document has none.

    Raises:
        LapisError: DocumentInvalid with the faults of the search space, the algorithm and the policy.
    """
    sampling = document.get("sampling_algorithm") or "random"
    settings: Mapping[str, Any] = sampling if isinstance(sampling, Mapping) else {"type": sampling}
    space = read_space(document.get("search_space") or {}, _base(settings.get("logbase")))
    algorithm = _algorithm(settings, name)
    _check_algorithm(algorithm, space)
    size = combinations(space) if algorithm.type == "grid" else None
    limits = _limits(document.get("limits") or {}, size)
    objective = document.get("objective") or {}
    return Plan(
        space=space,
        algorithm=algorithm,
        metric=str(objective.get("primary_metric")),
        maximize=str(objective.get("goal")).lower() == "maximize",
        limits=limits,
        policy=read_policy(document.get("early_termination")),
        total=limits.total if size is None else min(limits.total, size),
    )


def _base(given: Any) -> float:
    if given is None or str(given).strip().lower() == "e":
        return math.e
    try:
        base = float(given)
    except (TypeError, ValueError):
        base = 0.0
    if not math.isfinite(base) or base <= 1:
        raise _invalid(f"`{str(given)[:80]}` can't be a base", "sampling_algorithm.logbase", "`e` or a number above 1")
    return base


def _algorithm(settings: Mapping[str, Any], name: str) -> Algorithm:
    seed = settings.get("seed")
    if seed is None:
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    return Algorithm(
        str(settings.get("type")).lower(),
        int(_number(seed, "sampling_algorithm.seed")),
        str(settings.get("rule") or "random").lower(),
    )


def _check_algorithm(algorithm: Algorithm, space: Space) -> None:
    if algorithm.type == "grid":
        endless = [name for name in space if combinations({name: space[name]}) is None]
        if endless:
            problems = [
                Problem("a grid can't be laid over it: it has no end of values", f"search_space.{name}", expected=_GRID)
                for name in endless
            ]
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The search space has no grid.", None, problems)
    if algorithm.rule == "sobol" and len(axes(space)) > sobol.MOST_AXES:
        expected = f"at most {sobol.MOST_AXES} parameters, or rule: random"
        raise _invalid("the Sobol sequence has fewer dimensions than this", "search_space", expected)


_GRID = "choice, randint, quniform or qloguniform"


def _limits(given: Mapping[str, Any], size: int | None) -> Limits:
    total = _whole(given, "max_total_trials")
    if total is None:
        total = _DEFAULT_TOTAL if size is None else min(size, _DEFAULT_TOTAL)
    timeout = _whole(given, "timeout")
    return Limits(
        total=total,
        concurrent=min(_whole(given, "max_concurrent_trials") or _DEFAULT_CONCURRENT, total),
        timeout=None if timeout is None else float(timeout),
        trial_timeout=_whole(given, "trial_timeout"),
    )


def _whole(given: Mapping[str, Any], key: str) -> int | None:
    if given.get(key) is None:
        return None
    number = _number(given[key], f"limits.{key}")
    if number < 1 or not number.is_integer():
        raise _invalid(f"{number:g} is out of range", f"limits.{key}", "a whole number of 1 or more")
    return int(number)


def _number(value: Any, place: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise _invalid(f"`{str(value)[:80]}` is not a number", place, "a number")
    return number


def read_policy(given: Mapping[str, Any] | None) -> Policy | None:
    """Read `early_termination`; None when there is none.

    Raises:
        LapisError: DocumentInvalid when a number makes no sense.
    """
    if not given:
        return None
    every, delay = (
        int(_number(given.get(key) or 0, f"early_termination.{key}"))
        for key in ("evaluation_interval", "delay_evaluation")
    )
    return Policy(_rule(given), Timing(max(every, 1), delay))


def _rule(given: Mapping[str, Any]) -> Rule:
    kind = str(given.get("type")).lower().replace("_", "")
    if kind == "bandit":
        return _bandit(given)
    if kind == "medianstopping":
        return MedianStopping()
    if kind == "truncationselection":
        place = "early_termination.truncation_percentage"
        percentage = _number(given.get("truncation_percentage") or 0, place)
        if not 1 <= percentage <= 99:
            raise _invalid(f"{percentage:g} per cent can't be cut", place, "a whole number from 1 to 99")
        return TruncationSelection(percentage, bool(given.get("exclude_finished_jobs")))
    expected = "bandit, median_stopping or truncation_selection"
    raise _invalid(f"`{given.get('type')}` is no policy", "early_termination.type", expected)


def _bandit(given: Mapping[str, Any]) -> Bandit:
    factor, amount = (
        _number(given.get(key) or 0, f"early_termination.{key}") for key in ("slack_factor", "slack_amount")
    )
    if factor and amount:
        raise _invalid("there are two slacks", "early_termination.slack_amount", "slack_factor or slack_amount")
    if factor < 0 or amount < 0:
        key = "slack_factor" if factor < 0 else "slack_amount"
        raise _invalid(f"{min(factor, amount):g} is no slack", f"early_termination.{key}", "a number above 0")
    if not factor and not amount:
        raise _invalid("there is no slack", "early_termination", "slack_factor or slack_amount above 0")
    return Bandit(factor=factor or None, amount=amount or None)


def _invalid(message: str, place: str, expected: str) -> LapisError:
    problem = Problem(message, place, expected=expected)
    return LapisError(ErrorCode.DOCUMENT_INVALID, "The sweep is not valid.", None, [problem])
