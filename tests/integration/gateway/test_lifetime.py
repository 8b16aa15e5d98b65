"""Master and worker: each may die, the address stays, and what can be answered is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from lapisml.runner.processes import is_alive
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.load import load
from tests.support.gateway import RunningGateway
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port

A = "a" * 12


def _serve(gateway: RunningGateway, **hello: object) -> None:
    gateway.keeper(A, 0, hello={"max_concurrent": 8, **hello})
    gateway.route({"blue": A}, {"blue": 100})
    assert gateway.score().status == 200


def test_a_killed_worker_is_followed_by_another(gateway: RunningGateway) -> None:
    _serve(gateway)
    before = gateway.record
    with load(gateway.port, clients=2) as clients:
        for _ in range(3):
            worker = gateway.record.worker
            assert worker is not None
            os.kill(worker["pid"], signal.SIGKILL)
            eventually(lambda worker=worker: gateway.record.worker != worker and gateway.healthy())  # type: ignore[misc]
    after = gateway.record
    assert (after.identity, after.port) == (before.identity, before.port)
    assert set(clients.statuses) == {200}
    assert clients.lost <= 3 * 2, "more was lost than was under way"


def test_a_killed_master_is_followed_by_another_and_nothing_is_lost(gateway: RunningGateway) -> None:
    _serve(gateway)
    before = gateway.record
    with load(gateway.port, clients=2) as clients:
        os.kill(before.pid, signal.SIGKILL)
        assert gateway.process is not None
        gateway.process.wait()
        eventually(lambda: gateway.record.identity != before.identity and gateway.healthy())
        eventually(lambda: not is_alive(before.worker))
        seen = clients.answered
        eventually(lambda: clients.answered > seen + 20)
    assert gateway.record.port == before.port
    assert set(clients.statuses) == {200}
    assert clients.lost == 0
    with Path(f"/proc/{gateway.record.pid}/cmdline").open("rb") as file:
        assert str(gateway.places.home).encode() in file.read()


def test_nobody_else_takes_a_new_address_while_a_worker_waits_for_its_master(start_gateway: StartGateway) -> None:
    gateway = start_gateway("--port", "0")
    _serve(gateway)
    before = gateway.record
    assert before.worker is not None
    os.kill(before.worker["pid"], signal.SIGSTOP)
    os.kill(before.pid, signal.SIGKILL)
    assert gateway.process is not None
    gateway.process.wait()
    command = [sys.executable, "-m", "lapisml.gateway", "--home", str(gateway.places.home)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 3
    os.kill(before.worker["pid"], signal.SIGCONT)
    eventually(lambda: gateway.record.identity != before.identity and gateway.healthy())
    assert gateway.record.port == before.port


def test_both_killed_and_started_again_have_the_same_address(start_gateway: StartGateway) -> None:
    gateway = start_gateway("--port", "0")
    _serve(gateway)
    before = gateway.record
    assert (gateway.places.home / "gateway.port").read_text() == f"{before.port}\n"
    assert before.worker is not None
    os.kill(before.pid, signal.SIGSTOP)
    os.kill(before.worker["pid"], signal.SIGKILL)
    os.kill(before.pid, signal.SIGKILL)
    assert gateway.process is not None
    gateway.process.wait()
    gateway.start()
    assert gateway.record.port == before.port
    assert gateway.score().status == 200


def test_a_stop_answers_what_is_under_way(gateway: RunningGateway) -> None:
    _serve(gateway)
    port = gateway.port
    with load(port, clients=3, body={"sleep": 0.3}) as clients:
        eventually(
            lambda: gateway.metric('lapis_requests_in_flight{workspace="ws",endpoint="ep",deployment="blue"}') == 3
        )
        clients.stop()
        assert gateway.process is not None
        gateway.process.terminate()
    assert (clients.lost, set(clients.statuses)) == (0, {200})
    assert gateway.process.wait(20) == 0
    assert not gateway.places.gateway.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_stop_at_any_moment_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    for number in range(6):
        home = tmp_path / str(number) / "serving"
        gateway = RunningGateway(home)
        gateway.start(wait=False)
        assert gateway.process is not None
        if number:
            eventually(lambda g=gateway: g.places.gateway.exists() or g.process.poll() is not None, interval=0.0005)  # type: ignore[misc]
        gateway.process.send_signal(signal.SIGTERM if number % 2 else signal.SIGINT)
        gateway.process.wait(20)
        assert gateway._pids() == []
        gateway.stop()


def _run(home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lapisml.gateway", "--home", str(home), *flags]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)


def test_one_gateway_a_home(gateway: RunningGateway) -> None:
    second = _run(gateway.places.home)
    assert second.returncode == 3
    assert "already runs" in second.stderr
    assert gateway.healthy()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = _run(tmp_path / "serving", "--port", str(port))
    assert found.returncode == 2
    assert f"Can't listen on 127.0.0.1:{port}" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--host", "0.0.0.0"], "Refusing to listen on 0.0.0.0 without TLS"),
        (["--host", "::"], "Refusing to listen on :: without TLS"),
        (["--tls-cert", "x.pem"], "belong together"),
        (["--behind-tls-proxy"], "needs --allowed-hosts"),
    ],
)
def test_nobody_beyond_this_machine_without_encryption(tmp_path: Path, flags: list[str], sentence: str) -> None:
    found = _run(tmp_path / "serving", *flags)
    assert found.returncode == 2
    assert sentence in found.stderr


def test_a_home_that_takes_no_files_keeps_no_request_from_its_answer(tmp_path: Path) -> None:
    """As on a full disk: what can't be written is told, and done without."""
    gateway = RunningGateway(tmp_path / "home" / "serving", "--port", str(free_port()))
    for place in (gateway.places.gateway, gateway.places.wake, gateway.places.applied):
        (place / "in the way").mkdir(parents=True)
    gateway.start(wait=False)
    try:
        gateway.keeper(A, 0)
        gateway.route({"blue": A}, {"blue": 100}, wait=False)
        eventually(lambda: "can't be written" in gateway.log.read_text())
        eventually(lambda: _answers(gateway), what="an answer")
    finally:
        gateway.stop()


def _answers(gateway: RunningGateway) -> bool:
    with suppress(OSError):
        return gateway.score().status == 200
    return False


def test_a_name_that_is_allowed(start_gateway: StartGateway) -> None:
    gateway = start_gateway("--allowed-hosts", "models.example.org", "--port", str(free_port()))
    assert gateway.get("/healthz", Host="models.example.org")[0] == 200
    assert gateway.get("/healthz", Host="models.example.com")[0] == 400


def test_the_public_name_is_allowed(start_gateway: StartGateway) -> None:
    gateway = start_gateway("--public-url", "https://models.example.org/")
    assert gateway.record.url == "https://models.example.org"
    assert gateway.get("/healthz", Host="models.example.org")[0] == 200
    assert gateway.get("/healthz", Host="example.org")[0] == 400


def test_a_home_that_is_deep(start_gateway: StartGateway, tmp_path: Path) -> None:
    deep = RunningGateway(tmp_path / ("d" * 100) / ("e" * 100) / "serving").start()
    try:
        _serve(deep)
    finally:
        deep.stop()
