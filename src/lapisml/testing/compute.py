"""The suite that every implementation of `lapisml.ports.compute.ComputeBackend` passes.

Make a class of tests from it and give it one fixture::

    class TestMyBackend(ComputeBackendSuite):
        @pytest.fixture
        def bench(self, tmp_path): return Bench(lambda: MyBackend(tmp_path), tmp_path)

A backend whose jobs lie in folders of this machine, watched by `lapisml.runner.supervisor`, passes
`lapisml.testing.compute_faults.SupervisorFaultSuite` too.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, Handle, JobPhase, Outcome, Watch
from lapisml.testing.compute_bench import Bench

LOG = "user_logs/std_log.txt"


class ComputeBackendSuite:
    """What the port promises, as tests."""

    def test_a_job_runs_and_completes(self, bench: Bench) -> None:
        """Phases in order, exit status, log, artifacts."""
        spec = bench.spec("echo hello; echo artifact > outputs/a.txt; echo note > logs/n.txt")
        course = bench.follow(bench.backend.submit(spec))
        assert (course.exit.outcome, course.exit.reason_code) == (Outcome.COMPLETED, EndReason.SUCCEEDED)
        assert course.exit.exit_code == 0
        assert course.exit.started_at is not None
        assert course.exit.started_at <= course.exit.ended_at
        assert course.phases == ["preparing", "starting", "running", "finalizing", "ended"]
        assert [entry.seq for entry in course.journal] == list(range(1, len(course.journal) + 1))
        assert bench.artifact(spec, "outputs/a.txt").read_text() == "artifact\n"
        assert bench.artifact(spec, "logs/n.txt").read_text() == "note\n"
        assert bench.artifact(spec, LOG).read_text() == "hello\n"

    @pytest.mark.parametrize("code", [1, 3, 126, 127, 137, 255])
    def test_exit_codes_are_kept(self, bench: Bench, code: int) -> None:
        """A command that fails gives its own code, and the end of its log."""
        course = bench.run(f"echo before; echo why >&2; exit {code}")
        assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.EXIT_CODE)
        assert (course.exit.exit_code, course.exit.signal) == (code, None)
        assert str(code) in course.exit.reason
        assert course.exit.log_tail == "before\nwhy"

    def test_a_signal_is_named(self, bench: Bench) -> None:
        """A crash is told from an exit code."""
        course = bench.run("kill -SEGV $$")
        assert (course.exit.reason_code, course.exit.signal) == (EndReason.SIGNALLED, 11)
        assert "SIGSEGV" in course.exit.reason

    def test_a_kill_that_is_not_ours_points_at_memory(self, bench: Bench) -> None:
        """SIGKILL from outside is what the kernel sends when memory runs out."""
        course = bench.run("kill -9 $$")
        assert course.exit.reason_code in (EndReason.KILLED, EndReason.OUT_OF_MEMORY)
        assert course.exit.outcome is Outcome.FAILED
        assert "memory" in course.exit.reason

    def test_the_same_key_twice_is_one_job(self, bench: Bench) -> None:
        """Submitting again, by another backend object too, starts nothing."""
        spec = bench.spec(f"echo ran >> {bench.home}/ran; sleep 0.3")
        handle = bench.backend.submit(spec)
        assert bench.backend.submit(spec) == handle
        assert bench.restart().submit(spec) == handle
        bench.follow(handle)
        assert bench.backend.submit(spec) == handle
        assert bench.look(handle).exit is not None
        assert (bench.home / "ran").read_text() == "ran\n"

    def test_another_key_for_the_same_job_is_refused(self, bench: Bench) -> None:
        """A name stands for one submission."""
        spec = bench.spec("true")
        bench.backend.submit(spec)
        with pytest.raises(LapisError) as caught:
            bench.backend.submit(replace(spec, submit_key="another"))
        assert caught.value.code is ErrorCode.CONFLICT

    def test_what_was_never_submitted_is_absent(self, bench: Bench) -> None:
        """Absent is an answer of its own, for another key too; nothing about it raises."""
        spec = bench.spec("true")
        bench.backend.submit(spec)
        for handle in (Handle("default", "nobody", "k"), Handle("default", spec.job, "another")):
            assert bench.look(handle).phase is JobPhase.ABSENT
            bench.backend.cancel(handle)
            assert bench.backend.list_logs(handle) == []
            bench.backend.discard(handle)

    def test_an_unknown_mode_is_refused(self, bench: Bench) -> None:
        """What can't be honoured is not ignored."""
        with pytest.raises(LapisError) as caught:
            bench.submit("true", inputs={"x": bench.input("x", mode="teleport")})
        assert caught.value.code is ErrorCode.NOT_SUPPORTED

    def test_cancel_is_polite_first(self, bench: Bench) -> None:
        """A command that handles SIGTERM has its time, and its last words are kept."""
        handle = bench.running("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
        bench.backend.cancel(handle, grace_s=20, by="ada")
        bench.backend.cancel(handle, grace_s=20, by="ada")
        course = bench.follow(handle, timeout=15)
        assert (course.exit.outcome, course.exit.reason_code) == (Outcome.CANCELED, EndReason.CANCELED)
        assert "ada" in course.exit.reason
        assert "bye" in bench.log(handle)

    def test_cancel_is_firm_then(self, bench: Bench) -> None:
        """What does not listen is killed after the grace period, children that left the group too."""
        script = "trap '' TERM; (trap '' TERM; setsid sleep 600) & echo $! up; while :; do sleep 0.05; done"
        handle = bench.running(script)
        bench.backend.cancel(handle, grace_s=0.3)
        assert bench.follow(handle, timeout=15).exit.outcome is Outcome.CANCELED
        assert not _is_running(int(bench.log(handle).split()[0]))

    def test_cancel_before_the_command_starts(self, bench: Bench) -> None:
        """A request that comes at once ends the job without an error, whatever it had begun."""
        handle = bench.submit("sleep 600")
        bench.backend.cancel(handle, grace_s=1)
        assert bench.follow(handle).exit.outcome is Outcome.CANCELED

    def test_cancel_after_the_end_changes_nothing(self, bench: Bench) -> None:
        """A terminal state never changes."""
        handle = bench.submit("true")
        ended = bench.follow(handle).exit
        bench.backend.cancel(handle)
        assert bench.follow(handle).exit == ended

    def test_a_time_limit_is_kept(self, bench: Bench) -> None:
        """The limit counts the command's time; the sentence names it."""
        course = bench.run("echo up; sleep 600", timeout_s=0.5, grace_s=1)
        assert course.exit.reason_code is EndReason.TIMEOUT
        assert "0.5 s" in course.exit.reason

    def test_processes_that_outlive_the_command_are_ended(self, bench: Bench) -> None:
        """Forked, daemonised, in sessions of their own: none is left, and the journal names them."""
        daemon = (
            "import os,time\nif os.fork()==0:\n os.setsid()\n"
            " if os.fork()==0:\n  print(os.getpid(),flush=True); time.sleep(600)"
        )
        handle = bench.submit(f"sleep 600 & echo $!; setsid sleep 600 & echo $!; python3 -c '{daemon}'; sleep 0.2")
        course = bench.follow(handle)
        assert course.exit.outcome is Outcome.COMPLETED
        pids = [int(word) for word in bench.log(handle).split()]
        assert len(pids) == 3
        assert [pid for pid in pids if _is_running(pid)] == []
        assert sum("outlived" in entry.reason for entry in course.journal) >= 3

    def test_binary_output_is_kept_byte_for_byte(self, bench: Bench) -> None:
        """A log is bytes."""
        handle = bench.submit("""python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 400)'; exit 1""")
        course = bench.follow(handle)
        assert bench.backend.read_log(handle, LOG).data == bytes(range(256)) * 400
        assert course.exit.exit_code == 1
        assert isinstance(course.exit.log_tail, str)

    def test_a_large_log_is_quick_and_whole(self, bench: Bench) -> None:
        """200 MB flow straight to the file; reading starts anywhere."""
        size = 200_000_000
        handle = bench.submit(f"head -c {size} /dev/zero; echo end")
        bench.follow(handle, timeout=60)
        chunk = bench.backend.read_log(handle, LOG, offset=size, limit=100)
        assert (chunk.data, chunk.size) == (b"end\n", size + 4)
        assert bench.backend.read_log(handle, LOG, offset=size + 4).data == b""
        assert len(bench.backend.read_log(handle, LOG, offset=10, limit=1000).data) == 1000

    def test_a_log_is_read_while_it_grows(self, bench: Bench) -> None:
        """What has been written can be read at once."""
        handle = bench.running("echo up; sleep 0.2; echo done")
        offset = bench.backend.read_log(handle, LOG).size
        bench.follow(handle)
        assert bench.backend.read_log(handle, LOG, offset=3).data.endswith(b"done\n")
        assert offset >= 3

    @pytest.mark.parametrize(
        "path", ["../spec.json", "user_logs/../spec.json", "/etc/passwd", "spec.json", "user_logs/link", "work/x"]
    )
    def test_only_logs_are_read(self, bench: Bench, path: str) -> None:
        """No path leads out of the log folders, by a link that the job made neither."""
        handle = bench.submit("ln -s /etc/passwd ../user_logs/link; echo ok")
        bench.follow(handle)
        with pytest.raises(LapisError) as caught:
            bench.backend.read_log(handle, path)
        assert caught.value.code in (ErrorCode.PATH_NOT_ALLOWED, ErrorCode.NOT_FOUND)

    def test_the_job_knows_who_it_is_and_not_the_hosts_secrets(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """From the host only what a list names passes; the user's variables win."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-1")
        monkeypatch.setenv("LAPIS_TOKEN", "canary-2")
        monkeypatch.setenv("TZ", "Europe/Paris")
        spec = bench.spec("env", environment_variables={"MINE": "1", "AZUREML_NODE_COUNT": "7"})
        handle = bench.restart().submit(spec)
        bench.follow(handle)
        env = dict(line.split("=", 1) for line in bench.log(handle).splitlines() if "=" in line)
        assert not [value for value in env.values() if "canary" in value]
        assert (env["AZUREML_RUN_ID"], env["MINE"], env["AZUREML_NODE_COUNT"]) == (spec.job, "1", "7")
        assert (env["TZ"], env["AZUREML_CR_NODE_RANK"]) == ("Europe/Paris", "0")

    def test_the_command_begins_with_a_clean_slate(self, bench: Bench) -> None:
        """No signal is blocked or ignored, stdin is empty, and the caller's umask is the command's."""
        before = os.umask(0o027)
        try:
            handle = bench.restart().submit(
                bench.spec("umask; grep -E 'SigBlk|SigIgn' /proc/self/status; wc -c; yes | head -1")
            )
        finally:
            os.umask(before)
        bench.follow(handle)
        zero = "0" * 16
        assert bench.log(handle).split() == ["0027", "SigBlk:", zero, "SigIgn:", zero, "0", "y"]

    def test_the_job_goes_on_without_the_one_who_submitted_it(self, bench: Bench) -> None:
        """A backend object made later sees the job, running and ended."""
        go = bench.home / "go"
        handle = bench.running(f"echo up; while [ ! -e {go} ]; do sleep 0.05; done; exit 5")
        bench.restart()
        assert bench.look(handle).phase is JobPhase.RUNNING
        go.touch()
        assert bench.follow(handle).exit.exit_code == 5
        bench.restart()
        assert bench.follow(handle).exit.exit_code == 5

    def test_observe_answers_for_all_in_order(self, bench: Bench) -> None:
        """One call for many jobs, with cursors: nothing comes twice."""
        handles = [bench.submit(f"exit {number}") for number in range(5)]
        courses = [bench.follow(handle) for handle in handles]
        seen = bench.backend.observe([Watch(handle) for handle in [*handles, Handle("default", "no", "k")]])
        assert [found.exit.exit_code if found.exit else None for found in seen] == [0, 1, 2, 3, 4, None]
        last = courses[0].last
        assert last is not None
        again = bench.backend.observe([Watch(handles[0], last.journal_cursor, last.metrics_cursor)])[0]
        assert (again.journal, again.metrics) == ([], [])

    def test_system_metrics_come_early(self, bench: Bench) -> None:
        """A job of two seconds has a sample of what its processes use."""
        busy = "import time; x = bytearray(60_000_000); end = time.time() + 2\nwhile time.time() < end: pass"
        course = bench.run(f"python3 -c '{busy}'")
        values = [sample.values for sample in course.metrics]
        assert max(each["system/system_memory_usage_megabytes"] for each in values) > 50
        assert 0 < max(each["system/cpu_utilization_percentage"] for each in values) <= 100

    def test_discard_removes_what_has_ended(self, bench: Bench) -> None:
        """A running job is not discarded; an ended one leaves nothing, twice over."""
        handle = bench.running("echo up; sleep 0.5")
        with pytest.raises(LapisError) as caught:
            bench.backend.discard(handle)
        assert caught.value.code is ErrorCode.CONFLICT
        bench.follow(handle)
        bench.backend.discard(handle)
        bench.backend.discard(handle)
        assert bench.look(handle).phase is JobPhase.ABSENT


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
