"""For random edits of random pipelines, what reuse gives is what a full run gives; and no step runs without need."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lapisml.core.ids import child_name
from tests.support.assets import open_world
from tests.unit.reuse.edits import Damage, Edit, Node, Plan, apply, edits, plans, result_of, shell_command, table_text
from tests.unit.reuse.steps import STORE, Steps, command, make_steps


@dataclass
class Run:
    """One workspace in which a pipeline is run again and again."""

    steps: Steps
    number: itertools.count[int] = field(default_factory=itertools.count)
    whole: dict[str, str] = field(default_factory=dict)
    """Result → the job whose whole outputs hold it."""
    jobs: list[str] = field(default_factory=list)

    def run(self, plan: Plan) -> None:
        """Run a pipeline with reuse, and hold each step against a full run."""
        for number, version in enumerate(plan.tables):
            self.steps.write(f"{STORE}/table{number}", {"t.txt": table_text(version).encode()})
        parent = self.steps.pipeline(f"p{next(self.number)}")
        self.jobs, expected = [], plan.results()
        for number, node in enumerate(plan.nodes):
            document = self._document(node)
            found = self.steps.found(document)
            assert found == self.whole.get(expected[number]), f"step {number} of {plan}"
            name = child_name(parent.name, str(number))
            if found is not None:
                assert self.steps.take(parent, str(number), document) == name
            else:
                self._execute(parent, number, document, node)
                self.whole[expected[number]] = name
            self.jobs.append(name)
            assert (self.steps.path(name) / "o.txt").read_text() == expected[number]

    def damage(self, damage: Damage) -> None:
        """Damage an output of the run before, if it is there still."""
        name = self.jobs[damage.step % len(self.jobs)]
        folder = self.steps.path(name)
        if not (folder / "o.txt").exists():
            return
        hurt(folder, damage.how)
        self.whole = {result: job for result, job in self.whole.items() if self.steps.path(job) != folder}

    def _document(self, node: Node) -> dict[str, Any]:
        inputs: dict[str, Any] = {"rate": node.rate}
        for table in node.tables:
            inputs[f"table{table}"] = {"type": "uri_folder", "path": f"{STORE}/table{table}"}
        for number in node.needs:
            path = f"azureml://jobs/{self.jobs[number]}/outputs/model"
            inputs[f"step{number}"] = {"type": "uri_folder", "path": path}
        return command(command=shell_command(node), inputs=inputs, outputs={"model": {"type": "uri_folder"}})

    def _execute(self, parent: Any, number: int, document: dict[str, Any], node: Node) -> None:
        """Do what the command would do, with the bytes that its inputs lead to."""

        def read(name: str, file: str) -> str:
            location = self.steps.world.assets.location(self.steps.ws, document["inputs"][name]["path"])
            return (Path(location.path) / file).read_text()

        tables = [read(f"table{t}", "t.txt") for t in sorted(node.tables)]
        earlier = [read(f"step{n}", "o.txt") if n in node.needs else "" for n in range(number)]
        content = result_of(node, tables, earlier).encode()
        assert self.steps.run(parent, str(number), document, {"model/o.txt": content})


def hurt(folder: Path, how: str) -> None:
    """Damage an output on the disk."""
    file = folder / "o.txt"
    found = file.stat()
    if how == "remove":
        file.unlink()
    elif how == "folder":
        shutil.rmtree(folder)
    elif how == "add":
        (folder / "more").write_text("more")
    else:
        file.write_bytes(b"0" * found.st_size)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    home = tmp_path_factory.mktemp("edits")
    with open_world(home / "home", f"sqlite:///{home / 'lapis.db'}") as world:
        yield make_steps(world)


_workspaces = itertools.count()


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # making a failing example smaller would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=plans(), sequence=st.lists(edits, min_size=1, max_size=6))
def test_reuse_gives_what_a_full_run_gives(shared: Steps, plan: Plan, sequence: list[Edit]) -> None:
    workspace, _ = shared.world.workspaces.create_or_update(f"w{next(_workspaces)}", {}, "ann")
    run = Run(replace(shared, world=replace(shared.world, ws=workspace)))
    run.run(plan)
    for edit in sequence:
        if edit[0] == "damage":
            run.damage(edit[1])
        plan = apply(plan, edit)
        run.run(plan)
