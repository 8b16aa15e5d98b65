"""Flags of the commands for endpoints and deployments, and what they make of a document."""

from __future__ import annotations

import importlib
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lapisml.cli import batch_endpoint, endpoint_flags
from lapisml.cli.main import main
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.pending import PendingPoller
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport

DEPLOYMENT = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: placeholder
model:
  path: model/
code_configuration:
  code: src
  scoring_script: score.py
environment:
  image: any
instance_type: Standard_DS3_v2
instance_count: 1
"""


def parse(noun: str, verb: str, *words: str) -> Namespace:
    """Return what the real flags of a verb make of `words`, without doing its work."""
    found: list[Namespace] = []
    real: Verb = importlib.import_module(f"lapisml.cli.{noun.replace('-', '_')}").VERBS[verb]
    assert run_verb(f"lapis {noun} {verb}", Verb(real.help, found.append, real.arguments), words) == 0
    return found[0]


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("online-deployment create --name blue --endpoint e -f d.yml --all-traffic", "endpoint_name", "e"),
        ("online-deployment create --name blue --endpoint e -f d.yml --all-traffic", "all_traffic", True),
        ("online-deployment create -e e --file d.yml --set a=1 --set b=2", "set", ["a=1", "b=2"]),
        ("online-deployment create --local -n blue --endpoint e -f d.yml", "local", True),
        ("online-deployment create --local false -n blue --endpoint e -f d.yml", "local", False),
        ("online-deployment get-logs -n blue -e e -l 5", "lines", 5),
        ("online-deployment get-logs -n b -e e --container storage-initializer", "container", "storage-initializer"),
        ("online-deployment delete --name b --endpoint e --yes --no-wait", "no_wait", True),
        ("online-endpoint create --local -n e -f e.yml", "local", True),
        ("online-endpoint invoke --name e --deployment green --request-file r.json", "deployment_name", "green"),
        ("online-endpoint invoke -n e -r r.json -o tsv", "request_file", "r.json"),
        ("online-endpoint show --local --name e --query provisioning_state -o tsv", "local", True),
        ("online-endpoint regenerate-keys -n e --key-type secondary", "key_type", "secondary"),
        ("batch-endpoint invoke --name e --input in --input-type uri_folder", "input_type", "uri_folder"),
        ("batch-endpoint invoke -n e --f inputs.yml --query name -o tsv", "file", "inputs.yml"),
        ("batch-endpoint invoke -n e --mini-batch-size 10 --instance-count 2", "mini_batch_size", "10"),
        ("batch-deployment create --file d.yml --endpoint-name e --set-default", "set_default", True),
        ("batch-deployment create --endpoint e --set job_definition=azureml:j -f d.yml", "set",
         ["job_definition=azureml:j"]),
    ],
)  # fmt: skip
def test_flags_that_scripts_use(line: str, name: str, value: object) -> None:
    noun, verb, *words = line.split()
    assert getattr(parse(noun, verb, *words), name) == value


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("blue=90 green=10", {"blue": 90, "green": 10}),
        ("blue=0 green=100", {"blue": 0, "green": 100}),
        ("blue=90,green=10%", {"blue": 90, "green": 10}),
        ("", {}),
    ],
)
def test_shares_of_the_traffic(text: str, shares: dict[str, int]) -> None:
    assert endpoint_flags.percentages(text) == shares


@pytest.mark.parametrize("text", ["blue", "blue=", "=5", "blue=ten", "blue=5 blue=5", "blue=-1"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(LapisError, match="no share") as refused:
        endpoint_flags.percentages(text)
    assert refused.value.code is ErrorCode.USAGE


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("online-deployment create -f x.yml --package-model", 1, "not packaged"),
        ("online-deployment create -f x.yml --all-traffic --no-wait", 2, "--all-traffic waits"),
        ("online-deployment create -f x.yml --local maybe", 2, "neither true nor false"),
        ("online-endpoint update --traffic blue=100", 2, "--name"),
        ("online-deployment update -n blue", 2, "--endpoint-name"),
        ("online-endpoint invoke -n e", 2, "--request-file"),
        ("online-deployment get-logs -n b -e e --container other", 2, "storage-initializer"),
        ("online-endpoint regenerate-keys -n e --key-type third", 2, "primary or secondary"),
        ("batch-endpoint invoke -n e --input-type uri_file", 2, "there is no --input"),
        ("batch-endpoint update -n e --defaults blue", 2, "deployment_name=NAME"),
        ("batch-endpoint invoke -n e --inputs nothing", 2, "expected name=value"),
    ],
)
def test_wrong_usage_is_one_sentence(
    words: str, code: int, expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("LAPIS_HOME", str(tmp_path))
    monkeypatch.setenv("LAPIS_AUTOSTART", "0")
    try:
        ended = main(words.split())
    except SystemExit as exit_:
        ended = int(str(exit_.code))
    assert (ended, expected in capsys.readouterr().err) == (code, True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a deployment's document and what it names; the working folder lies above it."""
    made = tmp_path / "docs"
    for name in ("model", "src", "other"):
        (made / name).mkdir(parents=True)
        (made / name / "score.py").write_text("")
    (made / "blue.yml").write_text(DEPLOYMENT)
    monkeypatch.chdir(tmp_path)
    return made


