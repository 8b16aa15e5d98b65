"""Who may call an endpoint: keys, and tokens that expire (JSON Web Tokens, RFC 7519, HS256 of RFC 7518)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from lapisml.core import scoring_tokens
from lapisml.gateway.calls import Refusal

_SCHEME = b"bearer "
_REMEMBERED = 256
_LONGEST_TOKEN = 4096
_CHALLENGE = b'www-authenticate: Bearer realm="lapis"\r\n'


class KeyCheck:
    """Knows keys by their digests.

    Args:
        digests: SHA-256 of each, hexadecimal; empty ones match nothing.
    """

    def __init__(self, digests: Sequence[str]) -> None:
        self._digests = [bytes.fromhex(digest) for digest in digests if _is_digest(digest)]

    def __call__(self, authorization: bytes) -> None:
        """Let a request pass.

        Raises:
            Refusal: 401.
        """
        given = hashlib.sha256(_credential(authorization)).digest()
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if not any(matches):
            raise _unauthenticated("The key is not valid for this endpoint.")


class TokenCheck:
    """Knows tokens by their signature, and people's access tokens by their mark.

    Args:
        secret: base64 of the secret.
        subject: the claim ``sub`` that a token must have.
        now: the time, seconds since 1970.
        scoring_key: base64 of the key of the marks; empty: access tokens open nothing.
    """

    def __init__(self, secret: str, subject: str, now: Callable[[], float] = time.time, scoring_key: str = "") -> None:
        self._secret = _bytes(secret)
        self._scoring_key = _bytes(scoring_key)
        self._subject = subject
        self._now = now
        self._good: dict[bytes, float] = {}

    def __call__(self, authorization: bytes) -> None:
        """Let a request pass.

        Raises:
            Refusal: 401, or 403 for a token of ours that has expired.
        """
        token = _credential(authorization)
        digest = hashlib.sha256(token).digest()
        expiry = self._good.get(digest)
        if expiry is None:
            expiry = self._expiry(token)
            if len(self._good) >= _REMEMBERED:
                self._good.clear()
            self._good[digest] = expiry
        if self._now() >= expiry:
            raise Refusal(403, "TokenExpired", "The token has expired; get a new one.")

    def _expiry(self, token: bytes) -> float:
        """Return when a token ends."""
        head, _, rest = token.partition(b".")
        claims, _, signature = rest.partition(b".")
        body = _object(claims)
        if self._scoring_key and self._is_marked(body):
            return float(body["exp"])
        wanted = hmac.digest(self._secret, head + b"." + claims, "sha256")
        if not self._secret or not hmac.compare_digest(_decoded(signature), wanted):
            raise _unauthenticated("The token is not valid for this endpoint.")
        header = _object(head)
        expiry = body.get("exp")
        is_ours = header.get("alg") == "HS256" and body.get("sub") == self._subject
        if not is_ours or not isinstance(expiry, (int, float)) or isinstance(expiry, bool):
            raise _unauthenticated("The token is not valid for this endpoint.")
        return float(expiry)

    def _is_marked(self, claims: dict[str, Any]) -> bool:
        """Say whether the server made this access token for endpoints."""
        given, number, expiry = (claims.get(key) for key in (scoring_tokens.CLAIM, "sid", "exp"))
        if not isinstance(given, str) or type(number) is not int or type(expiry) is not int:
            return False
        wanted = scoring_tokens.mark(self._scoring_key, number, expiry)
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _credential(authorization: bytes) -> bytes:
    if authorization[:7].lower() != _SCHEME:
        raise _unauthenticated("Send the endpoint's key or token as `Authorization: Bearer …`.")
    credential = authorization[7:].strip()
    if not 0 < len(credential) <= _LONGEST_TOKEN:
        raise _unauthenticated("Send the endpoint's key or token as `Authorization: Bearer …`.")
    return credential


def _unauthenticated(message: str) -> Refusal:
    return Refusal(401, "Unauthenticated", message, _CHALLENGE)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _decoded(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
