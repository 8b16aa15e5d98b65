"""What opens an endpoint: two keys, and tokens that end.

The keys and the secret of the tokens lie encrypted in the database; the gateway is given the digests of the keys.
A token is a JWT signed with HMAC-SHA256 (RFC 7519, RFC 7515): the gateway checks it without asking anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.ids import new_token
from lapisml.server.platform.vault import Vault

KEY_TYPES = ("primary", "secondary")
_HEADER = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True)
class Secrets:
    """The secrets of one endpoint.

    Attributes:
        token: what tokens are signed with.
    """

    primary: str = field(repr=False)
    secondary: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def new(cls) -> Secrets:
        """Make random ones, 256 bits each."""
        return cls(new_token(), new_token(), new_token())

    @classmethod
    def opened(cls, vault: Vault, sealed: str) -> Secrets:
        """Read what `sealed` wrote.

        Raises:
            LapisError: Integrity when the vault's key is another one.
        """
        return cls(**json.loads(vault.decrypt(sealed)))

    def sealed(self, vault: Vault) -> str:
        """Give the form for the database."""
        return vault.encrypt(json.dumps(asdict(self)))

    def digests(self) -> tuple[str, str]:
        """Give the SHA-256 of the primary and of the secondary key, hexadecimal."""
        return hashlib.sha256(self.primary.encode()).hexdigest(), hashlib.sha256(self.secondary.encode()).hexdigest()

    def with_new(self, key_type: str) -> Secrets:
        """Replace one of the keys by a new one.

        Raises:
            LapisError: DocumentInvalid for another word than `KEY_TYPES`.
        """
        which = str(key_type).lower()
        if which not in KEY_TYPES:
            problem = Problem(f"`{str(key_type)[:40]}` is no key", "key_type", expected=" or ".join(KEY_TYPES))
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, [problem])
        return replace(self, **{which: new_token()})


def token_secret(secrets: Secrets) -> str:
    """Give the bytes that tokens are signed with, in base64, as the gateway takes them."""
    return base64.b64encode(secrets.token.encode()).decode()


def issue_token(secrets: Secrets, subject: str, now_ms: int, lifetime_s: int) -> dict[str, Any]:
    """Make a token in the form of Azure ML's answer; its times are seconds since the epoch.

    Args:
        subject: ``<workspace>/<endpoint>``.
    """
    now = now_ms // 1000
    expires = now + lifetime_s
    claims = {"sub": subject, "iat": now, "exp": expires}
    signed = b".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (_HEADER, claims))
    signature = hmac.new(secrets.token.encode(), signed, hashlib.sha256).digest()
    return {
        "accessToken": b".".join((signed, _encoded(signature))).decode(),
        "expiryTimeUtc": expires,
        "refreshAfterTimeUtc": now + lifetime_s * 2 // 3,
        "tokenType": "Bearer",
    }


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
