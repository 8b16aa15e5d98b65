"""When a replica counts as ready, and when as gone; how soon one that died is started again."""

from __future__ import annotations

from lapisml.runner.serving.pauses import Pauses
from lapisml.runner.serving.probes import Probe, ProbeSettings

QUICK = ProbeSettings(initial_delay_s=10, period_s=5, timeout_s=2, success_threshold=1, failure_threshold=3)


def test_a_process_that_says_it_is_there_is_asked_at_once_whatever_the_delay() -> None:
    probe = Probe(QUICK, 0.0)
    assert not probe.turn(1.0, reachable=True)
    probe.hurry(1.0)
    assert probe.turn(1.0, reachable=True)
    probe.answered(1.1)
    assert probe.passes


def test_more_than_one_answer_may_be_needed() -> None:
    probe = Probe(ProbeSettings(0, 5, 2, success_threshold=2), 0.0)
    assert probe.turn(0.0, reachable=True)
    probe.answered(0.1)
    assert probe.passes is None
    assert probe.turn(5.2, reachable=True)
    probe.answered(5.3)
    assert probe.passes


def test_so_many_misses_in_a_row_and_the_delay_before_them() -> None:
    probe = Probe(QUICK, 0.0)
    moments = []
    while probe.passes is None:
        moments.append(probe.due)
        probe.turn(probe.due, reachable=False)
    assert moments == [10.0, 15.0, 20.0]
    assert QUICK.patience_s >= moments[-1]


def test_an_answer_that_comes_too_late_is_a_miss_and_one_in_time_begins_anew() -> None:
    probe = Probe(QUICK, 0.0)
    probe.hurry(0.0)
    for _ in range(2):
        assert probe.turn(probe.due, reachable=True)
        assert not probe.turn(probe.due, reachable=True)
        probe.answered(probe.due)
    assert probe.passes is None
    assert probe.turn(probe.due, reachable=True)
    probe.answered(probe.due - 1)
    assert probe.passes
    for _ in range(3):
        assert probe.turn(probe.due, reachable=True)
        probe.turn(probe.due, reachable=True)
    assert probe.passes is False


def test_what_the_document_leaves_out_is_as_on_azure() -> None:
    assert ProbeSettings.of({"period_s": 3, "timeout_s": None}) == ProbeSettings(10, 3, 2, 1, 30)


def test_the_first_death_costs_no_pause_and_each_next_one_more() -> None:
    pauses = Pauses()
    assert [pauses.after(0) for _ in range(10)] == [0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert pauses.after(3600) == 0
    assert pauses.after(1) == 0.5
