"""Turning requirements into an exact list: what uv resolves, and in `compatible` what is relaxed and how.

The relaxation of a pin is a walk over ever wider requirements, nearest first; for ``name==1.2.3``:
``==1.2.3`` → ``~=1.2.3`` (1.2.x) → the lowest series above that has one (1.4.x, 2.0.x) → any. The first that has a
wheel for the interpreter at hand is the pin's stand-in: the nearest, for what a script was written for.
A package that has no wheel at all for it is left as it was asked, to be built from source. If the stand-ins do not
fit together, all of them, then all other pins, are loosened a step further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lapisml.backends.environments.uv.interpreters import Interpreter
from lapisml.backends.environments.uv.process import BUILD_BROKE, Outcome, Uv
from lapisml.backends.environments.uv.specification import Specification
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import Log, Resolution

_COMPILE = ("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--no-strip-extras")
_LAST_LINES = 20
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_UNSATISFIABLE = "No solution found"


@dataclass(frozen=True)
class Resolved:
    """An exact list.

    Attributes:
        lock: text of a requirements file that pins every package, with hashes.
        warnings: one sentence per requirement that had to be relaxed.
    """

    lock: str
    warnings: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many packages it names."""
        return sum(1 for line in self.lock.splitlines() if line[:1].isalnum())


class Resolver:
    """Resolves the requirements of one specification for one interpreter.

    Args:
        uv: the command.
        specification: what is asked.
        python: for which interpreter.
        workdir: a private folder for files with requirements (they may hold credentials).
        log: is told what happens.
        keep: file descriptors for uv's processes to hold.
    """

    def __init__(
        self, uv: Uv, specification: Specification, python: Interpreter, workdir: Path, log: Log,
        keep: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self._uv = uv
        self._spec = specification
        self._python = python
        self._workdir = workdir
        self._log = log
        self._keep = keep
        self._constraints = workdir / "constraints.txt"

    def resolve(self) -> Resolved:
        """Return the exact list.

        Raises:
            LapisError: ``EnvironmentUnresolvable`` or ``EnvironmentBuildFailed``.
        """
        asked = [Requirement(text) for text in self._spec.requirements]
        self._constraints.write_text("\n".join(self._spec.constraints) + "\n", encoding="utf-8")
        if self._spec.resolution == Resolution.COMPATIBLE and any(map(_is_bounded, asked)):
            return self._compatible(asked)
        outcome, lock = self._compile(asked, self._log)
        if outcome.code:
            raise self._refusal(asked, outcome)
        return Resolved(lock)

    def explain(self, failure: LapisError) -> LapisError:
        """Return the error of an installation that broke, with the ways out that fit it."""
        asked = [Requirement(text) for text in self._spec.requirements]
        from_source = BUILD_BROKE in failure.message and self._spec.resolution == Resolution.EXACT
        hint = self._ways_out(self._nearest_of_unavailable(asked)) if from_source else failure.hint
        return LapisError(failure.code, failure.message, hint)

    def _compatible(self, asked: list[Requirement]) -> Resolved:
        outcome, lock = self._compile(asked, None, wheels_only=True)
        if outcome.code and _is_about_packages(outcome):
            self._log(f"Not every pin has a build for Python {self._python.version}; looking for the nearest versions")
            outcome, lock = self._first_that_fits(asked)
        if outcome.code:
            raise self._refusal(asked, outcome)
        return Resolved(lock, tuple(_departures(asked, lock, self._python)))

    def _first_that_fits(self, asked: list[Requirement]) -> tuple[Outcome, str]:
        """Try the stand-ins together, then ever looser ones; return the last try."""
        nearest = self._nearest(asked)
        outcome, lock = Outcome(1, ()), ""
        for candidate in _looser_and_looser(asked, [found for found, _ in nearest]):
            for wheels_only in (True, False):
                outcome, lock = self._compile(candidate, self._log, wheels_only, candidate)
                if not outcome.code:
                    return outcome, lock
        return outcome, lock

    def _nearest(self, asked: list[Requirement]) -> list[tuple[Requirement, str]]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self._stand_in, asked))

    def _stand_in(self, asked: Requirement) -> tuple[Requirement, str]:
        """Return the nearest requirement that has a wheel, and which version; `asked`, "" if none has any."""
        for candidate, lowest in _widening(asked):
            extra = ["--no-deps", "--resolution", "lowest" if lowest else "highest"]
            outcome, lock = self._compile([candidate], None, True, extra=extra)
            if outcome.code and not _is_about_packages(outcome):
                break
            version = _pins(lock).get(canonicalize_name(asked.name)) if outcome.code == 0 else None
            if version:
                return (_with(asked, f"~={_series(version)}") if lowest else candidate), version
        return asked, ""

    def _compile(
        self, items: Sequence[Requirement], log: Log | None, wheels_only: bool = False,
        wheels_for: Sequence[Requirement] = (), extra: Sequence[str] = (),
    ) -> tuple[Outcome, str]:  # fmt: skip
        """Run ``uv pip compile``.

        Args:
            items: the requirements.
            log: for uv's lines.
            wheels_only: no source distributions; otherwise only those in `wheels_for` that are pinned need one.
            wheels_for: requirements that were found to have wheels.
            extra: further arguments.
        """
        arguments = [*_COMPILE, "--python", str(self._python.path), "--constraints", str(self._constraints)]
        arguments += [*self._spec.options.arguments(), *extra]
        names = [":all:"] if wheels_only else sorted({r.name for r in wheels_for if r.specifier and not _is_exact(r)})
        for name in names:
            arguments += ["--only-binary", name]
        with (
            NamedTemporaryFile("w", suffix=".in", dir=self._workdir) as wanted,
            NamedTemporaryFile("r", suffix=".txt", dir=self._workdir) as lock,
        ):
            lines = [*self._spec.options.lines(), *map(str, items)]
            wanted.write("\n".join(lines) + "\n")
            wanted.flush()
            outcome = self._uv.run([*arguments, "--output-file", lock.name, wanted.name], log, self._keep)
            return outcome, Path(lock.name).read_text(encoding="utf-8") if outcome.code == 0 else ""

    def _refusal(self, asked: list[Requirement], outcome: Outcome) -> LapisError:
        tail = "\n".join(outcome.lines[-_LAST_LINES:])
        if not _is_about_packages(outcome):
            return LapisError(
                ErrorCode.ENVIRONMENT_BUILD_FAILED,
                f"The packages could not be resolved:\n{tail}",
                "Check the package index's address, the network and the disk, and submit again.",
            )
        compatible = self._spec.resolution == Resolution.COMPATIBLE
        return LapisError(
            ErrorCode.ENVIRONMENT_UNRESOLVABLE,
            f"There is no such set of packages for Python {self._python.version}:\n{tail}",
            self._ways_out([] if compatible else self._nearest_of_unavailable(asked)),
        )

    def _nearest_of_unavailable(self, asked: list[Requirement]) -> list[str]:
        found = zip(asked, self._nearest(asked), strict=True)
        return [f"{wanted.name}=={version}" for wanted, (near, version) in found if str(near) != str(wanted)]

    def _ways_out(self, nearest: list[str]) -> str:
        ways = []
        if self._uv.offline:
            ways.append("allow the network, for the builder is offline and knows only what is in its cache")
        if nearest:
            ways.append(f"ask for the nearest available versions ({', '.join(nearest)})")
        if self._spec.resolution == Resolution.EXACT:
            ways.append("ask for a Python that these versions were made for (python=3.x in the conda file)")
            ways.append("set LAPIS_ENVIRONMENT_RESOLUTION=compatible to have pins relaxed")
        sentence = "; or ".join(ways) or "check the names of the packages and the index's address"
        return sentence[0].upper() + sentence[1:] + "."


