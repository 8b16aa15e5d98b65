"""What an editor of job documents asks a real server."""

from __future__ import annotations

import pytest

from tests.support.processes import REPOSITORY
from tests.support.server import LapisServer

DRAFTS = "/api/v1/workspaces/default/drafts"
TEXT = """\
type: command
command: echo ${{inputs.word}}
environment: azureml:AzureML-sklearn-1.5@latest
compute: nowhere
inputs:
  word: hello
"""


def _check(server: LapisServer, text: str, kind: str = "job") -> dict[str, object]:
    status, answer = server.request("POST", f"{DRAFTS}/{kind}", {"text": text})
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


def test_what_only_the_workspace_knows_is_told_with_its_line(shared_server: LapisServer) -> None:
    answer = _check(shared_server, TEXT)
    assert answer["document"] is None
    assert [(p["line"], p["path"]) for p in answer["problems"]] == [(4, "compute")]  # type: ignore[attr-defined]
    good = _check(shared_server, TEXT.replace("nowhere", "local") + "identity:\n  type: managed\n")
    assert good["problems"] == []
    assert [str(w).partition(" ")[0] for w in good["warnings"]] == ["`identity`"]  # type: ignore[attr-defined]
    status, listed = shared_server.request("GET", "/api/v1/workspaces/default/jobs?limit=1000&tag=no-such-tag")
    assert (status, listed["value"]) == (200, [])


def test_the_schema_names_every_type_of_job(shared_server: LapisServer) -> None:
    status, schema = shared_server.request("GET", "/api/v1/schemas/job")
    assert status == 200
    assert {"CommandJob", "PipelineJob", "SweepJob"} <= set(schema["$defs"])
    assert {"$ref": "#/$defs/CommandJob"} in schema["anyOf"]


def test_environments_components_and_schedules_are_checked_too(shared_server: LapisServer) -> None:
    nameless = _check(shared_server, "image: python\nconda_file: conda.yml\n", "environment")
    assert [p["path"] for p in nameless["problems"]] == ["name", "conda_file"]  # type: ignore[attr-defined]
    assert nameless["document"] is None
    text = "name: count\ncommand: wc -l x\nenvironment: azureml:e@latest\ncode: ./src\n"
    step = _check(shared_server, text, "component")
    assert step["problems"] == []
    assert [u["path"] for u in step["uploads"]] == [["code"]]  # type: ignore[attr-defined]
    late = _check(shared_server, "name: late\ntrigger: {type: cron, expresion: x}\ncreate_job: azureml:j\n", "schedule")
    assert {p["line"] for p in late["problems"]} == {2}  # type: ignore[attr-defined]
    assert shared_server.request("GET", "/api/v1/schemas/schedule")[0] == 200
    assert shared_server.request("GET", "/api/v1/schemas/nothing")[0] == 400


@pytest.mark.parametrize(
    ("kind", "template"), [("environment", "environment"), ("component", "component"), ("schedule", "schedule")]
)
def test_the_templates_of_other_documents_are_good(shared_server: LapisServer, kind: str, template: str) -> None:
    file = REPOSITORY / "studio" / "src" / "pages" / "submit" / "templates" / f"{template}.yml"
    assert _check(shared_server, file.read_text(encoding="utf-8"), kind)["problems"] == []


@pytest.mark.parametrize("template", ["command", "sweep", "pipeline"])
def test_the_templates_of_the_page_are_good(shared_server: LapisServer, template: str) -> None:
    file = REPOSITORY / "studio" / "src" / "pages" / "submit" / "templates" / f"{template}.yml"
    answer = _check(shared_server, file.read_text(encoding="utf-8"))
    assert (answer["problems"], answer["warnings"]) == ([], [])
    assert answer["document"]["type"] == template  # type: ignore[index]
