"""Documents that hold others: components and jobs in files of their own, steps, trials, schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import LoadedDocument, load_dict, load_document, parse, parse_ops, schema
from lapisml.documents.local_paths import path_fields, replaced
from tests.unit.documents.samples import DOCUMENTS, NIGHTLY, TRAIN, write

UPLOAD = "azureml://codes/" + "0" * 64


def loaded(folder: Path, case: str = "job/pipeline", text: str | None = None, sets: list[str] | None = None) -> Any:
    path = write(folder, DOCUMENTS[case] if text is None else text)
    return load_document(path, kind=case.partition("/")[0], overrides=parse_ops(sets or []))


def problems(document: LoadedDocument, code: ErrorCode = ErrorCode.DOCUMENT_INVALID) -> list[Problem]:
    with pytest.raises(LapisError) as caught:
        document.validated()
    assert caught.value.code is code, str(caught.value)
    return caught.value.problems


def place(file: Path, snippet: str, skip: int = 0) -> tuple[str, int, int]:
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if snippet in line:
            return str(file), number, line.index(snippet) + 1 + skip
    raise AssertionError(snippet)


def at(problem: Problem) -> tuple[str | None, int | None, int | None]:
    return problem.file, problem.line, problem.column


def test_a_component_in_a_file_becomes_part_of_the_document(folder: Path) -> None:
    made = loaded(folder).validated().to_dict()
    train = made["jobs"]["train"]["component"]
    assert (train["type"], train["name"], train["version"]) == ("command", "train", "1")
    assert train["code"] == str(folder / "parts" / "code")
    assert train["additional_includes"] == [str(folder / "shared")]
    assert train["environment"]["conda_file"]["dependencies"] == ["python=3.11", {"pip": ["mlflow"]}]
    assert made["jobs"]["search"]["trial"] == train
    assert made["jobs"]["registered"]["component"] == "azureml:score@latest"


def test_what_a_pipeline_becomes(folder: Path) -> None:
    made = loaded(folder).validated().to_dict()
    assert made["jobs"]["train"]["type"] == "command"
    assert "type" not in made["jobs"]["registered"], "the server knows of what type the component is"
    assert made["jobs"]["inline"]["type"] == "command"
    assert made["jobs"]["train"]["resources"] == {"instance_count": "${{parent.inputs.nodes}}"}
    assert made["inputs"]["nodes"] == 1
    assert made["settings"] == {"default_compute": "azureml:cpu-cluster", "continue_on_step_failure": True}


def test_every_local_file_within_is_found(folder: Path) -> None:
    found = {(file.role, str(file.absolute.relative_to(folder))) for file in loaded(folder).local_files()}
    assert found == {("data", "data/diabetes.csv"), ("code", "parts/code"), ("include", "shared")}


@pytest.mark.parametrize("case", ["job/pipeline", "job/sweep", "job/parallel", "job/spark", "schedule"])
def test_a_document_with_uploads_is_valid_over_the_wire(case: str, folder: Path) -> None:
    document = loaded(folder, case)
    made = document.validated().to_dict()
    kind = document.kind
    with pytest.raises(LapisError) as caught:
        parse(kind, made)
    assert {p.message for p in caught.value.problems} == {"this is a path on your own machine"}
    addresses = {file.path: UPLOAD for file in document.local_files() if file.role != "include"}
    sent = replaced(made, addresses)
    for file in document.local_files():
        if file.role == "include":
            holder: Any = sent
            for step in file.path[:-2]:
                holder = holder[step]
            holder.pop("additional_includes", None)
    assert parse(kind, sent).to_dict() == sent


def test_a_fault_in_a_component_is_placed_in_its_file(folder: Path) -> None:
    file = folder / "parts" / "train.yml"
    file.write_text(TRAIN.replace("default: 0.1", "default: high").replace("version: 1", "verson: 1"))
    found = problems(loaded(folder, text=DOCUMENTS["job/pipeline"].partition("  registered:")[0]))
    assert [(p.path, p.suggestion) for p in found if p.line] == [
        ("jobs.train.component.verson", "version"),
        ("jobs.train.component.inputs.rate.default", None),
    ]
    assert at(found[0]) == place(file, "verson:")
    assert at(found[1]) == place(file, "default: high", 9)


def test_a_path_that_is_not_there_in_a_component(folder: Path) -> None:
    file = folder / "parts" / "train.yml"
    file.write_text(TRAIN.replace("./code", "./cod").replace("../conda.yml", "../nowhere/c.yml"))
    found = problems(loaded(folder, text=DOCUMENTS["job/pipeline"].partition("  registered:")[0]))
    assert [p.path for p in found] == ["jobs.train.component.code", "jobs.train.component.environment.conda_file"]
    assert found[0].message == f"the path is not there: {folder / 'parts' / 'cod'}"
    assert found[0].suggestion == "./code"
    assert at(found[0]) == place(file, "./cod")


def test_an_expression_in_a_component(folder: Path) -> None:
    file = folder / "parts" / "train.yml"
    file.write_text(TRAIN.replace("--rate ${{inputs.rate}}", "--rate ${{inputs.rat}}"))
    (problem,) = problems(loaded(folder, text=DOCUMENTS["job/pipeline"].partition("  registered:")[0]))
    assert (problem.path, problem.suggestion) == ("jobs.train.component.command", "rate")
    assert at(problem) == place(file, "${{inputs.rat}}")


def test_a_component_that_is_no_yaml(folder: Path) -> None:
    file = folder / "parts" / "train.yml"
    file.write_text("name: [\n")
    found = problems(loaded(folder))
    assert (str(file), 2, 1) in [at(p) for p in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "the file holds no mapping"),
        ("$schema: https://x/latest/pipelineJob.schema.json\njobs: {}\n", "this is the document of a job"),
    ],
)
def test_a_file_that_is_no_component(text: str, words: str, folder: Path) -> None:
    (folder / "parts" / "train.yml").write_text(text)
    assert any(words in p.message for p in problems(loaded(folder)))


def test_a_component_that_is_not_delivered(folder: Path) -> None:
    (folder / "parts" / "train.yml").write_text("$schema: https://azuremlschemas.azureedge.net/promptflow/Flow.json\n")
    text = DOCUMENTS["job/pipeline"].partition("  registered:")[0]
    (problem,) = problems(loaded(folder, text=text), ErrorCode.NOT_SUPPORTED)
    assert "prompt flow" in problem.message
    assert at(problem)[:2] == (str(folder / "parts" / "train.yml"), 1)


def test_components_that_hold_each_other(folder: Path) -> None:
    inner = "type: pipeline\nname: b\njobs:\n  x:\n    type: pipeline\n    component: {}\n"
    (folder / "parts" / "a.yml").write_text(inner.format("./b.yml"))
    (folder / "parts" / "b.yml").write_text(inner.format("./a.yml"))
    found = problems(loaded(folder, text="type: pipeline\njobs: {s: {type: pipeline, component: ./parts/a.yml}}\n"))
    circle = next(p for p in found if "holds itself" in p.message)
    assert circle.message.endswith(" → ".join(str(folder / "parts" / f"{name}.yml") for name in "aba"))
    assert circle.file == str(folder / "parts" / "b.yml")


def test_a_nested_pipeline_component(folder: Path) -> None:
    (folder / "parts" / "inner.yml").write_text(DOCUMENTS["component/pipeline"].replace("./parts/", "./"))
    (folder / "parts" / "src").mkdir()
    (folder / "parts" / "src" / "score.py").write_text("")
    text = "type: pipeline\njobs: {s: {type: pipeline, component: parts/inner.yml, inputs: {data: {path: ./data}}}}\n"
    jobs = loaded(folder, text=text).validated().to_dict()["jobs"]["s"]["component"]["jobs"]
    assert jobs["train"]["component"]["code"] == str(folder / "parts" / "code")
    assert jobs["score"]["code"] == str(folder / "parts" / "src")


def test_a_pipeline_that_is_only_a_component(folder: Path) -> None:
    (folder / "inner.yml").write_text(DOCUMENTS["component/pipeline"])
    text = "type: pipeline\ncomponent: inner.yml\ninputs: {data: {type: uri_folder, path: ./data}, rate: 0.2}\n"
    made = loaded(folder, text=text).validated().to_dict()
    assert set(made["component"]["jobs"]) == {"train", "score"}


def test_flags_come_before_the_files(folder: Path) -> None:
    sets = ["jobs.train.inputs.rate=0.75", "jobs.train.limits.timeout=60", "settings.force_rerun=true"]
    made = loaded(folder, sets=sets).validated().to_dict()
    assert made["jobs"]["train"]["inputs"]["rate"] == 0.75
    assert made["jobs"]["train"]["limits"] == {"timeout": 60}
    assert made["settings"]["force_rerun"] is True


def test_a_flag_may_name_another_component(folder: Path) -> None:
    (folder / "other.yml").write_text("type: command\ncommand: ls\nenvironment: e@latest\nname: other\n")
    text = DOCUMENTS["job/pipeline"].partition("  registered:")[0]
    made = loaded(folder, text=text, sets=["jobs.train.component=./other.yml"]).validated().to_dict()
    assert made["jobs"]["train"]["component"]["name"] == "other"


def test_a_flag_gives_an_input_its_value(folder: Path) -> None:
    text = DOCUMENTS["job/pipeline"].replace("    path: ./data/diabetes.csv\n", "", 1)
    assert loaded(folder, text=text).validated().to_dict()["inputs"]["data"] == {"type": "uri_file"}
    made = loaded(folder, text=text, sets=["inputs.data.path=./data"]).validated().to_dict()
    assert made["inputs"]["data"] == {"type": "uri_file", "path": "./data"}


def test_a_schedules_job_in_a_file(folder: Path) -> None:
    made = loaded(folder, "schedule").validated().to_dict()
    job = made["create_job"]["job"]
    assert job["jobs"]["a"]["component"]["code"] == str(folder / "parts" / "code")
    assert job["jobs"]["a"]["inputs"]["data"]["path"] == str(folder / "data" / "diabetes.csv")
    assert made["trigger"]["schedule"] == {"hours": [4, 10], "minutes": [30], "week_days": ["monday", "friday"]}


@pytest.mark.parametrize("given", ["./parts/nightly.yml", "file:./parts/nightly.yml"])
def test_a_schedule_that_names_only_a_file(given: str, folder: Path) -> None:
    text = DOCUMENTS["schedule"].partition("create_job:")[0] + f"create_job: {given}\n"
    assert set(loaded(folder, "schedule", text).validated().to_dict()["create_job"]["jobs"]) == {"a"}


def test_a_fault_in_a_schedules_job(folder: Path) -> None:
    file = folder / "parts" / "nightly.yml"
    file.write_text(NIGHTLY.replace("inputs:\n      data", "inputz:\n      data"))
    (problem,) = problems(loaded(folder, "schedule"))
    assert (problem.path, problem.suggestion) == ("create_job.job.jobs.a.inputz", "inputs")
    assert at(problem) == place(file, "inputz")


def test_an_entity_made_from_a_file_is_independent_of_the_folder(folder: Path, tmp_path: Path) -> None:
    made = loaded(folder).validated().to_dict()
    elsewhere = load_dict(made, kind="job", base_dir=folder)
    assert elsewhere.validated().to_dict() == made


def test_the_environment_of_a_component_may_have_a_file_of_its_own(folder: Path) -> None:
    (folder / "parts" / "env").mkdir()
    (folder / "parts" / "env" / "e.yml").write_text("name: e\nbuild: {path: ./context}\n")
    (folder / "parts" / "env" / "context").mkdir()
    text = TRAIN.partition("environment:")[0] + "environment: file:./env/e.yml\n"
    (folder / "parts" / "train.yml").write_text(text)
    made = loaded(folder).validated().to_dict()["jobs"]["train"]["component"]
    assert made["environment"]["build"]["path"] == str(folder / "parts" / "env" / "context")


def test_every_path_field_names_what_stands_there(folder: Path) -> None:
    document = loaded(folder)
    for path, value, _ in path_fields("job", document.data):
        here: Any = document.data
        for step in path:
            here = here[step]
        assert here == value


def test_expressions_of_a_schedule(folder: Path) -> None:
    path = "azureml://datastores/d/paths/${{name}}/${{creation_context.trigger_time}}/x"
    text = DOCUMENTS["schedule"].replace("${{name}}", "${{creation_context.trigger_time}}")
    text += f"  outputs: {{o: {{path: '{path}'}}}}\n"
    assert loaded(folder, "schedule", text).validated().to_dict()["create_job"]["outputs"]["o"]["path"] == path


@pytest.mark.parametrize("case", ["job/pipeline", "component/pipeline", "job/sweep", "schedule"])
def test_what_is_sent_matches_the_json_schema(case: str, folder: Path) -> None:
    made = loaded(folder, case).validated().to_dict()
    validator = jsonschema.Draft202012Validator(schema(case.partition("/")[0]))
    assert [error.message for error in validator.iter_errors(made)] == []
    if "jobs" in made:
        made["jobs"]["train"]["component"]["nonsense"] = 1
        assert list(validator.iter_errors(made))


def test_what_records_add_is_passed_over(folder: Path) -> None:
    around = {"id": "x", "creation_context": {}, "properties": {}, "step": "a", "status": "Completed"}
    job = {"type": "pipeline", "jobs": {"a": {"command": "ls", "environment": "e@latest"}}, **around}
    assert set(parse("job", job).to_dict()) == {"type", "jobs", "properties"}
    schedule = {"name": "s", "trigger": {"type": "cron", "expression": "1 * * * *"}, "create_job": "azureml:j"}
    record = {**schedule, "id": "x", "is_enabled": True, "next_fire_times": [], "last_firings": [{"due": "now"}]}
    assert parse("schedule", record).to_dict() == schedule
