"""A real server, endpoints that serve scoring scripts, and a bare client of both."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.documents.manifest import Manifest, ManifestFile
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ACCELERATE": "0"}
ECHO = """
import json, os

def init():
    print("init of", os.environ.get("COLOUR"))

def run(data):
    return {"colour": os.environ.get("COLOUR"), "pid": os.getpid(), "data": json.loads(data)}
"""
UNDER_WAY = ("Creating", "Updating", "Deleting")


@dataclass
class Scored:
    """An answer of an endpoint."""

    status: int
    body: Any
    headers: dict[str, str]


class Client:
    """Requests to the server, and to the endpoints that it serves."""

    def __init__(self, server: LapisServer) -> None:
        self.server = server
        self._codes: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request below the workspace; give status and body."""
        return self.server.request(method, f"/api/v1/workspaces/default/{path}", body)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed; give the body."""
        status, answer = self.send(method, path, body)
        assert status < 300, answer
        return answer

    def code(self, script: str, name: str = "score.py") -> str:
        """Upload a folder with one script; give its address."""
        if script not in self._codes:
            data = script.encode()
            sha256 = hashlib.sha256(data).hexdigest()
            manifest = Manifest.of([ManifestFile(name, len(data), sha256)])
            body = {"manifest": manifest.to_dict(), "purpose": "code", "basename": "code"}
            answer = self.ok("POST", "uploads", body)
            if answer["missing"]:
                self.send("PUT", f"uploads/blobs/{sha256}", data)
            self._codes[script] = self.ok("POST", f"uploads/{answer['digest']}/complete", body)["uri"]
        return self._codes[script]

    def document(self, script: str = ECHO, colour: str = "blue", **more: Any) -> dict[str, Any]:
        """Write the document of a deployment."""
        return {
            "code_configuration": {"code": self.code(script), "scoring_script": "score.py"},
            "environment": {"image": "python"},
            "environment_variables": {"COLOUR": colour},
            "instance_count": 1,
            **more,
        }

    def put_endpoint(self, name: str = "e", **keys: Any) -> dict[str, Any]:
        """Make or change an endpoint and wait."""
        self.ok("PUT", f"online-endpoints/{name}", keys)
        return self.settled(f"online-endpoints/{name}")

    def deploy(self, name: str = "blue", endpoint: str = "e", **keys: Any) -> dict[str, Any]:
        """Make or change a deployment and wait until it serves."""
        path = f"online-endpoints/{endpoint}/deployments/{name}"
        self.ok("PUT", path, self.document(**{"colour": name, **keys}))
        found = self.settled(path)
        assert found["provisioning_state"] == "Succeeded", found["provisioning_error"]
        return found

    def settled(self, path: str, timeout: float = 60) -> dict[str, Any]:
        """Wait until something is done, well or badly, and give its record."""

        def look() -> dict[str, Any]:
            found: dict[str, Any] = self.ok("GET", path)
            return {} if found["provisioning_state"] in UNDER_WAY else found

        return eventually(look, timeout, what=f"the end of {path}")

    def gone(self, path: str, timeout: float = 60) -> None:
        """Wait until something is deleted."""
        eventually(lambda: self.send("GET", path)[0] == 404, timeout, what=f"{path} to be gone")

    def key(self, endpoint: str = "e") -> str:
        """Give the primary key."""
        return str(self.ok("POST", f"online-endpoints/{endpoint}/keys", {})["primaryKey"])

    def score(
        self, endpoint: str = "e", data: Any = None, key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Scored:
        """Ask an endpoint."""
        uri = self.ok("GET", f"online-endpoints/{endpoint}")["scoring_uri"]
        sent = {"Authorization": f"Bearer {key or self.key(endpoint)}", "Content-Type": "application/json"}
        request = urllib.request.Request(uri, json.dumps(data).encode(), {**sent, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Scored(answer.status, json.loads(answer.read()), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return Scored(error.code, json.loads(error.read()), dict(error.headers))

    def by_name(self, deployment: str, endpoint: str = "e") -> Scored:
        """Ask a deployment, whatever the traffic."""
        return self.score(endpoint, [1], headers={"azureml-model-deployment": deployment})

    def word(self, revision: str) -> dict[str, Any]:
        """Give what a revision's keeper says."""
        path = self.server.home / "serving" / "replicas" / f"{revision}.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def folders(self) -> list[str]:
        """Name the folders of revisions' jobs that there are."""
        return sorted(path.name for path in (self.server.home / "runs" / "default").glob("serving--*"))


NewClient = Callable[..., Client]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for a module's tests, with names of their own."""
    server = LapisServer(tmp_path_factory.mktemp("endpoints") / "home", SETTINGS).start()
    yield Client(server)
    server.stop()
    end_everything(server.home)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Client]:
    """A server of this test's own, which it may kill."""
    server = LapisServer(tmp_path / "home", SETTINGS).start()
    yield Client(server)
    server.stop()
    end_everything(server.home)
