"""A real Lapis server in a process of its own, which tests may kill and start again."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.polling import eventually
from tests.support.processes import clean_environment, end, free_port, kill_if_same, signal_if_same, tail
from tests.support.template import Forked, template


class LapisServer:
    """``python -m lapisml.server`` on a free port over the home folder `home`; see `tests.support.template`.

    Args:
        home: LAPIS_HOME; kept over restarts.
        env: further environment variables of the server.
    """

    MODULE = "lapisml.server"

    def __init__(self, home: Path, env: dict[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "test-server.log"
        self._env = env or {}
        self._process: Forked | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def process(self) -> Forked:
        """The server's process."""
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def token(self) -> str:
        """The owner's token, made at the first start."""
        return (self.home / "token").read_text().strip()

    def start(self, wait: bool = True, timeout: float = 60.0) -> LapisServer:
        """Start the process; with `wait`, return when ``/healthz`` answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        env = clean_environment(LAPIS_HOME=str(self.home), LAPIS_PORT=str(self.port), **self._env)
        with self.log.open("ab") as log:
            self._process = template().start(self.MODULE, env, self.home, log.fileno())
        if wait:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until ``/healthz`` answers; fail at once with the log when the process ends instead."""
        eventually(self._answers, timeout, what="a server that answers /healthz")

    def _answers(self) -> bool:
        code = self.process.poll()
        if code is not None:
            raise RuntimeError(f"the server ended with {code}:\n{tail(self.log)}")
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill9(self) -> None:
        """Kill the server process as a power cut would: it cannot clean up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask the server to end and wait for it."""
        if self._process is not None:
            end(self._process)

    def restart(self, timeout: float = 60.0) -> None:
        """Stop (when it runs) and start again on the same home and port."""
        self.stop()
        self.start(timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send one request and return (HTTP status, decoded JSON or bytes).

        Args:
            method: HTTP method.
            path: begins with a slash, from the server's root.
            body: JSON value, or bytes sent as they are.
            token: bearer token; the owner's when empty, none when None.
            headers: further request headers.
        """
        sent = dict(headers or {})
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        request = urllib.request.Request(self.url + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _decode(answer.read(), answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            return error.code, _decode(error.read(), error.headers.get("Content-Type", ""))

    def mlflow_environment(self, workspace: str = "default") -> dict[str, str]:
        """Return the variables that point the stock MLflow client at `workspace` of this server."""
        return {
            "MLFLOW_TRACKING_URI": f"{self.url}/mlflow/{workspace}",
            "MLFLOW_REGISTRY_URI": f"{self.url}/mlflow/{workspace}",
            "MLFLOW_TRACKING_TOKEN": self.token,
        }


def _decode(body: bytes, content_type: str) -> Any:
    return json.loads(body) if "json" in content_type and "ndjson" not in content_type else body


def end_everything(home: Path) -> None:
    """Kill the server, the gateway and every job process that runs over `home`: no test leaves anything behind."""
    kill_if_same(_json(home / "run" / "server.json"))
    gateway = _json(home / "serving" / "gateway.json") or {}
    signal_if_same(gateway, signal.SIGSTOP)  # each of the two brings the other back
    kill_if_same(gateway.get("worker"))
    kill_if_same(gateway, group=True)
    for record in (home / "runs").glob("*/*/process.json"):
        identities = _json(record) or {}
        for role in ("supervisor", "wrapper", "child"):
            kill_if_same(identities.get(role), group=True)
        kill_if_same(_json(record.with_name("relay.json")), group=True)


def _json(path: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else None
    return None
