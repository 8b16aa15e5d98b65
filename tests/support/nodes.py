"""Nodes made of child processes: an agent with a folder of its own, and what a compute on it is attached with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.ports.attach import Attachment

BRISK = Pace(connect=30, first_pause=0.05, longest_pause=0.5, ping=0.5, quiet=3, patience=5, call=60)
"""A link that notices and comes back quickly."""


def no_seal(location: Mapping[str, Any], writable: bool) -> Mapping[str, Any]:
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
