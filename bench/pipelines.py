"""Pipelines of steps that only print: in a row, side by side, reused, and a thousand; Metaflow and ZenML do it too."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.harness import BIN, Table, command_seconds, peer_python, rounds_from_arguments, seconds
from bench.installation import COMPUTE, ENVIRONMENT, JOBS, Installation, installation
from tests.support.processes import clean_environment

STEPS = 20
_METAFLOW_ROW = """
from metaflow import FlowSpec, step

class Row(FlowSpec):
{steps}

if __name__ == "__main__":
    Row()
"""


def pipeline(steps: int, *, in_a_row: bool, mark: str, force: bool = True) -> dict[str, Any]:
    """Give a pipeline document of `steps` commands that print; `mark` keeps one apart from another."""
    jobs: dict[str, Any] = {}
    for number in range(steps):
        job: dict[str, Any] = {
            "type": "command",
            "command": f"echo {mark} > ${{{{outputs.done}}}}/done.txt",
            "environment": ENVIRONMENT,
            "outputs": {"done": {"type": "uri_folder"}},
        }
        if in_a_row and number:
            job["inputs"] = {"before": f"${{{{parent.jobs.s{number - 1}.outputs.done}}}}"}
            job["command"] += "; ls ${{inputs.before}} > /dev/null"
        jobs[f"s{number}"] = job
    settings = {"default_compute": COMPUTE, "force_rerun": force}
    return {"type": "pipeline", "experiment_name": "bench", "jobs": jobs, "settings": settings}


class Lapis:
    """The same pipelines sent to a server."""

    def __init__(self, installed: Installation) -> None:
        self._lapis = installed

    def run(self, steps: int, *, in_a_row: bool) -> float:
        """Submit a pipeline over HTTP and wait for its end; seconds."""
        document = pipeline(steps, in_a_row=in_a_row, mark=uuid4().hex)
        return seconds(lambda: self._lapis.run(document))

    def per_step(self, steps: int) -> float:
        """Run steps side by side; milliseconds for each."""
        return 1000 * self.run(steps, in_a_row=False) / steps

    def command(self, *, in_a_row: bool) -> float:
        """Type ``lapis job create -f pipeline.yml --stream`` and wait for the prompt; seconds."""
        file = self._lapis.folder / "pipeline.yml"
        file.write_text(json.dumps(pipeline(STEPS, in_a_row=in_a_row, mark=uuid4().hex)))
        env = clean_environment(LAPIS_HOME=str(self._lapis.server.home))
        return command_seconds(str(BIN / "lapis"), "job", "create", "-f", str(file), "--stream", env=env)

    def reused(self, steps: int) -> float:
        """Run a pipeline whose steps have all run before; seconds."""
        document = pipeline(steps, in_a_row=True, mark="same", force=False)
        self._lapis.run(document)
        return seconds(lambda: self._lapis.run(document))

    def check(self, steps: int) -> float:
        """Check a pipeline without running it; seconds."""
        document = {"document": pipeline(steps, in_a_row=True, mark="check")}
        path = f"{JOBS}/check?validate_only=true"
        return seconds(lambda: self._lapis.request("PUT", path, document))


def metaflow(folder: Path, *, in_a_row: bool) -> float:
    """Run a Metaflow flow of `STEPS` steps on this machine; seconds."""
    python = peer_python("metaflow", "metaflow")
    file = folder / ("row.py" if in_a_row else "side.py")
    file.write_text(_METAFLOW_ROW.format(steps=_row_steps() if in_a_row else _side_steps()))
    path = f"{python.parent}:{os.environ['PATH']}"
    env = clean_environment(METAFLOW_USER="bench", METAFLOW_DATASTORE_SYSROOT_LOCAL=str(folder), PATH=path)
    workers = [] if in_a_row else ["--max-workers", "8"]
    return command_seconds(str(python), str(file), "--quiet", "run", *workers, env=env, cwd=folder)


def _row_steps() -> str:
    names = ["start", *(f"s{number}" for number in range(STEPS - 2)), "end"]
    bodies = []
    for number, name in enumerate(names):
        after = f"self.next(self.{names[number + 1]})" if number + 1 < len(names) else "pass"
        bodies.append(f"    @step\n    def {name}(self):\n        print(1)\n        {after}\n")
    return "\n".join(bodies)


def _side_steps() -> str:
    names = [f"s{number}" for number in range(STEPS)]
    split = ", ".join(f"self.{name}" for name in names)
    bodies = [f"    @step\n    def start(self):\n        self.next({split})\n"]
    bodies += [f"    @step\n    def {name}(self):\n        print(1)\n        self.next(self.join)\n" for name in names]
    bodies.append("    @step\n    def join(self, inputs):\n        self.next(self.end)\n")
    bodies.append("    @step\n    def end(self):\n        pass\n")
    return "\n".join(bodies)


def zenml(folder: Path, *, in_a_row: bool) -> float:
    """Run a ZenML pipeline of `STEPS` steps on the local stack; seconds."""
    python = peer_python("zenml", "zenml[local]")
    file = folder / "zen.py"
    file.write_text(_ZENML.format(steps=STEPS, row=in_a_row))
    env = clean_environment(
        ZENML_CONFIG_PATH=str(folder / "zen"), ZENML_ANALYTICS_OPT_IN="false", ZENML_LOGGING_VERBOSITY="ERROR",
        AUTO_OPEN_DASHBOARD="false",
    )  # fmt: skip
    return command_seconds(str(python), str(file), env=env, cwd=folder)


_ZENML = """
from zenml import pipeline, step

@step(enable_cache=False)
def one(before: int) -> int:
    print(1)
    return before

@pipeline(enable_cache=False)
def many():
    value = 0
    for number in range({steps}):
        made = one.with_options()(value, id=f"s{{number}}") if {row} else one(0, id=f"s{{number}}")
        value = made

many()
"""


def main() -> int:
    """Measure rows, steps side by side, reuse, and how the overhead grows."""
    rounds = rounds_from_arguments(5)
    table = Table("Pipelines", "Metaflow", ("metaflow", "zenml"), rounds)
    with installation() as installed:
        lapis, folder = Lapis(installed), installed.folder
        table.compare(
            f"{STEPS} steps in a row, from command to prompt", peer=lambda: metaflow(folder, in_a_row=True),
            ours=lambda: lapis.command(in_a_row=True), target=4,
        )  # fmt: skip
        table.compare(
            f"{STEPS} steps side by side, from command to prompt", peer=lambda: metaflow(folder, in_a_row=False),
            ours=lambda: lapis.command(in_a_row=False),
        )  # fmt: skip
        table.compare(
            f"{STEPS} steps in a row, the peer is ZenML", peer=lambda: zenml(folder, in_a_row=True),
            ours=lambda: lapis.command(in_a_row=True), target=5, rounds=min(rounds, 3),
        )  # fmt: skip
        row = partial(lapis.run, STEPS, in_a_row=True)
        table.compare(f"{STEPS} steps in a row, from submission to Completed", ours=row, limit=2.0)
        side = partial(lapis.run, STEPS, in_a_row=False)
        table.compare(f"{STEPS} steps side by side, from submission to Completed", ours=side, limit=1.3)
        table.compare(f"{STEPS} steps, all reused", ours=lambda: lapis.reused(STEPS), limit=0.5)
        table.compare("1,000 steps: compile and check", ours=lambda: lapis.check(1000), limit=1.0)
        for steps in (100, 1000):
            per_step = partial(lapis.per_step, steps)
            table.compare(f"{steps} steps side by side, per step", ours=per_step, unit="ms", rounds=1, warm=False)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
