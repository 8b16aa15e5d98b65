"""Whether a machine is the one that it is taken for: its host key against those that the document names.

Nothing is trusted on first sight: what the document does not name is refused, with the words that would accept it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from lapisml.backends.compute.ssh.hosts import SshHost
from lapisml.core.errors import ErrorCode, LapisError

_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512")
_FURTHER = ("rsa-sha2-256",)
_CERTIFIED = "-cert-v01@openssh.com"


@dataclass(frozen=True)
class HostKeys:
    """The keys that a document names.

    Attributes:
        lines: parsed ``known_hosts``; None without.
        pinned: keys of ``host_keys``, each good for any of the document's machines.
    """

    lines: asyncssh.SSHKnownHosts | None = None
    pinned: Sequence[asyncssh.SSHKey] = ()

    def of(self, host: SshHost) -> Known:
        """Return what is known of one machine."""
        keys: list[Any] = list(self.pinned)
        authorities: Sequence[Any] = ()
        revoked: Sequence[Any] = ()
        if self.lines is not None:
            found = self.lines.match(host.address, "", host.port)
            if not (found[0] or found[1]) and host.port != 22:
                found = self.lines.match(host.address, "", None)
            keys, authorities, revoked = [*keys, *found[0]], found[1], found[2]
        return Known(host, tuple(keys), tuple(authorities), tuple(revoked))


@dataclass
class Known:
    """What is known of one machine's keys, and the key that it showed last.

    Attributes:
        keys, authorities, revoked: host keys, keys of authorities that sign host keys, keys that count no more.
        shown: the key that was refused last; None when none was.
    """

    host: SshHost
    keys: tuple[Any, ...] = ()
    authorities: tuple[Any, ...] = ()
    revoked: tuple[Any, ...] = ()
    shown: asyncssh.SSHKey | None = field(default=None, compare=False)

    @property
    def lists(self) -> tuple[Sequence[Any], ...]:
        """Give what `asyncssh.connect` takes as ``known_hosts``."""
        return list(self.keys), list(self.authorities), list(self.revoked), (), (), (), ()

    @property
    def algorithms(self) -> list[str]:
        """Give the algorithms to ask for: first those whose keys are known, so that the right key is shown."""
        named = [str(key.get_algorithm()) for key in self.keys]
        first = [kind for kind in (*_KINDS, *_FURTHER) if kind in named or ("ssh-rsa" in named and "rsa" in kind)]
        rest = [kind for kind in (*_KINDS, *_FURTHER) if kind not in first]
        certified = [f"{kind}{_CERTIFIED}" for kind in _KINDS] if self.authorities else []
        return [*certified, *first, *rest]

    def refusal(self) -> LapisError:
        """Say why the key that was shown is not taken.

        The code is ServerUnreachable: the machine may become trusted at any time, and jobs for it wait.
        """
        if self.shown is None:
            sentence = (
                f"{self.host.name} showed a host key that can't be taken: it is revoked, or has no good signature."
            )
            return LapisError(ErrorCode.SERVER_UNREACHABLE, sentence)
        kind, print_ = str(self.shown.get_algorithm()), self.shown.get_fingerprint()
        line = self.shown.export_public_key("openssh").decode().strip()
        line = " ".join(line.split()[:2])
        if self.keys or self.authorities:
            expected = ", ".join(key.get_fingerprint() for key in self.keys) or "one signed by a known authority"
            return LapisError(
                ErrorCode.SERVER_UNREACHABLE,
                f"WARNING: THE HOST KEY OF {self.host.name} IS NOT THE ONE THAT IS KNOWN. It shows {kind} {print_}; "
                f"the compute's document names {expected}. Either the machine was set up anew, or somebody stands "
                "between it and this server. No job and no password was sent to it.",
                f"When you know that the machine was set up anew, put its new key under `host_keys:`: {line}",
            )
        look = f"ssh-keygen -lf /etc/ssh/ssh_host_{_file_kind(kind)}_key.pub"
        return LapisError(
            ErrorCode.SERVER_UNREACHABLE,
            f"The host key of {self.host.name} is not known yet: {kind} {print_}. Nothing was sent to it.",
            f"If `{look}` on that machine shows the same, accept it: put this line under `host_keys:` in the "
            f"compute's document (or into its tag `lapis.host_key`), and attach it again: {line}",
        )


def read_host_keys(document: Mapping[str, Any]) -> HostKeys:
    """Read ``known_hosts`` and ``host_keys`` of a document.

    Raises:
        LapisError: DocumentInvalid for what is neither.
    """
    text, listed = document.get("known_hosts"), document.get("host_keys") or ()
    try:
        lines = _lines(str(text)) if text else None
    except (ValueError, asyncssh.KeyImportError) as error:
        sentence = f"`known_hosts` can't be read: {error}."
        hint = "Its lines are those of a known_hosts file; `ssh-keyscan <host>` prints them."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, hint) from error
    return HostKeys(lines, tuple(_pinned(str(line)) for line in listed))


def _lines(text: str) -> asyncssh.SSHKnownHosts:
    """Parse lines of a known_hosts file, every one of them."""
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            asyncssh.import_public_key(" ".join(words[2 if words[0].startswith("@") else 1 :]) + "\n")
    return asyncssh.import_known_hosts(text)


def _pinned(line: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(line.strip() + "\n")
    except (asyncssh.KeyImportError, ValueError) as error:
        sentence = f"`host_keys` has something that is no public key: {line[:60]!r}."
        hint = "An entry looks like `ssh-ed25519 AAAA…`, as in /etc/ssh/ssh_host_ed25519_key.pub on the machine."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, hint) from error


def _file_kind(kind: str) -> str:
    if "ed25519" in kind:
        return "ed25519"
    return "ecdsa" if kind.startswith("ecdsa") else "rsa"
