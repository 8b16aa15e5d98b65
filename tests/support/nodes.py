"""Nodes made of child processes: an agent with a folder of its own, and what a compute on it is attached with."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.ports.attach import Attachment, Seal
from lapisml.ports.compute import Handle
from lapisml.ports.launch import CodeSpec
from tests.support import tickets
from tests.support.server import LapisServer

BRISK = Pace(connect=30, first_pause=0.05, longest_pause=0.5, ping=0.5, quiet=6, patience=5, call=60)
"""A link that notices and comes back quickly."""


def no_seal(location: Mapping[str, Any], writable: bool, _job: Handle) -> Mapping[str, Any]:
    """Stand where no location has to travel."""
    raise AssertionError(f"{location['path']} was to be sealed (writable: {writable})")


@dataclass
class NodeRig:
    """A node of this machine.

    Attributes:
        home: LAPIS_HOME of the server's side.
        root: the agent's folder.
        told: the jobs that there was news of.
        made: every backend so far.
    """

    home: Path
    root: Path
    document: dict[str, Any] = field(default_factory=dict)
    label: str = "0123456789ab"
    told: list[str] = field(default_factory=list)
    made: list[RemoteBackend] = field(default_factory=list)

    def attachment(self, **changes: Any) -> Attachment:
        """Give what the compute is attached with."""
        facts: dict[str, Any] = {
            "workspace": "default",
            "name": "lab",
            "label": self.label,
            "document": {"shared": [str(self.home)], **self.document},
            "home": self.home,
            "server_url": "http://127.0.0.1:9",
            "tell": self.told.append,
            "seal": no_seal,
        }
        return Attachment(**{**facts, **changes})

    def backend(self, **options: Any) -> RemoteBackend:
        """Make a backend over the node, as a server that starts does."""
        changes = options.pop("attachment", {})
        transport = options.pop("transport", None) or ProcessTransport(str(self.root))
        made = RemoteBackend(self.attachment(**changes), transport, **{"pace": BRISK, **options})
        self.made.append(made)
        return made

    def close(self) -> None:
        """Close every backend that was made."""
        for backend in self.made:
            backend.close()


def bare_python() -> str | None:
    """Return an interpreter of this machine, new enough for an agent, that has no package of ours; None without one."""
    check = "import sys, importlib.util as u; sys.exit(sys.version_info < (3, 11) or bool(u.find_spec('httptools')))"
    for python in (getattr(sys, "_base_executable", ""), "/usr/bin/python3"):
        if python and subprocess.run([python, "-I", "-c", check], check=False).returncode == 0:
            return str(python)
    return None


def snapshot(store: Path, files: Mapping[str, bytes]) -> CodeSpec:
    """Put files into a snapshot store, as the server keeps it."""
    listed = []
    for path, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        blob = Path(blob_path(str(store), digest))
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        listed.append(ManifestFile(path, len(content), digest))
    manifest = Manifest.of(listed)
    target = Path(manifest_path(str(store), manifest.digest()))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(manifest.to_dict()))
    return CodeSpec(manifest.digest(), str(store))


def seal_of(server: LapisServer, workspace: str = "default") -> Seal:
    """Return what seals locations as that server does, for jobs that it is told of when something is sealed."""

    def seal(location: Mapping[str, Any], writable: bool, job: Handle) -> Mapping[str, Any]:
        tickets.let_run(server, job)
        return tickets.of(server).seal_for(workspace)(location, writable, job)

    return seal
