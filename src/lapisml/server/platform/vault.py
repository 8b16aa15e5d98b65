"""Secrets at rest: encrypted in the database, the key in a file outside it.

Fernet: AES-128-CBC with HMAC-SHA256 (https://github.com/fernet/spec/blob/master/Spec.md).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.files import create_private

MASK = "***"

_PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(://[^/\s:@]+:)[^@/\s]+(?=@)"),
    re.compile(
        r"(?i)((?:token|password|passwd|secret|account_key|accountkey|sig|signature)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&}]{6,}"
    ),
)


class Vault:
    """Encrypts and decrypts with one key.

    Args:
        key: 32 random bytes in URL-safe base64.
    """

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self._key = key.strip()

    @classmethod
    def open(cls, path: Path, given: str = "") -> Vault:
        """Open the vault whose key lies in `path`; the first time, make a random key there (mode 0600).

        Args:
            given: a key chosen by the setting, which is not written anywhere; empty: the one in the file.

        Raises:
            LapisError: Usage when `given` is no key, or not the one in the file.
        """
        if given:
            return cls(_checked(path, given))
        if path.exists():
            return cls(path.read_bytes().strip())
        return cls(create_private(path, Fernet.generate_key()).strip())

    def subkey(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose, always the same: they tell nothing about the key, nor about each other."""
        return hmac.new(self._key, f"lapis:{purpose}".encode(), hashlib.sha256).digest()

    def encrypt(self, secret: str) -> str:
        """Return `secret` as text that only this vault can read."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """Return what `encrypt` was given.

        Raises:
            LapisError: Integrity when the text was changed or the key is another one.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise LapisError(
                ErrorCode.INTEGRITY,
                "A stored secret can't be decrypted with this server's key.",
                "Restore the file secret.key that belongs to the database, or enter the credentials again.",
            ) from error


def _checked(path: Path, given: str) -> bytes:
    key = given.strip().encode()
    try:
        Fernet(key)
    except ValueError:
        sentence = "LAPIS_SECRET_KEY is not a key: 32 random bytes in URL-safe base64."
        hint = 'Make one: python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
        raise LapisError(ErrorCode.USAGE, sentence, hint) from None
    if path.exists() and path.read_bytes().strip() != key:
        sentence = f"LAPIS_SECRET_KEY is not the key in {path}."
        raise LapisError(ErrorCode.USAGE, sentence, "Remove the setting, or the file if the key in it is of no use.")
    return key


def redact(text: str) -> str:
    """Mask what looks like a credential: bearer tokens, passwords in URLs, ``token=…`` and the like."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
