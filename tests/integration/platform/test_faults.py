"""What the server says when something breaks inside, what it logs, and what survives its death."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.support.polling import eventually
from tests.support.server import LapisServer

MLFLOW = "/mlflow/default/api/2.0/mlflow"
TALKATIVE = ("Traceback", ".py", "sqlite", "psycopg", "SELECT", "no such table", "/home", "/tmp", "/work")


def _break_table(server: LapisServer, table: str) -> None:
    with closing(sqlite3.connect(server.home / "lapis.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(f"ALTER TABLE {table} RENAME TO moved_away")


def _check_silent(body: Any, server: LapisServer) -> str:
    """Check that an answer tells nothing of the server's inside; give its request id."""
    text = json.dumps(body)
    assert [word for word in (*TALKATIVE, str(server.home)) if word in text] == []
    return str(body["request_id"])


def test_a_fault_inside_shows_a_code_a_sentence_and_an_id(lapis_server: LapisServer) -> None:
    _break_table(lapis_server, "computes")
    status, body = lapis_server.request("GET", "/api/v1/workspaces/default/computes")
    assert status >= 500
    assert set(body) == {"error", "request_id"}
    request_id = _check_silent(body, lapis_server)
    log = (lapis_server.home / "logs" / "server.log").read_text()
    assert f"request.failed id={request_id} GET /api/v1/workspaces/default/computes" in log
    assert "no such table: computes" in log


def test_a_fault_behind_mlflow_has_its_form(lapis_server: LapisServer) -> None:
    _break_table(lapis_server, "runs")
    status, body = lapis_server.request("POST", f"{MLFLOW}/runs/search", {"experiment_ids": ["0"]})
    assert status >= 500
    assert set(body) == {"error_code", "message"}
    assert [word for word in TALKATIVE if word in body["message"]] == []
    assert "request " in body["message"]


def test_a_database_that_went_away_is_a_503_and_comes_back(start_server: ServerFactory, postgres_url: str) -> None:
    server = start_server({"LAPIS_DATABASE_URL": postgres_url.replace("lapis@", "lapis:S3CRETWORD@")})
    base, _, name = postgres_url.replace("+psycopg", "").rpartition("/")
    _allow(base, name, False)
    try:
        status, body = eventually(lambda: _failing(server), 20, what="an answer without a database")
        assert status == 503
        assert body["error"]["code"] == "StorageUnreachable"
        _check_silent(body, server)
        assert server.request("GET", "/healthz")[0] == 200
    finally:
        _allow(base, name, True)
    eventually(lambda: server.request("GET", "/api/v1/workspaces/default")[0] == 200, 30)
    assert "S3CRETWORD" not in (server.home / "logs" / "server.log").read_text()


def _failing(server: LapisServer) -> tuple[int, Any] | None:
    answer = server.request("GET", "/api/v1/workspaces")
    return answer if answer[0] != 200 else None


def _allow(base: str, name: str, allowed: bool) -> None:
    import psycopg

    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}'.encode())
        if not allowed:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_no_token_is_ever_logged(start_server: ServerFactory) -> None:
    server = start_server({"LAPIS_LOG_LEVEL": "debug"})
    status, made = server.request("POST", "/api/v1/tokens", {"label": "script"})
    assert status == 201
    secrets = [server.token, made["token"], "garbage-token-0123456789-0123456789"]
    for token in secrets:
        server.request("GET", "/api/v1/status", token=token)
        server.request("GET", f"/api/v1/nothing?token={token}", token=token)
        server.request("GET", f"/api/v1/workspaces/{token}", token=token)
    _break_table(server, "workspaces")
    for token in secrets:
        server.request("GET", "/api/v1/workspaces", token=token)
    server.stop()
    written = [*(server.home / "logs").iterdir(), server.log, server.home / "run" / "server.lock"]
    found = [(file.name, n) for file in written for n, s in enumerate(secrets) if s in file.read_text(errors="replace")]
    assert found == []
    database = b"".join(file.read_bytes() for file in server.home.glob("lapis.db*"))
    assert [n for n, secret in enumerate(secrets) if secret.encode() in database] == []


def test_what_was_acknowledged_survives_kill_9(lapis_server: LapisServer) -> None:
    """Writers keep sending while the server is killed again and again; whatever got a 200 is there afterwards."""
    status, body = lapis_server.request("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0", "start_time": 1})
    assert status == 200
    run = body["run"]["info"]["run_id"]
    acknowledged: list[str] = []
    stopping = threading.Event()
    writers = [
        threading.Thread(target=_write_params, args=(lapis_server, run, n, acknowledged, stopping)) for n in range(3)
    ]
    for writer in writers:
        writer.start()
    for round_ in range(4):
        goal = len(acknowledged) + 20
        eventually(lambda goal=goal: len(acknowledged) >= goal, 60, what=f"writes in round {round_}")
        lapis_server.kill9()
        lapis_server.start()
    stopping.set()
    for writer in writers:
        writer.join()
    stored = {
        p["key"] for p in lapis_server.request("GET", f"{MLFLOW}/runs/get?run_id={run}")[1]["run"]["data"]["params"]
    }
    assert set(acknowledged) <= stored
    assert len(acknowledged) >= 80


def _write_params(
    server: LapisServer, run: str, writer: int, acknowledged: list[str], stopping: threading.Event
) -> None:
    number = 0
    while not stopping.is_set():
        key = f"w{writer}-{number}"
        try:
            status, _ = server.request(
                "POST", f"{MLFLOW}/runs/log-parameter", {"run_id": run, "key": key, "value": "x"}
            )
        except (OSError, ValueError, HTTPException):
            stopping.wait(0.02)
            continue
        if status == 200:
            acknowledged.append(key)
            number += 1


def test_a_repeated_request_after_a_kill_has_the_effect_of_once(lapis_server: LapisServer) -> None:
    path, body = (
        "/api/v1/workspaces/default/models",
        {"name": "m", "type": "custom_model", "path": "https://example.org/m"},
    )
    headers = {"Idempotency-Key": "once"}
    first = lapis_server.request("POST", path, body, headers=headers)
    assert first[0] in (200, 201), first
    lapis_server.kill9()
    lapis_server.start()
    assert lapis_server.request("POST", path, body, headers=headers) == first
    versions = lapis_server.request("GET", f"{path}/m/versions")[1]["value"]
    assert [version["version"] for version in versions] == ["1"]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {key} -out {cert}"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl makes no certificate here")
    return cert, key


def test_tls_opens_the_server_to_others_and_tokens_stay_needed(
    start_server: ServerFactory, certificate: tuple[Path, Path], lapis_home: Path
) -> None:
    import ssl
    import urllib.error
    import urllib.request

    cert, key = certificate
    variables = {"LAPIS_HOST": "0.0.0.0", "LAPIS_TLS_CERT": str(cert), "LAPIS_TLS_KEY": str(key)}
    server = start_server(variables, wait=False)
    eventually((lapis_home / "run" / "server.json").exists, 30)
    context = ssl.create_default_context(cafile=cert)
    url = f"https://localhost:{server.port}"
    with urllib.request.urlopen(f"{url}/healthz", context=context) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{url}/api/v1/status", context=context)
    assert caught.value.code == 401
    request = urllib.request.Request(f"{url}/api/v1/status", headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, context=context) as answer:
        assert json.load(answer)["address"].startswith("https://")
