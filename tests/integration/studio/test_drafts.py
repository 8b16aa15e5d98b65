"""What an editor of job documents asks a real server."""

from __future__ import annotations

import pytest

from tests.support.processes import REPOSITORY
from tests.support.server import LapisServer

DRAFTS = "/api/v1/workspaces/default/drafts/job"
TEXT = """\
type: command
command: echo ${{inputs.word}}
environment: azureml:AzureML-sklearn-1.5@latest
compute: nowhere
inputs:
  word: hello
"""


def _check(server: LapisServer, text: str) -> dict[str, object]:
    status, answer = server.request("POST", DRAFTS, {"text": text})
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


@pytest.mark.parametrize("template", ["command", "sweep", "pipeline"])
def test_the_templates_of_the_page_are_good(shared_server: LapisServer, template: str) -> None:
    file = REPOSITORY / "studio" / "src" / "pages" / "submit" / "templates" / f"{template}.yml"
    answer = _check(shared_server, file.read_text(encoding="utf-8"))
    assert (answer["problems"], answer["warnings"]) == ([], [])
    assert answer["document"]["type"] == template  # type: ignore[index]
