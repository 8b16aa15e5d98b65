"""Counts for Prometheus, in its text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from lapisml import __version__

TYPE = b"text/plain; version=0.0.4; charset=utf-8"

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram's buckets, seconds."""

Labels = Mapping[str, str]


class Stats:
    """Counts of one deployment, or of what reaches none."""

    __slots__ = ("buckets", "bytes_in", "bytes_out", "dropped_copies", "mirrored", "resent", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.bytes_in = 0
        self.bytes_out = 0
        self.mirrored = 0
        self.dropped_copies = 0
        self.resent = 0

    def count(self, status: int, seconds: float, bytes_in: int, bytes_out: int) -> None:
        """Count one answered request.

        Args:
            seconds: from its first byte to its answer.
            bytes_in, bytes_out: lengths of the bodies.
        """
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out


class Page:
    """Puts the text together: each name once, with its kind, before its samples."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def family(self, name: str, kind: str, about: str, samples: Iterable[tuple[Labels, float]]) -> None:
        """Write the samples of one name, which has no histogram."""
        self._parts.append(f"# HELP {name} {about}\n# TYPE {name} {kind}\n")
        self._parts.extend(f"{name}{_labels(labels)} {number:.10g}\n" for labels, number in samples)

    def histogram(self, name: str, about: str, all_stats: Iterable[tuple[Labels, Stats]]) -> None:
        """Write the latencies."""
        self._parts.append(f"# HELP {name} {about}\n# TYPE {name} histogram\n")
        for labels, stats in all_stats:
            for bound, count in _cumulated(stats):
                self._parts.append(f"{name}_bucket{_labels({**labels, 'le': bound})} {count}\n")
            self._parts.append(f"{name}_sum{_labels(labels)} {stats.seconds:.10g}\n")
            self._parts.append(f"{name}_count{_labels(labels)} {sum(stats.buckets)}\n")

    def text(self) -> bytes:
        """Give the whole."""
        return "".join(self._parts).encode()


Name = tuple[str, str, str]
"""Workspace, endpoint, deployment."""


class Metrics:
    """All counts of a gateway; they live as long as its process."""

    def __init__(self) -> None:
        self.unrouted = Stats()
        self._stats: dict[Name, Stats] = {}

    def of(self, name: Name) -> Stats:
        """Give the counts of a deployment; those from before it was made again go on."""
        return self._stats.setdefault(name, Stats())

    def keep(self, names: set[Name]) -> None:
        """Forget deployments that are gone."""
        self._stats = {name: stats for name, stats in self._stats.items() if name in names}

    def write(self, page: Page) -> None:
        """Write what was counted."""
        labelled = [(_named(name), stats) for name, stats in sorted(self._stats.items())]
        page.family("lapis_gateway_info", "gauge", "Release of the gateway.", [({"version": __version__}, 1)])
        page.family(
            "lapis_requests_total",
            "counter",
            "Answered requests by status.",
            [
                ({**labels, "status": str(s)}, n)
                for labels, stats in labelled
                for s, n in sorted(stats.statuses.items())
            ],
        )
        page.histogram("lapis_request_duration_seconds", "From a request's first byte to its answer.", labelled)
        for name, about, field in _COUNTERS:
            page.family(name, "counter", about, [(labels, getattr(stats, field)) for labels, stats in labelled])
        page.family(
            "lapis_unrouted_requests_total",
            "counter",
            "Requests that reached no deployment, by status.",
            [({"status": str(status)}, n) for status, n in sorted(self.unrouted.statuses.items())],
        )


_COUNTERS = (
    ("lapis_request_bytes_total", "Bytes of bodies that came.", "bytes_in"),
    ("lapis_response_bytes_total", "Bytes of bodies that went.", "bytes_out"),
    ("lapis_mirrored_requests_total", "Copies that were sent for mirroring.", "mirrored"),
    ("lapis_mirror_dropped_total", "Copies that were not sent, no replica being free.", "dropped_copies"),
    ("lapis_resent_requests_total", "Requests sent again after their replica died.", "resent"),
)


def _named(name: Name) -> Labels:
    return dict(zip(("workspace", "endpoint", "deployment"), name, strict=True))


def _cumulated(stats: Stats) -> Iterator[tuple[str, int]]:
    total = 0
    for bound, count in zip((*(f"{bound:g}" for bound in BOUNDS), "+Inf"), stats.buckets, strict=True):
        total += count
        yield bound, total


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
