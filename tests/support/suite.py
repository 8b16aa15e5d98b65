"""The compute suite for every engine, one after the other, as one table; see ``scripts/suite``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.support.processes import REPOSITORY
from tests.support.whole import SWITCH

ENGINES = {"local": "local", "node": "node", "ssh": "SSH", "slurm": "Slurm", "ray": "Ray"}
_TARGET = REPOSITORY / ".demo" / "suite.md"
_LIMIT_S = 1200
_NOT_ASKED = "–"


@dataclass
class Result:
    """What one engine showed.

    Attributes:
        cells: test → ``pass``, ``skip``, ``FAIL``.
        reasons: why tests were skipped or failed → which tests.
        took_s: seconds.
    """

    cells: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    took_s: float = 0.0

    def of(self, test: str) -> str:
        """Return the cell of a test; the engine's own when none of its tests could be read."""
        return self.cells.get(test) or self.cells.get("", _NOT_ASKED)

    def summary(self) -> str:
        """Return ``49 pass, 1 skip``."""
        kinds = ("pass", "skip", "FAIL")
        counts = [(sum(cell == kind for cell in self.cells.values()), kind) for kind in kinds]
        return ", ".join(f"{count} {kind}" for count, kind in counts if count) or "nothing ran"


def main() -> None:
    """Run the suites named by the arguments (all without any), print the table; exit with 1 when one failed."""
    asked = sys.argv[1:] or list(ENGINES)
    if wrong := [name for name in asked if name not in ENGINES]:
        sys.exit(f"scripts/suite: there is no engine named {wrong[0]}; there are {', '.join(ENGINES)}")
    results = {}
    for name in asked:
        print(f"{ENGINES[name]} …", end=" ", flush=True, file=sys.stderr)
        results[name] = ran(name)
        print(f"{results[name].summary()} in {results[name].took_s:.0f} s", file=sys.stderr)
    text = table(results)
    _TARGET.parent.mkdir(exist_ok=True)
    _TARGET.write_text(text)
    print(text)
    sys.exit(any("FAIL" in result.cells.values() for result in results.values()))


def ran(engine: str) -> Result:
    """Run the suite for one engine."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lapis-suite-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command += [f"tests/contract/test_compute_{engine}.py"]
        with (Path(folder) / "said").open("w+") as said:
            try:
                environment = {**os.environ, SWITCH: "1"}
                subprocess.run(
                    command, cwd=REPOSITORY, env=environment, stdout=said, stderr=said, check=False, timeout=_LIMIT_S
                )
            except subprocess.TimeoutExpired:
                said.write(f"\nIt did not end within {_LIMIT_S} s.")
            said.seek(0)
            result = read(report) if report.exists() else Result({"": "FAIL"}, {said.read()[-500:].strip(): ["all"]})
    result.took_s = time.monotonic() - began
    return result


def read(report: Path) -> Result:
    """Read pytest's report; tests outside the suite's classes are the engine's own and left out."""
    result = Result()
    for case in ET.parse(report).iter("testcase"):
        test = case.get("name", "").removeprefix("test_").replace("_", " ")
        if ".Test" not in case.get("classname", ""):
            if case.get("classname"):
                continue
            test = ""  # the module itself
        told = [(kind, one) for kind in ("skipped", "failure", "error") for one in case.findall(kind)]
        result.cells[test] = "pass" if not told else "skip" if told[0][0] == "skipped" else "FAIL"
        for _kind, one in told[:1]:
            words = " ".join(str(one.get("message")).split())[:300]
            result.reasons.setdefault(words, []).append(test or "all")
    return result


def table(results: dict[str, Result]) -> str:
    """Lay the results side by side, as Markdown."""
    tests = list(dict.fromkeys(test for result in results.values() for test in result.cells if test))
    lines = [f"| test | {' | '.join(ENGINES[name] for name in results)} |", f"|---|{'---|' * len(results)}"]
    lines += [f"| {test} | {' | '.join(result.of(test) for result in results.values())} |" for test in tests]
    sums = (f"{result.summary()} ({result.took_s:.0f} s)" for result in results.values())
    lines += [f"| **all** | {' | '.join(sums)} |", ""]
    for name, result in results.items():
        lines += [f"- {ENGINES[name]}: {len(of)} × {why} ({', '.join(of[:3])})" for why, of in result.reasons.items()]
    if any(result.of(test) == _NOT_ASKED for test in tests for result in results.values()):
        lines.append(f"- {_NOT_ASKED}: not asked of this engine (faults of a supervisor that the suite makes itself)")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
