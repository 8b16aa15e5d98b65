"""What the processes that serve a model tell each other: files and sockets under ``<home>/serving``.

The server writes ``routes.json``, the gateway reads it; each keeper writes ``replicas/<revision>.json``, gateway
and server read it. A datagram wakes the reader, a slow look finds what a lost datagram announced. Files are
replaced whole. A field that a reader does not know is passed over, one that is missing has its default, so that
processes of different releases understand each other. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar

_LONGEST_ADDRESS = 107
_REVISION_DIGITS = 12


@dataclass(frozen=True)
class Places:
    """Where everything lies.

    Attributes:
        home: the folder ``<home>/serving``.
        mark: part of the names of the replicas' sockets that tells them from those of another keeper of the same
            revision on the same machine (which `proc(5)` shows by their names); empty where there is one only.
    """

    home: Path
    mark: str = ""

    @property
    def routes(self) -> Path:
        """What the server wants served: `Routes`."""
        return self.home / "routes.json"

    @property
    def gateway(self) -> Path:
        """Who the gateway is: `GatewayRecord`."""
        return self.home / "gateway.json"

    @property
    def wake(self) -> Path:
        """Datagram socket of the gateway; any message means: read the files again."""
        return self.home / "gateway.wake"

    @property
    def replicas(self) -> Path:
        """Folder of the keepers' records and sockets."""
        return self.home / "replicas"

    @property
    def applied(self) -> Path:
        """Which routes the gateway goes by now: `AppliedRecord`. A replaced revision is safe to end after that."""
        return self.home / "gateway.applied"

    @property
    def requests(self) -> Path:
        """Folder of the request log, one file of JSON lines a day (UTC)."""
        return self.home / "requests"

    def record(self, revision: str) -> Path:
        """Give the file with a revision's `RevisionRecord`."""
        return self.replicas / f"{revision}.json"

    def socket(self, revision: str, number: int) -> Path:
        """Give the listening stream socket of a replica."""
        return self.replicas / f"{revision}.{number}{self.mark}.sock"

    def control(self, revision: str) -> Path:
        """Give the datagram socket of a revision's keeper; see `tell`."""
        return self.replicas / f"{revision}.ctl"

    def certificate(self, revision: str) -> Path:
        """Give the file with the certificate and the key of a revision that runs on other machines (PEM)."""
        return self.replicas / f"{revision}.pem"

    def make(self) -> None:
        """Make the folders, for their owner alone."""
        for folder in (self.home, self.replicas, self.requests):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True)
class DeploymentRoute:
    """How the gateway serves one deployment.

    Attributes:
        revision: 12 hexadecimal digits; names the replicas' files.
        timeout_s: limit on the answer, seconds.
        max_concurrent: requests that a replica works on at once, scripts; a model says itself how many it takes.
        max_queue_wait_s: longest wait for a free replica, seconds.
        max_body: largest body, bytes.
        model: ``name:version``, None without a model.
        ready: whether the server has seen it ready; one that is not gets no share of the traffic.
    """

    revision: str
    timeout_s: float = 5.0
    max_concurrent: int = 1
    max_queue_wait_s: float = 0.5
    max_body: int = 16 << 20
    model: str | None = None
    ready: bool = True


@dataclass(frozen=True)
class EndpointRoute:
    """How the gateway serves one endpoint.

    Attributes:
        workspace, name: together the path, ``/<workspace>/<name>/score``.
        auth_mode: ``key``, ``aml_token``, ``aad_token``; ``none`` lets everybody in, where the gateway can be
            reached from this machine only, and nobody elsewhere.
        keys: SHA-256 of the primary and the secondary key, hexadecimal.
        token_secret: base64 of the secret of the tokens (JWT, HS256, claims ``sub`` = ``<workspace>/<name>``,
            ``exp``).
        scoring_key: base64 of the key that marks people's access tokens (`lapisml.core.scoring_tokens`), for
            ``aad_token``.
        traffic: deployment → percentage; sums to 0 or 100.
        mirror: deployment → percentage of requests that it gets a copy of.
        swagger: file with the OpenAPI document; None means the general one.
        deployments: by name, those without traffic too.
    """

    workspace: str
    name: str
    auth_mode: str = "key"
    keys: Sequence[str] = field(default=(), repr=False)
    token_secret: str = field(default="", repr=False)
    scoring_key: str = field(default="", repr=False)
    traffic: Mapping[str, int] = field(default_factory=dict)
    mirror: Mapping[str, int] = field(default_factory=dict)
    swagger: str | None = None
    deployments: Mapping[str, DeploymentRoute] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the plain form."""
        plain = _known(cls, body)
        plain["keys"] = tuple(plain.get("keys") or ())
        plain["deployments"] = {
            name: DeploymentRoute(**_known(DeploymentRoute, one))
            for name, one in (plain.get("deployments") or {}).items()
        }
        return cls(**plain)


@dataclass(frozen=True)
class Routes:
    """Everything that the gateway serves.

    Attributes:
        version: grows with every change.
        admin_key: SHA-256 of the key that opens ``/metrics``, hexadecimal; empty closes it.
        endpoints: all of them.
    """

    version: int = 0
    admin_key: str = field(default="", repr=False)
    endpoints: Sequence[EndpointRoute] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the plain form, secrets included: only for files that their owner alone may read."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the plain form.

        Raises:
            TypeError, AttributeError: it is not one.
        """
        plain = _known(cls, body)
        plain["endpoints"] = tuple(EndpointRoute.from_json(one) for one in plain.get("endpoints") or ())
        return cls(**plain)


