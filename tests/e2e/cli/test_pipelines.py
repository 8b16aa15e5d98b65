"""Pipelines and components from the command line: submit, watch, look, download."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lapisml import Input, MLClient, Output, command, dsl, load_component
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.entities import CommandJob, PipelineJob
from tests.e2e.cli.conftest import Lapis
from tests.support.server import LapisServer

Write = Callable[[str, str], Path]

PREP = """
name: prep
type: command
inputs:
  word: {type: string, default: hello}
outputs:
  data: {type: uri_folder}
code: ./code
environment: {image: any}
command: python prep.py ${{inputs.word}} ${{outputs.data}}
"""
PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
experiment_name: cli
inputs: {word: one}
outputs: {text: {type: uri_file}}
jobs:
  prep:
    type: command
    component: ./parts/prep.yml
    inputs: {word: "${{parent.inputs.word}}"}
  shout:
    command: cat ${{inputs.data}}/a.txt | tr a-z A-Z > ${{outputs.text}}; cat ${{outputs.text}}; exit $CODE
    environment: {image: any}
    environment_variables: {CODE: "0"}
    inputs: {data: "${{parent.jobs.prep.outputs.data}}"}
    outputs: {text: "${{parent.outputs.text}}"}
"""


@pytest.fixture(autouse=True)
def documents(write: Write) -> None:
    write("parts/prep.yml", PREP)
    write("parts/code/prep.py", "import sys; open(sys.argv[2] + '/a.txt', 'w').write(sys.argv[1]); print('prepared')")
    write("pipeline.yml", PIPELINE)


def _json(done: Any) -> Any:
    return json.loads(done.stdout)


def test_create_and_stream_look_and_download(lapis: Lapis, tmp_path: Path) -> None:
    done = lapis("job create -f pipeline.yml --stream --name cli-first --set inputs.word=two")
    steps = [line.split("] ", 1)[1] for line in done.stdout.splitlines()]
    assert [line for line in steps if line.endswith("Completed")] == ["prep: Completed", "shout: Completed"]
    assert "Completed: All 2 steps completed." in done.stderr
    shown = _json(lapis("job show -n cli-first"))
    assert (shown["type"], shown["status"], shown["inputs"]["word"]) == ("pipeline", "Completed", "two")
    assert shown["jobs"]["prep"]["component"]["code"].startswith("azureml://codes/")
    listed = _json(lapis("job list --parent-job-name cli-first"))
    assert {job["step"]: job["parent_job_name"] for job in listed} == {"prep": "cli-first", "shout": "cli-first"}
    assert "cli-first--prep" not in lapis("job list --query [].name -o tsv").stdout
    table = lapis("job list --parent-job-name cli-first -o table").stdout.splitlines()
    assert table[0].split()[:4] == ["Name", "Step", "Type", "Status"]
    lapis("job download -n cli-first --output-name text --download-path one")
    assert [p.read_text() for p in (tmp_path / "one").rglob("*") if p.is_file()] == ["TWO"]
    lapis("job download -n cli-first --all --download-path all")
    found = {str(p.relative_to(tmp_path / "all/cli-first")) for p in (tmp_path / "all").rglob("*") if p.is_file()}
    assert {"steps/prep/named-outputs/data/a.txt", "steps/prep/artifacts/user_logs/std_log.txt"} <= found
    assert any(name.startswith("named-outputs/text/") for name in found)
    again = lapis("job create -f pipeline.yml --stream --set inputs.word=two --query status -o tsv")
    assert again.stdout == "Completed\n"
    assert "prep: Reused from cli-first--prep" in again.stderr


def test_a_pipeline_that_fails_says_where_and_ends_with_1(lapis: Lapis) -> None:
    sets = "jobs.shout.environment_variables.CODE=3 inputs.word=three"
    done = lapis(f"job create -f pipeline.yml -n cli-fails --stream --set {sets}", code=1)
    assert "shout: Failed: The command ended with exit code 3." in done.stdout
    assert "shout (cli-fails--shout)" in done.stderr
    assert "THREE" in done.stderr
    assert lapis("job stream -n cli-fails", code=1).stdout.count("shout: Failed") == 1


