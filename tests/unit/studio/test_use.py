"""How much of a compute was in use, from when its jobs waited and ran."""

from __future__ import annotations

from lapisml.server.features.jobs.board import Span
from lapisml.server.features.studio.use import use_over_time


def test_nodes_count_for_the_time_that_they_were_held() -> None:
    spans = [Span(0, 100, 300, 1), Span(50, 150, 250, 2)]
    busy, waiting = use_over_time(spans, since=0, now=400, points=4)
    assert busy == [0.0, 2.0, 2.0, 0.0]
    assert waiting == [1.5, 0.5, 0.0, 0.0]


def test_what_has_not_ended_lasts_until_now_and_what_was_before_is_cut_off() -> None:
    spans = [Span(-500, -400, None, 1), Span(300, None, None, 1), Span(0, None, 100, 1)]
    busy, waiting = use_over_time(spans, since=0, now=400, points=4)
    assert busy == [1.0, 1.0, 1.0, 1.0]
    assert waiting == [1.0, 0.0, 0.0, 1.0]