@dataclass(frozen=True)
class ReplicaRecord:
    """One replica.

    Attributes:
        number: its place; the socket's name follows from it.
        socket: name of its listening socket within the folder of replicas.
        ready: whether its probe passes.
        pid: its process, 0 while there is none.
        restarts: how often it was started again.
        share: name of the share that it belongs to; empty on this machine.
    """

    number: int
    socket: str
    ready: bool = False
    pid: int = 0
    restarts: int = 0
    share: str = ""


@dataclass(frozen=True)
class ShareRecord:
    """The replicas of a revision that one other machine keeps.

    Its keeper answers at a door (`lapisml.runner.serving.doors`).

    Attributes:
        name: number of the machine within its compute, as a text.
        node: what the machine is called.
        address, port: where its door is, as seen from the gateway; no port as long as it is not known.
        state: as `RevisionRecord.state`.
        sentence: why it does not answer, empty when it does.
    """

    name: str
    node: str = ""
    address: str = ""
    port: int = 0
    state: str = "starting"
    sentence: str = ""


@dataclass(frozen=True)
class RevisionRecord:
    """What a keeper says of its revision.

    Attributes:
        revision: 12 hexadecimal digits.
        state: ``starting``, ``ready``, ``failed``, ``zero`` (none runs, the next request starts one), ``stopped``.
        reason: a sentence, for ``failed`` and ``stopped``.
        log_tail: the last lines of a replica's log, for ``failed``.
        wanted: replicas that shall run.
        replicas: those that do.
        acceleration: ``state`` (``off``, ``pending``, ``on``, ``refused``), ``reason`` and figures.
        swagger: file with the model's OpenAPI document.
        keeper: identity of the process that writes this (`lapisml.runner.processes.identity`); None where the server
            writes it, of a revision that runs on other machines.
        shares: the machines that keep a part of it each; none on this machine.
        door: port of the keeper's door, 0 without one.
        addresses: of the keeper's machine, as it sees itself, the likeliest first.
        takes: requests under way up to which the keeper's replicas, all that it may have, are enough.
    """

    revision: str
    state: str = "starting"
    reason: str = ""
    log_tail: str = ""
    wanted: int = 1
    replicas: Sequence[ReplicaRecord] = ()
    acceleration: Mapping[str, Any] = field(default_factory=dict)
    swagger: str | None = None
    keeper: Mapping[str, Any] | None = None
    shares: Sequence[ShareRecord] = ()
    door: int = 0
    addresses: Sequence[str] = ()
    takes: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the plain form.

        Raises:
            TypeError, AttributeError: it is not one.
        """
        plain = _known(cls, body)
        plain["addresses"] = tuple(str(one) for one in plain.get("addresses") or ())
        plain["shares"] = tuple(ShareRecord(**_known(ShareRecord, one)) for one in plain.get("shares") or ())
        plain["replicas"] = tuple(ReplicaRecord(**_known(ReplicaRecord, one)) for one in plain.get("replicas") or ())
        return cls(**plain)


@dataclass(frozen=True)
class GatewayRecord:
    """Who the gateway is and where it listens.

    Attributes:
        pid, boot_id, start_ticks: identity of the master.
        host, port: the address that it listens on.
        url: address for clients, without a slash at its end.
        worker: identity of the process that answers; None while none does.
    """

    pid: int
    boot_id: str
    start_ticks: int
    host: str
    port: int
    url: str
    worker: Mapping[str, Any] | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """The master's, as `lapisml.runner.processes.identity` gives it."""
        return {"pid": self.pid, "boot_id": self.boot_id, "start_ticks": self.start_ticks}

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the plain form.

        Raises:
            TypeError, AttributeError: it is not one.
        """
        return cls(**_known(cls, body))


@dataclass(frozen=True)
class AppliedRecord:
    """Which routes the gateway's worker goes by.

    Attributes:
        version: `Routes.version`.
        worker: identity of the worker.
    """

    version: int = -1
    worker: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the plain form.

        Raises:
            TypeError, AttributeError: it is not one.
        """
        return cls(**_known(cls, body))


_Record = TypeVar("_Record", Routes, RevisionRecord, GatewayRecord, AppliedRecord)


def read(kind: type[_Record], path: Path) -> _Record | None:
    """Read a record; None when the file is absent, not whole JSON, or not a record of this kind."""
    try:
        return kind.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write(path: Path, record: Routes | RevisionRecord | GatewayRecord | AppliedRecord) -> None:
    """Replace a record's file at once; its owner alone can read it.

    Raises:
        OSError: the file system refused.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(record.to_json()).encode())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def connectable(path: Path) -> Iterator[str]:
    """Give an address for a unix socket at `path`, of any length, to bind or connect to within the block.

    An address may have 107 bytes (unix(7)); a longer one goes through a descriptor of its folder.

    Raises:
        OSError: the folder is not there.
    """
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def bound(path: Path, kind: socket.SocketKind, backlog: int = 128) -> socket.socket:
    """Bind a unix socket in the place of an old one, for its owner alone; it doesn't block, nor reach children.

    Args:
        path: where.
        kind: ``SOCK_DGRAM``, or ``SOCK_STREAM``, which listens.
        backlog: connections that may wait to be accepted.

    Raises:
        OSError: the folder is not there, or is full.
    """
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        path.unlink(missing_ok=True)
        with connectable(path) as address:
            made.bind(address)
        path.chmod(0o600)
        if kind == socket.SOCK_STREAM:
            made.listen(backlog)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def tell(path: Path, message: Mapping[str, Any]) -> bool:
    """Send a datagram with a JSON object, without waiting; False when nobody took it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            with connectable(path) as address:
                sender.sendto(json.dumps(message).encode(), address)
        except OSError:
            return False
    return True


def is_revision(text: str) -> bool:
    """Say whether this is a revision's name, and so safe within a file's."""
    return len(text) == _REVISION_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def _known(kind: type[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in body.items() if name in names}
