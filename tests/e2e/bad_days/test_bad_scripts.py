"""Scripts that misbehave: the job ends in the right state, says why, keeps its log, and the server stays well."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.processes import is_alive
from tests.support.server import LapisServer, end_everything


@dataclass
class Lab:
    """A server whose jobs run on the tests' own interpreter, and a folder for scripts."""

    server: LapisServer
    folder: Path

    def run(self, script: str, **keys: Any) -> dict[str, Any]:
        """Run a Python script as a job to its end and return what ``job show`` says."""
        code = self.folder / "code"
        code.mkdir(exist_ok=True)
        (code / "main.py").write_text(textwrap.dedent(script))
        document = {
            "type": "command",
            "command": "python main.py",
            "code": "./code",
            "environment": {"image": "python"},
        }
        (self.folder / "job.yml").write_text(yaml.safe_dump(document | keys))
        name = self.lapis("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv").strip()
        eventually(lambda: self._show(name)["status"] in ("Completed", "Failed", "Canceled"), 90, what=f"{name} to end")
        return self._show(name)

    def lapis(self, *words: str) -> str:
        """Run a command that must succeed and return its output."""
        return run_lapis(*words, home=self.server.home, cwd=self.folder, check=True).stdout

    def log(self, job: dict[str, Any], offset: int = 0) -> bytes:
        """Return the job's log from a byte on."""
        path = f"/api/v1/workspaces/default/jobs/{job['name']}/logs/file?path=user_logs/std_log.txt&offset={offset}"
        status, body = self.server.request("GET", path)
        assert status == 200, body
        assert isinstance(body, bytes)
        return body

    def _show(self, name: str) -> dict[str, Any]:
        status, body = self.server.request("GET", f"/api/v1/workspaces/default/jobs/{name}")
        assert status == 200, body
        found: dict[str, Any] = body
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("lab")
    server = LapisServer(root / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield Lab(server, root)
    status, _ = server.request("GET", "/api/v1/status")
    server.stop()
    end_everything(server.home)
    assert status == 200, "the server is well after all of this"


def test_a_script_that_fails_shows_its_last_lines(lab: Lab) -> None:
    job = lab.run("print('about to fail')\nraise ValueError('the seven is missing')")
    assert job["status"] == "Failed"
    assert "the seven is missing" in job["status_reason"]
    assert "about to fail" in job["status_reason"]
    shown = json.loads(lab.lapis("job", "show", "-n", job["name"]))
    assert "the seven is missing" in shown["status_reason"]


def test_a_script_with_an_exit_code_says_which(lab: Lab) -> None:
    job = lab.run("raise SystemExit(42)")
    assert (job["status"], job["status_code"]) == ("Failed", "ExitCode")
    assert "42" in job["status_reason"]


def test_a_script_killed_by_a_signal_says_so(lab: Lab) -> None:
    job = lab.run("import os\nprint('last words', flush=True)\nos.kill(os.getpid(), 9)")
    assert job["status"] == "Failed"
    assert "last words" in job["status_reason"]
    assert "kill" in job["status_reason"].lower()


def test_children_that_outlive_the_script_are_ended_with_it(lab: Lab) -> None:
    job = lab.run(
        """
        import subprocess
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        print("child", child.pid, flush=True)
        """
    )
    assert job["status"] == "Completed"
    pid = int(lab.log(job).split()[-1])
    eventually(lambda: not is_alive(pid), 15, what="the end of the orphan")


def test_bytes_that_are_no_text_arrive_as_they_are(lab: Lab) -> None:
    job = lab.run("import sys\nsys.stdout.buffer.write(bytes(range(256)) * 4)\nraise SystemExit(1)")
    assert job["status"] == "Failed"
    assert lab.log(job) == bytes(range(256)) * 4
    assert run_lapis("job", "stream", "-n", job["name"], home=lab.server.home).returncode == 1


@pytest.mark.slow
def test_a_gigabyte_of_output_leaves_the_server_well(lab: Lab) -> None:
    job = lab.run(
        """
        import sys
        block = b"x" * 99 + b"\\n"
        for _ in range(1024):
            sys.stdout.buffer.write(block * 10486)
        print("the very end")
        raise SystemExit(1)
        """
    )
    assert job["status"] == "Failed"
    assert job["status_reason"].endswith("the very end")
    assert lab.log(job, offset=1024 * 10486 * 100) == b"the very end\n"


def test_a_script_over_its_time_is_ended(lab: Lab) -> None:
    job = lab.run("import time\nprint('begun', flush=True)\ntime.sleep(600)", limits={"timeout": 3})
    assert (job["status"], job["status_code"]) == ("Canceled", "Timeout")
    assert lab.log(job).startswith(b"begun\n")


def test_a_script_that_ignores_the_polite_signal_is_ended_firmly(lab: Lab) -> None:
    job = lab.run(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(600)
        """,
        limits={"timeout": 3},
    )
    assert job["status"] == "Canceled"


def test_a_command_that_does_not_exist_says_so(lab: Lab) -> None:
    job = lab.run("", command="no-such-program --flag")
    assert job["status"] == "Failed"
    assert "no-such-program" in job["status_reason"]


def test_a_script_that_removes_its_own_folder_ends_all_the_same(lab: Lab) -> None:
    job = lab.run("import os, shutil\nshutil.rmtree(os.getcwd())\nprint('gone')")
    assert job["status"] in ("Completed", "Failed")
    assert b"gone" in lab.log(job)
