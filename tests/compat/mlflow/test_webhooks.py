"""Webhooks with the stock client: who is told of what, signed, and where messages never go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis
from tests.support.polling import eventually

EVENTS = [
    "registered_model.created", "model_version_alias.created", "prompt.created", "prompt_version.created",
    "prompt_alias.created", "prompt_tag.set",
]  # fmt: skip


class Receiver(ThreadingHTTPServer):
    """Takes messages; each is answered with the next of `answers`, 200 when there is none."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Take)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.messages]


class _Take(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()
        self.wfile.write(b"thanks")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture
def client(open_lapis: Lapis, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    for variable, value in open_lapis.server.mlflow_environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    mlflow.set_tracking_uri(open_lapis.uri)
    mlflow.set_registry_uri(open_lapis.uri)
    return open_lapis.client()


def test_those_who_want_to_know_are_told(client: MlflowClient, receiver: Receiver, name: str) -> None:
    made = client.create_webhook(name="first", url=receiver.url, events=EVENTS, secret="s3cret", description="d")
    client.create_webhook(name="off", url=receiver.url, events=EVENTS, status="DISABLED")
    assert (made.name, made.description, made.status.value, len(made.events)) == ("first", "d", "ACTIVE", len(EVENTS))
    result = client.test_webhook(made.webhook_id)
    assert (result.success, result.response_status, result.response_body) == (True, 200, "thanks")
    receiver.messages.clear()
    client.create_registered_model(name, tags={"a": "b"})
    client.set_registered_model_tag(name, "c", "d")  # nobody asked for this
    mlflow.genai.register_prompt(f"{name}-p", "hi {{x}}")
    mlflow.genai.set_prompt_alias(f"{name}-p", "prod", 1)
    wanted = {"registered_model", "prompt", "prompt_version", "prompt_alias"}
    eventually(lambda: wanted <= {one["entity"] for one in receiver.told()}, 20, what="the messages")
    told = {one["entity"]: one for one in receiver.told()}
    assert told["registered_model"]["action"] == "created"
    assert told["registered_model"]["data"] == {"name": name, "tags": {"a": "b"}, "description": None}
    assert told["prompt_version"]["data"]["template"] == "hi {{x}}"
    assert told["prompt_alias"]["data"] == {"name": f"{name}-p", "alias": "prod", "version": "1"}
    assert not {"model_version_alias", "model_version"} & set(told)
    for headers, body in receiver.messages:
        signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.".encode() + body
        digest = hmac.new(b"s3cret", signed, hashlib.sha256).digest()
        assert headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(digest).decode()}"
    client.update_webhook(made.webhook_id, name="second", status="DISABLED")
    assert client.get_webhook(made.webhook_id).name == "second"
    for one in client.list_webhooks():
        client.delete_webhook(one.webhook_id)
    assert list(client.list_webhooks()) == []


def test_a_receiver_that_stumbles_is_told_again(client: MlflowClient, receiver: Receiver, name: str) -> None:
    made = client.create_webhook(name="again", url=receiver.url, events=["registered_model.created"])
    receiver.answers = [503]
    client.create_registered_model(name)
    eventually(lambda: len(receiver.messages) == 2, 20, what="the second try")
    assert receiver.messages[0][1] == receiver.messages[1][1]
    client.delete_webhook(made.webhook_id)


def test_what_cannot_be_a_webhook(client: MlflowClient, receiver: Receiver) -> None:
    def code(**changed: Any) -> str:
        given = {"name": "ok", "url": receiver.url, "events": EVENTS, **changed}
        with pytest.raises(MlflowException) as caught:
            client.create_webhook(**given)
        return str(caught.value.error_code)

    for wrong in (
        {"name": "a b"}, {"url": "ftp://x/y"}, {"url": "http://169.254.169.254/latest"}, {"url": "http://[::]/"},
        {"url": "nothing"}, {"events": ["budget_policy.exceeded"]},
    ):  # fmt: skip
        assert code(**wrong) == "INVALID_PARAMETER_VALUE", wrong
    with pytest.raises(MlflowException) as caught:
        client.get_webhook("none")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert receiver.messages == []


def test_private_addresses_need_a_setting(lapis: Lapis, as_owner: None, receiver: Receiver) -> None:
    for url in (receiver.url, f"https://127.0.0.1:{receiver.server_port}/x"):
        with pytest.raises(MlflowException) as caught:
            lapis.client().create_webhook(name="ok", url=url, events=EVENTS)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert receiver.messages == []
