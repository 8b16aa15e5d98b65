"""Documents as they are being written in a text box."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.documents.drafts import Upload, read_draft

GOOD = """\
type: command
command: python train.py --depth ${{inputs.depth}}
code: ./src
environment: azureml:AzureML-sklearn-1.5@latest
inputs:
  depth: 4
  data:
    type: uri_file
    path: data/train.csv
"""


def test_a_good_text_gives_its_document_and_what_must_be_sent() -> None:
    draft = read_draft("job", GOOD)
    assert draft.problems == []
    assert draft.document is not None
    assert draft.document["command"] == "python train.py --depth ${{inputs.depth}}"
    assert draft.uploads == [
        Upload(("code",), "./src", "code"),
        Upload(("inputs", "data", "path"), "data/train.csv", "data"),
    ]
    assert [upload.name for upload in draft.uploads] == ["src", "train.csv"]


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "empty"),
        ("- a\n- b\n", 1, "not a mapping"),
        ("type: command\ncommand: [\n", 3, ""),
        (GOOD.replace("command: python", "comand: python"), 2, "comand"),
        (GOOD.replace("type: uri_file", "type: uri_fil"), 8, "uri_fil"),
        (GOOD.replace("inputs.depth}}", "inputs.dept}}"), 2, "dept"),
        ("type: nothing\ncommand: x\n", 1, "nothing"),
    ],
)
def test_every_fault_has_its_line(text: str, line: int, part: str) -> None:
    draft = read_draft("job", text)
    assert draft.document is None
    assert any(p.line == line and part in p.message and p.file is None for p in draft.problems), draft.problems


def test_no_file_of_the_server_is_looked_at(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yml"
    secret.write_text("name: the-secret\n")
    text = f"type: command\ncommand: x\nenvironment:\n  image: python\n  conda_file: {secret}\n"
    there, away = read_draft("job", text), read_draft("job", text.replace("secret.yml", "absent.yml"))
    assert [p.message.replace("secret.yml", "absent.yml") for p in there.problems] == [p.message for p in away.problems]
    assert there.problems[0].line == 5
    assert not any("the-secret" in str(p) for p in there.problems)


def test_problems_found_elsewhere_get_their_place() -> None:
    from lapisml.core.errors import Problem

    found = read_draft("job", GOOD).located([Problem("there is no such data", "inputs.data.path")])
    assert [(p.line, p.column, p.file) for p in found] == [(9, 11, None)]
