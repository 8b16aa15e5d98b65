"""The server's process: start, stop, one at a time, and what it refuses to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from cryptography.fernet import Fernet

from tests.conftest import ServerFactory
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port
from tests.support.server import LapisServer


def _run(home: Path, *flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "lapisml.server", *flags],
        env=clean_environment(LAPIS_HOME=str(home), **variables),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_first_start_makes_a_private_home_a_token_and_a_workspace(lapis_server: LapisServer) -> None:
    home = lapis_server.home
    for name in ("token", "secret.key", "lapis.db", "run/server.json", "run/server.lock"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    status, body = lapis_server.request("GET", "/api/v1/workspaces")
    assert status == 200
    assert [w["name"] for w in body["value"]] == ["default"]


def test_status_says_what_runs_and_no_password(start_server: ServerFactory, postgres_url: str) -> None:
    url = postgres_url.replace("lapis@", "lapis:S3CRETWORD@")
    server = start_server({"LAPIS_DATABASE_URL": url})
    status, body = server.request("GET", "/api/v1/status")
    assert status == 200
    assert body["address"] == server.url
    assert body["studio_url"] == server.url + "/studio"
    assert body["database"]["kind"] == "postgresql"
    assert "S3CRETWORD" not in json.dumps(body)
    assert body["processes"][0]["pid"] == server.pid
    assert body["workspaces"] == ["default"]


def test_server_json_names_the_process_and_goes_with_it(lapis_server: LapisServer) -> None:
    record = json.loads((lapis_server.home / "run" / "server.json").read_text())
    assert record["pid"] == lapis_server.pid
    assert record["url"] == lapis_server.url
    assert record["start_ticks"] > 0
    assert record["boot_id"]
    lapis_server.stop()
    assert not (lapis_server.home / "run" / "server.json").exists()


def test_it_is_small(start_server: ServerFactory) -> None:
    process = psutil.Process(start_server().pid)
    assert process.memory_info().rss / 2**20 < 250
    assert process.children() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_two_seconds_although_a_request_hangs(lapis_server: LapisServer, number: int) -> None:
    with socket.create_connection(("127.0.0.1", lapis_server.port)) as half_sent:
        half_sent.sendall(
            b"PUT /api/v1/workspaces/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer " + lapis_server.token.encode() + b'\r\n\r\n{"a"'
        )
        began = time.monotonic()
        os.kill(lapis_server.pid, number)
        assert lapis_server.process.wait(5) == 0
    assert time.monotonic() - began < 2.5


def test_a_second_server_over_one_home_is_refused(lapis_server: LapisServer) -> None:
    second = _run(lapis_server.home, LAPIS_PORT=str(free_port()))
    assert second.returncode == 1
    assert f"(process {lapis_server.pid}) already runs over {lapis_server.home}" in second.stderr
    assert lapis_server.request("GET", "/api/v1/status")[0] == 200


def test_a_second_server_on_one_sqlite_file_is_refused(lapis_server: LapisServer, tmp_path: Path) -> None:
    file = lapis_server.home / "lapis.db"
    second = _run(tmp_path / "other", LAPIS_DATABASE_URL=f"sqlite:///{file}")
    assert second.returncode == 1
    assert f"The database {file} is in use by another server (process {lapis_server.pid})" in second.stderr


def test_a_link_to_the_same_file_does_not_help(lapis_server: LapisServer, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(lapis_server.home / "lapis.db")
    second = _run(tmp_path / "other", LAPIS_DATABASE_URL=f"sqlite:///{tmp_path / 'link.db'}")
    assert second.returncode == 1
    assert "in use by another server" in second.stderr


def test_a_killed_servers_locks_are_free(lapis_server: LapisServer) -> None:
    lapis_server.kill9()
    lapis_server.start()
    assert lapis_server.request("GET", "/api/v1/status")[0] == 200


def test_the_port_is_remembered_and_given_up_when_taken(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home).mkdir()
    port = free_port()
    (home / "port").write_text(f"{port}\n")
    assert _port_of_a_start(home) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert _port_of_a_start(home) != port


def _port_of_a_start(home: Path) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "lapisml.server"], env=clean_environment(LAPIS_HOME=str(home)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        record = home / "run" / "server.json"
        eventually(lambda: record.exists() or process.poll() is not None, 30)
        return int(json.loads(record.read_text())["url"].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(10)


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run(tmp_path / "home", "--port", str(port))
    assert done.returncode == 2
    assert f"Can't listen on 127.0.0.1:{port}" in done.stderr


def test_a_public_address_without_tls_is_refused(tmp_path: Path) -> None:
    done = _run(tmp_path / "home", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "Refusing to listen on 0.0.0.0 without TLS" in done.stderr
    assert not (tmp_path / "home").exists(), "nothing was made"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"LAPIS_PORT": "many"}, "port: "),
        ({"LAPIS_DATABASE_URL": "nonsense"}, "LAPIS_DATABASE_URL is not a database URL"),
        ({"LAPIS_TOKEN": "admin"}, "at least 32 characters"),
    ],
)
def test_bad_settings_are_refused_with_a_sentence(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    done = _run(tmp_path / "home", **variables)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_variable_is_warned_about(start_server: ServerFactory) -> None:
    server = start_server({"LAPIS_LOCAL_SLOT": "2"})
    assert "LAPIS_LOCAL_SLOT is not a setting of Lapis; did you mean LAPIS_LOCAL_SLOTS?" in server.log.read_text()


def test_a_database_of_a_newer_release_is_refused_and_stays_as_it_was(lapis_server: LapisServer) -> None:
    lapis_server.stop()
    file = lapis_server.home / "lapis.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = file.read_bytes()
    done = _run(lapis_server.home)
    assert done.returncode == 1
    assert "has version '9999', which this release of Lapis does not know" in done.stderr
    assert file.read_bytes() == before


def test_several_servers_share_one_postgres(start_server: ServerFactory, postgres_url: str, tmp_path: Path) -> None:
    variables = {"LAPIS_DATABASE_URL": postgres_url, "LAPIS_SECRET_KEY": Fernet.generate_key().decode()}
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "storage").mkdir(parents=True)
    (tmp_path / "two" / "storage").symlink_to(tmp_path / "one" / "storage")
    one = start_server(variables, home=tmp_path / "one", wait=False)
    two = start_server(variables, home=tmp_path / "two", wait=False)
    one.wait_ready()
    two.wait_ready()
    assert one.request("PUT", "/api/v1/workspaces/blue", {"name": "blue"})[0] == 201
    assert two.request("GET", "/api/v1/workspaces/blue")[0] == 200
    assert two.request("PUT", "/api/v1/workspaces/blue", {"name": "blue"})[0] == 200
