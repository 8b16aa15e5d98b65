"""The backends of attached computes: each made once for a version of its document, and closed after it."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.machines import with_machine
from lapisml.ports.attach import Attachment, Seal
from lapisml.ports.compute import ComputeBackend, Standing
from lapisml.server.features.compute.pools import ENGINES
from lapisml.server.features.compute.secrets import put_back, taken_out
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.vault import Vault

_log = logging.getLogger("lapis.compute")

FRESH_S = 1.0
"""For how long what a compute said of itself is told again, seconds."""

Make = Callable[[str, Attachment], ComputeBackend]
"""Takes the name of a backend (`ENGINES`) and makes it; LapisError MissingPackage when what it needs is missing."""

News = Callable[[int, str, str], None]
"""Takes workspace id, name of the compute, name of the job that there is news of; from any thread."""


@dataclass(frozen=True)
class Surroundings:
    """What attached computes are told of this server.

    Attributes:
        home: LAPIS_HOME.
        label: 12 hexadecimal characters that tell this installation from others.
        server_url: where this server listens.
        seal_for: takes the name of a workspace; gives what makes locations of the server's machine reachable from
            elsewhere for its jobs.
    """

    home: Path
    label: str
    server_url: str
    seal_for: Callable[[str], Seal]


class StandingCache:
    """Keeps what a backend last said of itself; asks anew on a thread of its own, so that nobody need wait."""

    def __init__(self, backend: ComputeBackend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._last: Standing | None = None
        self._at = 0.0
        self._answer: threading.Event | None = None

    def get(self, wait_s: float = 0.0) -> Standing | None:
        """Give what is known; None when nothing is yet.

        Args:
            wait_s: how long to wait for an answer that is newer than `FRESH_S`, seconds.
        """
        with self._lock:
            if self._last is not None and time.monotonic() - self._at < FRESH_S:
                return self._last
            if self._answer is None:
                self._answer = threading.Event()
                threading.Thread(target=self._ask, args=(self._answer,), name="compute-look", daemon=True).start()
            answer = self._answer
        if wait_s > 0:
            answer.wait(wait_s)
        with self._lock:
            return self._last

    def _ask(self, answer: threading.Event) -> None:
        try:
            found = self._backend.describe()
        except Exception as error:  # noqa: BLE001 - the boundary to a backend: a fault of it is shown, not raised
            _log.exception("compute.describe.failed")
            found = Standing("unreachable", f"It can't be asked: {error}")
        with self._lock:
            self._last, self._at, self._answer = found, time.monotonic(), None
        answer.set()


@dataclass
class _Made:
    version: str
    backend: ComputeBackend
    standing: StandingCache = field(init=False)

    def __post_init__(self) -> None:
        self.standing = StandingCache(self.backend)


class Attachments:
    """Makes, keeps and closes backends.

    Args:
        vault: opens the secrets of documents.
        make: makes a backend; connects to nothing.
    """

    def __init__(self, vault: Vault, make: Make, around: Surroundings) -> None:
        self._vault = vault
        self._make = make
        self._around = around
        self._lock = threading.Lock()
        self._made: dict[int, _Made] = {}
        self.on_news: News = lambda _workspace, _compute, _job: None

    def seal(self, document: Mapping[str, Any], before: ComputeRecord | None) -> tuple[dict[str, Any], str | None]:
        """Split a document into the one to keep, secrets masked, and its secrets, encrypted.

        Args:
            before: the compute as it is now: a secret that is given as its mask stays.
        """
        kept, secrets = taken_out(document, self._secrets(before.sealed) if before is not None else {})
        return kept, self._vault.encrypt(json.dumps(secrets)) if secrets else None

    def check(self, workspace: Workspace, document: dict[str, Any], before: ComputeRecord | None) -> None:
        """Make a backend for a document that is not kept yet, and let go of it: nothing is connected to.

        Raises:
            LapisError: MissingPackage; what the backend has against the document.
        """
        kept, secrets = taken_out(document, self._secrets(before.sealed) if before is not None else {})
        self._backend(workspace, str(document["name"]).lower(), put_back(kept, secrets)).close()

    def backend(self, workspace: Workspace, record: ComputeRecord) -> ComputeBackend:
        """Give the backend of an attached compute.

        Raises:
            LapisError: MissingPackage; Integrity when its secrets can't be decrypted.
        """
        return self._of(workspace, record).backend

    def standing(self, workspace: Workspace, record: ComputeRecord, wait_s: float = 0.0) -> Standing:
        """Say how an attached compute is, as far as that is known after `wait_s` seconds."""
        try:
            found = self._of(workspace, record).standing.get(wait_s)
        except LapisError as error:
            return Standing("unreachable", " ".join(part for part in (error.message, error.hint) if part))
        return found or Standing("unknown", "It was asked and has not answered yet.")

    def drop(self, compute_id: int) -> None:
        """Close the backend of a compute that is there no more."""
        with self._lock:
            made = self._made.pop(compute_id, None)
        if made is not None:
            made.backend.close()

    def close(self) -> None:
        """Close all of them; jobs go on."""
        with self._lock:
            found, self._made = list(self._made.values()), {}
        for made in found:
            made.backend.close()

    def _of(self, workspace: Workspace, record: ComputeRecord) -> _Made:
        version = _version(record)
        with self._lock:
            made = self._made.get(record.id)
            if made is not None and made.version == version:
                return made
            whole = put_back(record.document, self._secrets(record.sealed))
            self._made[record.id] = new = _Made(version, self._backend(workspace, record.name, whole))
        if made is not None:
            made.backend.close()
        return new

    def _backend(self, workspace: Workspace, name: str, document: dict[str, Any]) -> ComputeBackend:
        around, number = self._around, workspace.id
        attachment = Attachment(
            workspace=workspace.name,
            name=name,
            label=around.label,
            document=with_machine(document),
            home=around.home,
            server_url=around.server_url,
            tell=lambda job: self.on_news(number, name, job),
            seal=around.seal_for(workspace.name),
        )
        return self._make(ENGINES[str(document["type"])], attachment)

    def _secrets(self, sealed: str | None) -> dict[str, str]:
        opened: dict[str, str] = json.loads(self._vault.decrypt(sealed)) if sealed is not None else {}
        return opened


def _version(record: ComputeRecord) -> str:
    said = json.dumps([record.name, record.document, record.sealed], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
