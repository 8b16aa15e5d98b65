"""Reuse and its reasons through a real server, real processes and the real command line."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.integration.jobs.client import Api
from tests.support.cli import run_lapis
from tests.support.server import LapisServer

STORE = "azureml://datastores/workspaceblobstore/paths"
ENVIRONMENT = {"image": "python"}


def step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": ENVIRONMENT, **more}


def nodes(**more: Any) -> dict[str, Any]:
    """Three steps in a row; `more` goes into the one in the middle."""
    return {
        "prepare": step(
            "cp ${{inputs.raw}}/a.txt ${{outputs.data}}/a.txt",
            inputs={"raw": "${{parent.inputs.raw}}"},
            outputs={"data": {"type": "uri_folder"}},
        ),
        "train": step(
            "cat ${{inputs.data}}/a.txt > ${{outputs.model}}; echo ${{inputs.rate}} >> ${{outputs.model}}",
            inputs={"data": "${{parent.jobs.prepare.outputs.data}}", "rate": "${{parent.inputs.rate}}"},
            outputs={"model": {"type": "uri_file"}},
            **more,
        ),
        "report": step("cat ${{inputs.model}}", inputs={"model": "${{parent.jobs.train.outputs.model}}"}),
    }


class Pipelines:
    """Runs the pipeline and tells what became of its steps."""

    def __init__(self, server: LapisServer) -> None:
        self.api = Api(server)
        self.home = server.home
        self.mark = uuid.uuid4().hex  # in the data, so that no result of another test is equal

    def write(self, text: str) -> None:
        """Write the data that the pipeline reads."""
        file = self.home / f"storage/default/workspaceblobstore/{self.mark}/a.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self.mark} {text}\n")

    def lapis(self, *args: str, check: bool = True) -> CompletedProcess[str]:
        return run_lapis(*args, home=self.home, check=check)

    def run(self, rate: float = 0.1, jobs: dict[str, Any] | None = None, **more: Any) -> str:
        inputs = {"raw": {"type": "uri_folder", "path": f"{STORE}/{self.mark}"}, "rate": rate}
        name = f"p-{uuid.uuid4().hex[:12]}"
        document = {
            "type": "pipeline", "experiment_name": f"reuse-{self.mark}", "display_name": "chain", "inputs": inputs,
            "jobs": jobs or nodes(), **more,
        }  # fmt: skip
        status, body = self.api.call("PUT", f"/jobs/{name}", {"document": document})
        assert status in (200, 201), body
        self.api.wait(name, "Completed")
        return name

    def reused(self, name: str) -> set[str]:
        """Give the steps that did not run."""
        found = self.api.call("GET", f"/jobs?parent={name}")[1]["value"]
        return {child["step"] for child in found if child["status_code"] == "Reused"}

    def why(self, name: str) -> dict[str, Any]:
        status, body = self.api.call("GET", f"/jobs/{name}/why")
        assert status == 200, body
        return dict(body)

    def output(self, job: str, output: str) -> Path:
        return self.home / f"storage/default/workspaceblobstore/azureml/{job}/{output}"


@pytest.fixture
def pipelines(shared_server: LapisServer) -> Pipelines:
    made = Pipelines(shared_server)
    made.write("one")
    return made


ALL = {"prepare", "train", "report"}


def test_what_did_not_change_is_reused_and_what_did_is_named(pipelines: Pipelines) -> None:
    first = pipelines.run()
    assert pipelines.reused(first) == set()
    second = pipelines.run()
    assert pipelines.reused(second) == ALL
    third = pipelines.run(rate=0.2)
    assert pipelines.reused(third) == {"prepare"}
    assert pipelines.output(f"{third}--train", "model").read_text() == f"{pipelines.mark} one\n0.2\n"
    pipelines.write("two")
    fourth = pipelines.run()
    assert pipelines.reused(fourth) == set()
    pipelines.write("one")
    assert pipelines.reused(pipelines.run(rate=0.2)) == ALL, "what was once is taken again"

    text = pipelines.lapis("job", "why", f"{third}--train").stdout
    nearest = pipelines.why(f"{third}--train")["compared_with"]
    assert nearest in (f"{first}--train", f"{second}--train")
    assert text.splitlines() == [
        f"{third}--train  Completed",
        f"It ran because 1 thing that it depends on has changed since {nearest}.",
        "  inputs.rate: 0.1→0.2",
    ]
    text = pipelines.lapis("job", "why", "-n", f"{second}--train").stdout
    assert text.splitlines()[1].endswith(f"since {first}--train, whose outputs it took.")
    record = json.loads(pipelines.lapis("job", "why", f"{fourth}--prepare", "-o", "json").stdout)
    assert record["cause"] == "Changed"
    assert [change["part"] for change in record["changes"]] == ["inputs.raw"]
    assert record["changes"][0]["text"].startswith("inputs.raw: sha256 ")
    lines = pipelines.lapis("job", "why", third).stdout.splitlines()
    assert lines[0] == f"{third}  Completed"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["prepare", "Completed"], ["train", "Completed"], ["inputs.rate:", "0.1→0.2"],
    ]  # fmt: skip
    assert pipelines.lapis("job", "why", "nobody", check=False).returncode == 1
    assert "lapis job why NAME" in pipelines.lapis("job", "why", check=False).stderr


def _remove(path: Path) -> None:
    path.unlink()


def _corrupt(path: Path) -> None:
    found = path.stat()
    path.write_bytes(b"X" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("damage", [_remove, _corrupt])
def test_a_damaged_output_is_made_again_and_what_follows_is_reused(pipelines: Pipelines, damage: Any) -> None:
    first = pipelines.run()
    damage(pipelines.output(f"{first}--train", "model"))
    second = pipelines.run()
    assert pipelines.reused(second) == {"prepare", "report"}, "the same content came out again"
    assert pipelines.output(f"{second}--train", "model").read_text() == f"{pipelines.mark} one\n0.1\n"
    found = pipelines.why(f"{second}--train")
    assert (found["cause"], found["compared_with"]) == ("OutputsLost", f"{first}--train")
    third = pipelines.run()
    assert pipelines.reused(third) == ALL


def test_a_whole_folder_that_is_gone_is_made_again(pipelines: Pipelines) -> None:
    first = pipelines.run()
    shutil.rmtree(pipelines.output(f"{first}--prepare", "data"))
    second = pipelines.run()
    assert pipelines.reused(second) == {"train", "report"}
    assert (pipelines.output(f"{second}--prepare", "data") / "a.txt").read_text() == f"{pipelines.mark} one\n"


def test_forced_and_not_deterministic_steps_run(pipelines: Pipelines) -> None:
    pipelines.run()
    forced = pipelines.run(settings={"force_rerun": True})
    assert pipelines.reused(forced) == set()
    assert pipelines.why(f"{forced}--train")["cause"] == "Forced"
    jobs = nodes(is_deterministic=False)
    mixed = pipelines.run(jobs=jobs)
    assert pipelines.reused(mixed) == {"prepare", "report"}
    assert pipelines.why(f"{mixed}--train")["cause"] == "NotDeterministic"


def test_a_step_that_failed_is_not_reused_and_says_why(pipelines: Pipelines) -> None:
    broken = {"broken": step("echo no > ${{outputs.o}}/x; exit 3", outputs={"o": {"type": "uri_folder"}})}
    for _ in range(2):
        name = f"p-{uuid.uuid4().hex[:12]}"
        document = {"type": "pipeline", "experiment_name": pipelines.mark, "display_name": "broken", "jobs": broken}
        assert pipelines.api.call("PUT", f"/jobs/{name}", {"document": document})[0] in (200, 201)
        pipelines.api.wait(name, "Failed")
    assert pipelines.reused(name) == set()
    found = pipelines.why(f"{name}--broken")
    assert found["cause"] == "NoResult"
    assert "ended as Failed" in found["reason"]
    text = pipelines.lapis("job", "why", f"{name}--broken").stdout
    assert "exit" in text.splitlines()[1]


def test_results_outlive_the_server(lapis_server: LapisServer) -> None:
    pipelines = Pipelines(lapis_server)
    pipelines.write("one")
    pipelines.run()
    lapis_server.kill9()
    lapis_server.start()
    assert pipelines.reused(pipelines.run()) == ALL
