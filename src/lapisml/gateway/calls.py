"""One request on its way through the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lapisml.gateway.links import Link
    from lapisml.gateway.table import Endpoint, Target

Pairs = list[tuple[bytes, bytes]]
"""Headers: names in lower case, in the order in which they came."""


class Refusal(Exception):  # noqa: N818 - what the client is told, not a fault
    """A request that is answered without a replica.

    Args:
        status: of the answer.
        code: stable name of the reason.
        message: a sentence for the client; nothing of the inside.
        headers: further header lines, each with its line end.
        close: whether the connection ends with the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: bytes = b"", *, close: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.close = close


class Client(Protocol):
    """Who gets the answer."""

    def reply(self, call: Call, status: int, content_type: bytes, headers: bytes, body: bytes) -> None:
        """Send the answer of a replica; `headers` are whole lines."""

    def refuse(self, call: Call, refusal: Refusal) -> None:
        """Send the answer that the gateway gives itself."""


class Call:
    """A request; made when its first byte arrives.

    Attributes:
        client: who waits for the answer; None when nobody does (a mirrored copy, a client that left).
        started: when its first byte came, monotonic seconds.
        method, url: as on the wire.
        headers: all of them.
        host, origin, authorization, content_type, client_id, trace: headers that the gateway looks at.
        forced: the deployment that the client asks for.
        length: of the body, as the head says it; -1 when it comes in chunks, None when there is no word of one.
        expects: whether the client waits for ``100 Continue``.
        parts, size: the body as it comes, and its length, bytes; `body`: the whole.
        limit: longest body, bytes.
        refusal: the answer, once it is clear that no replica will give it.
        page: type and body of a page of the gateway's own, given when the request is whole.
        keep_alive: whether the connection stays.
        endpoint, target: where it goes; `target` may change when it is sent again.
        link, number: the replica that works on it, and the frame's id there.
        request_id: of the answer; begins with the revision.
        queued, sent: when it began to wait and when it was sent, monotonic seconds.
        attempts: how often it was sent.
        is_copy: whether it only mirrors another.
    """

    __slots__ = (
        "attempts",
        "authorization",
        "body",
        "client",
        "client_id",
        "content_type",
        "endpoint",
        "expects",
        "forced",
        "headers",
        "host",
        "is_copy",
        "keep_alive",
        "length",
        "limit",
        "link",
        "method",
        "number",
        "origin",
        "page",
        "parts",
        "queued",
        "refusal",
        "request_id",
        "sent",
        "size",
        "started",
        "target",
        "trace",
        "url",
    )

    def __init__(self, client: Client | None, started: float) -> None:
        self.client = client
        self.started = started
        self.method = b""
        self.url = b""
        self.headers: Pairs = []
        self.host = b""
        self.origin = b""
        self.authorization = b""
        self.content_type = b""
        self.client_id = b""
        self.trace = b""
        self.forced = b""
        self.length: int | None = None
        self.expects = False
        self.parts: list[bytes] = []
        self.body = b""
        self.size = 0
        self.limit = 0
        self.refusal: Refusal | None = None
        self.page: tuple[bytes, bytes] | None = None
        self.keep_alive = True
        self.endpoint: Endpoint | None = None
        self.target: Target | None = None
        self.link: Link | None = None
        self.number = 0
        self.request_id = ""
        self.queued = 0.0
        self.sent = 0.0
        self.attempts = 0
        self.is_copy = False

    def copy_for(self, target: Target, now: float) -> Call:
        """Make a copy for mirroring, which nobody waits for."""
        made = Call(None, now)
        for name in ("method", "url", "headers", "content_type", "body", "size", "endpoint", "trace"):
            setattr(made, name, getattr(self, name))
        made.target = target
        made.is_copy = True
        return made
