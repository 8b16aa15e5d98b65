"""Making the virtual environment and putting the exact list of packages into it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from lapisml.backends.environments.uv.interpreters import Interpreter
from lapisml.backends.environments.uv.process import BUILD_BROKE, Outcome, Uv
from lapisml.backends.environments.uv.requirements import Options
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import Log

_LAST_LINES = 20
_LARGEST_SCRIPT = 1 << 20
_SHEBANG = re.compile(rb"\A#![^\n]*/python[0-9.]*[^\n]*\n")
_RELOCATABLE = re.compile(rb"\A#!/bin/sh\n'''exec' [^\n]*\n' '''\n")


def make_venv(uv: Uv, prefix: Path, python: Interpreter, log: Log, keep: Sequence[int]) -> None:
    """Make an empty virtual environment at `prefix`, which must not exist.

    Raises:
        LapisError: ``EnvironmentBuildFailed``.
    """
    outcome = uv.run(["venv", "--quiet", "--relocatable", "--python", str(python.path), str(prefix)], log, keep)
    _check(outcome, "The virtual environment could not be made")


def install(uv: Uv, prefix: Path, lock: Path, options: Options, log: Log, keep: Sequence[int]) -> None:
    """Install exactly what `lock` names, as hard links into uv's cache.

    Tried from the cache alone first: when everything is there, that saves asking the index again.

    Args:
        uv: the command.
        prefix: the virtual environment.
        lock: a requirements file that pins everything, sources included.
        options: what the file cannot say.
        log: is given uv's lines.
        keep: file descriptors for uv's processes to hold.

    Raises:
        LapisError: ``EnvironmentBuildFailed`` with the last lines.
    """
    command = ["pip", "sync", "--no-verify-hashes", "--link-mode", "hardlink", "--python", str(prefix),
               *options.arguments(), str(lock)]  # fmt: skip
    outcome = uv.run([*command, "--offline"], None, keep)
    if outcome.code == 0 or BUILD_BROKE in outcome.text:
        for line in filter(str.strip, outcome.lines):
            log(line)
    else:
        outcome = uv.run(command, log, keep)
    _check(outcome, "The packages could not be installed")


def lend_scripts(folder: Path, prefix_python: Path, sources: Sequence[Path] = ()) -> None:
    """Let the Python commands in `folder` run under the interpreter that ``LAPIS_PYTHON`` names.

    Each gets a first line for ``sh`` that replaces itself by that interpreter, or by the environment's own
    where the variable is not set. Files are replaced, never written in place: they may be links into a cache.

    Args:
        folder: whose scripts are rewritten.
        prefix_python: the interpreter to fall back to.
        sources: further commands, copied into `folder` in that form; linked if they are no Python scripts.
    """
    head = b"#!/bin/sh\n'''exec' \"${LAPIS_PYTHON:-" + _in_default(os.fsencode(prefix_python)) + b'}" '
    head += b"\"$0\" \"$@\"\n' '''\n"
    for path in [*sorted(folder.iterdir()), *sources]:
        if path.is_symlink() or not path.is_file():
            continue
        text = path.read_bytes() if path.stat().st_size < _LARGEST_SCRIPT else b""
        begin = _RELOCATABLE.match(text) or _SHEBANG.match(text)
        if begin:
            _replace(folder / path.name, head + text[begin.end() :], path.stat().st_mode & 0o777)
        elif path.parent != folder:
            (folder / path.name).symlink_to(path)


def _in_default(path: bytes) -> bytes:
    """Quote a path for ``"${NAME:-path}"``: within double quotes only these four characters count."""
    return re.sub(rb'(["\\$`}])', rb"\\\1", path)


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(path)


def _check(outcome: Outcome, what: str) -> None:
    if outcome.code:
        tail = "\n".join(outcome.lines[-_LAST_LINES:])
        raise LapisError(
            ErrorCode.ENVIRONMENT_BUILD_FAILED,
            f"{what}:\n{tail}",
            "See the environment's build log; a package that is built from source may need a compiler.",
        )
