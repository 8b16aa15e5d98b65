"""Jobs on an attached compute, through a real server: documents, states, logs, outputs, ends, and who may detach."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from tests.integration.jobs.client import Api
from tests.support import sshd
from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}


@pytest.fixture(scope="module")
def local_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshMachine]:
    """An SSH server of this machine."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    made = sshd.machine(tmp_path_factory.mktemp("machines") / "m", spaces=False)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, local_machine: SshMachine) -> Iterator[LapisServer]:
    """A server to which that machine is attached, as ``lab``, with two places for jobs."""
    folder = tmp_path_factory.mktemp("attached")
    server = LapisServer(folder / "home", SETTINGS).start()
    document = sshd.document(
        local_machine,
        root=str(folder / "node"),
        interpreter=sys.executable,
        slots=2,
        environment_variables={"SITE": "cellar", "WHOSE": "the compute's"},
    )
    status, body = Api(server).call("PUT", "/computes/lab", document)
    assert status == 200, body
    yield server
    server.stop()
    end_everything(folder / "node")
    end_everything(server.home)


@pytest.fixture
def api(server: LapisServer) -> Api:
    return Api(server)


def test_the_compute_shows_its_machine_and_no_secret(api: Api, server: LapisServer, local_machine: SshMachine) -> None:
    _status, body = api.call("GET", "/computes/lab")
    assert (body["state"], body["is_attached"], len(body["nodes"])) == ("ready", True, 1)
    assert body["nodes"][0]["cpus"] >= 1
    assert body["ssh_settings"]["ssh_private_key"] == "***"
    kept = b"".join(path.read_bytes() for path in server.home.glob("lapis.db*"))
    assert local_machine.key.splitlines()[1].encode() not in kept


def test_the_command_prints_what_the_api_says(api: Api, server: LapisServer) -> None:
    told = api.call("GET", "/computes/lab")[1]
    printed = json.loads(run_lapis("compute", "show", "-n", "lab", "-o", "json", home=server.home, check=True).stdout)
    assert set(printed) == set(told)
    changing = {"load", "memory_free_mb", "disk_free_mb", "state"}
    for one, other in zip(printed["nodes"], told["nodes"], strict=True):
        assert {key: one[key] for key in one.keys() - changing} == {key: other[key] for key in other.keys() - changing}
        assert changing <= set(one)
    assert 0 < printed["nodes"][0]["memory_free_mb"] <= printed["nodes"][0]["memory_mb"]
    assert printed["nodes"][0]["disk_free_mb"] > 0


def test_a_job_runs_there_and_its_traces_are_here(api: Api) -> None:
    command = "echo hello; echo artifact > outputs/a.txt; echo $LAPIS_HOME; exit 3"
    name = api.submit(command, compute="azureml:lab")
    job = api.wait(name, "Failed")
    assert "exit code 3" in job["status_reason"]
    assert api.printed(name).startswith(b"hello\n")
    status, listed = api.call("GET", f"/jobs/{name}/logs")
    assert status == 200
    assert "user_logs/std_log.txt" in [log["path"] for log in listed["value"]]
    states = [event["status"] for event in api.call("GET", f"/jobs/{name}/events")[1]["value"]]
    assert states.index("Queued") < states.index("Preparing") < states.index("Running") < states.index("Failed")


def test_variables_of_the_compute_reach_its_jobs(api: Api) -> None:
    own = {"WHOSE": "its own"}
    name = api.submit('echo "$SITE, $WHOSE"', compute="lab", environment_variables=own)
    api.wait(name, "Completed")
    assert api.printed(name) == b"cellar, its own\n"


