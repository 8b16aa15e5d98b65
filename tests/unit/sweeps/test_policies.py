"""Early termination: the documented rules in figures, and what must hold for any histories."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.core.sweeps.policies import Bandit, History, MedianStopping, Policy, Rule, Timing, TruncationSelection


def histories(*values: Sequence[float | None], finished: Sequence[int] = ()) -> list[History]:
    return [History(str(number), given_, number in finished) for number, given_ in enumerate(values)]


def stopped(
    rule: Rule, trials: Sequence[History], *, maximize: bool = True, every: int = 1, delay: int = 0
) -> set[str]:
    return {verdict.trial for verdict in Policy(rule, Timing(every, delay)).judge(trials, maximize)}


def test_bandit_by_factor_as_documented() -> None:
    """Best 0.8 and a factor of 0.2, to maximize: what is below 0.8 / 1.2 = 0.667 ends."""
    trials = histories([0.8], [0.66], [0.67])
    assert stopped(Bandit(factor=0.2), trials) == {"1"}
    assert stopped(Bandit(factor=0.2), histories([1.0], [1.19], [1.21]), maximize=False) == {"2"}


def test_bandit_by_amount_as_documented() -> None:
    """Best 0.8 and an amount of 0.2: what is below 0.6 ends."""
    assert stopped(Bandit(amount=0.2), histories([0.8], [0.59], [0.61])) == {"1"}
    assert stopped(Bandit(amount=0.2), histories([0.8], [1.01], [0.99]), maximize=False) == {"1"}


def test_bandit_keeps_its_distance_below_zero() -> None:
    assert stopped(Bandit(factor=0.25), histories([-1.0], [-1.1], [-1.3])) == {"2"}
    assert stopped(Bandit(factor=0.25), histories([-1.0], [-0.8], [-0.7]), maximize=False) == {"2"}


def test_bandit_looks_at_the_best_so_far_not_at_the_last_value() -> None:
    assert stopped(Bandit(factor=0.1), histories([0.9, 0.9], [0.9, 0.1])) == set()


def test_median_as_documented() -> None:
    """A trial ends when its best is worse than the median of the running averages."""
    trials = histories([0.9, 0.9], [0.5, 0.7], [0.2, 0.3])
    averages = [0.9, 0.6, 0.25]
    assert statistics.median(averages) == 0.6
    assert stopped(MedianStopping(), trials) == {"2"}
    assert stopped(MedianStopping(), trials, maximize=False) == {"0"}


def test_truncation_as_documented() -> None:
    """The lowest 20 per cent of ten trials at an interval are two trials."""
    trials = histories(*[[value / 10] for value in range(10)])
    assert stopped(TruncationSelection(20), trials) == {"0", "1"}
    assert stopped(TruncationSelection(20), trials, maximize=False) == {"8", "9"}


def test_truncation_counts_only_whole_trials_and_only_those_that_got_so_far() -> None:
    assert stopped(TruncationSelection(20), histories([0.1], [0.2], [0.3], [0.4])) == set()
    later = histories([0.1, 0.1], [0.2, 0.2], [0.3], [0.4], [0.5])
    assert stopped(TruncationSelection(50), later) == {"0"}


def test_truncation_with_and_without_those_that_are_over() -> None:
    trials = histories([0.5], [0.1], [0.2], [0.3], [0.4], finished=[1, 2, 3, 4])
    assert stopped(TruncationSelection(80), trials) == set()
    better = histories([0.0], [0.1], [0.2], [0.3], [0.4], finished=[1, 2, 3, 4])
    assert stopped(TruncationSelection(20), better) == {"0"}
    assert stopped(TruncationSelection(20, exclude_finished=True), better) == set()


@pytest.mark.parametrize(
    ("every", "delay", "reached", "last"),
    [(1, 0, 0, None), (1, 0, 3, 3), (2, 0, 3, 2), (2, 5, 5, None), (2, 5, 6, 6), (3, 4, 5, None), (5, 0, 4, None)],
)
def test_when_a_policy_applies(every: int, delay: int, reached: int, last: int | None) -> None:
    assert Timing(every, delay).last(reached) == last


def test_the_interval_of_the_trial_is_what_all_are_compared_at() -> None:
    fast_start = histories([0.5, 0.6, 0.99], [0.5])
    assert stopped(Bandit(factor=0.1), fast_start) == set()
    assert stopped(Bandit(factor=0.1), histories([0.5, 0.6, 0.99], [0.5, 0.5, 0.5])) == {"1"}


def test_values_that_are_none_count_as_intervals_and_as_nothing_else() -> None:
    trials = histories([0.9, 0.9], [math.nan, 0.1], [math.inf, None])
    assert trials[2].best(True) is None
    assert stopped(Bandit(factor=0.1), trials) == {"1"}
    assert stopped(TruncationSelection(50), trials) == {"1"}
    assert stopped(MedianStopping(), trials) == {"1"}


VALUES = st.lists(st.one_of(st.none(), st.floats(-100, 100)), max_size=6)
RULES = st.one_of(
    st.builds(Bandit, factor=st.floats(0.01, 5)),
    st.builds(Bandit, amount=st.floats(0.01, 5)),
    st.just(MedianStopping()),
    st.builds(TruncationSelection, st.integers(1, 99)),
)


@given(st.lists(VALUES, max_size=8), RULES, st.booleans())
def test_the_best_trial_is_never_ended(values: list[list[float | None]], rule: Rule, maximize: bool) -> None:
    """A trial that was the best at every interval up to the one that counts goes on, and so does one of equals."""
    trials = histories(*values)
    ended = stopped(rule, trials, maximize=maximize)
    sign = 1 if maximize else -1
    for trial in trials:
        own = [None if v is None else sign * v for v in trial.values]
        leads = all(
            o is not None and all(len(t.values) <= i or t.values[i] is None or sign * t.values[i] <= o for t in trials)
            for i, o in enumerate(own)
        )
        if leads:
            assert trial.name not in ended


@given(st.lists(VALUES, max_size=8), RULES, st.booleans(), st.randoms())
def test_the_order_of_trials_does_not_matter(
    values: list[list[float | None]], rule: Rule, maximize: bool, random: object
) -> None:
    trials = histories(*values)
    shuffled = list(trials)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stopped(rule, trials, maximize=maximize) == stopped(rule, shuffled, maximize=maximize)


@given(st.lists(VALUES, max_size=8), RULES)
def test_minimizing_is_maximizing_the_opposite(values: list[list[float | None]], rule: Rule) -> None:
    turned = [[None if v is None else -v for v in one] for one in values]
    if not isinstance(rule, Bandit) or rule.factor is None:  # a ratio is not symmetric: 1 / 1.2 is not 0.8
        assert stopped(rule, histories(*values)) == stopped(rule, histories(*turned), maximize=False)


@given(VALUES, st.integers(0, 7))
def test_running_figures_are_those_of_the_whole_list(values: list[float | None], until: int) -> None:
    history = History("x", values)
    known = [v for v in values[:until] if v is not None]
    assert history.best(True, until) == max(known, default=None)
    assert history.best(False, until) == min(known, default=None)
    if known:
        assert history.average(until) == pytest.approx(sum(known) / len(known), abs=1e-9)
    else:
        assert history.average(until) is None