RECORD = {
    "name": "blue", "endpoint_name": "e", "type": "managed", "model": "azureml:m:1", "instance_count": 3,
    "environment": "azureml:env:1", "description": "kept", "provisioning_state": "Succeeded",
    "code_configuration": {"code": "azureml://codes/" + "0" * 64, "scoring_script": "score.py"},
}  # fmt: skip


def _edited(*words: str) -> dict[str, Any]:
    args = parse("online-deployment", "update", *words)
    made = endpoint_flags.edited_submission(args, "online-deployment", lambda *_: RECORD, {})
    return made.document


@pytest.mark.usefixtures("folder")
def test_an_update_keeps_what_it_does_not_name() -> None:
    made = _edited("-n", "blue", "-e", "e", "--set", "code_configuration.scoring_script=multi.py", "instance_count=2")
    assert made["code_configuration"] == {"code": "azureml://codes/" + "0" * 64, "scoring_script": "multi.py"}
    assert (made["instance_count"], made["model"], made["description"]) == (2, "azureml:m:1", "kept")
    assert "provisioning_state" not in made


def test_an_update_by_a_file_starts_its_paths_there(folder: Path) -> None:
    made = _edited("-f", "docs/blue.yml", "--set", "endpoint_name=e", "code_configuration.code=other")
    assert (made["endpoint_name"], made["instance_count"], made["description"]) == ("e", 1, "kept")
    assert (folder / made["code_configuration"]["code"]).is_dir()


def _asked(tmp_path: Path, *words: str) -> dict[str, Any]:
    args = parse("batch-endpoint", "invoke", "-n", "e", *words)
    session = Session(Transport(_nowhere), "default")
    return batch_endpoint._asked(args).ready(session)


def _nowhere(_may_start: bool) -> Any:
    raise AssertionError("nothing is to be uploaded here")


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("--input azureml:heart@latest", {"inputs": {"input_data": {"path": "azureml:heart@latest"}}}),
        (
            "--input https://host/data --input-type uri_file -d blue",
            {"deployment_name": "blue", "inputs": {"input_data": {"type": "uri_file", "path": "https://host/data"}}},
        ),
        ("--inputs mode=append rate=0.5", {"inputs": {"mode": "append", "rate": 0.5}}),
        ('--inputs {"a":{"type":"uri_folder","path":"azureml:x:1"}}',
         {"inputs": {"a": {"type": "uri_folder", "path": "azureml:x:1"}}}),
        (
            "--output-path azureml://datastores/d/paths/p --set output_file_name=x.csv -m 5 -c 2",
            {
                "outputs": {"score": {"type": "uri_folder", "path": "azureml://datastores/d/paths/p"}},
                "output_file_name": "x.csv", "mini_batch_size": 5, "instance_count": 2,
            },
        ),
        ("--experiment-name exp --set settings.mini_batch_size=3 tags.a=b",
         {"experiment_name": "exp", "mini_batch_size": 3, "tags": {"a": "b"}}),
        ("", {}),
    ],
)  # fmt: skip
def test_what_an_invocation_asks(tmp_path: Path, words: str, body: dict[str, Any]) -> None:
    assert _asked(tmp_path, *words.split()) == body


def test_an_invocation_by_file(tmp_path: Path) -> None:
    file = tmp_path / "inputs.yml"
    file.write_text(
        "inputs:\n  data:\n    type: uri_folder\n    path: azureml:x@latest\n"
        "  score_mode:\n    type: string\n    default: append\n"
        "outputs:\n  scores:\n    type: uri_folder\n    mode: upload\n"
    )
    made = _asked(tmp_path, "--file", str(file), "--set", "inputs.data.path=azureml:x:2")
    assert made["inputs"]["data"] == {"type": "uri_folder", "path": "azureml:x:2"}
    assert made["inputs"]["score_mode"] == "append"
    assert made["outputs"] == {"scores": {"type": "uri_folder", "mode": "upload"}}
    file.write_text("inputs: {}\ncommand: rm\nmodel: x\n")
    with pytest.raises(LapisError) as refused:
        _asked(tmp_path, "--file", str(file))
    assert refused.value.code is ErrorCode.DOCUMENT_INVALID


def test_waiting_tells_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    states = iter(["Creating", "Creating", "Succeeded"])
    args = Namespace(no_wait=False, only_show_errors=False, output="json", query=None)
    poller = PendingPoller("endpoint 'e'", _next(states), lambda found: found, {"provisioning_state": "Creating"})
    done: list[str] = []
    endpoint_flags.finish(args, poller, "Endpoint 'e'", lambda: done.append("then"))
    shown = capsys.readouterr()
    assert shown.err.splitlines() == ["Endpoint 'e': Creating", "Endpoint 'e': Succeeded"]
    assert '"Succeeded"' in shown.out
    assert done == ["then"]


def _next(states: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"provisioning_state": next(states)}
