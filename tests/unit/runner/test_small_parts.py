"""The runner's small parts: files that survive, processes that are who they were, variables, names on disk."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.ports.launch import ArtifactsSpec, InputSpec, LaunchSpec, TrackingSpec
from lapisml.runner import command, copying, durable, jobenv, layout, processes, specfile
from lapisml.runner.endings import JobEndError
from lapisml.runner.journal import Journal
from tests.support.polling import eventually

SOURCE = str(Path(__file__).parents[3] / "src")


def test_starting_the_supervisor_loads_nothing_heavy() -> None:
    """Standard library alone, without site-packages; the parts that cost milliseconds are not among it."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import lapisml.runner.supervisor\n"
        "print(*(m for m in ('dataclasses', 'inspect', 'pathlib', 'subprocess', 'socket', 'threading', 'asyncio',"
        " 'ctypes', 'hashlib', 'traceback', 'yaml', 'pydantic') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, SOURCE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


class TestDurable:
    def test_a_file_that_is_not_whole_reads_as_absent(self, tmp_path: Path) -> None:
        path = tmp_path / "f.json"
        for content in (None, b"", b"{", b"\xff\xfe"):
            if content is not None:
                path.write_bytes(content)
            assert durable.read_json(str(path)) is None

    def test_reserved_space_becomes_the_file(self, tmp_path: Path) -> None:
        path = str(tmp_path / "exit.json")
        durable.reserve(path)
        assert durable.read_json(path) is None
        durable.write_reserved(path, {"reason": "ü \ud800"})
        assert durable.read_json(path) == {"reason": "ü ?"}
        assert [p.name for p in tmp_path.iterdir()] == ["exit.json"]

    def test_what_is_larger_than_the_reserve_is_written_all_the_same(self, tmp_path: Path) -> None:
        path = str(tmp_path / "exit.json")
        durable.reserve(path)
        durable.write_reserved(path, "x" * 100_000)
        assert durable.read_json(path) == "x" * 100_000

    def test_files_are_the_owners_alone(self, tmp_path: Path) -> None:
        durable.write_json(str(tmp_path / "a"), 1)
        durable.append_line(str(tmp_path / "b"), 1)
        assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}


class TestProcesses:
    def test_a_process_is_known_by_more_than_its_pid(self) -> None:
        with subprocess.Popen(["sleep", "60"]) as process:
            known = processes.identity(process.pid)
            assert known is not None
            assert processes.is_alive(known)
            for doctored in ({"start_ticks": 1}, {"boot_id": "x"}, {"pid": "1"}, {"pid": 2**22 - 1}):
                assert not processes.is_alive({**known, **doctored})
            process.kill()
            process.wait()
            assert not processes.is_alive(known)
        for nothing in (None, {}, [], "x"):
            assert not processes.is_alive(nothing)

    def test_a_zombie_is_not_alive(self) -> None:
        process = subprocess.Popen(["sleep", "60"])
        known = processes.identity(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(known)
        process.wait()

    def test_descendants_and_the_marked_are_found(self) -> None:
        env = {**os.environ, layout.KEY_VARIABLE: "needle-3141"}
        with subprocess.Popen(["bash", "-c", "setsid sleep 60 & wait"], env=env) as shell:
            child = eventually(lambda: processes.descendants(shell.pid))[0]
            assert eventually(lambda: processes.name_of(child) == "sleep")
            assert {shell.pid, child} <= set(processes.marked(layout.KEY_VARIABLE, "needle-3141"))
            assert list(processes.marked(layout.KEY_VARIABLE, "needle")) == []
            assert processes.kill_below(shell.pid) == 1
            shell.wait()

    def test_a_name_with_brackets_does_not_confuse(self, tmp_path: Path) -> None:
        odd = tmp_path / ") R 1 (x"
        odd.symlink_to("/bin/sleep")
        with subprocess.Popen([str(odd), "60"]) as process:
            assert eventually(lambda: processes.is_alive(processes.identity(process.pid)))
            process.kill()


class TestCopying:
    def test_a_move_that_was_cut_off_is_completed(self, tmp_path: Path) -> None:
        source, target = tmp_path / "s", tmp_path / "t"
        (source / "d").mkdir(parents=True)
        (source / "a").write_text("a")
        (source / "d" / "b").write_text("b")
        (target / "d").mkdir(parents=True)
        (target / "d" / "gone-before").write_text("g")
        for _time in range(2):
            assert copying.move_tree(str(source), str(target)) == []
            found = {p.relative_to(target).as_posix(): p.read_text() for p in target.rglob("*") if p.is_file()}
            assert found == {"a": "a", "d/b": "b", "d/gone-before": "g"}

    def test_a_copy_keeps_the_mode_and_large_content(self, tmp_path: Path) -> None:
        source, target = tmp_path / "s", tmp_path / "t"
        source.write_bytes(os.urandom(1 << 20) * 40)
        source.chmod(0o750)
        copying.copy_file(str(source), str(target))
        assert target.read_bytes() == source.read_bytes()
        assert target.stat().st_mode & 0o777 == 0o750

    def test_removal_follows_no_link(self, tmp_path: Path) -> None:
        keep = tmp_path / "keep"
        keep.mkdir()
        (keep / "x").touch()
        gone = tmp_path / "gone"
        gone.mkdir()
        (gone / "link").symlink_to(keep)
        (gone / "sealed").mkdir(mode=0o500)
        copying.remove_tree(str(gone))
        copying.remove_tree(str(gone))
        assert (keep / "x").exists()
        assert not gone.exists()


class TestSpecfile:
    def test_secrets_are_apart_and_come_back(self, tmp_path: Path) -> None:
        location = {"protocol": "s3", "path": "b/k", "options": {"secret": "canary-1"}, "root": None}
        spec = LaunchSpec(
            "w", "j", "k", "true", ArtifactsSpec("u", location), "/home",
            inputs={"i": InputSpec("uri_file", "u", {**location, "options": {"key": "canary-2"}})},
            tracking=TrackingSpec("/s", "/mlflow/w", "canary-3", "j", "1", "e"),
        )  # fmt: skip
        specfile.write(str(tmp_path), spec.to_json(), "boot")
        assert "canary" not in (tmp_path / layout.SPEC).read_text()
        whole = specfile.read(str(tmp_path))
        assert whole is not None
        assert whole.pop("boot_id") == "boot"
        assert LaunchSpec.from_json(whole) == LaunchSpec.from_json(json.loads(json.dumps(spec.to_json())))
        assert "canary" not in repr(spec)

    def test_another_version_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / layout.SPEC).write_text('{"version": 99}')
        assert specfile.read(str(tmp_path)) is None
        with pytest.raises(ValueError, match="99"):
            LaunchSpec.from_json({"version": 99})