def test_cancel_reaches_the_steps(lapis: Lapis, write: Write) -> None:
    write("slow.yml", "type: pipeline\njobs:\n  slow: {command: sleep 60, environment: {image: any}}\n")
    name = lapis("job create -f slow.yml --query name -o tsv").stdout.strip()
    lapis(f"job cancel -n {name}")
    assert "Canceled" in lapis(f"job stream -n {name}", code=1).stderr
    statuses = lapis(f"job list --parent-job-name {name} --query [].status -o tsv").stdout.split()
    assert set(statuses) <= {"Canceled"}


def test_a_bad_step_is_refused_with_its_place_before_anything_runs(lapis: Lapis, write: Write) -> None:
    write("bad.yml", PIPELINE.replace("parent.jobs.prep.outputs.data", "parent.jobs.pre.outputs.data"))
    said = lapis("job create -f bad.yml", code=1).stderr
    assert "bad.yml:" in said
    assert "jobs.shout.inputs.data" in said
    assert "did you mean" in said


def test_components_have_versions_labels_and_an_archive(lapis: Lapis) -> None:
    assert lapis("component create -f parts/prep.yml --query version -o tsv").stdout == "1\n"
    assert lapis("component create -f parts/prep.yml --set version=7 --query version -o tsv").stdout == "7\n"
    assert lapis("component show -n prep --label latest --query version -o tsv").stdout == "7\n"
    assert _json(lapis("component show -n prep -v 1"))["code"].startswith("azureml://codes/")
    lapis("component archive -n prep -v 7")
    assert lapis("component list -n prep --query [].version -o tsv").stdout == "1\n"
    lapis("component restore -n prep -v 7")
    assert lapis("component list -n prep --query [].version -o tsv").stdout == "7\n1\n"
    lapis("component update -n prep -v 7 --set description=newer")
    assert lapis("component show -n prep --query description -o tsv").stdout == "newer\n"
    done = lapis("job create -f pipeline.yml --stream --set jobs.prep.component=azureml:prep@latest inputs.word=four")
    assert "prep: Completed" in done.stdout


def test_the_sdk_builds_submits_follows_and_downloads(
    server: LapisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    client = MLClient(server.token, workspace_name="default", url=server.url)
    made = client.components.create_or_update(load_component("parts/prep.yml"), version="sdk-1")
    prep = client.components.get("prep", version="sdk-1")
    shout = command(
        name="shout",
        command="cat ${{inputs.data}}/a.txt > ${{outputs.text}}; exit ${{inputs.code}}",
        environment={"image": "any"},
        inputs={"data": Input(type="uri_folder"), "code": 0},
        outputs={"text": Output(type="uri_file")},
    )

    @dsl.pipeline(experiment_name="sdk-pipelines")
    def inner(data: object, code: int = 0) -> object:
        said = shout(data=data, code=code)
        return {"text": said.outputs.text}

    @dsl.pipeline(experiment_name="sdk-pipelines")
    def both(word: str, code: int = 0) -> object:
        first = prep(word=word)
        second = inner(data=first.outputs.data, code=code)
        return {"text": second.outputs.text}

    job = client.jobs.create_or_update(both(word="five"))
    assert isinstance(job, PipelineJob)
    assert job.jobs["first"].component == f"azureml:prep:{made.version}"
    client.jobs.stream(job.name)
    assert "second/said: Completed" in capsys.readouterr().out
    done = client.jobs.get(job.name)
    assert done.status == "Completed"
    children = {child.step: child for child in client.jobs.list(parent_job_name=job.name)}
    assert isinstance(children["first"], CommandJob)
    assert isinstance(children["second"], PipelineJob)
    files = client.jobs.download(job.name, download_path="out", output_name="text")
    assert [path.read_text() for path in files] == ["five"]
    failing = client.jobs.create_or_update(both(word="six", code=4))
    with pytest.raises(LapisError) as caught:
        client.jobs.stream(failing.name)
    assert caught.value.code is ErrorCode.JOB_FAILED
    done.display_name = "renamed"
    assert client.jobs.create_or_update(done).display_name == "renamed"
