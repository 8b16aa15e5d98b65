"""Peer and us in one run: alternating rounds, medians, the ratio, and a table in Markdown.

A benchmark is a script with rows; each row runs the same work on both sides, one after the other, several
times, so that a machine that slows down for a minute slows both. Absolute figures do not carry over from one
day to the next; the ratio does.

    table = Table("Jobs")
    table.compare("echo job", peer=mlflow_run, ours=lapis_job, unit="s", target=5)
    table.finish()
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "bench" / "results"
PEERS = REPOSITORY / "bench" / ".venv-peers"
BIN = Path(sys.executable).parent

Measure = Callable[[], float]
"""Does the work once and returns the figure (seconds, calls per second, MB …)."""


@dataclass
class Row:
    """One line of a table.

    Attributes:
        what: the work.
        unit: of both figures (``s``, ``ms``, ``MB``, ``/s``).
        better: which direction is good.
        peer, ours: one figure a round; no peer where only a limit counts.
        target: how many times better than the peer we want to be.
        limit: the bound that our figure must keep, in `unit`.
        note: said below the table.
    """

    what: str
    unit: str
    better: Literal["lower", "higher"]
    peer: list[float]
    ours: list[float]
    target: float | None = None
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better we are than the peer, by medians; None without a peer, and over nothing."""
        if not self.peer:
            return None
        peer, ours = statistics.median(self.peer), statistics.median(self.ours)
        over, under = (peer, ours) if self.better == "lower" else (ours, peer)
        return over / under if under else None

    @property
    def met(self) -> bool | None:
        """Whether target and limit are kept; None when there is neither."""
        verdicts = []
        if self.target is not None and self.ratio is not None:
            verdicts.append(self.ratio >= self.target)
        if self.limit is not None:
            ours = statistics.median(self.ours)
            verdicts.append(ours <= self.limit if self.better == "lower" else ours >= self.limit)
        return all(verdicts) if verdicts else None

    def cells(self) -> list[str]:
        """Return the row's cells: what, peer, ours, ratio, wanted, met."""
        wanted = [f"≥ {self.target:g}×"] if self.target is not None else []
        if self.limit is not None:
            wanted.append(f"{'≤' if self.better == 'lower' else '≥'} {self.limit:g} {self.unit}")
        return [
            self.what,
            _figure(self.peer, self.unit),
            _figure(self.ours, self.unit),
            f"{self.ratio:.1f}×" if self.ratio is not None else "",
            " and ".join(wanted),
            {True: "yes", False: "**no**", None: ""}[self.met],
        ]


@dataclass
class Table:
    """The rows of one benchmark script.

    Args:
        title: heading.
        peer: the peer's name, heading of its column.
        versions: distributions whose versions are worth a line.
        rounds: default number of rounds.
    """

    title: str
    peer: str
    versions: tuple[str, ...] = ()
    rounds: int = 5
    rows: list[Row] = field(default_factory=list)

    def compare(
        self,
        what: str,
        *,
        ours: Measure,
        peer: Measure | None = None,
        unit: str = "s",
        better: Literal["lower", "higher"] = "lower",
        target: float | None = None,
        limit: float | None = None,
        rounds: int | None = None,
        warm: bool = True,
        note: str = "",
    ) -> Row:
        """Measure both sides in turns, first a round that does not count (`warm`), and add the row."""
        row = Row(what, unit, better, [], [], target, limit, note)
        for number in range(-1 if warm else 0, rounds or self.rounds):
            for figures, measure in ((row.peer, peer), (row.ours, ours)):
                figure = measure() if measure is not None else None
                if figure is not None and number >= 0:
                    figures.append(figure)
        return self._keep(row)

    def add(
        self,
        what: str,
        unit: str,
        better: Literal["lower", "higher"],
        peer: list[float],
        ours: list[float],
        *,
        target: float | None = None,
        limit: float | None = None,
        note: str = "",
    ) -> Row:
        """Add a row of figures that another measurement brought along."""
        return self._keep(Row(what, unit, better, peer, ours, target, limit, note))

    def _keep(self, row: Row) -> Row:
        self.rows.append(row)
        print("| " + " | ".join(row.cells()) + " |", file=sys.stderr, flush=True)
        return row

    def markdown(self) -> str:
        """Return the table with the facts that a reader needs to place it."""
        head = ["what", self.peer, "Lapis", "ratio", "wanted", "met"]
        lines = [f"## {self.title}", "", _machine(self.versions), ""]
        lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(row.cells()) + " |" for row in self.rows]
        notes = [f"- {row.what}: {row.note}" for row in self.rows if row.note]
        return "\n".join([*lines, *([""] if notes else []), *notes, ""])

    def finish(self) -> int:
        """Print the table, keep it with every figure under bench/results; return how many rows missed."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        stem = RESULTS / self.title.lower().replace(" ", "-")
        stem.with_suffix(".md").write_text(self.markdown())
        stem.with_suffix(".json").write_text(json.dumps([asdict(row) for row in self.rows], indent=1))
        print(self.markdown())
        return sum(row.met is False for row in self.rows)


def _figure(samples: list[float], unit: str) -> str:
    if not samples:
        return ""
    middle, spread = statistics.median(samples), max(samples) - min(samples)
    digits = 0 if middle >= 1000 else 1 if middle >= 20 else 3
    return f"{middle:,.{digits}f} {unit} (±{spread / 2:,.{digits}f})"


def _machine(names: tuple[str, ...]) -> str:
    known = []
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            known.append(f"{name} {version(name)}")
    cores = os.cpu_count()
    return f"{cores} cores, Python {platform.python_version()}, {platform.system()}; {', '.join(known)}".rstrip("; ")


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes, seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def command_seconds(*command: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> float:
    """Return how long a command takes from start to exit, seconds.

    Raises:
        RuntimeError: with both streams, when it fails.
    """
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    took = time.perf_counter() - begin
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
    return took


def family(pid: int) -> list[psutil.Process]:
    """Return the process `pid` and everything below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def resident_mb(pid: int) -> float:
    """Return the resident memory of `pid` and everything below it, MB; shared pages count each time."""
    return sum(p.memory_info().rss for p in family(pid)) / 1e6


@contextlib.contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End `process` and everything below it when the block ends."""
    try:
        yield process
    finally:
        members = family(process.pid) if process.poll() is None else []
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.terminate()
        for member in psutil.wait_procs(members, timeout=10)[1]:
            member.kill()
        process.wait()


def peer_python(name: str, *packages: str) -> Path:
    """Return the interpreter of an environment that holds `packages`, byte-compiled; made once and kept.

    Peers that are not among our own dependencies live apart, so that they cannot change what we measure.
    """
    folder = PEERS / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        uv = str(BIN / "uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *packages]
        subprocess.run(install, check=True)
        (folder / "ready").touch()
    return python


def rounds_from_arguments(default: int = 5) -> int:
    """Read ``--rounds N`` from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default, help="rounds that count, each side once a round")
    return int(parser.parse_args().rounds)