class TestVariables:
    def test_only_listed_variables_pass(self) -> None:
        host = {
            "PATH": "/bin", "LC_ALL": "C", "https_proxy": "http://p", "GITHUB_TOKEN": "x", "LAPIS_HOME": "/x",
            "PIP_INDEX_URL": "https://user:pw@host/simple", "UV_INDEX_URL": "https://host/simple",
        }  # fmt: skip
        assert set(jobenv.from_host(host)) == {"PATH", "LC_ALL", "https_proxy", "UV_INDEX_URL"}

    def test_the_relay_is_never_asked_through_a_proxy(self) -> None:
        assert jobenv.without_proxy({"A": "1"}) == {"A": "1"}
        env = jobenv.without_proxy({"HTTP_PROXY": "http://p", "no_proxy": "corp,localhost"})
        assert env["no_proxy"] == env["NO_PROXY"] == "corp,localhost,127.0.0.1"

    def test_inputs_and_outputs_are_variables_too(self) -> None:
        found = jobenv.data_variables({"my-data": "/d"}, {"out": "/o"})
        assert found == {"AZURE_ML_INPUT_my_data": "/d", "AZURE_ML_OUTPUT_out": "/o"}


def test_a_command_without_expressions_is_left_alone() -> None:
    assert command.render("echo $HOME ${X} {{y}}", {}) == "echo $HOME ${X} {{y}}"
    with pytest.raises(JobEndError, match="could not be started"):
        command.render("echo ${{inputs.x}}", {"inputs.y": "1"})


def test_the_journal_goes_on_counting_and_wakes_the_server(tmp_path: Path) -> None:
    address = str(tmp_path / "wake.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address)
        server.settimeout(10)
        first = Journal(str(tmp_path), address, "calm_fennel")
        first.record("preparing", wake=False)
        first.record("running", "Up.")
        assert server.recv(100) == b"calm_fennel"
        with (tmp_path / layout.JOURNAL).open("ab") as file:
            file.write(b'{"seq": 3, "cut o')
        second = Journal(str(tmp_path), None, "calm_fennel")
        second.record("ended")
    lines = (tmp_path / layout.JOURNAL).read_text().splitlines()
    whole: list[dict[str, Any]] = [json.loads(line) for line in (*lines[:2], lines[3])]
    assert [line["seq"] for line in whole] == [1, 2, 4]
    Journal(str(tmp_path), str(tmp_path / "nobody"), "x").wake()


def test_no_thread_of_the_backend_stays(tmp_path: Path) -> None:
    before = threading.active_count()
    LocalProcesses(tmp_path).close()
    assert threading.active_count() == before