def _is_about_packages(outcome: Outcome) -> bool:
    """Say whether uv failed because of what was asked, not because of the network or the machine."""
    return _UNSATISFIABLE in outcome.text or BUILD_BROKE in outcome.text


def _is_bounded(item: Requirement) -> bool:
    return item.url is None and any(s.operator != "!=" for s in item.specifier)


def _is_exact(item: Requirement) -> bool:
    return any(s.operator in ("==", "===") and not s.version.endswith(".*") for s in item.specifier)


def _widening(asked: Requirement) -> Iterator[tuple[Requirement, bool]]:
    """Yield ever wider requirements, each with whether the lowest version in it is wanted."""
    yield asked, False
    floor = _floor(asked.specifier)
    if floor is None or not _is_bounded(asked):
        return
    yield _with(asked, f"~={_series(floor)}"), False
    yield _with(asked, f">={floor}"), True
    yield _with(asked, ""), False


def _looser_and_looser(asked: list[Requirement], nearest: list[Requirement]) -> Iterator[list[Requirement]]:
    """Yield lists of requirements to try together, in the order of preference."""
    yield nearest
    steps: list[Callable[[Requirement], Requirement]] = [_from_floor, _bare]
    for loosen in steps:
        yield [f if str(f) == str(a) else loosen(a) for a, f in zip(asked, nearest, strict=True)]
    for loosen in steps:
        yield [loosen(a) for a in asked]


def _from_floor(item: Requirement) -> Requirement:
    floor = _floor(item.specifier)
    return _with(item, f">={floor}") if floor and _is_bounded(item) else item


def _bare(item: Requirement) -> Requirement:
    return _with(item, "") if _is_bounded(item) else item


def _floor(specifier: SpecifierSet) -> str | None:
    """Return the lowest version that a specifier speaks of: of a pin itself, of a range its lower end."""
    found = [s.version.removesuffix(".*") for s in specifier if s.operator in ("==", "~=", ">=", ">", "===")]
    found = found or [s.version for s in specifier if s.operator in ("<", "<=")]
    try:
        return str(min(map(Version, found))) if found else None
    except InvalidVersion:
        return None


def _series(version: str) -> str:
    """Return the first three numbers of a release, zeros where it has fewer: ``1.2`` → ``1.2.0``."""
    return ".".join(map(str, (*Version(version).release, 0, 0)[:3]))


def _with(item: Requirement, specifier: str) -> Requirement:
    changed = Requirement(str(item))
    changed.specifier = SpecifierSet(specifier)
    return changed


def _pins(lock: str) -> dict[str, str]:
    """Return normalised name → version of a lock's text."""
    return {canonicalize_name(name): version for name, version in _PINNED.findall(lock)}


def _departures(asked: list[Requirement], lock: str, python: Interpreter) -> Iterator[str]:
    installed = _pins(lock)
    for item in asked:
        version = installed.get(canonicalize_name(item.name))
        if version and item.specifier and not item.specifier.contains(version, prereleases=True):
            yield (
                f"{item} was asked for, which could not be had for Python {python.version}; {version} was installed."
            )
