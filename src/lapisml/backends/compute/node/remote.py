"""`ComputeBackend` for jobs that run on another machine, through the agent there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lapisml.backends.compute.node import certificate, codec, engine, shipping
from lapisml.backends.compute.node.link import Link, Pace
from lapisml.backends.compute.node.rewriting import rewritten
from lapisml.backends.compute.node.streams import Stream, join
from lapisml.backends.compute.node.transport import Transport
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Attachment
from lapisml.ports.compute import (
    Capabilities,
    Handle,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    Observation,
    Standing,
    Watch,
)
from lapisml.runner import tls

_log = logging.getLogger("lapis.compute")
_DESCRIBED_WITHIN_S = 5.0
_ELSEWHERE = Capabilities(local_paths=False, serving=False)


def default_root(attachment: Attachment) -> str:
    """Return the agent's folder on a node: what the document says, or one of this installation's own."""
    return str(attachment.document.get("root") or f"~/.lapis-node/{attachment.label}")


class RemoteBackend:
    """Runs jobs through one agent.

    Args:
        attachment: the compute.
        transport: the way to the machine; the agent's folder is its affair.
        engine: name of what runs the jobs there (`lapisml.backends.compute.node.engine`).
        options: what the engine is made with, plain JSON.
        capabilities: what the place can do.
        where: how messages name the machine.
        listen: address on the node that the way back to the server listens on; None: one that the engine knows.
        advertise: the name under which others reach that address; None means the address itself.
        guarded: whether it speaks with those alone who can read the agent's folder, and encrypted.
        pace: how patient the link is.
    """

    def __init__(
        self,
        attachment: Attachment,
        transport: Transport,
        *,
        engine: str = engine.LOCAL,
        options: Mapping[str, Any] | None = None,
        capabilities: Capabilities = _ELSEWHERE,
        where: str = "the node",
        listen: str | None = "127.0.0.1",
        advertise: str | None = None,
        guarded: bool = False,
        pace: Pace | None = None,
    ) -> None:
        self._attachment = attachment
        self._capabilities = capabilities
        self._greeting = {
            "engine": engine,
            "options": dict(options or {}),
            "label": attachment.label,
            "listen": listen,
            "advertise": advertise,
            "server_url": attachment.document.get("server_url"),
            "environment": dict(attachment.document.get("environment_variables") or {}),
            "keep_days": attachment.document.get("keep_days"),
        }
        if guarded and not self._greeting["server_url"]:
            self._greeting["door"] = certificate.made(attachment.label).decode("ascii")
        self._where = where
        self._certificate: str | None = None
        self._seen: dict[Handle, Observation] = {}
        self._unknown: set[str] = set()
        self._unheard: set[str] = set()
        self._lock = threading.Lock()
        self.link = Link(transport, self._greet, self._hear, self._be_back, self._reach_server, pace, where)

    @property
    def capabilities(self) -> Capabilities:
        """Say what the place can do."""
        return self._capabilities

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the agent said of itself when it was greeted last; empty before."""
        return self.link.facts

    def submit(self, spec: LaunchSpec) -> Handle:
        """Bring what the job needs there, and hand it over."""
        try:
            return self._hand_over(spec)
        except LapisError as error:
            if error.code is ErrorCode.STORAGE_FULL and self._where not in error.message:
                raise LapisError(error.code, f"{self._where}: {error.message}", error.hint) from error
            raise

    def _hand_over(self, spec: LaunchSpec) -> Handle:
        facts = self.link.connect()
        if self._own_certificate() != self._certificate:  # a server writes down its own only once it is ready
            facts, _tail = self.link.call("hello", self.link.greeting())
        plan = rewritten(spec, facts, self._attachment)
        for shipment in plan.shipments:
            shipping.ship(self.link, shipment)
        with self._lock:
            self._unheard.add(spec.job)
        body, _tail = self.link.call("submit", {**plan.spec.to_json(), **plan.changes(self.link)})
        return Handle.from_json(body)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Ask for all jobs in one call; while the node can't be asked nothing is known of any."""
        found: list[Observation] = []
        try:
            while len(found) < len(watches):
                found += self._observe(watches[len(found) :])
        except LapisError as error:
            rest = watches[len(found) :]
            with self._lock:
                self._unknown.update(watch.handle.job for watch in rest)
            found += [_unknown(watch, error.message) for watch in rest]
        return found

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request there."""
        self.link.call("cancel", {"handle": handle.to_json(), "grace_s": grace_s, "by": by})

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        body, _tail = self.link.call("list_logs", handle.to_json())
        return codec.logs_from_json(body, self.link.ahead_ms)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log, in as many answers as it takes."""
        data, size = bytearray(), 0
        while True:
            wanted = limit - len(data)
            asked = {"handle": handle.to_json(), "path": path, "offset": offset + len(data), "limit": wanted}
            size, more = self.link.call("read_log", asked)
            data += more
            if not more or len(data) >= limit or offset + len(data) >= int(size):
                return LogChunk(bytes(data), int(size))

    def discard(self, handle: Handle) -> None:
        """Remove what is left of a job."""
        self.link.call("discard", handle.to_json())
        with self._lock:
            self._seen.pop(handle, None)

    def describe(self) -> Standing:
        """Say how the place is."""
        try:
            body, _tail = self.link.do(self.link.ask("describe", _DESCRIBED_WITHIN_S), 2 * _DESCRIBED_WITHIN_S)
            return codec.standing_from_json(body)
        except LapisError as error:
            hint = f" {error.hint}" if error.hint else ""
            return Standing("unreachable", f"{error.message}{hint}")

    def free_ports(self, count: int) -> tuple[str, int]:
        """Return an address of the node for its neighbours, and the first of `count` free ports in a row.

        Raises:
            LapisError: Conflict when there are none, ServerUnreachable.
        """
        body, _tail = self.link.call("free_ports", count)
        return str(body[0]), int(body[1])

    def call(self, verb: str, body: Any = None) -> Any:
        """Ask the engine for something of its own (`lapisml.backends.compute.node.engine`).

        Raises:
            LapisError: the engine's; ServerUnreachable.
        """
        return self.link.call("own", {"verb": verb, "body": body})[0]

    def close(self) -> None:
        """Let go of the link; jobs go on."""
        self.link.close()

    def _observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Ask; the answer is about the first of the jobs, as many as fit."""
        known = [self._seen.get(watch.handle) for watch in watches]
        asked = [codec.watch_to_json(watch, seen) for watch, seen in zip(watches, known, strict=True)]
        count, tail = self.link.call("observe", asked, patience=0.0)
        answers = [json.loads(line) for line in tail.split(b"\n")] if count else []
        if not 0 < len(answers) <= len(watches):
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, "The agent answers something else than it was asked.")
        return [
            self._as_before(watch, seen) if body is None else self._news(watch.handle, body)
            for watch, seen, body in zip(watches, known, answers, strict=False)
        ]

    def _as_before(self, watch: Watch, seen: Observation | None) -> Observation:
        assert seen is not None
        cursors = watch.journal_after, watch.metrics_after
        return Observation(watch.handle, seen.phase, seen.sentence, [], cursors[0], [], cursors[1], help=seen.help)

    def _news(self, handle: Handle, body: dict[str, Any]) -> Observation:
        found = codec.observation_from_json(handle, body, self.link.ahead_ms)
        with self._lock:
            self._unheard.discard(handle.job)
            if found.phase in (JobPhase.ENDED, JobPhase.ABSENT):
                self._seen.pop(handle, None)
            else:
                self._seen[handle] = Observation(handle, found.phase, found.sentence, help=found.help)
        return found

    def _greet(self) -> dict[str, Any]:
        """Make the greeting: where the server is may have changed since the last."""
        self._certificate = self._own_certificate()
        return {
            **self._greeting,
            "scheme": urlsplit(self._attachment.server_url).scheme or "http",
            "host": urlsplit(self._attachment.server_url).netloc,
            "certificate": self._certificate,
        }

    def _own_certificate(self) -> str | None:
        """Return the certificate (PEM) that this server shows where it is not one that everybody trusts."""
        if not self._attachment.server_url.startswith("https:"):
            return None
        try:
            known = json.loads((self._attachment.home / "run" / "server.json").read_bytes())
            return Path(known["tls_cert"]).read_text(encoding="ascii") if known.get("tls_cert") else None
        except (OSError, ValueError, KeyError):
            return None

    def _own_tls(self) -> Any:
        """Return what speaks TLS with this server for nodes that speak it with the agent; None where they do it."""
        if "door" not in self._greeting or not self._attachment.server_url.startswith("https:"):
            return None
        known = json.loads((self._attachment.home / "run" / "server.json").read_bytes())
        return tls.context(known.get("tls_cert"))

    def _hear(self, event: Any) -> None:
        news = event.get("news") if isinstance(event, dict) else None
        self._tell([str(job) for job in news] if isinstance(news, list) else [])

    def _be_back(self) -> None:
        """Have everybody look again at all jobs: what was told while the link broke may not have been heard."""
        with self._lock:
            jobs, self._unknown = self._unknown | self._unheard | {handle.job for handle in self._seen}, set()
        self._tell(sorted(jobs))

    def _tell(self, jobs: Sequence[str]) -> None:
        """Pass news on; whoever can't take it looks by himself, and the link is none the worse."""
        for job in jobs:
            try:
                self._attachment.tell(job)
            except Exception:  # noqa: BLE001 - whatever it is, it is the listener's
                _log.exception("news of job %s could not be passed on", job)

    async def _reach_server(self, stream: Stream) -> None:
        """Connect a stream of the agent's to this server."""
        url = urlsplit(self._attachment.server_url)
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            reader, writer = await asyncio.open_connection(url.hostname, port, ssl=self._own_tls())
        except (OSError, ValueError):
            with contextlib.suppress(Exception):
                await stream.close()
            return
        await join(stream, reader, writer)


def _unknown(watch: Watch, sentence: str) -> Observation:
    return Observation(watch.handle, JobPhase.UNKNOWN, sentence, [], watch.journal_after, [], watch.metrics_after)
