"""What the gateway does with a request once its head is there, whoever brings it."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lapisml.gateway import answers, metrics
from lapisml.gateway.calls import Call, Refusal
from lapisml.gateway.limits import Limits
from lapisml.gateway.metrics import Metrics
from lapisml.gateway.pools import Pool, method_not_allowed
from lapisml.gateway.requestlog import Entry, RequestLog
from lapisml.gateway.settings import GatewaySettings
from lapisml.gateway.swagger import description
from lapisml.gateway.table import Endpoint, Table, Target
from lapisml.ports.serving import DeploymentRoute, Places, RevisionRecord, Routes, is_revision, read

_HEALTHY = b'{"status": "ok"}'
_READ = (b"GET", b"HEAD")
_JSON_TYPES = (b"", b"application/json")
_SDK = b"azure-ai-ml/"

Signature = tuple[int, int, int] | None
"""Of a file: what changes when it is replaced."""


class Gateway:
    """Routes requests.

    Args:
        settings: how it listens, and where the files to go by lie.
        limits: bounds.
        log: takes an entry of each request; None keeps no log.
    """

    def __init__(self, settings: GatewaySettings, limits: Limits, log: RequestLog | None = None) -> None:
        self.limits = limits
        self.held_bytes = 0
        self.open: set[object] = set()
        self._places = Places(settings.home)
        self._hosts = settings.hosts()
        self._scheme = settings.scheme.encode()
        self._may_be_open = settings.is_local
        self._log = log
        self._metrics = Metrics()
        self._pools: dict[str, Pool] = {}
        self._retiring: list[Pool] = []
        self._seen: dict[Path, Signature] = {}
        self._last_host = b""
        self._table = Table(Routes(), self._pool_of, self._metrics)

    @property
    def version(self) -> int:
        """Of the routes that requests go by."""
        return self._table.version

    @property
    def is_idle(self) -> bool:
        """Whether no request waits or is under way."""
        return all(pool.is_idle for pool in (*self._pools.values(), *self._retiring))

    # ---- requests

    def admit(self, call: Call) -> None:
        """Look at a request's head: is it for us, who sends it, where does it go.

        Raises:
            Refusal: it is answered without a replica.
        """
        self._check_origin(call)
        path = call.url.partition(b"?")[0]
        endpoint = self._table.scores.get(path)
        if endpoint is None:
            self._admit_page(call, path)
            return
        call.endpoint = endpoint
        endpoint.check(call.authorization)
        target = endpoint.targets.get(call.forced) if call.forced else None
        if target is None and call.forced and _keeps_headers(call):
            call.forced = b""
        if call.method != b"POST":
            shown = target or endpoint.shown
            if shown is None or shown.pool.is_raw is False:
                raise method_not_allowed()
        elif call.length is None:
            raise Refusal(411, "LengthRequired", "The request has no body; send one with its length.")
        call.limit = target.route.max_body if target is not None else endpoint.max_body
        if call.content_type.partition(b";")[0].strip().lower() in _JSON_TYPES:
            call.content_type = b""

    def dispatch(self, call: Call) -> None:
        """Hand a whole request to a replica of the deployment that the routes say now; also one that comes back."""
        assert call.endpoint is not None
        now = time.monotonic()
        try:
            endpoint = self._now(call.endpoint)
            target = endpoint.choose(call.forced)
            if call.size > target.route.max_body:
                raise too_large(target.route.max_body)
            is_first = not call.request_id
            call.target = target
            call.request_id = f"{target.route.revision}-{random.getrandbits(64):016x}"
            target.pool.submit(call, now)
        except Refusal as refusal:
            if call.client is not None:
                call.client.refuse(call, refusal)
            return
        if endpoint.mirrors and is_first and not call.forced:
            self._mirror(call, endpoint, target, now)

    def finished(self, call: Call, status: int, size: int) -> None:
        """Count an answered request.

        Args:
            size: of the answer's body, bytes.
        """
        now = time.monotonic()
        duration = now - call.started
        target, endpoint = call.target, call.endpoint
        stats = target.stats if target is not None else self._metrics.unrouted
        stats.count(status, duration, call.size, size)
        if self._log is None:
            return
        self._log.add(
            Entry(
                time.time(),
                duration,
                call.sent - call.started if call.sent else duration,
                call.request_id,
                call.client_id,
                call.trace,
                endpoint.workspace if endpoint is not None else "",
                endpoint.name if endpoint is not None else "",
                target.name if target is not None else "",
                target.route.revision if target is not None else "",
                call.method,
                status,
                call.size,
                size,
            )
        )

    def _now(self, endpoint: Endpoint) -> Endpoint:
        """Give the endpoint as the routes say now; a request may have been admitted by others."""
        found = self._table.endpoints.get((endpoint.workspace, endpoint.name))
        if found is None:
            raise Refusal(404, "EndpointNotFound", "There is no such endpoint any more.")
        return found

    def _check_origin(self, call: Call) -> None:
        """Refuse what a page of another site makes a browser send, and names that were bound to this address."""
        if call.host != self._last_host or not call.host:
            if host_name(call.host) not in self._hosts:
                raise Refusal(400, "AddressNotAllowed", "This gateway does not answer under that name.")
            self._last_host = call.host
        if call.origin and call.origin != self._scheme + b"://" + call.host:
            raise Refusal(403, "Forbidden", "Pages of other sites can't send requests to this gateway.")

    def _admit_page(self, call: Call, path: bytes) -> None:
        endpoint = self._table.descriptions.get(path)
        if endpoint is not None:
            call.endpoint = endpoint
            endpoint.check(call.authorization)
        elif path == b"/metrics":
            self._table.admin(call.authorization)
        elif path != b"/healthz":
            raise Refusal(404, "NotFound", "There is no endpoint at this address.")
        if call.method not in _READ:
            raise Refusal(405, "MethodNotAllowed", "This page can only be read.", b"allow: GET, HEAD\r\n")
        if endpoint is not None:
            call.page = (answers.JSON, description(endpoint, call.forced))
        else:
            call.page = (answers.JSON, _HEALTHY) if path == b"/healthz" else (metrics.TYPE, self._written())

    def _mirror(self, call: Call, endpoint: Endpoint, target: Target, now: float) -> None:
        for other in endpoint.copies():
            if other is target or call.size > other.route.max_body:
                continue
            copy = call.copy_for(other, now)
            copy.request_id = f"{other.route.revision}-{call.request_id[-16:]}"
            try:
                other.pool.submit(copy, now)
            except Refusal:
                other.stats.dropped_copies += 1
            else:
                other.stats.mirrored += 1

    # ---- files

    def reload(self) -> bool:
        """Read those files again that were replaced; True when the routes are others."""
        changed = self._is_new(self._places.routes)
        if changed:
            routes = read(Routes, self._places.routes)
            changed = routes is not None and self._adopt(routes)
        for revision, pool in self._pools.items():
            path = self._places.record(revision)
            if self._is_new(path):
                record = read(RevisionRecord, path)
                if record is not None:
                    pool.apply(record)
        return changed

    def tick(self) -> None:
        """End what took too long; to be called every few hundredths of a second."""
        now = time.monotonic()
        for pool in (*self._pools.values(), *self._retiring):
            pool.tick(now)
        if self._retiring:
            self._retiring = [pool for pool in self._retiring if not pool.is_idle]

    def _adopt(self, routes: Routes) -> bool:
        try:
            self._table = Table(routes, self._pool_of, self._metrics, self._may_be_open)
        except (ValueError, TypeError, AttributeError) as error:
            sys.stderr.write(f"routes.json makes no sense, the routes before it stay: {error}\n")
            return False
        wanted = {target.route.revision for one in self._table.endpoints.values() for target in one.targets.values()}
        self._metrics.keep(self._table.names())
        for revision in self._pools.keys() - wanted:
            pool = self._pools.pop(revision)
            self._seen.pop(self._places.record(revision), None)
            self._retiring.append(pool)
            pool.retire()
        return True

    def _pool_of(self, route: DeploymentRoute) -> Pool:
        if not is_revision(route.revision):
            raise ValueError(f"{route.revision!r} is no revision")
        pool = self._pools.get(route.revision)
        if pool is None:
            pool = Pool(route.revision, route, self._places, self.limits, self._resend)
            self._pools[route.revision] = pool
        pool.route = route
        return pool

    def _resend(self, call: Call) -> None:
        if call.target is not None and call.attempts:
            call.target.stats.resent += 1
        self.dispatch(call)

    def _is_new(self, path: Path) -> bool:
        signature = _signature(path)
        if self._seen.get(path) == signature:
            return False
        self._seen[path] = signature
        return signature is not None

    # ---- metrics

    def _written(self) -> bytes:
        page = metrics.Page()
        self._metrics.write(page)
        targets = [
            ({"workspace": one.workspace, "endpoint": one.name, "deployment": target.name}, target)
            for one in self._table.endpoints.values()
            for target in one.targets.values()
        ]
        for name, about, number_of in _GAUGES:
            page.family(name, "gauge", about, [(labels, number_of(target.pool)) for labels, target in targets])
        page.family("lapis_gateway_connections", "gauge", "Open connections.", [({}, len(self.open))])
        page.family("lapis_gateway_held_bytes", "gauge", "Bytes of bodies in memory.", [({}, self.held_bytes)])
        page.family("lapis_gateway_routes_version", "gauge", "Version of the routes.", [({}, self._table.version)])
        return page.text()


_GAUGES: tuple[tuple[str, str, Callable[[Pool], int]], ...] = (
    ("lapis_replicas_ready", "Replicas that answer.", lambda pool: pool.ready),
    ("lapis_replicas_wanted", "Replicas that shall run.", lambda pool: pool.wanted),
    ("lapis_requests_in_flight", "Requests that replicas work on.", lambda pool: pool.in_flight),
    ("lapis_requests_queued", "Requests that wait for a replica.", lambda pool: len(pool.waiting)),
)


def too_large(limit: int) -> Refusal:
    """Say that a body is too long."""
    return Refusal(413, "RequestTooLarge", f"The body is longer than the {limit:,} bytes that are allowed.")


def host_name(host: bytes) -> bytes:
    """Give the name of a Host header without its port, lower case; ``[…]`` of IPv6 stays."""
    name, colon, port = host.rpartition(b":")
    return (name if colon and port.isdigit() else host).lower().removesuffix(b".")


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _keeps_headers(call: Call) -> bool:
    """Say whether a request comes from a client that goes on naming the deployment of an earlier invocation.

    Azure's SDK makes sure itself that the endpoint has a deployment before it names one; where it names another, it
    sends what is left from another endpoint.
    """
    return any(name == b"user-agent" and value.startswith(_SDK) for name, value in call.headers)
