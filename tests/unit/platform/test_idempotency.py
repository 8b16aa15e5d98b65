from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.tables import tokens
from lapisml.server.platform.database import Database
from lapisml.server.platform.idempotency import KEEP_MS, IdempotencyStore
from lapisml.server.platform.idempotency_layer import IdempotencyLayer
from lapisml.server.platform.principal import Principal
from lapisml.testing.clock import FakeClock


class App:
    """Inserts a row for each request that reaches it."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.calls = 0
        self.fail: Exception | None = None
        self.status = 201

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        body = (await receive())["body"]
        if self.fail is not None:
            raise self.fail
        await asyncio.to_thread(self._write)
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-type", b"a/b")]})
        await send({"type": "http.response.body", "body": b"%d " % self.calls + body})

    def _write(self) -> None:
        values = {"digest": f"d{self.calls}", "kind": "user", "name": "n", "label": "l", "created_at": 0}
        with self.database.write() as connection:
            connection.execute(tokens.insert().values(**values))

    def rows(self) -> int:
        with self.database.read() as connection:
            return len(connection.execute(select(tokens.c.id)).all())


@pytest.fixture
def app(database: Database, clock: FakeClock) -> App:
    return App(database, clock)


Post = Callable[..., tuple[int, bytes]]


@pytest.fixture
def post(app: App) -> Post:
    def send_one(
        key: str | None, body: bytes = b"{}", who: str = "a", server: str = "s", gone: str = "", path: str = "/x"
    ) -> tuple[int, bytes]:
        keys = IdempotencyStore(app.database, app.clock, server, lambda owner: owner == gone)
        return asyncio.run(_request(IdempotencyLayer(app, keys, ("/secret",)), key, body, who, path))

    return send_one


async def _request(layer: IdempotencyLayer, key: str | None, body: bytes, who: str, path: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"idempotency-key", key.encode())] if key is not None else []
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers,
        "state": {"principal": Principal("user", who)},
    }  # fmt: skip
    await layer(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def test_the_same_key_has_the_effect_of_once_and_the_same_answer(app: App, post: Post) -> None:
    assert post("k") == (201, b"1 {}") == post("k")
    assert (app.calls, app.rows()) == (1, 1)


def test_without_a_key_each_request_counts(app: App, post: Post) -> None:
    assert post(None) != post(None)
    assert app.rows() == 2


def test_keys_belong_to_their_sender(app: App, post: Post) -> None:
    post("k", who="a")
    post("k", who="b")
    assert app.rows() == 2


def test_a_key_of_another_request_is_refused(app: App, post: Post) -> None:
    post("k")
    for other in ({"body": b"{1}"}, {"path": "/y"}):
        with pytest.raises(LapisError) as caught:
            post("k", **other)
        assert caught.value.code == ErrorCode.CONFLICT
    assert app.rows() == 1


def test_a_refusal_is_repeated_and_a_fault_is_tried_again(app: App, post: Post) -> None:
    app.fail = OSError("broken")
    with pytest.raises(OSError, match="broken"):
        post("k")
    app.fail = None
    assert post("k")[0] == 201
    app.status = 409
    assert post("refused") == post("refused")
    assert app.calls == 3


def test_a_key_is_forgotten_after_a_day(app: App, post: Post) -> None:
    post("k")
    app.clock.advance(KEEP_MS + 1)
    post("k")
    assert app.rows() == 2


def test_secret_answers_are_not_kept(app: App, post: Post) -> None:
    post("k", path="/secret/tokens")
    post("k", path="/secret/tokens")
    assert app.calls == 2


class _KilledError(BaseException):
    """What a killed process leaves behind: nothing more happens."""


def test_a_request_cut_off_before_its_effect_runs_again(app: App, post: Post) -> None:
    app.fail = _KilledError()  # type: ignore[assignment]
    with pytest.raises(_KilledError):
        post("k", server="old")
    app.fail = None
    assert post("k", server="new", gone="old")[0] == 201
    assert app.rows() == 1


def test_a_request_cut_off_after_its_effect_does_not_run_again(
    app: App, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise _KilledError

    monkeypatch.setattr(IdempotencyStore, "keep", killed)
    with pytest.raises(_KilledError):
        post("k", server="old")
    monkeypatch.undo()
    with pytest.raises(LapisError, match="carried out before"):
        post("k", server="new", gone="old")
    assert app.rows() == 1


def test_two_at_once_have_the_effect_of_once(app: App) -> None:
    async def both() -> list[tuple[int, bytes]]:
        keys = IdempotencyStore(app.database, app.clock, "s", lambda _: False)
        layer = IdempotencyLayer(app, keys)
        return await asyncio.gather(*[_request(layer, "k", b"{}", "a", "/x") for _ in range(4)])

    answers = asyncio.run(both())
    assert answers == [(201, b"1 {}")] * 4
    assert app.rows() == 1


def test_a_server_that_was_taken_for_gone_has_no_effect_any_more(app: App, post: Post) -> None:
    keys = IdempotencyStore(app.database, app.clock, "slow", lambda _owner: False)
    assert keys.claim("user:a", "k", "digest") is None
    other = IdempotencyStore(app.database, app.clock, "quick", lambda owner: owner == "slow")
    assert other.claim("user:a", "k", "digest") is None
    with pytest.raises(LapisError) as caught, app.database.write() as connection:
        keys.mark_applied(connection, "user:a", "k")
    assert caught.value.code == ErrorCode.CONFLICT
    with app.database.write() as connection:
        other.mark_applied(connection, "user:a", "k")


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_sane_length(post: Post, key: str) -> None:
    with pytest.raises(LapisError) as caught:
        post(key)
    assert caught.value.code == ErrorCode.USAGE
