"""The records of local endpoints and deployments: one JSON file each, replaced whole, changed under a lock."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lapisml.core.errors import not_found
from lapisml.core.ids import is_valid_name
from lapisml.ports.serving import Places

WORKSPACE = "local"
"""Workspace of everything here: the first part of an endpoint's path."""


@dataclass(frozen=True)
class LocalPlaces:
    """Where everything lies.

    Attributes:
        lapis_home: LAPIS_HOME.
    """

    lapis_home: Path

    @property
    def root(self) -> Path:
        """Home of the processes."""
        return self.lapis_home / "local"

    @property
    def endpoints(self) -> Path:
        """Folder of the records."""
        return self.root / "endpoints"

    @property
    def serving(self) -> Places:
        """What keepers and gateway share."""
        return Places(self.root / "serving")

    @property
    def environments(self) -> Path:
        """Built environments, shared with the server over the same home."""
        return self.lapis_home / "environments"


@dataclass(frozen=True)
class Revision:
    """One way in which a deployment runs.

    Attributes:
        id: 12 hexadecimal digits.
        attempt: how often it was started; its processes may have been killed.
        document: all that it needs, every reference a local path.
        model: what the model is called, None without one.
    """

    id: str
    attempt: int
    document: dict[str, Any]
    model: str | None = None

    @property
    def job(self) -> str:
        """Name of its runner's job."""
        return f"serving--{self.id}" + (f"--{self.attempt}" if self.attempt > 1 else "")


@dataclass
class LocalDeployment:
    """A deployment.

    Attributes:
        endpoint, name: whose it is, what it is called.
        document: as it was given, local paths absolute.
        serving: what answers requests.
        coming: what is to take its place.
        error: why the last attempt to change it failed.
    """

    endpoint: str
    name: str
    document: dict[str, Any]
    serving: Revision | None = None
    coming: Revision | None = None
    error: str | None = None


@dataclass
class LocalEndpoint:
    """An endpoint: its document and its deployments by name, in the order in which they were made."""

    name: str
    document: dict[str, Any]
    deployments: dict[str, LocalDeployment] = field(default_factory=dict)


class LocalStore:
    """Reads and writes the records.

    Args:
        places: where they lie.
    """

    def __init__(self, places: LocalPlaces) -> None:
        self._places = places

    def names(self) -> list[str]:
        """List the endpoints."""
        try:
            return sorted(path.stem for path in self._places.endpoints.glob("*.json"))
        except OSError:
            return []

    def all(self) -> list[LocalEndpoint]:
        """Read all endpoints."""
        return [found for name in self.names() if (found := self.find(name)) is not None]

    def find(self, name: str) -> LocalEndpoint | None:
        """Read an endpoint, None when there is none."""
        if not is_valid_name(name):
            return None
        try:
            body = json.loads(self._path(name).read_bytes())
        except FileNotFoundError:
            return None
        kept = {key: _deployment(one) for key, one in body["deployments"].items()}
        return LocalEndpoint(body["name"], body["document"], kept)

    def endpoint(self, name: str) -> LocalEndpoint:
        """Read an endpoint.

        Raises:
            LapisError: NotFound.
        """
        found = self.find(name)
        if found is None:
            hint = f"Create it: lapis online-endpoint create --local -n {name}"
            raise not_found("local endpoint", name, hint)
        return found

    def deployment(self, endpoint: str, name: str) -> LocalDeployment:
        """Read a deployment.

        Raises:
            LapisError: NotFound.
        """
        found = self.endpoint(endpoint).deployments.get(name)
        if found is None:
            raise not_found(f"deployment of the local endpoint '{endpoint}'", name)
        return found

    def write(self, endpoint: LocalEndpoint) -> None:
        """Replace an endpoint's record."""
        path = self._path(endpoint.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(asdict(endpoint)))
        temporary.chmod(0o600)
        temporary.replace(path)

    def put(self, deployment: LocalDeployment) -> None:
        """Replace a deployment's part of its endpoint's record."""
        endpoint = self.endpoint(deployment.endpoint)
        endpoint.deployments[deployment.name] = deployment
        self.write(endpoint)

    def remove(self, name: str) -> None:
        """Forget an endpoint."""
        self._path(name).unlink(missing_ok=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other processes from changing anything within the block."""
        self._places.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._places.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        return self._places.endpoints / f"{name}.json"


def _deployment(body: dict[str, Any]) -> LocalDeployment:
    for key in ("serving", "coming"):
        if body.get(key) is not None:
            body[key] = Revision(**body[key])
    known = {one.name for one in fields(LocalDeployment)}
    return LocalDeployment(**{key: value for key, value in body.items() if key in known})
