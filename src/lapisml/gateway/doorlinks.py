"""Connections to replicas on other machines: through the door of the keeper there (`lapisml.runner.serving.doors`)."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.gateway.links import Link
from lapisml.ports.serving import RevisionRecord
from lapisml.runner.serving import doors
from lapisml.scoring.lapis_scoring import frames

if TYPE_CHECKING:
    from lapisml.gateway.pools import Pool

_CONNECT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


async def _knock(loop: asyncio.AbstractEventLoop, made: asyncio.Protocol, share: Share) -> None:
    """Connect to a door.

    Raises:
        OSError: it is not there, did not open in time, or is not the one that it should be.
    """
    try:
        await asyncio.wait_for(
            loop.create_connection(lambda: made, share.address, share.port, ssl=share.context(), server_hostname=""),
            _CONNECT_S,
        )
    except (TimeoutError, ssl.SSLError, ValueError) as error:
        raise OSError(str(error)) from error


class DoorLink(Link):
    """The connection to one replica on another machine.

    Args:
        pool: whose replica this is.
        share: the machine's.
        number: of the replica there.
    """

    def __init__(self, pool: Pool, share: Share, number: int) -> None:
        super().__init__(pool, number, Path())
        self.key = (share.name, number)
        self.share = share

    @property
    def is_doubtful(self) -> bool:  # type: ignore[override]  # what is fixed for a replica here, the machine says there
        """Whether nothing has been heard of its machine for a while."""
        return self.share.is_doubtful

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say at the door which replica is wanted."""
        super().connection_made(transport)
        bare = transport.get_extra_info("socket")
        if bare is not None:
            doors.watch_over(bare)
        transport.write(doors.opening(self._pool.revision, self.number))  # type: ignore[attr-defined]  # a stream's

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        await _knock(loop, self, self.share)


class Share(asyncio.Protocol):
    """The connection to the keeper of another machine: it tells how its replicas are, and is told of the load.

    It is also how the gateway knows that the machine can be reached: the keeper is pinged all the time. A machine that
    has been silent for a while is asked last; requests that lie there for longer are given to other replicas.

    Args:
        pool: whose share it is.
        name: of the share.
        address, port: of its door.

    Attributes:
        record: what the keeper said last; None before its first word.
        is_doubtful: whether an answer is overdue.
    """

    def __init__(self, pool: Pool, name: str, address: str, port: int) -> None:
        self.name, self.address, self.port = name, address, port
        self.record: RevisionRecord | None = None
        self.is_doubtful = True
        self._pool = pool
        self._parser = frames.Parser()
        self._transport: asyncio.Transport | None = None
        self._context: ssl.SSLContext | None = None
        self._is_leaving = False
        self._heard = self._pinged = self._made = time.monotonic()
        self._asked = 0
        self._given_away = False
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    @property
    def takes(self) -> float:
        """The load up to which its replicas are enough."""
        return self.record.takes if self.record is not None else 0.0

    def context(self) -> ssl.SSLContext:
        """Give the TLS context of the revision.

        Raises:
            OSError: its certificate is not there, or no certificate.
        """
        if self._context is None:
            try:
                self._context = doors.context(self._pool.certificate, is_door=False)
            except ssl.SSLError as error:
                raise OSError(str(error)) from error
        return self._context

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell the keeper something, if it can be told at present."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(doors.telling(message))

    def tick(self, now: float) -> None:
        """Ask whether the machine is there, and draw the conclusions when it says nothing.

        Args:
            now: monotonic seconds.
        """
        limit = self._pool.silence_s
        if self._transport is not None and now - self._pinged >= limit / 5:
            self._pinged = now
            self._asked += 1
            self._transport.write(frames.pack(frames.PING, self._asked & 0xFFFFFFFF))
        silent = now - self._heard
        if not self.is_doubtful and silent >= limit / 2:
            self.is_doubtful = True
            self._pool.changed()
        if silent >= limit and self._pool.can_do_without(self):
            self._give_away()
        if self._transport is not None and min(silent, now - self._made) >= 2 * limit:
            self._transport.abort()  # another connection may get through

    def leave(self, *, now: bool = True) -> None:
        """Close.

        Args:
            now: whether requests that are under way there are given to other replicas, else they are awaited.
        """
        self._is_leaving = True
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()
        if now:
            for link in self._pool.links_of(self):
                link.give_up()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say at the door that the keeper is wanted."""
        assert hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._parser = frames.Parser()
        bare = transport.get_extra_info("socket")
        if bare is not None:
            doors.watch_over(bare)
        transport.write(doors.opening(self._pool.revision))
        self._made = self._pinged = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """Take what the keeper says; anything is a sign of life."""
        self._heard = time.monotonic()
        if self._given_away:
            self._given_away = False
            for link in self._pool.links_of(self):
                if not link.capacity:  # made while the machine was silent: nobody may ever have heard of it
                    link.cut()
        if self.is_doubtful:
            self.is_doubtful = False
            self._pool.changed()
        try:
            for frame in self._parser.feed(data):
                if frame.kind == doors.RECORD:
                    self._take(frame.body)
        except frames.FrameError:
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Knock again."""
        self._transport = None
        if self._is_leaving:
            return
        if not self.is_doubtful:
            self.is_doubtful = True
            self._pool.changed()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def _take(self, body: bytes) -> None:
        record = doors.read_record(body)
        if record is None or record.revision != self._pool.revision:
            return
        is_other_keeper = self.record is not None and self.record.keeper != record.keeper
        self.record = record
        self._pool.heard(self, is_other_keeper)

    def _give_away(self) -> None:
        """Cut the connections to the machine: what its replicas have not answered goes to others."""
        if self._given_away:
            return
        self._given_away = True
        if self._transport is not None:
            self._transport.abort()
        for link in self._pool.links_of(self):
            link.cut()

    async def _connect(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._is_leaving:
            try:
                await _knock(asyncio.get_running_loop(), self, self)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            else:
                return
