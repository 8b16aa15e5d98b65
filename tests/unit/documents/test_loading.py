"""What is accepted, and what becomes of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_dict, load_document, parse
from tests.unit.documents.samples import DOCUMENTS, kind_of, write


def valid(folder: Path, text: str, kind: str | None = None) -> dict[str, Any]:
    return load_document(write(folder, text), kind=kind).validated().to_dict()


JOB = "command: echo\nenvironment: e@latest\n"


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_valid_document_stays_itself(case: str, folder: Path) -> None:
    once = valid(folder, DOCUMENTS[case], kind_of(case))
    again = load_dict(once, kind=kind_of(case), base_dir=folder).validated().to_dict()
    assert again == once
    assert json.loads(json.dumps(once)) == once


@pytest.mark.parametrize("case", [case for case in DOCUMENTS if kind_of(case) != "environment"])
def test_the_kind_is_told_by_schema_or_type(case: str, folder: Path) -> None:
    if case in ("component",):
        text = DOCUMENTS[case]
    else:
        text = DOCUMENTS[case].replace("$schema: https://azuremlschemas.azureedge.net/latest/", "$schema: HTTP://any/")
    assert load_document(write(folder, text)).kind == kind_of(case)


def test_what_a_record_adds_is_passed_over() -> None:
    record = {
        "name": "a", "command": "echo", "environment": "e@latest", "id": "x", "creation_context": {"created_at": "now"},
        "status": "Completed", "status_reason": "done", "exit_code": 0, "archived": False, "start_time": "now",
        "services": {
            "Studio": {"endpoint": "http://x", "type": "Studio"},
            "mine": {"type": "JupyterLab", "endpoint": "y", "status": "Running"},
        },
    }  # fmt: skip
    document = load_dict(record, kind="job").validated().to_dict()
    assert set(document) == {"name", "command", "environment", "type", "services"}
    assert document["services"] == {"mine": {"type": "jupyter_lab"}}


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1", "1"), ("01", "01"), ("1.10", "1.10"), ("22.02-py3", "22.02-py3"), ("on", "on"), ("'1'", "1"), ("1e3", "1e3"),
     ("2024-01-01", "2024-01-01"), ("0x10", "0x10")],
)  # fmt: skip
def test_versions_are_text_as_written(written: str, kept: str, folder: Path) -> None:
    document = valid(folder, f"name: a\nversion: {written}\npath: https://x/y\ntags: {{t: {written}}}\n", "data")
    assert document["version"] == kept
    assert document["tags"]["t"] == kept


def test_versions_in_a_dictionary() -> None:
    assert parse("data", {"name": "a", "version": 1, "path": "https://x/y"}).to_dict()["version"] == "1"


def test_literals_keep_their_values(folder: Path) -> None:
    declared = "f: {value: 2}, g: {type: number, default: 1e-3}"
    text = JOB + f"inputs: {{a: true, b: 1e-3, c: 1.50, d: 'yes', e: 3, type: t, {declared}}}\n"
    inputs = valid(folder, text, "job")["inputs"]
    assert inputs == {"a": True, "b": "1e-3", "c": 1.5, "d": "yes", "e": 3, "type": "t", "f": 2, "g": "1e-3"}
    assert [type(v) for v in inputs.values()][:5] == [bool, str, float, str, int]


def test_component_numbers_may_be_text(folder: Path) -> None:
    text = "name: c\ncommand: echo\nenvironment: e\ninputs: {r: {type: number, default: 1e-3, min: 0, max: 1}}\n"
    assert valid(folder, text, "component")["inputs"]["r"]["default"] == "1e-3"


def test_words_in_other_spelling(folder: Path) -> None:
    text = JOB + "inputs: {a: {path: 'azureml:d:1', type: UriFile, mode: ReadOnlyMount}}\n".replace(
        "ReadOnlyMount", "RO_MOUNT"
    )
    assert valid(folder, text, "job")["inputs"]["a"] == {"type": "uri_file", "path": "azureml:d:1", "mode": "ro_mount"}


def test_an_output_without_a_value(folder: Path) -> None:
    assert valid(folder, JOB + "outputs:\n  a:\n  b: {mode: upload}\n", "job")["outputs"] == {
        "a": {},
        "b": {"mode": "upload"},
    }


def test_an_output_that_only_the_command_mentions_is_no_fault(folder: Path) -> None:
    valid(folder, "command: echo > ${{outputs.x}}/a\nenvironment: e\n", "job")


def test_a_conda_file_is_put_in_place(folder: Path) -> None:
    document = valid(folder, DOCUMENTS["environment"])
    assert document["conda_file"] == {"name": "e", "dependencies": ["python=3.11", {"pip": ["mlflow"]}]}


def test_a_fault_in_a_conda_file_is_placed_there(folder: Path) -> None:
    (folder / "conda.yml").write_text("name: e\ndependencies:\n  - python=3.11\n  - pip: mlflow\n")
    with pytest.raises(LapisError) as caught:
        valid(folder, JOB.replace("e@latest", "{image: x, conda_file: ./conda.yml}"), "job")
    (problem,) = caught.value.problems
    assert problem.path == "environment.conda_file.dependencies[1].pip"
    assert (problem.file, problem.line, problem.column) == (str((folder / "conda.yml").resolve()), 4, 10)


def test_a_conda_file_that_is_no_yaml(folder: Path) -> None:
    (folder / "conda.yml").write_text("name: e\ndependencies: [\n")
    with pytest.raises(LapisError) as caught:
        valid(folder, DOCUMENTS["environment"])
    (problem,) = caught.value.problems
    assert problem.file == str((folder / "conda.yml").resolve())
    assert problem.line == 3


def test_requirements_are_put_in_place(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "requirements.txt").write_text(
        "# ours\nnumpy>=1.26  # fast\n-r more/base.txt\n\n--extra-index-url https://x/y\n"
    )
    (folder / "more" / "base.txt").write_text("pandas \\\n  >=2\n")
    document = valid(folder, "name: a\nrequirements_file: ./requirements.txt\n", "environment")
    assert document == {
        "name": "a",
        "requirements": ["numpy>=1.26", "pandas >=2", "--extra-index-url https://x/y"],
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-r nowhere.txt", "not there"), ("-r requirements.txt", "without end"),
        ("-e .", "on this machine"), ("./x.whl", "on this machine"),
    ],
)  # fmt: skip
def test_requirements_that_lead_nowhere(line: str, words: str, folder: Path) -> None:
    (folder / "requirements.txt").write_text(f"numpy\n{line}\n")
    with pytest.raises(LapisError) as caught:
        valid(folder, "name: a\nrequirements_file: ./requirements.txt\n", "environment")
    assert words in caught.value.problems[0].message
    assert caught.value.problems[0].line == 2


def test_an_environment_in_a_file_of_its_own(folder: Path) -> None:
    (folder / "env").mkdir()
    (folder / "env" / "conda.yml").write_text("dependencies: [python=3.11]\n")
    (folder / "env" / "env.yml").write_text(
        "$schema: https://x/environment.schema.json\nname: e\nversion: 01\nimage: i\nconda_file: conda.yml\n"
    )
    document = valid(folder, JOB.replace("e@latest", "file:./env/env.yml"), "job")
    assert document["environment"] == {
        "name": "e", "version": "01", "image": "i", "conda_file": {"dependencies": ["python=3.11"]},
    }  # fmt: skip


def test_a_fault_in_an_environment_in_a_file_of_its_own(folder: Path) -> None:
    (folder / "env.yml").write_text("name: e\nimag: i\n")
    with pytest.raises(LapisError) as caught:
        valid(folder, JOB.replace("e@latest", "file:env.yml"), "job")
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (str(folder.resolve() / "env.yml"), 2)


def test_a_build_context_keeps_its_place(folder: Path) -> None:
    (folder / "env").mkdir()
    (folder / "env" / "env.yml").write_text("name: e\nbuild: {path: .}\n")
    loaded = load_document(write(folder, JOB.replace("e@latest", "file:env/env.yml")), kind="job")
    loaded.validated()
    assert [(f.role, f.absolute) for f in loaded.local_files()] == [("build", (folder / "env").resolve())]


def test_local_files_of_a_job(folder: Path) -> None:
    loaded = load_document(write(folder, DOCUMENTS["job"]))
    found = {f.path: (f.role, f.absolute) for f in loaded.local_files()}
    assert found == {
        ("code",): ("code", (folder / "src").resolve()),
        ("inputs", "data", "path"): ("data", (folder / "data" / "diabetes.csv").resolve()),
    }


@pytest.mark.parametrize("code", ["file:./src", "./src/", "src/train.py", "../{name}/src"])
def test_forms_of_code(code: str, folder: Path) -> None:
    valid(folder, JOB + f"code: {code.format(name=folder.name)}\n", "job")


def test_an_empty_folder_is_no_code(folder: Path) -> None:
    (folder / "void").mkdir()
    with pytest.raises(LapisError, match="empty"):
        valid(folder, JOB + "code: ./void\n", "job")


def test_over_the_wire_local_paths_are_refused() -> None:
    job = {"command": "echo", "environment": {"build": {"path": "x"}}, "code": "./src", "inputs": {"a": {"path": "b"}}}
    with pytest.raises(LapisError) as caught:
        parse("job", job)
    assert {p.path for p in caught.value.problems} == {"code", "environment.build.path", "inputs.a.path"}
    uploaded = {**job, "code": f"azureml://codes/{'0' * 64}", "environment": "e", "inputs": {"a": {"path": "s3://b/c"}}}
    assert parse("job", uploaded).to_dict()["code"].startswith("azureml://codes/")


@pytest.mark.parametrize("body", [[], "x", None, 3])
def test_over_the_wire_a_body_of_another_form(body: Any) -> None:
    with pytest.raises(LapisError) as caught:
        parse("job", body)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


def test_a_servers_problems_get_their_place(folder: Path) -> None:
    path = write(folder, DOCUMENTS["job"])
    located = load_document(path).located([Problem("no such compute", "compute"), Problem("gone", "inputs.data.path")])
    assert [(p.path, p.file, p.line) for p in located] == [
        ("inputs.data.path", str(path), 12),
        ("compute", str(path), 18),
    ]


def test_where_things_stand(folder: Path) -> None:
    path = write(folder, DOCUMENTS["job"])
    source = load_document(path).source
    assert source.locate("limits.timeout") == (str(path), 22, 12)
    assert source.locate("limits.timeout", key=True) == (str(path), 22, 3)
    assert source.locate("limits.nothing.at.all") == (str(path), 21, 1)
    assert source.locate("") == (str(path), 1, 1)
    assert source.locate("not[a path") == (str(path), 1, 1)


def test_paths_start_from_the_documents_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, DOCUMENTS["job"])
    monkeypatch.chdir(folder.parent)
    loaded = load_document(f"{folder.name}/document.yml")
    loaded.validated()
    assert loaded.base_dir == folder.resolve()
    assert loaded.source.locate("compute") == (f"{folder.name}/document.yml", 18, 10)


def test_a_document_from_a_pipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    reading, writing = os.pipe()
    try:
        os.write(writing, DOCUMENTS["job"].encode())
        os.close(writing)
        load_document(f"/dev/fd/{reading}").validated()
    finally:
        os.close(reading)


def test_unfilled_templates_are_refused_with_their_place(folder: Path) -> None:
    with pytest.raises(LapisError) as caught:
        valid(folder, JOB.replace("e@latest", "< your environment name >"), "job")
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("description", "a\x00b", "can't be kept"),
        ("command", "echo \ud800", "can't be kept"),
        ("tags", {"a\x00": "b"}, "can't be kept"),
        ("tags", {"a": "\udfff"}, "can't be kept"),
        ("inputs", {"a": "\x00"}, "can't be kept"),
        ("limits", {"timeout": 10**30}, "out of range"),
        ("limits", {"timeout": "9" * 5000}, "not a whole number"),
        ("limits", {"timeout": float("inf")}, "not a whole number"),
        ("limits", {"timeout": float("nan")}, "not a whole number"),
        ("code", "x" * 5000, "not there"),
        ("code", "x/" * 2000, "not there"),
        ("code", "~nobody-at-all/x", "not there"),
        ("code", "a\x00b", "no folder of code"),
        ("resources", {"properties": {"a": "\ud800"}}, "JSON can't hold"),
    ],
)
def test_values_that_are_meant_to_hurt(key: str, value: Any, words: str, folder: Path) -> None:
    data = {"command": "echo", "environment": "e@latest", key: value}
    with pytest.raises(LapisError) as caught:
        load_dict(data, kind="job", base_dir=folder).validated()
    assert any(words in problem.message for problem in caught.value.problems)
    json.dumps(caught.value.to_json())


def test_numbers_that_json_lacks_become_text(folder: Path) -> None:
    text = JOB + "inputs: {a: .inf, b: .nan}\nresources: {properties: {x: .inf}}\n"
    document = valid(folder, text, "job")
    assert document["inputs"] == {"a": "inf", "b": "nan"}
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize("depth", [70, 900])
def test_depth_is_limited_over_the_wire_too(depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": deep}
    with pytest.raises(LapisError, match="too large or too deep"):
        parse("job", {"command": "echo", "environment": "e", "resources": {"properties": deep}})


def test_the_number_of_values_is_limited_over_the_wire_too() -> None:
    with pytest.raises(LapisError, match="too large or too deep"):
        parse("job", {"command": "echo", "environment": "e", "tags": {str(n): "x" for n in range(260_000)}})
