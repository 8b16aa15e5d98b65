"""Building and reusing an environment, against bare uv doing the same installation.

    .venv/bin/python -m bench.environments [--rounds N]

The peer makes a virtual environment and installs scikit-learn, pandas, mlflow-skinny and pip into it: no lock, no
log, no guard against a second builder. Both sides start from the same state of uv's cache: empty, or holding every
package. The package index is a remote machine, so figures of the empty cache depend on the network of the day.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import uv as uv_package

from bench.harness import Measure, Table, rounds_from_arguments, seconds
from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.ports.environments import EnvironmentDefinition
from lapisml.runner.overlay import overlay

REQUIREMENTS = ("scikit-learn", "pandas", "mlflow-skinny", "pip")
DEFINITION = EnvironmentDefinition(name="bench", requirements=REQUIREMENTS)
WITHIN = 0.83
"""Of the peer's speed: within 1.2 times its duration."""

UV = str(uv_package.find_uv_bin())


def _ignore(line: str) -> None:
    del line


def _peer(folder: Path, cache: Path) -> None:
    venv, wanted = folder / "venv", folder / "wanted.txt"
    folder.mkdir(parents=True)
    wanted.write_text("\n".join(REQUIREMENTS))
    uv = [UV, "--quiet", "--cache-dir", str(cache)]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(venv)], check=True)
    subprocess.run([*uv, "pip", "install", "--python", str(venv), "-r", str(wanted)], check=True)


def _ours(folder: Path, cache: Path) -> None:
    UvEnvironmentBuilder(folder, cache_dir=cache).build(DEFINITION, _ignore)


def _timed(build: Callable[[Path, Path], None], home: Path, numbers: Iterator[int], cache: Path | None) -> Measure:
    """Return a measure of one build in a fresh folder; with a fresh cache too unless one is given."""

    def measure() -> float:
        folder = home / str(next(numbers))
        own = cache or home / f"{folder.name}-cache"
        took = seconds(lambda: build(folder, own))
        shutil.rmtree(folder)
        if cache is None:
            shutil.rmtree(own)
        return took

    return measure


def _reuse_ms(root: Path, cache: Path) -> float:
    builder = UvEnvironmentBuilder(root, cache_dir=cache)
    begin = time.perf_counter()
    builder.build(DEFINITION, _ignore)
    return (time.perf_counter() - begin) * 1000


def _overlay_ms(ready: dict[str, object], folder: Path) -> float:
    took = seconds(lambda: overlay(ready, folder)) * 1000
    shutil.rmtree(folder)
    return took


def _added_mb(folder: Path) -> float:
    """Return what a hard-linked copy of an environment adds to the disk, MB."""
    own = (p.lstat() for p in folder.rglob("*"))
    return sum(s.st_blocks * 512 for s in own if s.st_nlink < 2) / 1e6


def main() -> int:
    """Measure and print the table; the exit code says whether a row missed its target."""
    table = Table("Environments", peer="bare uv", versions=("uv",), rounds=rounds_from_arguments())
    with tempfile.TemporaryDirectory(prefix="bench-environments-") as temporary:
        home, numbers = Path(temporary), count()
        warm = home / "cache"
        for what, cache in (("build, empty cache", None), ("build, warm cache", warm)):
            peer, ours = (_timed(build, home, numbers, cache) for build in (_peer, _ours))
            table.compare(what, peer=peer, ours=ours, target=WITHIN)
        built = UvEnvironmentBuilder(home / "kept", cache_dir=warm).build(DEFINITION, _ignore)
        table.compare("reuse", ours=lambda: _reuse_ms(home / "kept", warm), unit="ms", limit=50)
        ready, job = built.to_json(), home / "job"
        table.compare("a job's overlay", ours=lambda: _overlay_ms(ready, job), unit="ms", limit=20)
        table.add("disk that a further environment takes", "MB", "lower", [], [_added_mb(built.prefix)])
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
