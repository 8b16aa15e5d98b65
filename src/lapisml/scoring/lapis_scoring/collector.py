"""Keeps inputs and outputs for monitoring, as JSON lines under the path that Azure ML uses.

``modelDataCollector/<endpoint>/<deployment>/<collection>/YYYY/MM/DD/HH/<file>.jsonl``: an event in each line, in the
form of CloudEvents 1.0 as Azure ML's collector writes it. A thread writes; a request only leaves what it has in a
queue. When the disk is slower than the requests, events are dropped and counted, and the log says so.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import queue
import random
import sys
import threading
import time
import uuid
import zlib
from typing import Any
from urllib.parse import unquote

from . import jsons
from .errors import LoadError
from .plan import Plan
from .wire import Request

_MOST_WAITING = 5000
_MOST_BYTES = 64 << 20
_ROLLING = {"minute": "%Y/%m/%d/%H/%M", "hour": "%Y/%m/%d/%H", "day": "%Y/%m/%d"}
_AGENT = "azureml-ai-monitoring/1.0.0"
PAYLOADS = ("request", "response")
"""Collections of whole bodies, which need nothing of a script."""


class Collector:
    """The deployment's collections, or none.

    Args:
        plan: the replica's plan.
        instance: what tells this replica's files from others'.

    Attributes:
        headers: names of the headers that are kept with the collection ``request``.
        instance: as above; read when something is written.

    Raises:
        LoadError: a collection's path can't be written to.
    """

    def __init__(self, plan: Plan, instance: str) -> None:
        settings = plan.collect
        self._rolling = _ROLLING.get(str(settings.get("rolling_rate") or "hour").lower(), _ROLLING["hour"])
        self._share = _share(settings.get("sampling_rate"), 1.0)
        self._source = f"/onlineEndpoints/{plan.endpoint}/deployments/{plan.deployment}"
        self.instance = instance
        self._folders: dict[str, str] = {}
        self._shares: dict[str, float] = {}
        base: str = settings.get("folder") or ""
        for name, collection in (settings.get("collections") or {}).items() if base else ():
            if _is_on(collection.get("enabled")):
                usual = os.path.join("modelDataCollector", plan.endpoint, plan.deployment, name)
                self._folders[name.lower()] = os.path.join(base, _path(name, collection, usual))
                self._shares[name.lower()] = _share(collection.get("sampling_rate"), self._share)
        logged = settings.get("request_logging") or {}
        self.headers = [str(name).lower() for name in logged.get("capture_headers") or []]
        self._line: queue.Queue[tuple[Any, ...] | None] = queue.Queue(2 * _MOST_WAITING)
        self._dropped = 0
        self._bytes = 0
        self._counting = threading.Lock()
        self._writer: threading.Thread | None = None

    def __bool__(self) -> bool:
        return bool(self._folders)

    @property
    def payloads(self) -> bool:
        """Whether whole requests or answers are kept."""
        return any(name in self._folders for name in PAYLOADS)

    def wants(self, name: str) -> bool:
        """Say whether a collection is on."""
        return name.lower() in self._folders

    def keep(self, name: str, data: Any, kind: str, request_id: str, headers: dict[str, str] | None = None) -> bool:
        """Keep something, when its collection is on and its request is among the sample.

        Args:
            name: the collection.
            data: a value for JSON, a function that returns one (called by the writer), or bytes.
            kind: what the data was, for who reads it.
            request_id: the request's id; all collections keep or leave a request together.
            headers: headers to keep with it.
        """
        name = name.lower()
        if name not in self._folders or not self._sampled(request_id, self._shares[name]):
            return False
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="lapis-collector", daemon=True)
            self._writer.start()
        size = len(data) if isinstance(data, bytes) else 0
        with self._counting:
            if self._bytes + size > _MOST_BYTES or self._line.qsize() >= _MOST_WAITING:
                self._dropped += 1
                return False
            self._bytes += size
        self._line.put((name, data, kind, request_id, headers, time.time()))
        return True

    def close(self, timeout_s: float = 5.0) -> None:
        """Write out what waits."""
        if self._writer is not None:
            self._line.put(None)
            self._writer.join(timeout_s)

    @staticmethod
    def _sampled(request_id: str, share: float) -> bool:
        if share >= 1:
            return True
        drawn = zlib.crc32(request_id.encode()) / 2**32 if request_id else random.random()  # noqa: S311 - a sample
        return drawn < share

    def _write(self) -> None:
        while True:
            item = self._line.get()
            if item is None:
                return
            items: list[tuple[Any, ...] | None] = [item]
            while not self._line.empty() and len(items) < 1000:
                items.append(self._line.get())
            written = [item for item in items if item is not None]
            self._append(written)
            with self._counting:
                self._bytes -= sum(len(item[1]) for item in written if isinstance(item[1], bytes))
            if self._dropped:
                sys.stderr.write(
                    f"lapis: {self._dropped} events of the data collector were dropped, as too many wait\n"
                )
                self._dropped = 0
            if None in items:
                return

    def _append(self, items: list[tuple[Any, ...]]) -> None:
        by_file: dict[str, list[bytes]] = {}
        for name, data, kind, request_id, headers, moment in items:
            when = dt.datetime.fromtimestamp(moment, dt.timezone.utc)  # noqa: UP017 - not known to Python 3.8
            folder = os.path.join(self._folders[name], when.strftime(self._rolling))
            line = self._event(name, data, kind, request_id, headers, when)
            by_file.setdefault(os.path.join(folder, f"{self.instance}.jsonl"), []).append(line)
        for path, lines in by_file.items():
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "ab") as file:
                    file.write(b"".join(lines))
            except OSError as error:
                sys.stderr.write(f"lapis: the data collector can't write: {error}\n")

    def _event(
        self, name: str, data: Any, kind: str, request_id: str, headers: dict[str, str] | None, when: dt.datetime
    ) -> bytes:
        try:
            value = _value(data() if callable(data) else data)
        except Exception as error:  # noqa: BLE001 - odd data is no reason to lose the event
            value = f"not written: {type(error).__name__}"
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": self._source,
            "type": f"azureml.inference.{name}",
            "datacontenttype": "application/json",
            "time": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "data": value,
            "correlationid": request_id,
            "xrequestid": request_id,
            "modelversion": "default",
            "collectdatatype": kind,
            "agent": _AGENT,
        }
        if headers:
            event["headers"] = headers
        return jsons.dumps(event) + b"\n"


class Payloads:
    """Keeps whole requests and answers."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def keep(self, request: Request, body: bytes, head: bytes) -> None:  # noqa: ARG002 - the status is not kept
        """Keep a request and its answer."""
        said = request.head
        number = str(said.get("id") or "")
        wanted = self._collector.headers
        kept = {name: value for name, value in said.get("headers") or [] if name.lower() in wanted}
        self._collector.keep("request", request.body, "application/json", number, kept)
        self._collector.keep("response", body, "application/json", number)


def _value(data: Any) -> Any:
    if not isinstance(data, (bytes, bytearray)):
        return data
    try:
        return json.loads(data)
    except ValueError:
        return bytes(data).decode("utf-8", "replace")


def _is_on(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _share(value: Any, usual: float) -> float:
    return usual if value is None else min(1.0, max(0.0, float(value)))


def _path(name: str, collection: dict[str, Any], usual: str) -> str:
    """Return a collection's folder below the default datastore's."""
    data = collection.get("data")
    asked = data.get("path") if isinstance(data, dict) else None
    if not asked:
        return usual
    start = "azureml://datastores/workspaceblobstore/paths/"
    found = os.path.normpath(unquote(str(asked).strip()[len(start) :])).lstrip("/")
    if not str(asked).startswith(start) or found.startswith("..") or found == ".":
        raise LoadError(f"the data collector writes below {start} only; collection {name} names {asked}")
    return found
