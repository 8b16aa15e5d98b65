"""The suite for backends whose jobs lie in folders of this machine under `lapisml.runner.supervisor`.

Takes the fixture ``bench`` of `lapisml.testing.compute.ComputeBackendSuite`. Its faults are real: processes
are killed and stopped, records are doctored. Kills are enumerated, not sampled: an audit hook ends the
supervisor (or the wrapper) at the first, second, third … step that touches the file system or makes a
process, until a run gets through without being killed.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lapisml.ports.compute import EndReason, EnvironmentSpec, Handle, JobPhase, LaunchSpec, Outcome
from lapisml.runner import layout, processes, specfile
from lapisml.testing.compute_bench import Bench, Course

_KILLER = """
import os, sys
def arm(role, number, done):
    main = os.getpid()
    count = 0
    def hook(event, args):
        nonlocal count
        if event not in STEPS or event == "open" and not args[2] & WRITING or os.path.exists(done):
            return
        if (os.getpid() == main) != (role == "supervisor"):
            return
        count += 1
        if count == number:
            open(done, "x").close()
            os.kill(os.getpid(), 9)
    WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.fork", "os.chmod"}
    import lapisml.runner.supervisor
    sys.addaudithook(hook)
sys.path.insert(0, sys.argv[-2])
role, step, done = sys.argv[1:4]
del sys.argv[1:4]
arm(role, int(step), done)
from lapisml.runner.supervisor import main
main()
"""


class SupervisorFaultSuite:
    """What happens to a job when those who look after it are killed, stopped or lied to."""

    def test_a_killed_supervisor_is_replaced(self, bench: Bench) -> None:
        """The command never notices; its status and its log are whole."""
        handle = bench.running("echo up; sleep 0.6; echo after; exit 7")
        _kill(bench, handle, "supervisor")
        course = bench.follow(handle)
        assert (course.exit.exit_code, bench.log(handle)) == (7, "up\nafter\n")
        assert course.phases == ["preparing", "starting", "running", "finalizing", "ended"]

    def test_a_command_may_end_while_nobody_watches(self, bench: Bench) -> None:
        """Server and supervisor dead: the wrapper still has the status on disk."""
        handle = bench.running("echo up; sleep 0.2; exit 9")
        _kill(bench, handle, "supervisor")
        bench.wait((_folder(bench, handle) / layout.CHILD).exists)
        bench.restart()
        assert bench.follow(handle).exit.exit_code == 9

    def test_a_stopped_supervisor_is_not_lost(self, bench: Bench) -> None:
        """No news is no verdict: the job is running until the supervisor goes on, whatever happened meanwhile."""
        handle = bench.running("echo up; sleep 0.3; exit 4")
        pid = _pid(bench, handle, "supervisor")
        os.kill(pid, signal.SIGSTOP)
        bench.wait((_folder(bench, handle) / layout.CHILD).exists)
        assert {bench.look(handle).phase for _look in range(20)} == {JobPhase.RUNNING}
        os.kill(pid, signal.SIGCONT)
        assert bench.follow(handle).exit.exit_code == 4

    def test_a_stopped_supervisor_is_woken_by_cancel(self, bench: Bench) -> None:
        """A request reaches a supervisor that somebody stopped."""
        handle = bench.running("echo up; sleep 600")
        os.kill(_pid(bench, handle, "supervisor"), signal.SIGSTOP)
        bench.backend.cancel(handle, grace_s=1)
        assert bench.follow(handle).exit.outcome is Outcome.CANCELED

    def test_cancel_finds_a_job_without_supervisor(self, bench: Bench) -> None:
        """The request is recorded; the next supervisor sees to it."""
        handle = bench.running("echo up; sleep 600")
        _kill(bench, handle, "supervisor")
        bench.restart().cancel(handle, grace_s=1)
        assert bench.follow(handle).exit.outcome is Outcome.CANCELED

    def test_a_killed_wrapper_leaves_the_status_to_the_supervisor(self, bench: Bench) -> None:
        """The command becomes the supervisor's own child."""
        handle = bench.running("sleep 600 & echo $! up; sleep 0.4; exit 6")
        _kill(bench, handle, "wrapper")
        course = bench.follow(handle)
        assert (course.exit.exit_code, course.exit.reason_code) == (6, EndReason.EXIT_CODE)
        assert not processes.identity(int(bench.log(handle).split()[0]))

    def test_without_both_the_command_is_awaited_and_its_status_lost(self, bench: Bench) -> None:
        """Lost only with evidence: while the command lives the job runs; then the reason says what is missing."""
        handle = bench.running("setsid sleep 600 & echo $! up; sleep 0.7; echo last")
        known = _record(bench, handle)
        os.kill(known["wrapper"]["pid"], signal.SIGSTOP)
        _kill(bench, handle, "supervisor")
        os.kill(known["wrapper"]["pid"], signal.SIGKILL)
        assert bench.look(handle).phase is JobPhase.RUNNING
        course = bench.follow(handle)
        assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.SUPERVISOR_LOST)
        assert course.exit.exit_code is None
        assert "last\n" in bench.log(handle)
        assert not processes.identity(int(bench.log(handle).split()[0]))

    def test_a_reused_pid_is_neither_adopted_nor_killed(self, bench: Bench) -> None:
        """Processes that have the recorded pids now, but began at another time, are strangers."""
        handle = bench.running("echo up; sleep 600")
        known = _record(bench, handle)
        for role in ("supervisor", "wrapper", "child"):
            os.kill(known[role]["pid"], signal.SIGKILL)
        bench.wait(lambda: not any(processes.is_alive(known[role]) for role in ("supervisor", "wrapper", "child")))
        with _stranger() as stranger:
            lie = {"pid": stranger.pid, "boot_id": processes.boot_id(), "start_ticks": 1}
            doctored = {**known, "supervisor": lie, "wrapper": lie, "child": lie}
            (_folder(bench, handle) / layout.PROCESS).write_text(json.dumps(doctored))
            bench.restart().cancel(handle, grace_s=0.1)
            course = bench.follow(handle)
            assert course.exit.reason_code is EndReason.SUPERVISOR_LOST
            assert stranger.poll() is None

    @pytest.mark.parametrize("had_ended", [False, True])
    def test_a_restarted_machine_ends_what_ran_on_it(self, bench: Bench, had_ended: bool) -> None:
        """Another boot id is proof; a status that reached the disk before still counts."""
        handle = bench.running("echo up; sleep 600")
        known = _record(bench, handle)
        for role in ("supervisor", "wrapper", "child"):
            os.kill(known[role]["pid"], signal.SIGKILL)
        folder = _folder(bench, handle)
        _doctor(folder / layout.SPEC, boot_id="an earlier one")
        if had_ended:
            (folder / layout.CHILD).write_text(json.dumps({"exit_code": 0, "signal": None}))
        bench.restart()
        course = bench.follow(handle)
        wanted = EndReason.SUCCEEDED if had_ended else EndReason.MACHINE_RESTARTED
        assert course.exit.reason_code is wanted

    def test_a_folder_without_supervisor_is_repaired(self, bench: Bench) -> None:
        """The submitter died between making the folder and starting the supervisor."""
        for how in ("submit", "observe"):
            spec = bench.spec("exit 2")
            folder = bench.jobs / "runs" / spec.workspace / spec.job
            for path in (folder / layout.USER_LOGS, folder / layout.SYSTEM_LOGS):
                path.mkdir(parents=True)
            specfile.write(str(folder), spec.to_json(), processes.boot_id())
            handle = Handle(spec.workspace, spec.job, spec.submit_key)
            assert how == "observe" or bench.backend.submit(spec) == handle
            assert bench.follow(handle).exit.exit_code == 2

    def test_an_environment_that_fails_ends_the_job_with_its_words(self, bench: Bench) -> None:
        """The builder's sentence is the reason; its log is kept, and the command never ran."""
        environment = EnvironmentSpec({"name": "env"}, "nowhere_to_be_found:Builder", str(bench.home / "envs"), "k")
        spec = bench.spec(f"touch {bench.home}/ran", environment=environment)
        course = bench.follow(bench.backend.submit(spec))
        assert course.exit.reason_code is EndReason.ENVIRONMENT
        assert not (bench.home / "ran").exists()
        assert "environment" in bench.artifact(spec, layout.STD_LOG).read_text()

    def test_secrets_do_not_outlive_the_job(self, bench: Bench) -> None:
        """Credentials of locations lie in a file of the owner's, and only until the end."""
        canary = "canary-7f2e"
        spec = bench.spec("sleep 0.2; cat ../spec.json; exit 1")
        spec = replace(
            spec, artifacts=replace(spec.artifacts, location={**spec.artifacts.location, "options": {"key": canary}})
        )
        handle = bench.backend.submit(spec)
        folder = _folder(bench, handle)
        bench.wait((folder / layout.SECRETS).exists)
        assert (folder / layout.SECRETS).stat().st_mode & 0o077 == 0
        bench.follow(handle)
        bench.wait(lambda: not (folder / layout.SECRETS).exists())
        bench.wait(lambda: not any((folder / name).exists() for name in (layout.WORK, layout.NAMED_OUTPUTS)))
        places = {bench.home, bench.jobs}
        found = [p for top in places for p in top.rglob("*") if p.is_file() and canary.encode() in p.read_bytes()]
        assert found == []

    @pytest.mark.slow
    @pytest.mark.parametrize("role", ["supervisor", "wrapper"])
    def test_killed_at_every_step(self, bench: Bench, role: str) -> None:
        """Whatever the step: one ending, the command run at most once, and with a supervisor's death exactly once."""
        courses: list[Course] = []
        while all((bench.home / f"killed.{step}").exists() for step in range(1, len(courses) + 1)):
            steps = range(len(courses) + 1, len(courses) + 17)
            specs = [self._submit_to_be_killed(bench, step, role) for step in steps]
            for step, spec in zip(steps, specs, strict=True):
                courses.append(bench.follow(Handle(spec.workspace, spec.job, spec.submit_key)))
                _check_ending(bench, step, role, courses[-1], bench.artifact(spec, "outputs/o"))
        kills = len(list(bench.home.glob("killed.*")))
        assert kills > (20 if role == "supervisor" else 4)
        assert courses[-1].exit.reason_code is EndReason.EXIT_CODE

    @staticmethod
    def _submit_to_be_killed(bench: Bench, step: int, role: str) -> LaunchSpec:
        command = f"echo ran >> {bench.home}/ran.{step}; echo out > outputs/o; exit 3"
        spec = bench.spec(command, python=_killing_interpreter(bench.home, step, role))
        bench.backend.submit(spec)
        return spec


