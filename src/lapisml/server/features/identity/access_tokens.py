"""Access tokens in the form that clients of Azure expect: JSON Web Tokens, signed with a key of this server.

HS256 of https://www.rfc-editor.org/rfc/rfc7515 and the claims of https://www.rfc-editor.org/rfc/rfc7519, with those
of https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference that clients read. Only this one
algorithm is taken: what the header of a token says about it decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from lapisml.core import scoring_tokens
from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.store import TokenRecord

ISSUER = "lapis"
TENANT = "00000000-0000-0000-0000-000000000000"

_HEADER = {"alg": "HS256", "typ": "JWT"}
_NAMES = uuid.UUID("7f1d1d1e-3c1f-5b0e-9b57-6c1a70c0ffee")


@dataclass(frozen=True)
class AccessToken:
    """A token just made.

    Attributes:
        expires_on: seconds since the epoch, UTC.
    """

    token: str
    expires_on: int


@dataclass(frozen=True)
class Claim:
    """What a token says.

    Attributes:
        token_id: number of the row of the token that it stands for.
        expires_at: milliseconds since the epoch, UTC.
    """

    token_id: int
    expires_at: int


class AccessTokens:
    """Makes and reads them.

    Args:
        key: 32 secret bytes.
        scoring_key: 32 others, with which the gateway knows tokens that open endpoints.
    """

    def __init__(self, key: bytes, clock: Clock, scoring_key: bytes) -> None:
        self._key = key
        self._scoring_key = scoring_key
        self._clock = clock

    def make(self, record: TokenRecord, audience: str, lifetime_s: int, not_after: int | None) -> AccessToken:
        """Make a token.

        Args:
            record: what it stands for.
            not_after: when that ends, milliseconds since the epoch.
        """
        now = self._clock.now_ms() // 1000
        expires_on = min(now + lifetime_s, not_after // 1000 if not_after else now + lifetime_s)
        who = object_id(record.name)
        claims = {
            "aud": audience,
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": expires_on,
            "oid": who,
            "sub": who,
            "tid": TENANT,
            "name": record.name,
            "upn": record.name,
            "unique_name": record.name,
            "appid": who,
            "idtyp": record.kind,
            "ver": "1.0",
            "sid": record.id,
        }
        if record.kind == "user" and scoring_tokens.is_for_scoring(audience):
            claims[scoring_tokens.CLAIM] = scoring_tokens.mark(self._scoring_key, record.id, expires_on)
        text = f"{_encode(orjson.dumps(_HEADER))}.{_encode(orjson.dumps(claims))}"
        return AccessToken(f"{text}.{_encode(self._sign(text))}", expires_on)

    def read(self, token: str) -> Claim:
        """Check a token and read it.

        Raises:
            LapisError: Unauthenticated when it is none of ours, TokenExpired when its time is over.
        """
        text, _, signature = token.rpartition(".")
        claims = _decode_claims(text.partition(".")[2])
        if not hmac.compare_digest(self._sign(text), _decode(signature)) or not _is_whole(claims):
            raise LapisError(ErrorCode.UNAUTHENTICATED, "The access token is not one of this server.")
        if claims["exp"] * 1000 <= self._clock.now_ms():
            sentence = "The access token expired."
            raise LapisError(ErrorCode.TOKEN_EXPIRED, sentence, "Ask for another one: lapis azure token")
        return Claim(claims["sid"], claims["exp"] * 1000)

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def object_id(name: str) -> str:
    """Give the id of a user, always the same for a name: clients want a UUID."""
    return str(uuid.uuid5(_NAMES, name))


def looks_signed(token: str) -> bool:
    """Say whether a token has the form of an access token, which begins with an encoded ``{"``."""
    return token.startswith("eyJ") and token.count(".") == 2


def _is_whole(claims: dict[str, Any]) -> bool:
    return claims.get("iss") == ISSUER and type(claims.get("sid")) is int and type(claims.get("exp")) is int


def _decode_claims(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_decode(text))
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
