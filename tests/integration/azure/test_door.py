"""The address with TLS: how it is opened, who is told what, and that it comes back with the server."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import RunCli, ServerFactory
from tests.support.cli import LAPIS
from tests.support.processes import clean_environment
from tests.support.server import LapisServer


def _get(url: str, cafile: Path | None, token: str = "") -> tuple[int, dict[str, object]]:
    context = ssl.create_default_context(cafile=str(cafile) if cafile else None)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _open(server: LapisServer) -> dict[str, str]:
    status, found = server.request("POST", "/api/v1/azure/open")
    assert status == 200, found
    return dict(found)


def test_it_is_closed_until_somebody_asks_and_open_from_then_on(start_server: ServerFactory) -> None:
    server = start_server()
    authority = server.home / "azure" / "ca.pem"
    assert server.request("GET", "/api/v1/azure")[1]["url"] is None
    assert not authority.exists()
    with ThreadPoolExecutor(8) as many:
        found = {each["url"] for each in many.map(lambda _: _open(server), range(8))}
    assert len(found) == 1
    url = found.pop()
    assert url.startswith("https://127.0.0.1:")
    assert _get(f"{url}/healthz", authority)[0] == 200
    assert _get(f"{url}/subscriptions", authority, server.token)[0] == 200
    assert _get(f"{url}/subscriptions", authority)[0] == 401
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        _get(f"{url}/healthz", None)
    trusted = authority.read_bytes()
    server.restart()
    assert server.request("GET", "/api/v1/azure")[1]["url"] == url
    assert _get(f"{url}/healthz", authority)[0] == 200
    assert authority.read_bytes() == trusted
    server.kill9()
    server.start()
    assert _get(f"{url}/healthz", authority)[0] == 200


def test_the_command_and_what_it_prints(start_server: ServerFactory, run_cli: RunCli, tmp_path: Path) -> None:
    server = start_server()
    script = """
    eval "$("$LAPIS" azure env)"
    "$PYTHON" -c "$FETCH"
    """
    fetch = """
import os, urllib.request
for url in (os.environ["ARM_CLOUD_METADATA_URL"], os.environ["MSI_ENDPOINT"] + "?resource=x"):
    asked = urllib.request.Request(url, headers={"secret": os.environ["MSI_SECRET"]})
    print(urllib.request.urlopen(asked, timeout=60).read().decode())
"""
    named = {"LAPIS": str(LAPIS), "PYTHON": sys.executable, "FETCH": fetch, "no_proxy": "127.0.0.1"}
    own = clean_environment(LAPIS_HOME=str(server.home), **named)
    done = subprocess.run(["sh", "-ec", script], env=own, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    metadata, token = done.stdout.splitlines()
    assert json.loads(metadata)[0]["name"] == "LapisCloud"
    assert json.loads(token)["access_token"].count(".") == 2

    printed = json.loads(run_cli("azure", "token", "--resource", "https://ml.azure.com", check=True).stdout)
    assert set(printed) == {"accessToken", "expiresOn", "expires_on", "subscription", "tenant", "tokenType"}
    assert server.request("GET", "/api/v1/status", token=printed["accessToken"])[0] == 200
    prolonged = server.request("POST", "/api/v1/tokens/access", {"resource": "x"}, token=printed["accessToken"])
    assert (prolonged[0], prolonged[1]["error"]["code"]) == (403, "Forbidden")

    folder = tmp_path / "project"
    folder.mkdir()
    made = json.loads(run_cli("azure", "config", "-g", "team", cwd=folder, check=True).stdout)
    assert made == json.loads((folder / "config.json").read_text())
    assert (made["resource_group"], made["workspace_name"]) == ("team", "default")
    assert run_cli("azure", "config", "-g", "team", cwd=folder).returncode == 0
    changed = run_cli("azure", "config", "-g", "other", cwd=folder)
    assert (changed.returncode, "--overwrite" in changed.stderr) == (1, True)
    assert run_cli("azure", "config", "-g", "other", "--overwrite", cwd=folder).returncode == 0
    assert run_cli("azure", "config", "-w", "nowhere", cwd=folder).returncode == 1


def test_a_port_that_is_taken_is_told(start_server: ServerFactory) -> None:
    first = start_server()
    taken = first.port
    second = start_server(env={"LAPIS_AZURE_PORT": str(taken)}, home=first.home.with_name("other"))
    status, found = second.request("POST", "/api/v1/azure/open")
    assert status == 400
    assert "LAPIS_AZURE_PORT" in str(found)
    assert second.request("GET", "/api/v1/azure")[1]["url"] is None


def test_encoded_slashes_open_nothing(shared_server: LapisServer) -> None:
    """The gate reads the decoded path, and the surface the words between its slashes as they were sent."""
    scope = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/default"
    for word in ("metadata", "msi", "joblogs", "default.blob.lapis"):
        for between in ("%2F..%2F", "%2F", "/../", "%2F/", "/%2e%2e/", "/%2E%2E%2F"):
            path = f"{word}{between}{scope}/computes"
            status, body = shared_server.request("GET", f"/{path}", token=None)
            assert status in (400, 401, 403, 404), path
            assert b"value" not in (body if isinstance(body, bytes) else str(body).encode()), path


def test_clients_that_keep_their_connections_hold_no_stop_up(start_server: ServerFactory) -> None:
    server = start_server()
    address = urlsplit(_open(server)["url"])
    context = ssl.create_default_context(cafile=str(server.home / "azure" / "ca.pem"))
    held = [http.client.HTTPSConnection("127.0.0.1", address.port, context=context) for _ in range(3)]
    for connection in held:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
    with socket.create_connection(("127.0.0.1", address.port or 0)):  # says nothing at all
        server.stop()
    log = (server.home / "logs" / "server.log").read_text()
    assert "server.stopped" in log
    assert "graceful shutdown exceeded" not in log
    assert "server.forced" not in log
