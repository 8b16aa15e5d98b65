"""What the relay does with each request: keep metrics, pass on the rest."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

from lapisml.runner.relay.delivery import Delivery
from lapisml.runner.relay.http1 import Channel, Headers, Message, ProtocolError, chunk, end_to_end, render_head
from lapisml.runner.relay.spool import BATCH, Spool
from lapisml.runner.relay.upstream import Exchange, ServerAwayError, Upstream

_KEPT_BODY = 1 << 20
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0
_METRIC_FIELDS = ("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest")


class Relay:
    """Serves the connections of one job.

    Args:
        path: the workspace's MLflow root; nothing else is passed on.
        token: the job's; who does not know it is turned away.
        spool, delivery, upstream: see their types.
    """

    def __init__(self, path: str, token: str, spool: Spool, delivery: Delivery, upstream: Upstream) -> None:
        self._path = path.encode()
        self._authorization = f"Bearer {token}".encode()
        self._spool = spool
        self._delivery = delivery
        self._upstream = upstream

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        channel = Channel(reader, is_server=True)
        try:
            while (request := await channel.head()) is not None:
                if request.header(b"expect") is not None:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await self._answer(request, channel, writer)
                await writer.drain()
                if not request.keep_alive:
                    break
        except (ProtocolError, OSError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Message, channel: Channel, writer: asyncio.StreamWriter) -> None:
        refusal = self._refusal(request)
        body, is_whole = await _begin_body(channel)
        if refusal is not None:
            async for _data in _rest(channel, is_whole):
                pass
            writer.write(_plain(*refusal))
            return
        if is_whole and self._keep(request, body):
            self._delivery.notify()
            writer.write(_plain(200, {}))
            return
        await self._delivery.flush()
        if is_whole:
            exchange = await self._pass_on(request, body, channel)
        else:
            exchange = await self._pass_on_stream(request, body, channel)
        if exchange is None:
            writer.write(_plain(503, _error("TEMPORARILY_UNAVAILABLE", "The tracking server went away meanwhile.")))
            return
        await _copy_answer(exchange, request, writer)

    def _refusal(self, request: Message) -> tuple[int, dict[str, Any]] | None:
        given = request.header(b"authorization") or b""
        if not hmac.compare_digest(given, self._authorization):
            return 401, _error("UNAUTHENTICATED", "This relay serves one job, which has its own token.")
        path = request.target.partition(b"?")[0]
        if not path.startswith(self._path + b"/"):
            return 404, _error("ENDPOINT_NOT_FOUND", "This relay passes on calls to the job's workspace only.")
        return None

    def _keep(self, request: Message, body: bytes) -> bool:
        """Put a metric write into the spool; False when it is something else, or no room is left there."""
        call = request.target[len(self._path) :]
        if request.method != b"POST" or not call.startswith(b"/api/2.0/mlflow/runs/log-"):
            return False
        found = _metrics(call, body)
        if found is None:
            return False
        try:
            self._spool.append(*found)
        except OSError:
            return False
        return True

    async def _pass_on(self, request: Message, body: bytes, channel: Channel) -> Exchange | None:
        """Pass on a request that can be repeated, until the server answers or the client goes."""
        headers = _with_key(request)
        pause = _FIRST_PAUSE_S
        while not channel.is_closed:
            try:
                return await self._upstream.send(request.method, request.target, headers, body)
            except ServerAwayError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
        return None

    async def _pass_on_stream(self, request: Message, begun: bytes, channel: Channel) -> Exchange | None:
        """Pass on a request whose body is too long to be kept, once the server is there; it is tried once."""
        probe = Message(
            method=b"GET", target=self._path + b"/health", headers=[(b"authorization", self._authorization)]
        )
        there = await self._pass_on(probe, b"", channel)
        if there is None:
            return None
        await there.read()
        try:
            return await self._upstream.send(request.method, request.target, _with_key(request), _whole(begun, channel))
        except ServerAwayError:
            return None


async def _begin_body(channel: Channel) -> tuple[bytes, bool]:
    """Read a body as far as it can be kept; True when that is all of it."""
    pieces, size = [], 0
    async for data in channel.body():
        pieces.append(data)
        size += len(data)
        if size > _KEPT_BODY:
            return b"".join(pieces), False
    return b"".join(pieces), True


async def _rest(channel: Channel, is_whole: bool) -> AsyncIterator[bytes]:
    if not is_whole:
        async for data in channel.body():
            yield data


async def _whole(begun: bytes, channel: Channel) -> AsyncIterator[bytes]:
    yield begun
    async for data in channel.body():
        yield data


async def _copy_answer(exchange: Exchange, request: Message, writer: asyncio.StreamWriter) -> None:
    """Pass an answer on as it comes."""
    response = exchange.response
    headers = end_to_end(response.headers)
    bodiless = request.method == b"HEAD" or response.status in (204, 304)
    chunked = not bodiless and response.header(b"content-length") is None
    if chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    pending = render_head(b"HTTP/1.1 %d Relayed" % response.status, headers)
    try:
        async for data in exchange.body():
            writer.write(pending + (chunk(data) if chunked else data))
            pending = b""
            await writer.drain()
    finally:
        exchange.close()
    writer.write(pending + (chunk(b"") if chunked else b""))


def _metrics(call: bytes, body: bytes) -> tuple[str, list[dict[str, Any]]] | None:
    """Read the metrics of a call that writes nothing else; None for any other, or one that makes no sense."""
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    if call == b"/api/2.0/mlflow/runs/log-metric":
        metrics: Any = [{name: given[name] for name in _METRIC_FIELDS if name in given}]
    elif call == b"/api/2.0/mlflow/runs/log-batch" and not given.get("params") and not given.get("tags"):
        metrics = given.get("metrics")
    else:
        return None
    run_id = given.get("run_id") or given.get("run_uuid")
    if not isinstance(run_id, str) or not isinstance(metrics, list) or not 0 < len(metrics) <= BATCH:
        return None
    return (run_id, metrics) if all(map(_is_sound, metrics)) else None


def _is_sound(metric: Any) -> bool:
    """Say whether a metric is complete; the server is asked about all others while the client waits."""
    if not isinstance(metric, dict):
        return False
    key, value = metric.get("key"), metric.get("value")
    number = isinstance(value, (int, float)) or value in ("NaN", "Infinity", "-Infinity")
    return isinstance(key, str) and 0 < len(key) <= 250 and number and metric.get("timestamp") is not None


def _with_key(request: Message) -> Headers:
    """Give a request that changes something a key, by which the server knows its repetition."""
    if request.method in (b"GET", b"HEAD") or request.header(b"idempotency-key") is not None:
        return request.headers
    return [*request.headers, (b"idempotency-key", secrets.token_hex(16).encode())]


def _plain(status: int, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    headers: Headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
    return render_head(b"HTTP/1.1 %d Relay" % status, headers) + data


def _error(code: str, message: str) -> dict[str, Any]:
    """Make an error as MLflow's clients read it."""
    return {"error_code": code, "message": message}
