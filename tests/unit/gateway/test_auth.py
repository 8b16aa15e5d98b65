"""Keys and tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from lapisml.core import scoring_tokens
from lapisml.gateway.auth import KeyCheck, TokenCheck
from lapisml.gateway.calls import Refusal

SECRET = b"0123456789abcdef0123456789abcdef"


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _token(claims: dict[str, Any], alg: str = "HS256", secret: bytes = SECRET) -> bytes:
    body = _b64(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + b"." + _b64(json.dumps(claims).encode())
    return b"Bearer " + body + b"." + _b64(hmac.digest(secret, body, "sha256"))


def _check(now: float = 1000.0) -> TokenCheck:
    return TokenCheck(base64.b64encode(SECRET).decode(), "ws/ep", lambda: now)


GOOD = {"sub": "ws/ep", "exp": 2000}


def test_each_of_the_keys_passes() -> None:
    check = KeyCheck([hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()])
    check(b"Bearer one")
    check(b"bearer two")
    check(b"BEARER  two ")


@pytest.mark.parametrize(
    "authorization", [b"", b"Bearer", b"Bearer ", b"one", b"Basic one", b"Bearer three", b"Bearer " + b"x" * 5000]
)
def test_anything_else_does_not(authorization: bytes) -> None:
    check = KeyCheck([hashlib.sha256(b"one").hexdigest()])
    with pytest.raises(Refusal) as caught:
        check(authorization)
    assert caught.value.status == 401
    assert b"www-authenticate: Bearer" in caught.value.headers


@pytest.mark.parametrize("digests", [[], [""], ["", ""], ["zz"], [hashlib.sha256(b"").hexdigest()]])
def test_no_key_opens_what_has_none(digests: list[str]) -> None:
    for authorization in (b"", b"Bearer ", b"Bearer x"):
        with pytest.raises(Refusal):
            KeyCheck(digests)(authorization)


def test_a_token_of_ours_passes_until_it_expires() -> None:
    _check(1999.9)(_token(GOOD))
    with pytest.raises(Refusal) as caught:
        _check(2000.0)(_token(GOOD))
    assert (caught.value.status, caught.value.code) == (403, "TokenExpired")


def test_a_token_that_is_remembered_expires_too() -> None:
    time = [1000.0]
    check = TokenCheck(base64.b64encode(SECRET).decode(), "ws/ep", lambda: time[0])
    check(_token(GOOD))
    time[0] = 3000.0
    with pytest.raises(Refusal) as caught:
        check(_token(GOOD))
    assert caught.value.code == "TokenExpired"


@pytest.mark.parametrize(
    "token",
    [
        _token({"sub": "ws/other", "exp": 2000}),
        _token({"sub": "ws/ep"}),
        _token({"sub": "ws/ep", "exp": "2000"}),
        _token({"sub": "ws/ep", "exp": True}),
        _token(GOOD, alg="none"),
        _token(GOOD, alg="HS512"),
        _token(GOOD, secret=b"another secret"),
        _token(GOOD)[:-2],
        _token(GOOD).rpartition(b".")[0] + b".",
        _token(GOOD).replace(b".", b"", 1),
        b"Bearer ..",
        b"Bearer \xff.\xfe.\xfd",
        b"Bearer e30.e30.e30",
    ],
)
def test_a_token_that_is_not_ours_does_not_pass(token: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        _check()(token)
    assert caught.value.status == 401


@pytest.mark.parametrize("secret", ["", "not base64!"])
def test_without_a_secret_no_token_passes(secret: str) -> None:
    check = TokenCheck(secret, "ws/ep", lambda: 1000.0)
    with pytest.raises(Refusal):
        check(_token(GOOD, secret=b""))


SCORING = b"fedcba9876543210fedcba9876543210"


def _access_token(mark: str, **changes: Any) -> bytes:
    """An access token of the server, signed with a key that the gateway does not have."""
    claims = {"aud": "https://ml.azure.com", "sid": 7, "exp": 2000, "scoring": mark, **changes}
    return _token(claims, secret=b"x" * 32)


def _people(now: float = 1000.0) -> TokenCheck:
    key = base64.b64encode(SCORING).decode()
    return TokenCheck(base64.b64encode(SECRET).decode(), "ws/ep", lambda: now, key)


def test_a_persons_access_token_passes_by_its_mark() -> None:
    good = scoring_tokens.mark(SCORING, 7, 2000)
    _people()(_access_token(good))
    _people()(_token(GOOD))
    with pytest.raises(Refusal) as expired:
        _people(now=2000.0)(_access_token(good))
    assert expired.value.status == 403


@pytest.mark.parametrize(
    "token",
    [
        _access_token(scoring_tokens.mark(SCORING, 7, 2000), exp=3000),
        _access_token(scoring_tokens.mark(SCORING, 7, 2000), sid=8),
        _access_token(scoring_tokens.mark(b"y" * 32, 7, 2000)),
        _access_token("\udcff"),
        _access_token("", exp=True),
        b"Bearer a." + _b64(b"[" * 2500) + b".c",
    ],
)
def test_an_access_token_with_another_mark_does_not(token: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        _people()(token)
    assert refused.value.status == 401


def test_marks_count_for_nothing_where_endpoints_have_tokens_of_their_own() -> None:
    with pytest.raises(Refusal):
        _check()(_access_token(scoring_tokens.mark(b"", 7, 2000)))
