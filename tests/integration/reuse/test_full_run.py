"""The same as the unit test of this name, with real processes: the server decides what runs and what is reused."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.jobs.client import Api
from tests.support.server import LapisServer
from tests.unit.reuse.edits import Damage, Edit, Node, Plan, apply, edits, plans, shell_command, table_text
from tests.unit.reuse.test_full_run import hurt

STORE = "workspaceblobstore"


class Run:
    """A pipeline that is run again and again in one server; results of earlier examples may be reused too."""

    def __init__(self, server: LapisServer) -> None:
        self.api = Api(server)
        self.store = server.home / "storage/default" / STORE
        self.mark = uuid.uuid4().hex[:8]
        self.folders: list[Path] = []

    def run(self, plan: Plan) -> None:
        """Run a pipeline and hold each step's output against a full run."""
        for number, version in enumerate(plan.tables):
            file = self.store / self.mark / f"table{number}" / "t.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(table_text(version))
        name = f"p-{uuid.uuid4().hex[:12]}"
        jobs = {f"s{number}": _node(node, self.mark) for number, node in enumerate(plan.nodes)}
        document = {"type": "pipeline", "experiment_name": "edits", "jobs": jobs}
        status, body = self.api.call("PUT", f"/jobs/{name}", {"document": document})
        assert status in (200, 201), body
        self.api.wait(name, "Completed")
        self.folders = [self._folder(f"{name}--s{number}") for number in range(len(plan.nodes))]
        assert [(folder / "o.txt").read_text().strip() for folder in self.folders] == plan.results()

    def damage(self, damage: Damage) -> None:
        """Damage an output of the run before, if it is there still."""
        folder = self.folders[damage.step % len(self.folders)]
        if (folder / "o.txt").exists():
            hurt(folder, damage.how)

    def _folder(self, job: str) -> Path:
        """Give where a step's output lies: with its own job, or with the one that was reused."""
        source = self.api.job(job)["properties"].get("azureml.reusedrunid", job)
        return self.store / "azureml" / source / "model"


def _node(node: Node, mark: str) -> dict[str, Any]:
    inputs: dict[str, Any] = {"rate": node.rate}
    for table in node.tables:
        path = f"azureml://datastores/{STORE}/paths/{mark}/table{table}"
        inputs[f"table{table}"] = {"type": "uri_folder", "path": path}
    for number in node.needs:
        inputs[f"step{number}"] = f"${{{{parent.jobs.s{number}.outputs.model}}}}"
    return {
        "type": "command",
        "command": shell_command(node),
        "environment": {"image": "python"},
        "inputs": inputs,
        "outputs": {"model": {"type": "uri_folder"}},
    }


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=plans(), sequence=st.lists(edits, min_size=2, max_size=5))
def test_reuse_gives_what_a_full_run_gives(shared_server: LapisServer, plan: Plan, sequence: list[Edit]) -> None:
    run = Run(shared_server)
    run.run(plan)
    for edit in sequence:
        if edit[0] == "damage":
            run.damage(edit[1])
        plan = apply(plan, edit)
        run.run(plan)
