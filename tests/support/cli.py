"""The real ``lapis`` command as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import clean_environment

LAPIS = Path(sys.executable).parent / "lapis"


def run_lapis(
    *args: str,
    home: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 120.0,
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run ``lapis args…`` and return the finished process with its text.

    Args:
        args: words after ``lapis``.
        home: LAPIS_HOME.
        cwd: working folder.
        env: further environment variables.
        stdin: text on standard input.
        timeout: seconds.
        check: raise AssertionError with both streams when the exit code is not 0.
    """
    done = subprocess.run(
        [str(LAPIS), *args],
        env=clean_environment(LAPIS_HOME=str(home), **(env or {})),
        cwd=cwd, input=stdin if stdin is not None else "", text=True,
        capture_output=True, timeout=timeout, check=False,
    )  # fmt: skip
    if check and done.returncode != 0:
        raise AssertionError(f"lapis {' '.join(args)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
