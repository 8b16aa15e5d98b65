"""The gateway's process: started, found again, replaced, and its trouble told."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.backends.serving import LocalGateway
from lapisml.backends.serving.local_gateway import arguments
from lapisml.gateway.__main__ import main
from lapisml.gateway.settings import GatewaySettings
from tests.support.polling import eventually
from tests.support.processes import free_port, is_alive
from tests.support.server import end_everything


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose gateway is ended afterwards."""
    (tmp_path / "serving").mkdir()
    yield tmp_path
    end_everything(tmp_path)


def gateway(home: Path, **settings: object) -> LocalGateway:
    """What looks after the gateway of a home."""
    return LocalGateway(GatewaySettings(home / "serving", **settings), home / "logs" / "gateway.log")  # type: ignore[arg-type]


def test_it_outlives_who_started_it_and_is_found_again(home: Path) -> None:
    first = gateway(home)
    assert first.record() is None
    first.keep()
    first.keep()
    record = first.wait()
    assert record is not None
    assert first.trouble() == ""
    first.close()
    second = gateway(home)
    second.keep()
    found = second.wait()
    assert found is not None
    assert found.identity == record.identity
    assert second.ensure() is not None
    second.end()
    assert second.record() is None
    assert not is_alive(record.pid)


def test_nobody_replaces_it_once_nobody_looks_after_it(home: Path) -> None:
    kept = gateway(home)
    kept.keep()
    record = kept.wait()
    assert record is not None
    kept.end()
    assert kept.wait(0.3) is None
    assert kept.trouble() == "The gateway ended with status 0."


def test_a_gateway_that_was_adopted_is_watched_as_well(home: Path) -> None:
    starter = gateway(home)
    starter.keep()
    before = starter.wait()
    assert before is not None
    assert before.worker is not None
    starter.close()
    kept = gateway(home)
    kept.keep()
    for pid in (before.pid, before.worker["pid"]):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: (found := kept.record()) is not None and found.pid != before.pid)
    kept.end()


def test_other_settings_replace_it(home: Path) -> None:
    first = gateway(home, port=free_port())
    first.keep()
    before = first.wait()
    assert before is not None
    first.close()
    port = free_port()
    second = gateway(home, port=port)
    second.keep()
    found = eventually(lambda: (record := second.record()) is not None and record.port == port and record)
    assert found
    assert not is_alive(before.pid)
    second.end()


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        kept = gateway(home, port=port)
        kept.keep()
        eventually(lambda: f"Can't listen on 127.0.0.1:{port}" in kept.trouble())
        assert kept.record() is None
    eventually(kept.record)
    kept.end()


def test_every_setting_reaches_its_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = GatewaySettings(
        tmp_path, "localhost", 1234, "https://models.example.org", ("a", "b"), tmp_path / "c", tmp_path / "k", True, 3
    )
    seen: list[GatewaySettings] = []

    class Recorder:
        def __init__(self, settings: GatewaySettings, _arguments: object) -> None:
            seen.append(settings)

        def run(self, _adopted: object) -> None:
            return

    monkeypatch.setattr("lapisml.gateway.master.Master", Recorder)
    assert main(arguments(given)) == 0
    assert seen == [given]
