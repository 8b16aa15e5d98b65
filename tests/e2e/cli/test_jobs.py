"""Jobs from the command line: submitting, following, what happens when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.e2e.cli.conftest import HOST, Lapis
from tests.support.cli import LAPIS
from tests.support.polling import eventually
from tests.support.processes import clean_environment
from tests.support.server import LapisServer

Write = Callable[[str, str], Path]
RUNNER = "[lapis] "
"""How the runner's own lines in a job's log begin."""

ECHO = "command: echo hello\nenvironment: {image: any}\n"


def _json(done: Any) -> Any:
    return json.loads(done.stdout)


def _own(text: str) -> list[str]:
    """Give the lines of a log that the command wrote."""
    return [line for line in text.splitlines() if not line.startswith(RUNNER)]


def test_create_show_list_update(lapis: Lapis, write: Write) -> None:
    write("src/main.py", "import sys; print('got', sys.argv[1:])")
    write("in.csv", "1,2")
    write(
        "job.yml",
        "command: python main.py ${{inputs.data}} ${{inputs.rate}}\ncode: src\nexperiment_name: trial\n"
        "inputs:\n  rate: 0.1\n  data: {type: uri_file, path: in.csv}\nenvironment: {image: any}\ntags: {a: b}\n",
    )
    sets = ["--set", "inputs.rate=0.5", "tags.c=d", "display_name=my job"]
    job = lapis("job create -f job.yml --query name -o tsv", *sets).stdout.strip()
    assert "got" in lapis(f"job stream -n {job}").stdout
    shown = _json(lapis(f"job show -n {job}"))
    assert (shown["status"], shown["inputs"]["rate"], shown["tags"]) == ("Completed", 0.5, {"a": "b", "c": "d"})
    assert shown["code"].startswith("azureml://codes/")
    assert shown["services"]["Studio"]["endpoint"].startswith("http")
    assert _json(lapis(f"job show-services -n {job}"))["Tracking"]["endpoint"]
    assert lapis("job list --experiment-name trial --query [].name -o tsv").stdout == f"{job}\n"
    assert lapis("job list --tag c=d --status Completed --query [].name -o tsv").stdout == f"{job}\n"
    assert lapis("job list --max-results 1 --query length(@) -o tsv").stdout == "1\n"
    changed = _json(lapis(f"job update -n {job} --set display_name=new tags.e=f --remove tags.a"))
    assert (changed["display_name"], changed["tags"]) == ("new", {"c": "d", "e": "f"})
    lapis(f"job archive -n {job}")
    assert lapis("job list --experiment-name trial --query [].name -o tsv").stdout == ""
    assert lapis("job list --experiment-name trial --archived-only --query [].name -o tsv").stdout == f"{job}\n"
    lapis(f"job restore -n {job}")


def test_the_experiment_is_the_working_folder_when_none_is_named(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write("job.yml", ECHO)
    assert _json(lapis("job create -f job.yml"))["experiment_name"] == tmp_path.name.strip("_-")


def test_stream_puts_the_log_on_stdout_and_states_with_reasons_on_stderr(lapis: Lapis, write: Write) -> None:
    write("job.yml", "command: echo out; echo err >&2\nenvironment: {image: any}\n")
    done = lapis("job create -f job.yml --stream")
    assert sorted(_own(done.stdout)) == ["err", "out"]
    assert "Preparing" in done.stderr
    assert "Completed" in done.stderr
    quiet = lapis("job create -f job.yml --stream --only-show-errors")
    assert sorted(_own(quiet.stdout)) == ["err", "out"]
    assert quiet.stderr == ""


def test_create_stream_with_a_query_leaves_stdout_to_the_record(lapis: Lapis, write: Write) -> None:
    write("job.yml", ECHO)
    done = lapis("job create -f job.yml --stream --query status -o tsv")
    assert done.stdout == "Completed\n"
    assert "hello" in done.stderr


def test_a_failing_job_fails_the_command_with_reason_and_last_lines(lapis: Lapis, write: Write) -> None:
    write("job.yml", "command: for i in $(seq 30); do echo line $i; done; exit 7\nenvironment: {image: any}\n")
    done = lapis("job create -f job.yml --stream", code=1)
    assert _own(done.stdout) == [f"line {i}" for i in range(1, 31)]
    assert "ended as Failed" in done.stderr
    assert "exit code 7" in done.stderr
    assert "line 30" in done.stderr
    assert "line 2\n" not in done.stderr
    job = lapis("job list --query [0].name -o tsv").stdout.strip()
    again = lapis(f"job stream -n {job}", code=1)
    assert again.stdout == done.stdout


def test_canceling_ends_the_stream_with_1(lapis: Lapis, write: Write, server: LapisServer) -> None:
    write("job.yml", "command: echo started; sleep 600\nenvironment: {image: any}\n")
    job = lapis("job create -f job.yml --query name -o tsv").stdout.strip()
    process = subprocess.Popen(
        [str(LAPIS), "job", "stream", "-n", job],
        env=clean_environment(LAPIS_HOME=str(server.home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: process.stdout is not None and process.stdout.readline() == "started\n", 30)
    lapis(f"job cancel -n {job}")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ended as Canceled" in err
    assert _own(out) == []
    assert lapis(f"job show -n {job} --query status -o tsv").stdout == "Canceled\n"


def test_ctrl_c_stops_the_watching_and_not_the_job(lapis: Lapis, write: Write, server: LapisServer) -> None:
    write("job.yml", "command: echo started; sleep 600\nenvironment: {image: any}\n")
    job = lapis("job create -f job.yml --query name -o tsv").stdout.strip()
    process = subprocess.Popen(
        [str(LAPIS), "job", "stream", "-n", job],
        env=clean_environment(LAPIS_HOME=str(server.home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: process.stdout is not None and process.stdout.readline() == "started\n", 30)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"lapis job stream -n {job}" in err
    assert "Traceback" not in err
    assert lapis(f"job show -n {job} --query status -o tsv").stdout == "Running\n"
    lapis(f"job cancel -n {job}")


@pytest.mark.slow
def test_the_stream_survives_a_killed_server_without_a_lost_or_doubled_line(
    start_server: ServerFactory, tmp_path: Path
) -> None:
    server = start_server(env=HOST)
    total = 400
    (tmp_path / "job.yml").write_text(
        f"command: for i in $(seq {total}); do echo line $i ä; sleep 0.02; done\nenvironment: {{image: any}}\n"
    )
    log, notes = tmp_path / "log", tmp_path / "notes"
    with log.open("wb") as out, notes.open("wb") as err:
        process = subprocess.Popen(
            [str(LAPIS), "job", "create", "-f", str(tmp_path / "job.yml"), "--stream"],
            env=clean_environment(LAPIS_HOME=str(server.home), **HOST), stdout=out, stderr=err, cwd=tmp_path,
        )  # fmt: skip
    for progress in (30, 150):
        eventually(lambda wanted=progress: f"line {wanted} " in log.read_text(), 60)
        server.kill9()
        server.start()
    assert process.wait(120) == 0, notes.read_text()
    assert _own(log.read_text()) == [f"line {i} ä" for i in range(1, total + 1)]
    assert notes.read_text().count("The server is away") == 2
    assert notes.read_text().count("The server is back") == 2


def test_download_brings_artifacts_and_named_outputs(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write(
        "job.yml",
        "command: |\n  echo art > outputs/a.txt; mkdir -p logs; echo l > logs/l.txt\n"
        "  mkdir -p ${{outputs.model}}/deep; echo m > ${{outputs.model}}/deep/m.txt\n"
        "  echo o > ${{outputs.other}}/o.txt\n"
        "outputs: {model: {type: uri_folder}, other: {type: uri_folder}}\nenvironment: {image: any}\n",
    )
    job = lapis("job create -f job.yml --stream --query name -o tsv").stdout.strip()
    lapis(f"job download -n {job}")
    root = tmp_path / job
    found = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
    assert {"artifacts/outputs/a.txt", "artifacts/logs/l.txt", "artifacts/user_logs/std_log.txt"} <= found
    assert {"named-outputs/model/deep/m.txt", "named-outputs/other/o.txt"} <= found
    lapis(f"job download --name {job} --output-name model --download-path only")
    only = [str(p.relative_to(tmp_path / "only")) for p in (tmp_path / "only").rglob("*") if p.is_file()]
    assert only == [f"{job}/named-outputs/model/deep/m.txt"]
    assert "it has: artifacts, model, other" in lapis(f"job download -n {job} --output-name nope", code=1).stderr


def test_a_running_job_is_not_downloaded(lapis: Lapis, write: Write) -> None:
    write("job.yml", "command: sleep 600\nenvironment: {image: any}\n")
    job = lapis("job create -f job.yml --query name -o tsv").stdout.strip()
    assert f"lapis job stream -n {job}" in lapis(f"job download -n {job}", code=1).stderr
    lapis(f"job cancel -n {job}")


def test_git_facts_are_recorded(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write("job.yml", ECHO + "code: src\n")
    write("src/x.py", "pass")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    for words in (["init", "-q", "-b", "topic"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    remote = "https://user:token-canary@example.org/team/repo.git"
    subprocess.run([*git, "remote", "add", "origin", remote], check=True)
    properties = _json(lapis("job create -f job.yml"))["properties"]
    assert properties["azureml.git.branch"] == "topic"
    assert len(properties["azureml.git.commit"]) == 40
    assert properties["azureml.git.dirty"] == "False"
    assert properties["azureml.git.repository_uri"] == "https://example.org/team/repo.git"
    write("src/x.py", "changed")
    assert _json(lapis("job create -f job.yml"))["properties"]["azureml.git.dirty"] == "True"


BAD = {
    "unknown key": ("comand: echo\nenvironment: {image: any}\n", "job.yml:1:1: comand", "did you mean `command`"),
    "expression": ("command: echo ${{inputs.x}}\nenvironment: {image: any}\n", "job.yml:1:15: command", "no input"),
    "wrong type": (ECHO + "limits: {timeout: soon}\n", "job.yml:3:19: limits.timeout", "whole number"),
    "missing key": ("command: echo\n", "environment", "missing key"),
    "path not there": (ECHO + "code: ./nowhere\n", "job.yml:3:7: code", "not there"),
    "environment not there": ("command: echo\nenvironment: azureml:nope@latest\n", "job.yml:2:14: environment", "nope"),
    "compute not there": (ECHO + "compute: azureml:cpu-clustr\n", "job.yml:3:10: compute", "cpu-clustr"),
    "data not there": (
        ECHO + "inputs:\n  d: {type: uri_file, path: 'azureml:nope:3'}\n",
        "job.yml:4:29: inputs.d.path",
        "nope",
    ),
    "no yaml": ("command: [echo\n", "job.yml:", ""),
}


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_job_is_refused_with_its_place_and_nothing_happens(case: str, lapis: Lapis, write: Write) -> None:
    text, place, words = BAD[case]
    write("job.yml", text)
    before = lapis("job list --all-results --query length(@) -o tsv").stdout
    done = lapis("job create -f job.yml", code=1)
    assert done.stdout == ""
    assert place in done.stderr
    assert words in done.stderr
    assert lapis("job list --all-results --query length(@) -o tsv").stdout == before


def test_nothing_is_uploaded_before_the_whole_document_is_right(
    lapis: Lapis, write: Write, server: LapisServer
) -> None:
    write("src/canary.py", "print('never uploaded')")
    write("job.yml", ECHO + "code: src\ncompute: azureml:nope\n")
    lapis("job create -f job.yml", code=1)
    lapis("job validate -f job.yml", code=1)
    held = [p for p in server.home.rglob("*") if p.is_file() and p.stat().st_size < 1000]
    assert not [p for p in held if b"never uploaded" in p.read_bytes()]
    assert _json(lapis("job validate -f job.yml --set compute=local"))["result"] == "Succeeded"
    held = [p for p in server.home.rglob("*") if p.is_file() and p.stat().st_size < 1000]
    assert not [p for p in held if b"never uploaded" in p.read_bytes()]


def test_a_set_that_is_wrong_is_named(lapis: Lapis, write: Write) -> None:
    write("job.yml", ECHO)
    done = lapis("job create -f job.yml --set limits.timeout=soon", code=1)
    assert "--set limits.timeout" in done.stderr
    assert lapis("job create -f job.yml --set nonsense", code=2).stdout == ""


def test_a_table_on_a_terminal_has_colours_and_none_with_no_color(
    server: LapisServer, lapis: Lapis, write: Write
) -> None:
    write("job.yml", ECHO)
    lapis("job create -f job.yml --stream")
    env = clean_environment(LAPIS_HOME=str(server.home), TERM="xterm", COLUMNS="200")
    assert "\x1b[" in _on_terminal(["job", "list", "-o", "table"], env)
    assert "\x1b[" in _on_terminal(["job", "list", "-o", "jsonc"], env)
    assert "\x1b[" not in _on_terminal(["job", "list", "-o", "json"], env)
    plain = _on_terminal(["job", "list", "-o", "table"], {**env, "NO_COLOR": "1"})
    assert "\x1b[" not in plain
    assert "Completed" in plain


def _on_terminal(words: list[str], env: dict[str, str]) -> str:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen([str(LAPIS), *words], env=env, stdout=child, stderr=subprocess.DEVNULL)
    os.close(child)
    shown = bytearray()
    while True:
        try:
            block = os.read(parent, 65536)
        except OSError:  # the terminal's other end was closed
            break
        if not block:
            break
        shown += block
    os.close(parent)
    assert process.wait(30) == 0
    return shown.decode()


def test_save_as_and_web(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write("job.yml", ECHO)
    done = lapis("job create -f job.yml --web --save-as saved.yml")
    assert "Web View: http" in done.stderr
    assert _json(done)["name"] in (tmp_path / "saved.yml").read_text()


def test_a_job_is_known_by_the_name_it_was_given_and_only_once(lapis: Lapis, write: Write) -> None:
    write("job.yml", ECHO)
    lapis("job create -f job.yml -n chosen")
    assert lapis("job show -n chosen --query name -o tsv").stdout == "chosen\n"
    assert "chosen" in lapis("job create -f job.yml -n chosen --set display_name=other", code=1).stderr
    eventually(lambda: lapis("job show -n chosen --query status -o tsv").stdout == "Completed\n", 30)
