"""What lets a person's access token open endpoints whose `auth_mode` is ``aad_token``. Pure; the standard library only.

The gateway checks such a token without asking the server, and must not be able to make one that opens more than
endpoints. So the token carries a mark of its own, made with a key that is good for nothing else.
"""

from __future__ import annotations

import hashlib
import hmac

AUDIENCE = "https://ml.azure.com"
"""The claim ``aud`` of tokens for endpoints, as Azure's clients ask for it."""

CLAIM = "scoring"
"""The claim that holds the mark."""

SUBKEY = "scoring-tokens"
"""Name of the key."""


def is_for_scoring(audience: object) -> bool:
    """Say whether a token with this audience opens endpoints."""
    return isinstance(audience, str) and audience.removesuffix("/.default").rstrip("/") == AUDIENCE


def mark(key: bytes, token_id: int, expires_on: int) -> str:
    """Make the mark of a token, 64 hexadecimal digits.

    Args:
        token_id: claim ``sid``.
        expires_on: claim ``exp``, seconds since 1970.
    """
    return hmac.new(key, f"{AUDIENCE}|{token_id}|{expires_on}".encode(), hashlib.sha256).hexdigest()