_ENDINGS_OF_A_KILLED_WRAPPER = (
    EndReason.EXIT_CODE,  # it had written the status before
    EndReason.COMMAND,  # it had not begun the command
    EndReason.KILLED,  # the supervisor saw the signal
    EndReason.SUPERVISOR_LOST,  # nobody saw anything
)


def _check_ending(bench: Bench, step: int, role: str, course: Course, output: Path) -> None:
    ran = bench.home / f"ran.{step}"
    runs = len(ran.read_text().splitlines()) if ran.exists() else 0
    story = f"step {step}: {course.exit}, {runs} runs"
    assert [entry.phase for entry in course.journal].count("ended") <= 1, story
    if role == "supervisor":
        assert (runs, course.exit.exit_code) == (1, 3), story
        assert output.read_text() == "out\n", story
    else:
        assert runs <= 1, story
        assert course.exit.reason_code in _ENDINGS_OF_A_KILLED_WRAPPER, story


def _killing_interpreter(home: Path, step: int, role: str) -> str:
    """Make an interpreter whose supervisor, or wrapper, dies at a step; nothing of it is in the environment."""
    driver, python = home / "killer.py", home / f"python.{step}"
    if not driver.exists():  # those that were started before may be about to read it
        driver.write_text(_KILLER)
    words = shlex.join([sys.executable, "-I", "-S", str(driver), role, str(step), str(home / f"killed.{step}")])
    python.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    python.chmod(0o700)
    return str(python)


@contextmanager
def _stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["/bin/sleep", "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _folder(bench: Bench, handle: Handle) -> Path:
    return bench.jobs / "runs" / handle.workspace / handle.job


def _record(bench: Bench, handle: Handle) -> dict[str, Any]:
    known = json.loads((_folder(bench, handle) / layout.PROCESS).read_text())
    assert isinstance(known, dict)
    return known


def _pid(bench: Bench, handle: Handle, role: str) -> int:
    known = _record(bench, handle)[role]
    assert processes.is_alive(known)
    return int(known["pid"])


def _kill(bench: Bench, handle: Handle, role: str) -> None:
    known = _record(bench, handle)[role]
    os.kill(known["pid"], signal.SIGKILL)
    bench.wait(lambda: not processes.is_alive(known))


def _doctor(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
