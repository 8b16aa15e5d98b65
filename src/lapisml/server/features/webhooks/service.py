"""What can be done with webhooks, and telling them what happened.

A message is signed and laid out as MLflow's are: https://mlflow.org/docs/latest/ml/webhooks/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.notifier import Notified, Notifier
from lapisml.server.features.webhooks import store
from lapisml.server.features.webhooks.records import ACTIVE, DISABLED, EVENTS, Webhook
from lapisml.server.platform.database import Database
from lapisml.server.platform.vault import Vault

log = logging.getLogger("lapisml.server")

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_MOST_WEBHOOKS = 1000
_MAX_URL_LENGTH = 500
_PAUSES_S = (1.0, 4.0, 16.0)
_THREADS = 4
_AGAIN = frozenset({429, 500, 502, 503, 504})


class Webhooks:
    """Webhooks of workspaces.

    A message is sent soon after what it tells, up to four times; it is lost when the server ends before.

    Args:
        notifier: sends the messages.
    """

    def __init__(self, database: Database, clock: Clock, vault: Vault, notifier: Notifier) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._notifier = notifier
        self._closing = threading.Event()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop sending; called once, when the server ends."""
        self._closing.set()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def create(
        self, workspace_id: int, name: str, url: str, events: Iterable[str], description: str | None,
        secret: str | None, status: str | None,
    ) -> Webhook:  # fmt: skip
        """Make a webhook.

        Raises:
            LapisError: Usage; AddressNotAllowed for an address that may not be reached from here.
        """
        values = self._checked({"name": name, "url": url, "events": tuple(events), "status": status or ACTIVE})
        now, webhook_id = self._clock.now_ms(), str(uuid4())
        values |= {"webhook_id": webhook_id, "description": description, "created_at": now, "updated_at": now}
        values["secret"] = self._vault.encrypt(secret) if secret else None
        with self._database.write() as connection:
            if len(store.page(connection, workspace_id, _MOST_WEBHOOKS)) >= _MOST_WEBHOOKS:
                raise LapisError(ErrorCode.USAGE, f"A workspace has at most {_MOST_WEBHOOKS} webhooks.")
            store.add(connection, workspace_id, values)
        return self.get(workspace_id, webhook_id)

    def get(self, workspace_id: int, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.get(connection, workspace_id, webhook_id)
        if found is None:
            raise LapisError(ErrorCode.NOT_FOUND, f"Webhook with ID {webhook_id[:64]} not found.")
        return found

    def page(self, workspace_id: int, limit: int, offset: int) -> list[Webhook]:
        """Return webhooks, the first made first."""
        with self._database.read() as connection:
            return store.page(connection, workspace_id, limit, offset)

    def update(self, workspace_id: int, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
        """Change a webhook.

        Args:
            changes: ``name``, ``url``, ``events``, ``description``, ``secret``, ``status``.

        Raises:
            LapisError: NotFound, Usage, AddressNotAllowed.
        """
        self.get(workspace_id, webhook_id)
        values = self._checked(dict(changes))
        if "secret" in values:
            values["secret"] = self._vault.encrypt(values["secret"]) if values["secret"] else None
        with self._database.write() as connection:
            store.change(connection, workspace_id, webhook_id, {**values, "updated_at": self._clock.now_ms()})
        return self.get(workspace_id, webhook_id)

    def delete(self, workspace_id: int, webhook_id: str) -> None:
        """Delete a webhook.

        Raises:
            LapisError: NotFound.
        """
        with self._database.write() as connection:
            if not store.remove(connection, workspace_id, webhook_id):
                raise LapisError(ErrorCode.NOT_FOUND, f"Webhook with ID {webhook_id[:64]} not found.")

    def tell(self, workspace_id: int, event: str, data: Mapping[str, Any]) -> None:
        """Tell every active webhook of the workspace that wants to know; returns at once."""
        with self._database.read() as connection:
            found = store.page(connection, workspace_id, _MOST_WEBHOOKS)
        for webhook in [one for one in found if one.status == ACTIVE and event in one.events]:
            self._executor().submit(self._deliver, webhook, self._message(event, data))

    def test(self, workspace_id: int, webhook_id: str, event: str | None, data: Mapping[str, Any]) -> Notified:
        """Send one message now and return the answer.

        Args:
            event: what it tells; the webhook's first event for None.

        Raises:
            LapisError: NotFound; AddressNotAllowed, StorageUnreachable when it could not be sent.
        """
        webhook = self.get(workspace_id, webhook_id)
        return self._send(webhook, self._message(event or webhook.events[0], data))

    def _deliver(self, webhook: Webhook, message: bytes) -> None:
        for pause in (*_PAUSES_S, None):
            try:
                answer = self._send(webhook, message)
                failure = f"it answered {answer.status}" if answer.status in _AGAIN else None
            except LapisError as error:
                failure = error.message
            if failure is None:
                return
            if pause is None or self._closing.wait(pause):
                log.warning("webhook.lost id=%s: %s", webhook.webhook_id, failure)
                return

    def _send(self, webhook: Webhook, message: bytes) -> Notified:
        delivery, now = str(uuid4()), str(self._clock.now_ms() // 1000)
        headers = {
            "Content-Type": "application/json", "X-MLflow-Delivery-Id": delivery, "X-MLflow-Timestamp": now,
        }  # fmt: skip
        if webhook.sealed_secret:
            secret = self._vault.decrypt(webhook.sealed_secret).encode()
            digest = hmac.new(secret, f"{delivery}.{now}.".encode() + message, hashlib.sha256).digest()
            headers["X-MLflow-Signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return self._notifier.post(webhook.url, message, headers)

    def _message(self, event: str, data: Mapping[str, Any]) -> bytes:
        entity, _, action = event.partition(".")
        at = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).isoformat()
        return orjson.dumps({"entity": entity, "action": action, "timestamp": at, "data": dict(data)})

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, "webhooks")
            return self._threads

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        if "name" in values and not _NAME.fullmatch(values["name"]):
            raise LapisError(
                ErrorCode.USAGE,
                f"Webhook name '{values['name'][:80]}' is invalid. It must start and end with a letter or digit, be "
                "less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and "
                "hyphens (-).",
            )
        if "events" in values:
            values["events"] = sorted(set(values["events"]))
            if not values["events"] or not EVENTS.issuperset(values["events"]):
                raise LapisError(ErrorCode.USAGE, f"Webhook events are one or more of {', '.join(sorted(EVENTS))}.")
        if values.get("status", ACTIVE) not in (ACTIVE, DISABLED):
            raise LapisError(ErrorCode.USAGE, f"The status of a webhook is {ACTIVE} or {DISABLED}.")
        if "url" in values:
            if len(values["url"]) > _MAX_URL_LENGTH:
                raise LapisError(ErrorCode.USAGE, f"A webhook's URL has at most {_MAX_URL_LENGTH} characters.")
            self._notifier.check(values["url"])
        return values
