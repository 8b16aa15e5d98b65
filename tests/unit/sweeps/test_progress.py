"""How a sweep goes on and ends."""

from __future__ import annotations

from lapisml.core.lifecycle import JobState
from lapisml.core.sweeps.progress import TrialPhase, TrialState, best_of, ending, metric_hint, note, to_start

P = TrialPhase


def trials(*given: tuple[TrialPhase, float | None]) -> list[TrialState]:
    return [TrialState(number, f"t{number}", phase, score, "It broke.") for number, (phase, score) in enumerate(given)]


def test_no_more_start_than_may_run_or_are_left() -> None:
    assert to_start([], 10, 3) == 3
    assert to_start(trials((P.LIVE, None), (P.COMPLETED, 1.0)), 10, 3) == 2
    assert to_start(trials((P.LIVE, None), (P.FAILED, None)), 3, 3) == 1
    assert to_start(trials((P.COMPLETED, 1.0)), 1, 3) == 0


def test_the_best_is_a_trial_that_completed_the_earlier_of_equals() -> None:
    some = trials((P.STOPPED, 9.0), (P.COMPLETED, 2.0), (P.FAILED, 8.0), (P.COMPLETED, 2.0), (P.CANCELED, 7.0))
    best = best_of(some, True)
    assert best is not None
    assert best.name == "t1"
    only_stopped = best_of(trials((P.STOPPED, 9.0), (P.STOPPED, 3.0), (P.FAILED, 1.0)), False)
    assert only_stopped is not None
    assert only_stopped.name == "t1"
    assert best_of(trials((P.FAILED, 1.0), (P.COMPLETED, None)), True) is None


def test_a_note_says_where_it_stands() -> None:
    some = trials((P.COMPLETED, 0.5), (P.FAILED, None), (P.STOPPED, 0.4), (P.COMPLETED, None), (P.LIVE, None))
    assert note(some, 20, "accuracy", True) == (
        "4 of 20 trials are over (1 stopped early, 1 failed, 1 without a value of the metric), 1 is running; "
        "best accuracy 0.5 by t0."
    )


def test_it_ends_when_all_are_over() -> None:
    assert ending(trials((P.COMPLETED, 1.0), (P.LIVE, None)), 2, "m", True) is None
    assert ending(trials((P.COMPLETED, 1.0)), 2, "m", True) is None
    end = ending(trials((P.COMPLETED, 1.0), (P.FAILED, None)), 2, "m", True)
    assert end is not None
    assert (end.state, end.code) == (JobState.COMPLETED, "Completed")
    assert end.best is not None
    assert end.best.name == "t0"


def test_without_a_result_it_fails_and_says_why() -> None:
    failed = ending(trials((P.FAILED, None), (P.FAILED, None)), 2, "m", True)
    assert failed is not None
    assert (failed.state, failed.code) == (JobState.FAILED, "AllTrialsFailed")
    assert failed.reason == "All 2 trials failed. t0: It broke."
    silent = ending(trials((P.FAILED, None), (P.COMPLETED, None)), 2, "m", True)
    assert silent is not None
    assert silent.code == "NoMetric"
    assert "'m'" in silent.reason
    canceled = ending(trials((P.CANCELED, 1.0)), 1, "m", True)
    assert canceled is not None
    assert canceled.code == "AllTrialsCanceled"


def test_out_of_time_it_ends_with_what_there_is() -> None:
    end = ending(trials((P.COMPLETED, 1.0), (P.STOPPED, 2.0)), 9, "m", True, 60.0)
    assert end is not None
    assert (end.state, end.code) == (JobState.COMPLETED, "TimeLimitReached")
    assert end.best is not None
    assert end.best.name == "t0"
    assert end.reason.startswith("It reached its time limit of 60 seconds. 2 of 9 trials are over")
    assert ending(trials((P.LIVE, None)), 9, "m", True, 60.0) is None
    nothing = ending([], 9, "m", True, 60.0)
    assert nothing is not None
    assert nothing.state == JobState.FAILED


def test_hints_name_what_was_logged() -> None:
    assert metric_hint("acc", {"loss", "accuracy"}, "accuracy", False) == (
        "Logged were: accuracy, loss. Did you mean 'accuracy'?"
    )
    assert "mlflow.log_metric('acc', value)" in metric_hint("acc", set(), None, False)
    assert "NaN or infinite" in metric_hint("acc", set(), None, True)
    assert "and 5 more" in metric_hint("acc", {f"m{n:02}" for n in range(15)}, None, False)