def test_metrics_reach_the_run(api: Api, server: LapisServer) -> None:
    script = (
        'python -c "import os, json, urllib.request as u; '
        "r = u.Request(os.environ['MLFLOW_TRACKING_URI'] + '/api/2.0/mlflow/runs/log-metric', "
        "json.dumps({'run_id': os.environ['MLFLOW_RUN_ID'], 'key': 'loss', 'value': 0.5, 'timestamp': 1, 'step': 1})"
        ".encode(), {'Content-Type': 'application/json', "
        "'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']}); u.urlopen(r)\""
    )
    name = api.submit(script, compute="azureml:lab")
    api.wait(name, "Completed")
    _status, run = server.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
    assert {metric["key"]: metric["value"] for metric in run["run"]["data"]["metrics"]}["loss"] == 0.5


def test_a_third_job_waits_and_says_for_whom(api: Api) -> None:
    names = [api.submit("echo up; sleep 600", compute="lab") for _ in range(3)]
    for name in names[:2]:
        api.wait(name, "Running")
    waiting = api.job(names[2])
    assert waiting["status"] == "Queued"
    assert "1st in line for lab" in waiting["status_reason"]
    queue = api.call("GET", "/computes/lab")[1]["queue"]
    assert [entry["job"] for entry in queue] == [names[2]]
    for name in names:
        api.call("POST", f"/jobs/{name}/cancel")
    assert {api.wait(name, "Canceled")["status"] for name in names} == {"Canceled"}


def test_a_killed_server_finds_its_jobs_again(api: Api, server: LapisServer) -> None:
    name = api.submit("echo up; while ! [ -e go ]; do sleep 0.05; done; echo end", compute="lab")
    api.wait(name, "Running")
    server.kill9()
    server.start()
    eventually(lambda: b"up" in api.log(name), 30, what="the log, read through the new server")
    status, refused = api.call("DELETE", "/computes/lab")
    assert status == 409, refused
    assert name in refused["error"]["message"]
    root = server.home.parent / "node"
    (root / "runs" / "default" / name / "work" / "go").touch()
    api.wait(name, "Completed")
    assert api.printed(name) == b"up\nend\n"


def test_what_the_machines_cannot_do_is_refused_before_anything_runs(api: Api) -> None:
    name = "too_large"
    document = {
        "type": "command",
        "command": "true",
        "environment": {"image": "python"},
        "compute": "lab",
        "resources": {"instance_count": 3},
    }
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (400, 404, 422), body
    assert "lab has 2 node(s)" in str(body)


def test_a_machine_that_is_away_is_the_reason_of_a_wait(api: Api, server: LapisServer) -> None:
    document = {
        "name": "gone",
        "type": "virtualmachine",
        "address": "127.0.0.1",
        "ssh_settings": {"admin_username": "ada", "admin_password": "canary-pass-1", "ssh_port": 1},
    }
    status, body = api.call("PUT", "/computes/gone", document)
    assert status == 200, body
    assert body["state"] == "unreachable"
    name = api.submit("true", compute="gone")
    told = eventually(lambda: (job := api.job(name))["status_code"] == "ComputeAway" and job, 30)
    assert "port 1" in told["status_reason"]
    api.call("POST", f"/jobs/{name}/cancel")
    api.wait(name, "Canceled")
    assert api.call("DELETE", "/computes/gone")[0] == 204
    rows = sqlite3.connect(server.home / "lapis.db").execute("select document, secrets from computes").fetchall()
    assert "canary-pass-1" not in str(rows)


def test_detaching_with_force_ends_the_jobs(api: Api, server: LapisServer, local_machine: SshMachine) -> None:
    root = str(server.home.parent / "node2")
    document = sshd.document(local_machine, root=root, interpreter=sys.executable, name="other")
    assert api.call("PUT", "/computes/other", document)[0] == 200
    name = api.submit("echo up; sleep 600", compute="other")
    api.wait(name, "Running")
    assert api.call("DELETE", "/computes/other")[0] == 409
    api.call("DELETE", "/computes/other?force=true")
    api.wait(name, "Canceled")
    eventually(lambda: api.call("DELETE", "/computes/other")[0] in (204, 404), 30)
    end_everything(Path(root))


