"""How one logs in: private keys and passwords of a document. Nothing of the server's own user is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from lapisml.core.errors import ErrorCode, LapisError


@dataclass(frozen=True)
class Access:
    """What one logs in with.

    Attributes:
        key: the private key, opened; None without one.
        password: of the user; None without one.
    """

    key: asyncssh.SSHKey | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def described(self) -> str:
        """Say what is used, without secrets: ``the key SHA256:… (ssh-ed25519)``."""
        parts = []
        if self.key is not None:
            parts.append(f"the key {self.key.get_fingerprint()} ({self.key.get_algorithm()})")
        if self.password is not None:
            parts.append("the password")
        return " and ".join(parts)


def read_access(settings: Mapping[str, Any] | None) -> Access:
    """Open what ``ssh_settings`` (or a ``login``) gives.

    Raises:
        LapisError: DocumentInvalid without key and password, for a text that is no private key, and for a passphrase
            that is missing or wrong.
    """
    given = settings or {}
    text, password = _key_text(given), given.get("admin_password")
    if text is None and password is None:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            "The document gives neither a private key nor a password, and those of the server's user are not used.",
            "Add `ssh_private_key_file:` (or `admin_password:`) to `ssh_settings`.",
        )
    key = _opened(text, given.get("passphrase")) if text is not None else None
    return Access(key, None if password is None else str(password))


def _key_text(given: Mapping[str, Any]) -> str | None:
    if given.get("ssh_private_key") is not None:
        return str(given["ssh_private_key"])
    path = given.get("ssh_private_key_file")
    if path is None:
        return None
    try:
        return Path(str(path)).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The private key {path} can't be read: {reason}.") from error


def _opened(text: str, passphrase: Any) -> asyncssh.SSHKey:
    if text.lstrip().startswith(("ssh-", "ecdsa-")):
        sentence = "`ssh_private_key` holds a public key."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, "Give the private one: the file without `.pub`.")
    try:
        return asyncssh.import_private_key(_whole(text), None if passphrase is None else str(passphrase))
    except asyncssh.KeyEncryptionError as error:
        wrong = "can't be opened with the `passphrase` that is given" if passphrase else "is locked with a passphrase"
        hint = "Give the right one as `passphrase:` in `ssh_settings`; it is kept encrypted."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The private key {wrong}.", hint) from error
    except (asyncssh.KeyImportError, ValueError) as error:
        if passphrase is None and "passphrase" in str(error).lower():
            sentence, hint = "The private key is locked with a passphrase.", "Give it as `passphrase:`."
        else:
            sentence, hint = "The text in `ssh_private_key` is no private key.", "`ssh-keygen -t ed25519` makes one."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, hint) from error


def _whole(text: str) -> str:
    """Give a key its last newline back, which editors and YAML take away."""
    return text.strip() + "\n"
