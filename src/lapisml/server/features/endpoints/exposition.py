"""Reading the gateway's counts, which it writes in the text format of Prometheus. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SAMPLE = re.compile(r"(lapis_[a-z_]+)\{(.*)\} (\S+)")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_ERRORS_FROM = 400

_BUCKETS, _STATUSES = "lapis_request_duration_seconds_bucket", "lapis_requests_total"
_GAUGES = {
    "lapis_requests_queued": "queued",
    "lapis_requests_in_flight": "in_flight",
    "lapis_replicas_ready": "ready",
    "lapis_replicas_wanted": "wanted",
}

Name = tuple[str, str, str]
"""Workspace, endpoint, deployment."""


@dataclass
class Counts:
    """What the gateway has counted of one deployment since it started, and how it stands now.

    Attributes:
        errors: answers with a status from 400 on.
        buckets: upper bound, seconds → answers that took no longer; bounds rise.
    """

    requests: int = 0
    errors: int = 0
    buckets: dict[float, int] = field(default_factory=dict)
    queued: int = 0
    in_flight: int = 0
    ready: int = 0
    wanted: int = 0


def read_counts(text: str) -> dict[Name, Counts]:
    """Read what there is of each deployment; lines of other kinds are passed over."""
    found: dict[Name, Counts] = {}
    for metric, labels, number in _samples(text):
        name = (labels.get("workspace", ""), labels.get("endpoint", ""), labels.get("deployment", ""))
        if all(name):
            _add(found.setdefault(name, Counts()), metric, labels, number)
    return found


def _add(counts: Counts, metric: str, labels: dict[str, str], number: float) -> None:
    if metric == _BUCKETS:
        counts.buckets[float(labels["le"])] = int(number)
    elif metric == _STATUSES:
        counts.requests += int(number)
        counts.errors += int(number) if int(labels["status"]) >= _ERRORS_FROM else 0
    elif metric in _GAUGES:
        setattr(counts, _GAUGES[metric], int(number))


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in text.splitlines():
        match = _SAMPLE.fullmatch(line)
        if match is not None:
            labels = {name: _ESCAPED.sub(_plain, value) for name, value in _LABEL.findall(match[2])}
            yield match[1], labels, float(match[3])


def _plain(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
