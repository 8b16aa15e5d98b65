"""Figures made of the gateway's counts: what came between two looks, added up over deployments and over time."""

from __future__ import annotations

import pytest

from lapisml.gateway import metrics
from lapisml.server.features.endpoints.exposition import Counts, read_counts
from lapisml.server.features.endpoints.figures import Figures, joined, merged, quantile

BLUE, GREEN = ("ws", "ep", "blue"), ("ws", "ep", "green")
INF = float("inf")


def _counts(requests: int, errors: int = 0, slow: int = 0, **standing: int) -> Counts:
    return Counts(requests, errors, {0.01: requests - slow, 1.0: requests, INF: requests}, **standing)


def test_what_the_gateway_writes_is_read() -> None:
    """Its own writer is the source: labels with odd characters come back whole."""
    gateway = metrics.Metrics()
    odd = ("w s", 'e"p\\n', "blue")
    for status, seconds in ((200, 0.004), (200, 0.2), (500, 20.0)):
        gateway.of(odd).count(status, seconds, 10, 10)
    page = metrics.Page()
    gateway.write(page)
    labels = {"workspace": odd[0], "endpoint": odd[1], "deployment": odd[2]}
    page.family("lapis_requests_queued", "gauge", "about", [(labels, 7)])
    page.family("lapis_replicas_ready", "gauge", "about", [(labels, 2)])
    found = read_counts(page.text().decode())
    assert list(found) == [odd]
    counts = found[odd]
    assert (counts.requests, counts.errors, counts.queued, counts.ready) == (3, 1, 7, 2)
    assert (counts.buckets[0.005], counts.buckets[0.25], counts.buckets[INF]) == (1, 2, 3)


def test_a_point_is_what_came_since_the_look_before() -> None:
    figures = Figures()
    assert figures.take({BLUE: _counts(100, 10)}, 1_000) == set()
    assert figures.take({BLUE: _counts(150, 20, slow=5, queued=3, ready=2)}, 6_000) == {("ws", "ep")}
    (point,) = figures.series("ws", "ep")["blue"]
    assert (point.rate, point.error_share, point.queued, point.ready) == (10.0, 0.2, 3, 2)
    assert figures.series("ws", "other") == {}


def test_nothing_happening_twice_is_no_news() -> None:
    figures = Figures()
    figures.take({BLUE: _counts(1)}, 1_000)
    assert figures.take({BLUE: _counts(1)}, 6_000) == {("ws", "ep")}
    assert figures.take({BLUE: _counts(1)}, 11_000) == set()
    assert figures.take({BLUE: _counts(1, ready=1)}, 16_000) == {("ws", "ep")}
    assert figures.take({BLUE: _counts(2, ready=1)}, 21_000) == {("ws", "ep")}
    assert figures.take({BLUE: _counts(2, ready=1)}, 26_000) == {("ws", "ep")}, "that it ended is news"
    assert figures.take({BLUE: _counts(2, ready=1)}, 31_000) == set()


def test_a_deployment_that_comes_up_counts_from_nothing() -> None:
    figures = Figures()
    figures.take({}, 1_000)
    figures.take({BLUE: _counts(50)}, 6_000)
    assert figures.series("ws", "ep")["blue"][0].rate == 10.0


def test_a_gateway_that_started_again_counts_from_nothing() -> None:
    figures = Figures()
    figures.take({BLUE: _counts(1000)}, 1_000)
    figures.take({BLUE: _counts(20)}, 6_000)
    assert figures.series("ws", "ep")["blue"][0].rate == 4.0


def test_deployments_and_times_add_up() -> None:
    figures = Figures()
    for at, blue, green in ((0, 0, 0), (5_000, 40, 10), (10_000, 100, 20)):
        figures.take({BLUE: _counts(blue, ready=1), GREEN: _counts(green, ready=2)}, at)
    points = merged(figures.series("ws", "ep").values())
    assert [(one.at, one.rate, one.ready) for one in points] == [(5_000, 10.0, 3), (10_000, 14.0, 3)]
    whole = joined(points)
    assert whole is not None
    assert (whole.seconds, whole.requests, whole.ready) == (10.0, 120, 3)
    assert figures.recent("ws", "ep") == whole
    assert joined([]) is None


def test_a_deployment_that_is_gone_is_forgotten() -> None:
    figures = Figures()
    for at in (0, 5_000):
        figures.take({BLUE: _counts(1), GREEN: _counts(1)}, at)
    figures.take({GREEN: _counts(1)}, 10_000)
    assert list(figures.series("ws", "ep")) == ["green"]


def test_only_a_quarter_of_an_hour_is_kept() -> None:
    figures = Figures()
    for look in range(400):
        figures.take({BLUE: _counts(look)}, look * 5_000)
    points = figures.series("ws", "ep")["blue"]
    assert (points[-1].at - points[0].at, points[-1].at) == (895_000, 399 * 5_000)


@pytest.mark.parametrize(
    ("share", "wanted"),
    [(0.5, 0.00625), (0.8, 0.01), (0.9, 0.505), (0.99, 0.9505), (1.0, 1.0)],
)
def test_quantiles_lie_within_their_bucket(share: float, wanted: float) -> None:
    assert quantile({0.01: 80, 1.0: 100, INF: 100}, share) == pytest.approx(wanted)


def test_quantiles_without_a_bound_are_the_last_bound_and_without_answers_none() -> None:
    assert quantile({1.0: 0, INF: 5}, 0.5) == 1.0
    assert quantile({1.0: 0, INF: 0}, 0.5) is None
    assert quantile({}, 0.5) is None
