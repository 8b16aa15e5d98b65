"""What a backend gets that runs jobs on machines of others: the document, and the way between it and the server.

``module:attribute`` of such a backend (`lapisml.backends.registry`) is called with one `Attachment` and gives a
`ComputeBackend`. Making it connects to nothing; the first method that needs the place does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from lapisml.ports.compute import Handle

Tell = Callable[[str], None]
"""Takes the name of a job that there is news of; may be called from any thread."""

Seal = Callable[[Mapping[str, Any], bool, Handle], Mapping[str, Any]]
"""Takes the plain form of a location that this server reaches, whether it may be written, and the job that it is for;
gives the plain form of a location of protocol ``lapis``, under which that job reaches the same through the server, as
long as it has not ended."""


class Hold(StrEnum):
    """What is known of the job that a sealed location was made for."""

    HEARD = "heard"
    """It has not ended."""
    SILENT = "silent"
    """It has not ended as far as is known, and nothing is heard of it now."""
    OVER = "over"
    """It has ended, was deleted, or never was."""


@dataclass(frozen=True)
class Attachment:
    """An attached compute.

    Attributes:
        workspace, name: of the compute.
        label: 12 hexadecimal characters that tell this installation from others which use the same machines.
        document: the checked document, secrets in clear.
        home: LAPIS_HOME.
        server_url: where this server listens, as seen from its own machine: ``http://127.0.0.1:8470``.
        tell: to be called with news.
        seal: makes locations that the server reaches reachable from elsewhere, for one job.
    """

    workspace: str
    name: str
    label: str
    document: Mapping[str, Any] = field(repr=False)
    home: Path
    server_url: str
    tell: Tell
    seal: Seal
