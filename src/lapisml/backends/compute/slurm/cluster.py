"""A compute of type ``slurm`` on the server: an agent where Slurm's commands are, on this machine or a login host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.backends.compute.node.remote import RemoteBackend, default_root
from lapisml.backends.compute.node.transport import Transport
from lapisml.backends.compute.slurm.jobs import CAPABILITIES
from lapisml.backends.compute.slurm.options import KEYS, SlurmOptions
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Attachment


class SlurmCluster(RemoteBackend):
    """Runs jobs through Slurm, by one agent.

    Without ``login:`` in the document the agent is a child of the server, on a machine that has Slurm's commands.

    Args:
        attachment: the compute.
        transport: the way to the login host; None means what the document says.
        tuning: for tests: `SlurmOptions` in place of those of the document.
        pace: how patient the link is.
    """

    def __init__(
        self,
        attachment: Attachment,
        transport: Transport | None = None,
        tuning: Mapping[str, Any] | None = None,
        pace: Pace | None = None,
    ) -> None:
        document = attachment.document
        options = options_of(document, tuning or {})
        super().__init__(
            attachment,
            transport or _transport(attachment),
            engine="slurm",
            options=options.to_json(),
            capabilities=CAPABILITIES,
            where=_where(document),
            listen=document.get("agent_address"),
            guarded=True,
            pace=pace,
        )


def options_of(document: Mapping[str, Any], tuning: Mapping[str, Any]) -> SlurmOptions:
    """Return what every job is submitted with.

    Raises:
        LapisError: DocumentInvalid for a word that Slurm can't be given.
    """
    return SlurmOptions.from_json({**{key: document[key] for key in KEYS if document.get(key) is not None}, **tuning})


def _transport(attachment: Attachment) -> Transport:
    document = attachment.document
    root = default_root(attachment)
    if not document.get("root"):
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            "A compute of type slurm needs `root:`, a folder on storage that the login host and the nodes share.",
        )
    login = document.get("login")
    if login:
        return _over_ssh(login, root, document.get("interpreter"))
    return ProcessTransport(root, document.get("interpreter"), name="this machine")


def _over_ssh(login: Mapping[str, Any], root: str, interpreter: str | None) -> Transport:
    try:
        from lapisml.backends.compute.ssh.login import login_transport
    except ModuleNotFoundError as error:
        sentence = f"A login host is reached by SSH, which needs the package {error.name}."
        raise LapisError(ErrorCode.MISSING_PACKAGE, sentence, "Install it: pip install 'lapisml[ssh]'") from error
    return login_transport(login, root, interpreter)


def _where(document: Mapping[str, Any]) -> str:
    login = document.get("login")
    return str(login.get("address") or "the login host") if login else "this machine"
