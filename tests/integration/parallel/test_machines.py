"""Mini-batch jobs over two machines, each with a home and an address of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lapisml.ports.compute import ComputeBackend, EndReason, Handle, LaunchSpec, Outcome
from lapisml.ports.launch import ParallelSpec
from lapisml.runner import durable, layout, parts, processes
from lapisml.testing.compute_bench import Bench, Course
from tests.support.parted_machines import Machines
from tests.support.server import end_everything
from tests.support.whole import only_in_a_whole_run
from tests.unit.parallel.conftest import snapshot

Submit = Callable[..., Handle]
FILES, ROWS = 24, 6_000
NAMES = [f"f{number:02}" for number in range(FILES)]
BOTH = """
import os, pathlib, time
here = os.environ["AZUREML_CR_NODE_RANK"]
seen = pathlib.Path({home!r})

def meet():
    (seen / f"node-{{here}}").touch()
    while not all((seen / f"node-{{n}}").exists() for n in (0, 1)):
        time.sleep(0.01)
"""
"""`meet()` returns when both machines have a mini-batch."""


class Differing(Machines):
    """Machines of which the second was told another secret."""

    def submit(self, spec: LaunchSpec) -> Handle:
        """Hand a job over."""
        handle = super().submit(spec)
        folder = self.homes[1] / "runs" / spec.workspace / f"{spec.job}+1"
        path = str(folder / layout.SECRETS)
        durable.write_json(path, {**durable.read_json(path), "parallel": "another"})
        return handle


class Between:
    """A machine whose way to the first goes through here, where it can be cut."""

    def __init__(self, backend: ComputeBackend) -> None:
        self._backend = backend
        self._open: list[socket.socket] = []
        self.passed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def submit(self, spec: LaunchSpec) -> Handle:
        """Hand a part over that looks for the first elsewhere."""
        assert spec.part is not None
        port = spec.part.ports[0] + parts.CREW_PORT
        door = socket.create_server(("127.0.0.3", port))
        threading.Thread(target=self._accept, args=(door, port), daemon=True).start()
        hosts = ("127.0.0.3", *spec.part.hosts[1:])
        return self._backend.submit(replace(spec, part=replace(spec.part, hosts=hosts)))

    def cut(self) -> None:
        """Break what is connected now."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, door: socket.socket, port: int) -> None:
        while True:
            near, _where = door.accept()
            try:
                far = socket.create_connection(("127.0.0.1", port))
            except OSError:
                near.close()
                continue
            self.passed += 1
            self._open = [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


class Shaky(Machines):
    """Machines of which the second can be cut off."""

    def __init__(self, home: Path, count: int = 2) -> None:
        super().__init__(home, count)
        self.nodes[1] = self.between = Between(self.nodes[1])  # type: ignore[assignment,call-overload]


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A pool of two machines; whatever runs there is ended afterwards."""
    make: Callable[[Path], Machines] = getattr(request, "param", Machines)
    yield Bench(lambda: make(tmp_path), tmp_path)
    for home in tmp_path.glob("node*"):
        end_everything(home)


@pytest.fixture
def submit(bench: Bench) -> Submit:
    """``submit(script, kind=…, mode=…, …)`` hands a job over whose lines are in ``<storage>/scored``."""
    folder = bench.stored("data")
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(name)
    (bench.home / "seen").mkdir()

    def run(script: str, kind: str = "uri_folder", mode: str | None = None, **asked: Any) -> Handle:
        settings = {"append_row_to": "scored", "timeout_s": 30.0, "concurrency": 2, "secret": "s", **asked}
        spec = bench.spec(
            "",
            parallel=ParallelSpec("score.py", "data", **settings),
            code=snapshot(bench, BOTH.format(home=str(bench.home / "seen")) + script),
            inputs={"data": bench.input("data", kind, mode)},
            outputs={"scored": bench.output("scored", "uri_file")},
            node_count=2,
        )
        return bench.backend.submit(spec)

    return run


def lines(bench: Bench) -> list[list[str]]:
    """Give what was returned: a list of words for each line."""
    return [line.split() for line in bench.stored("scored").read_text().splitlines()]


def folder(bench: Bench, handle: Handle, part: int) -> Path:
    """Give the folder of a part."""
    return bench.home / f"node{part}" / "runs" / handle.workspace / (handle.job + (f"+{part}" if part else ""))


def child(bench: Bench, handle: Handle, part: int) -> int:
    """Give the process that stands in the command's place."""
    return int(durable.read_json(str(folder(bench, handle, part) / layout.PROCESS))["child"]["pid"])


def followed(bench: Bench, handle: Handle) -> Course:
    """Follow a job to its end."""
    return bench.follow(handle, timeout=90)


def both_at_work(bench: Bench) -> bool:
    """Say whether both machines have a mini-batch."""
    return all((bench.home / "seen" / f"node-{node}").exists() for node in (0, 1))


@pytest.mark.parametrize("mode", [None, "download"])
def test_both_machines_work_and_the_lines_are_in_order(bench: Bench, submit: Submit, mode: str | None) -> None:
    script = "def run(files):\n  meet()\n  print(files)\n  return [open(f).read() + ' ' + here for f in files]\n"
    handle = submit(script, mode=mode, mini_batch_size=2)
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    found = lines(bench)
    assert [words[0] for words in found] == NAMES
    assert {words[1] for words in found} == {"0", "1"}
    assert "Node 1 is here, with 2 workers." in bench.log(handle)
    printed = [bench.log(handle, f"user_logs/std_log_process_{number:03}.txt") for number in range(4)]
    assert any(printed[:2])
    assert any(printed[2:])


def test_rows_travel_and_none_is_lost(bench: Bench, submit: Submit) -> None:
    frame = pd.DataFrame({"n": range(ROWS), "text": [f"t{n}" if n % 3 else None for n in range(ROWS)]})
    table = bench.stored("data")
    frame.to_csv(table / "rows.csv", index=False)
    (table / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n")
    script = (
        "def run(batch, context):\n  meet()\n"
        "  return [f'{n} {here} {context.global_row_index_lower_bound}' for n in batch['n']]\n"
    )
    handle = submit(script, kind="mltable", mini_batch_size=4096, in_bytes=True)
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    found = lines(bench)
    assert [int(words[0]) for words in found] == list(range(ROWS))
    assert {words[1] for words in found} == {"0", "1"}
    assert not list((bench.home / "node1").rglob("rows.*"))


def test_a_killed_crew_host_is_done_without(bench: Bench, submit: Submit) -> None:
    script = (
        "def run(files):\n  meet()\n  while here == '1': time.sleep(0.1)\n  return [open(f).read() for f in files]\n"
    )
    handle = submit(script)
    bench.wait(lambda: both_at_work(bench))
    workers = processes.descendants(child(bench, handle, 1))
    os.kill(child(bench, handle, 1), signal.SIGKILL)
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert [words[0] for words in lines(bench)] == NAMES
    log = bench.log(handle)
    assert "Node 1 is gone" in log
    assert "trying again (1 of 2): its worker died: node 1 is gone" in log
    warnings = [str(entry.detail.get("warning")) for entry in course.journal]
    assert any("Node 1: This machine did no more mini-batches" in warning for warning in warnings)
    assert "Node 1 was not there when the last mini-batch was done." in warnings
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


@only_in_a_whole_run
def test_a_crew_host_that_is_frozen_loses_its_mini_batches(bench: Bench, submit: Submit) -> None:
    """Its connection stands, and nothing is heard."""
    script = "def run(files):\n  meet()\n  time.sleep(0.05)\n  return [open(f).read() for f in files]\n"
    handle = submit(script)
    bench.wait(lambda: both_at_work(bench))
    os.kill(child(bench, handle, 1), signal.SIGSTOP)
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert [words[0] for words in lines(bench)] == NAMES
    assert "nothing was heard of it for" in bench.log(handle)


@pytest.mark.parametrize("bench", [Shaky], indirect=True)
def test_a_machine_that_was_cut_off_comes_back(bench: Bench, submit: Submit) -> None:
    """What it had in hand is tried again; it gets work again."""
    script = """
def run(files):
    meet()
    while here == "1" and not (seen / "cut").exists(): time.sleep(0.01)
    time.sleep(0.1)
    return [open(f).read() + " " + here for f in files]
"""
    handle = submit(script, max_retries=5)
    bench.wait(lambda: both_at_work(bench))
    assert isinstance(bench.backend, Shaky)
    bench.backend.between.cut()
    (bench.home / "seen" / "cut").touch()
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert [words[0] for words in lines(bench)] == NAMES
    log = bench.log(handle)
    gone, again = log.index("Node 1 is gone"), log.rindex("Node 1 is here")
    assert gone < again
    assert bench.backend.between.passed == 2


@pytest.mark.parametrize("bench", [Differing], indirect=True)
def test_a_machine_with_another_secret_is_not_let_in(bench: Bench, submit: Submit) -> None:
    script = """
def run(files):
    while not (seen / "refused").exists(): time.sleep(0.01)
    return [open(f).read() + " " + here for f in files]
"""
    handle = submit(script)
    bench.wait(lambda: "was not let in: it does not know the job's secret" in bench.log(handle))
    (bench.home / "seen" / "refused").touch()
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert lines(bench) == [[name, "0"] for name in NAMES]
    assert not processes.is_alive(durable.read_json(str(folder(bench, handle, 1) / layout.PROCESS))["child"])


def test_cancel_ends_all_machines(bench: Bench, submit: Submit) -> None:
    handle = submit("def run(files):\n  meet()\n  time.sleep(600)\n")
    bench.wait(lambda: both_at_work(bench))
    below = [pid for part in (0, 1) for pid in processes.descendants(child(bench, handle, part))]
    assert len(below) >= 4
    bench.backend.cancel(handle, grace_s=1, by="ada")
    course = followed(bench, handle)
    assert course.exit.reason_code is EndReason.CANCELED
    assert not any(Path(f"/proc/{pid}").exists() for pid in below)


def test_a_killed_driver_ends_the_job_on_all_machines(bench: Bench, submit: Submit) -> None:
    handle = submit("def run(files):\n  meet()\n  time.sleep(600)\n")
    bench.wait(lambda: both_at_work(bench))
    below = processes.descendants(child(bench, handle, 1))
    os.kill(child(bench, handle, 0), signal.SIGKILL)
    course = followed(bench, handle)
    assert course.exit.reason_code is EndReason.KILLED
    assert not any(Path(f"/proc/{pid}").exists() for pid in below)


@only_in_a_whole_run
def test_what_fails_there_is_told_and_counted(bench: Bench, submit: Submit) -> None:
    script = """
def run(files):
    meet()
    if here == "1":
        if files[0].endswith("1"): raise ValueError("no good")
        if files[0].endswith("2"): os._exit(7)
        if files[0].endswith("3"): time.sleep(60)
        time.sleep(0.02)
    return [open(f).read() for f in files]
"""
    handle = submit(script, timeout_s=2.0, max_retries=30)
    course = followed(bench, handle)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert [words[0] for words in lines(bench)] == NAMES


def test_an_init_that_fails_there_fails_the_job(bench: Bench, submit: Submit) -> None:
    script = (
        "def init():\n  if here == '1': raise ValueError('no model here')\n"
        "def run(files):\n  time.sleep(600)\n  return files\n"
    )
    course = followed(bench, submit(script))
    assert course.exit.reason_code is EndReason.MINI_BATCHES
    assert "no model here" in course.exit.reason


@only_in_a_whole_run
def test_thresholds_count_what_all_machines_say(bench: Bench, submit: Submit) -> None:
    script = "def run(files):\n  meet()\n  raise ValueError('never')\n"
    course = followed(bench, submit(script, max_retries=0, mini_batch_error_threshold=3))
    assert course.exit.reason_code is EndReason.MINI_BATCHES
    assert "mini_batch_error_threshold allows (3)" in course.exit.reason


@only_in_a_whole_run
def test_shutdown_is_called_on_all_machines(bench: Bench, submit: Submit) -> None:
    script = "def run(files):\n  meet()\n  return files\ndef shutdown():\n  (seen / f'bye-{here}').touch()\n"
    assert followed(bench, submit(script)).exit.outcome is Outcome.COMPLETED
    assert {path.name for path in (bench.home / "seen").glob("bye-*")} == {"bye-0", "bye-1"}


@only_in_a_whole_run
def test_files_beside_the_input_are_worked_on_at_home(bench: Bench, submit: Submit) -> None:
    """An MLTable file that names files elsewhere: other machines may not have them."""
    elsewhere = bench.home / "elsewhere"
    elsewhere.mkdir()
    for name in NAMES:
        (elsewhere / name).write_text(name)
    (bench.stored("data") / "MLTable").write_text(f"paths:\n  - folder: {elsewhere}\n")
    script = "def run(files):\n  time.sleep(0.05)\n  return [open(f).read() + ' ' + here for f in files]\n"
    course = followed(bench, submit(script, kind="mltable"))
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert lines(bench) == [[name, "0"] for name in NAMES]


def test_a_job_without_a_secret_is_refused_before_it_begins(bench: Bench, submit: Submit) -> None:
    course = followed(bench, submit("def run(files):\n  return files\n", secret=None))
    assert course.exit.reason_code is EndReason.COMMAND
    assert "secret" in course.exit.reason
