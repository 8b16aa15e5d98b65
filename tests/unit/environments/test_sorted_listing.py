"""The hook that gives a job's Python sorted listings; run in interpreters of their own, for it replaces functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lapisml.runner.sorted_listing as hook

HOOK = Path(hook.__file__)
REVERSED = """
import json, os, sys
real_listdir, real_scandir = os.listdir, os.scandir
def listdir(path=None): return sorted(real_listdir(path), reverse=True)
class Scan:
    def __init__(self, path):
        self.real = real_scandir(path)
        self.entries = iter(sorted(self.real, key=lambda e: e.name, reverse=True))
    def __iter__(self): return self.entries
    def __next__(self): return next(self.entries)
    def __enter__(self): return self
    def __exit__(self, *_): self.real.close()
    def close(self): self.real.close()
def scandir(path=None): return Scan(path)
os.listdir, os.scandir = listdir, scandir
exec(compile(open(sys.argv[1]).read(), "hook", "exec"), {"__name__": "hook"})
"""
"""A file system that lists backwards, so that an order by luck cannot pass; then the hook."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for place in ("inputs/green", "inputs/yellow", "inputs/a", "elsewhere"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        for name in ("b.csv", "a.csv", "c.csv"):
            (folder / name).touch()
    return tmp_path


def run(data: Path, code: str, roots: str | None = None, cwd: Path | None = None) -> Any:
    env = {"PATH": os.environ["PATH"], "LAPIS_SORTED_ROOTS": roots if roots is not None else str(data / "inputs")}
    script = REVERSED + f"print(json.dumps({code}))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(HOOK)], env=env, capture_output=True, text=True, check=True, cwd=cwd or data
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "code",
    [
        "os.listdir('inputs/green')",
        "[os.fsdecode(n) for n in os.listdir(b'inputs/green')]",
        "[e.name for e in os.scandir('inputs/green')]",
        "[p.name for p in __import__('pathlib').Path('inputs/green').iterdir()]",
        "[os.path.basename(p) for p in __import__('glob').glob('inputs/green/*')]",
        "[p.name for p in __import__('pathlib').Path('inputs/green').glob('*.csv')]",
        "next(os.walk('inputs/green'))[2]",
        "(os.chdir('inputs/green'), os.listdir())[1]",
        "(os.chdir('inputs/green'), [e.name for e in os.scandir()])[1]",
        "os.listdir(__import__('pathlib').Path('inputs/../inputs/green'))",
        "os.listdir(path='inputs/green')",
        "type('Holder', (), {'listdir': os.listdir})().listdir('inputs/green')",
        "[e.name for e in type('Holder', (), {'scandir': os.scandir})().scandir('inputs/green')]",
        "(lambda pickle: pickle.loads(pickle.dumps(os.listdir)))(__import__('pickle'))('inputs/green')",
    ],
)
def test_every_way_of_listing_is_sorted_below_the_roots(data: Path, code: str) -> None:
    assert run(data, code) == ["a.csv", "b.csv", "c.csv"]


def test_the_root_itself_is_sorted(data: Path) -> None:
    assert run(data, "os.listdir('inputs')") == ["a", "green", "yellow"]
    assert run(data, "[d for d, _, _ in os.walk('inputs')]") == ["inputs", "inputs/a", "inputs/green", "inputs/yellow"]


def test_elsewhere_nothing_changes(data: Path) -> None:
    backwards = ["c.csv", "b.csv", "a.csv"]
    assert run(data, "os.listdir('elsewhere')") == backwards
    assert run(data, "[e.name for e in os.scandir('elsewhere')]") == backwards
    assert run(data, "os.listdir('inputs/green')", roots="") == backwards
    (data / "inputs-other").symlink_to(data / "elsewhere")
    assert run(data, "os.listdir('inputs-other')") == backwards


def test_a_linked_input_is_sorted_by_either_name(data: Path) -> None:
    (data / "job").mkdir()
    (data / "job" / "input").symlink_to(data / "inputs" / "green")
    roots = str(data / "job" / "input")
    assert run(data, "os.listdir('job/input')", roots) == ["a.csv", "b.csv", "c.csv"]
    assert run(data, "(os.chdir('job/input'), os.listdir('.'))[1]", roots) == ["a.csv", "b.csv", "c.csv"]


def test_several_roots(data: Path) -> None:
    roots = f"{data / 'inputs' / 'green'}:{data / 'elsewhere'}"
    for folder in ("inputs/green", "elsewhere"):
        assert run(data, f"os.listdir({folder!r})", roots) == ["a.csv", "b.csv", "c.csv"]
    assert run(data, "os.listdir('inputs/yellow')", roots) == ["c.csv", "b.csv", "a.csv"]


def test_scandir_stays_a_context_manager_that_can_be_closed(data: Path) -> None:
    code = "(lambda s: (next(s).name, s.close(), list(s)))(os.scandir('inputs/green'))"
    assert run(data, code) == ["a.csv", None, []]
    assert run(data, "[os.scandir('inputs/green').__enter__().__next__().name]") == ["a.csv"]


def test_errors_and_open_folders_are_as_they_were(data: Path) -> None:
    script = (
        "import os, shutil\n"
        f"exec(compile(open({str(HOOK)!r}).read(), 'hook', 'exec'))\n"
        "try: os.listdir('inputs/missing')\nexcept FileNotFoundError as e: print(e.filename)\n"
        "fd = os.open('inputs/green', os.O_RDONLY); print(sorted(os.listdir(fd)))\n"
        "print(os.listdir in os.supports_fd, os.scandir in os.supports_fd, shutil._use_fd_functions)\n"
        "shutil.rmtree('inputs/green'); print(os.path.exists('inputs/green'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=data, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "LAPIS_SORTED_ROOTS": str(data / "inputs")},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["inputs/missing", "['a.csv', 'b.csv', 'c.csv']", "True True True", "False"]
