"""Choosing the interpreter for a specification."""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet

from lapisml.backends.environments.uv.interpreters import Interpreter, Interpreters
from lapisml.backends.environments.uv.process import Uv
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import Log, Resolution

_PATCH = re.compile(r"==\s*(3\.\d+)\.\d+(\.\*)?\Z")


def choose_python(
    asked: str, resolution: Resolution, interpreters: Interpreters, uv: Uv, log: Log
) -> tuple[Interpreter, list[str]]:
    """Return the interpreter to build with, and a sentence for each departure from what was asked.

    Another patch release of the asked series always will do: packages are built for the series.

    Args:
        asked: specifier such as ``==3.8.*``.
        resolution: `EXACT` or `COMPATIBLE`.
        interpreters: what this machine has.
        uv: fetches an interpreter, if it is allowed to.
        log: is told what is fetched.

    Raises:
        LapisError: ``EnvironmentUnresolvable`` with the ways out.
    """
    wanted, series = SpecifierSet(asked), _series_of(asked)
    found = interpreters.matching(wanted) or interpreters.matching(series)
    if found is None and uv.python_downloads and not uv.offline:
        log(f"Fetching Python {series}")
        uv.run(["python", "install", str(series)], log)
        found = interpreters.matching(series)
    if found is not None:
        departure = f"Python {_shown(asked)} was asked for; {found.version} of this machine is used."
        return found, [] if found.version in wanted else [departure]
    available = interpreters.all()
    nearest = min(available, key=lambda i: (_distance(i, wanted), -i.minor), default=None)
    if resolution == Resolution.EXACT or nearest is None:
        raise _no_such_python(asked, available, nearest)
    return nearest, [f"Python {_shown(asked)} was asked for, which this machine lacks; {nearest.version} is used."]


def _series_of(asked: str) -> SpecifierSet:
    """Return `asked` with an exact patch release widened to its series: ``==3.8.5`` → ``==3.8.*``."""
    clauses = [clause.strip() for clause in asked.split(",")]
    return SpecifierSet(",".join(f"=={m.group(1)}.*" if (m := _PATCH.match(c)) else c for c in clauses))


def _distance(interpreter: Interpreter, wanted: SpecifierSet) -> int:
    """Return how many minor versions lie between `interpreter` and the nearest that is wanted; 99 if none is."""
    minors = [m for m in range(40) if wanted.contains(f"3.{m}") or wanted.contains(f"3.{m}.99")]
    minors += [int(m) for m in re.findall(r"==\s*3\.(\d+)", str(wanted))]
    return min((abs(interpreter.minor - m) for m in minors), default=99)


def _shown(asked: str) -> str:
    match = re.fullmatch(r"==\s*([\d.]+?)(\.\*)?", asked)
    return match.group(1) if match else asked


def _no_such_python(asked: str, available: list[Interpreter], nearest: Interpreter | None) -> LapisError:
    shown, have = _shown(asked), ", ".join(i.version for i in available) or "none"
    series = re.match(r"3\.\d+", shown)
    install = f"`uv python install {series.group()}`" if series else "an interpreter of such a version"
    return LapisError(
        ErrorCode.ENVIRONMENT_UNRESOLVABLE,
        f"The environment asks for Python {shown}, and this machine has {have}.",
        f"Install that Python ({install}), or set LAPIS_ENVIRONMENT_RESOLUTION=compatible to use the nearest, "
        f"or ask for one that is there{f': python={nearest.series}' if nearest else ''}.",
    )
