"""Starting, stopping and looking at the server from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.conftest import RunCli, ServerFactory
from tests.e2e.cli.conftest import HOST
from tests.support.cli import LAPIS
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port, is_alive
from tests.support.server import LapisServer


def _pid(home: Path) -> int:
    return int(json.loads((home / "run" / "server.json").read_text())["pid"])


def test_commands_at_the_same_moment_start_one_server(run_cli: RunCli, lapis_home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: run_cli("workspace", "list", "--query", "[].name", "-o", "tsv"), range(4)))
    assert [d.returncode for d in done] == [0] * 4, [d.stderr for d in done]
    assert {d.stdout for d in done} == {"default\n"}
    told = [line for d in done for line in d.stderr.splitlines()]
    assert len(told) == 1, told
    assert told[0].startswith("Starting the Lapis server in the background")
    assert str(lapis_home / "logs" / "server.log") in told[0]
    starts = (lapis_home / "logs" / "server.log").read_text().count("server.ready")
    assert starts == 1


def test_without_autostart_nothing_is_started(run_cli: RunCli, lapis_home: Path) -> None:
    done = run_cli("job", "list", env={"LAPIS_AUTOSTART": "0"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert "lapis up --detach" in done.stderr
    assert not (lapis_home / "run" / "server.json").exists()


def test_status_without_a_server_says_so_and_starts_none(run_cli: RunCli, lapis_home: Path) -> None:
    for form in ("json", "yaml", "tsv", "table", "none"):
        done = run_cli("status", "-o", form)
        assert done.returncode == 1
        assert ("not running" in done.stdout) is (form != "none")
        assert done.stderr == ""
    assert not (lapis_home / "run").exists()


def test_up_detach_status_down(run_cli: RunCli, lapis_home: Path) -> None:
    port = str(free_port())
    up = run_cli("up", "--detach", "--port", port, "--local-slots", "1", "--query", "address", "-o", "tsv", check=True)
    assert up.stdout == f"http://127.0.0.1:{port}\n"
    pid = _pid(lapis_home)
    status = run_cli("status", check=True)
    shown = json.loads(status.stdout)
    assert shown["address"] == up.stdout.strip()
    assert {"studio_url", "profile", "database", "processes", "version"} <= set(shown)
    assert yaml.safe_load(run_cli("status", "-o", "yaml").stdout)["address"] == shown["address"]
    again = run_cli("up", "--detach", "--query", "address", "-o", "tsv", check=True)
    assert again.stdout == up.stdout
    assert _pid(lapis_home) == pid
    changed = run_cli("up", "--detach", "--local-slots", "2")
    assert changed.returncode == 1
    assert "lapis down" in changed.stderr, "settings can't be given to a server that runs already"
    down = run_cli("down", check=True)
    assert down.stdout == f"The server at http://127.0.0.1:{port} has stopped.\n"
    assert not is_alive(pid)
    twice = run_cli("down")
    assert (twice.returncode, twice.stdout) == (0, "")
    assert "No server runs" in twice.stderr


def test_up_in_the_foreground_ends_politely_on_ctrl_c(lapis_home: Path) -> None:
    command = [str(LAPIS), "up", "--port", str(free_port())]
    process = subprocess.Popen(
        command,
        env=clean_environment(LAPIS_HOME=str(lapis_home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "Lapis is ready at http://127.0.0.1:" in process.stderr.readline()
    pid = _pid(lapis_home)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not is_alive(pid)


def test_a_server_that_cannot_start_is_told_with_its_reason(run_cli: RunCli) -> None:
    done = run_cli("up", "--detach", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "Refusing to listen on 0.0.0.0 without TLS" in done.stderr


def test_auth_token_is_the_token_alone(start_server: ServerFactory, run_cli: RunCli) -> None:
    server = start_server()
    assert run_cli("auth", "token", check=True).stdout == f"{server.token}\n"
    assert json.loads(run_cli("auth", "token", "-o", "json", check=True).stdout)["token"] == server.token
    wrong = run_cli("job", "list", env={"LAPIS_TOKEN": "x" * 43})
    assert wrong.returncode == 1
    assert "token" in wrong.stderr


def test_lapis_url_reaches_a_server_without_its_home(
    start_server: ServerFactory, run_cli: RunCli, tmp_path: Path
) -> None:
    server = start_server()
    env = {"LAPIS_URL": server.url, "LAPIS_TOKEN": server.token}
    elsewhere = tmp_path / "elsewhere"
    done = run_cli("workspace", "list", "--query", "[0].name", "-o", "tsv", env=env, home=elsewhere, check=True)
    assert done.stdout == "default\n"
    assert not elsewhere.exists()
    server.stop()
    gone = run_cli("workspace", "list", env=env, home=elsewhere)
    assert gone.returncode == 1
    assert server.url in gone.stderr
    assert not elsewhere.exists(), "a server that is named is never started"


def test_down_counts_the_jobs_that_go_on(start_server: ServerFactory, run_cli: RunCli, tmp_path: Path) -> None:
    server = start_server(env=HOST)
    mark = tmp_path / "mark"
    (tmp_path / "job.yml").write_text(
        f"command: until [ -e {mark} ]; do sleep 0.05; done; echo went on\nenvironment: {{image: any}}\n"
    )
    job = run_cli("job", "create", "-f", str(tmp_path / "job.yml"), "--query", "name", "-o", "tsv", check=True).stdout
    name = job.strip()

    def status() -> str:
        return run_cli("job", "show", "-n", name, "--query", "status", "-o", "tsv", check=True).stdout.strip()

    eventually(lambda: status() == "Running", 30)
    down = run_cli("down", check=True)
    assert "1 job goes on" in down.stdout
    mark.touch()
    server.process.wait(10)
    server.start()
    eventually(lambda: status() == "Completed", 30)


@pytest.mark.parametrize("words", [["job", "list"], ["--help"], ["job", "create", "--help"]])
def test_a_closed_pipe_is_no_error(words: list[str], server: LapisServer) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    env = clean_environment(LAPIS_HOME=str(server.home))
    done = subprocess.run([str(LAPIS), *words], env=env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.stderr == ""


def test_the_page_is_opened_by_an_address_that_signs_in_and_no_log_gets_it(run_cli: RunCli, lapis_home: Path) -> None:
    up = run_cli("up", "--detach", check=True)
    token = (lapis_home / "token").read_text().strip()
    assert token not in up.stdout + up.stderr, "what is no terminal may be a log"
    status = run_cli("status", check=True)
    studio_url = json.loads(status.stdout)["studio_url"]
    assert token not in status.stdout
    printed = run_cli("studio", "-w", "default", check=True).stdout.strip()
    assert printed == f"{studio_url}/default#token={token}"
    named = json.loads(run_cli("studio", "-o", "json", check=True).stdout)
    assert named == {"studio_url": f"{studio_url}/default", "sign_in_url": printed}
    model = lapis_home.parent / "model.txt"
    model.write_text("a model")
    made = run_cli("model", "create", "-n", "m-1", "--path", str(model), "--web", check=True)
    assert f"Web View: {studio_url}/default/models/m-1/1" in made.stderr
    assert token not in made.stderr
    assert token not in (lapis_home / "logs" / "server.log").read_text()
    run_cli("down", check=True)