@only_in_a_whole_run
def test_a_mini_batch_job_of_two_nodes_takes_two_places(server: LapisServer, api: Api, tmp_path: Path) -> None:
    """Files go through the server to both; each is worked on once, and the lines are put together."""
    (tmp_path / "data").mkdir()
    names = [f"f{number:02}" for number in range(30)]
    for name in names:
        (tmp_path / "data" / name).write_text(name)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text(
        "import os, time\ndef run(files):\n  time.sleep(0.2)\n"
        "  return [open(file).read() + ' ' + os.environ['AZUREML_CR_NODE_RANK'] for file in files]\n"
    )
    document = {
        "type": "parallel",
        "compute": "azureml:lab",
        "resources": {"instance_count": 2},
        "inputs": {"data": {"type": "uri_folder", "path": "./data"}},
        "outputs": {"scored": {"type": "uri_file"}},
        "input_data": "${{inputs.data}}",
        "task": {
            "type": "run_function",
            "code": "./code",
            "entry_script": "score.py",
            "environment": {"image": "python"},
            "append_row_to": "${{outputs.scored}}",
        },
    }
    (tmp_path / "job.yml").write_text(yaml.safe_dump(document))
    words = ("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv")
    name = run_lapis(*words, home=server.home, cwd=tmp_path, check=True).stdout.strip()
    api.wait(name, "Completed")
    words = ("job", "download", "--name", name, "--output-name", "scored", "--download-path", "got")
    run_lapis(*words, home=server.home, cwd=tmp_path, check=True)
    (path,) = [path for path in (tmp_path / "got").rglob("*") if path.is_file()]
    lines = [line.split() for line in path.read_text().splitlines()]
    assert [words[0] for words in lines] == names
    assert {words[1] for words in lines} == {"0", "1"}
    _status, listed = api.call("GET", f"/jobs/{name}/logs")
    logs = [log["path"] for log in listed["value"]]
    assert "user_logs/std_log_process_001.txt" in logs
    spec = (server.home.parent / "node").rglob("spec.json")
    assert not [path for path in spec if '"secret": "' in path.read_text()]


@pytest.mark.parametrize(
    "change",
    [
        {"hosts": ["-oProxyCommand=touch /tmp/lapis-canary"]},
        {"hosts": [{"address": "a", "username": "$(touch /tmp/lapis-canary)"}]},
        {"ssh_settings": {"admin_username": "a\nb", "admin_password": "x"}},
        {"root": "/tmp/a\nb"},
        {"interpreter": "/bin/sh\n"},
        {"name": "a$(id)"},
        {"name": "../../etc"},
        {"ssh_settings": {"admin_username": "ada", "ssh_private_key": "KEY", "passphrase": "wrong"}},
    ],
)
def test_malicious_documents_are_refused_before_anything_is_kept(
    api: Api, tmp_path: Path, change: dict[str, object]
) -> None:
    """Addresses, users, paths, names, and a passphrase that does not open the key: each with a sentence."""
    settings = change.get("ssh_settings")
    if isinstance(settings, dict) and settings.get("ssh_private_key") == "KEY":
        change = {"ssh_settings": {**settings, "ssh_private_key": sshd.make_key(tmp_path / "k", passphrase="right")}}
    document = {
        "name": "evil",
        "type": "virtualmachine",
        "hosts": ["gpu1"],
        "ssh_settings": {"admin_username": "ada", "admin_password": "x"},
        **change,
    }
    status, body = api.call("PUT", "/computes/evil", document)
    assert status in (400, 422), body
    assert body["error"]["message"]
    assert api.call("GET", "/computes/evil")[0] == 404
    assert not Path("/tmp/lapis-canary").exists()


@pytest.mark.parametrize("name", ["-oProxyCommand=id", "a b", "a'b", "$(id)", "a;b", ".."])
def test_malicious_names_of_jobs_are_refused(api: Api, name: str) -> None:
    document = {"type": "command", "command": "true", "environment": {"image": "python"}, "compute": "lab"}
    status, body = api.call("PUT", f"/jobs/{quote(name, safe='')}", {"document": document})
    assert status in (400, 404, 422), body
