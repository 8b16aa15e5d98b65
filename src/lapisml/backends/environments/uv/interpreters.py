"""Finding the Python interpreters of this machine.

uv's own search stumbles over pyenv's shims, so the usual places are looked through here: the interpreter that
Lapis runs on, ``PATH``, pyenv's, uv's and a few common folders.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

_NAME = re.compile(r"python3\.(\d+)\Z")
_QUESTION = (
    "import sys, platform; assert platform.python_implementation() == 'CPython'; "
    "print('.'.join(map(str, sys.version_info[:3])), getattr(sys, '_base_executable', sys.executable), sep='\\n')"
)
_OLDEST = 7


@dataclass(frozen=True)
class Interpreter:
    """A CPython on this machine.

    Attributes:
        path: its executable, not that of a virtual environment made from it.
        version: as ``3.11.7``.
    """

    path: Path
    version: str

    @property
    def series(self) -> str:
        """Major and minor version: ``3.11``."""
        return ".".join(self.version.split(".")[:2])

    @property
    def minor(self) -> int:
        """The second number of the version."""
        return int(self.version.split(".")[1])


class Interpreters:
    """The interpreters of this machine, found when first asked for.

    Args:
        folders: where executables called ``python3.N`` are looked for; None for the usual places.
    """

    def __init__(self, folders: Iterable[Path] | None = None) -> None:
        self._folders = list(folders) if folders is not None else None

    def all(self) -> list[Interpreter]:
        """Return one interpreter per minor version (the own one, else the newest), oldest first."""
        own = own_interpreter() if self._folders is None else None
        best = {own.minor: own} if own else {}
        folders = list(_usual_folders()) if self._folders is None else self._folders
        for candidate in _candidates(folders):
            minor = int(candidate.name.rpartition(".")[2])
            if own and minor == own.minor:
                continue
            found, known = _ask(candidate), best.get(minor)
            if found and (known is None or Version(found.version) > Version(known.version)):
                best[minor] = found
        return [best[minor] for minor in sorted(best)]

    def matching(self, wanted: SpecifierSet) -> Interpreter | None:
        """Return the own interpreter if it is in `wanted`, else the newest that is; None when there is none."""
        if self._folders is None and own_interpreter().version in wanted:
            return own_interpreter()
        found = [i for i in self.all() if wanted.contains(i.version)]
        return found[-1] if found else None


def own_interpreter() -> Interpreter:
    """Return the interpreter that Lapis runs on (its base, where that is a virtual environment)."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(Path(base), ".".join(map(str, sys.version_info[:3])))


def _usual_folders() -> Iterator[Path]:
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if entry and Path(entry).name != "shims":
            yield Path(entry)
    for parent in (pyenv / "versions", managed, Path("/opt/python"), Path("/opt/pythons")):
        yield from sorted(parent.glob("*/bin"))
    yield from (Path("/usr/local/bin"), Path("/usr/bin"), Path("/opt/homebrew/bin"))


def _candidates(folders: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in folders:
        if (folder.parent / "pyvenv.cfg").exists():
            continue
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            continue
        for path in paths:
            match = _NAME.match(path.name)
            real = Path(os.path.realpath(path))
            if match and int(match.group(1)) >= _OLDEST and real not in seen:
                seen.add(real)
                yield path


def _ask(path: Path) -> Interpreter | None:
    """Start the interpreter and ask for its version; None when it does not start or is no CPython."""
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _QUESTION], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    return Interpreter(Path(lines[1]), lines[0]) if done.returncode == 0 and len(lines) == 2 else None
