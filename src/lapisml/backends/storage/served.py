"""The store ``lapis``: files of the server's machine, reached through the server with a sealed ticket.

Used by jobs on other machines, with the standard library alone. Where the server is, is read from its server file at
every try: one that is away, or has moved, is waited for, and whoever listens is told so in a sentence.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlencode

from lapisml.backends.storage import files
from lapisml.backends.storage.failures import not_there, translated, unreachable
from lapisml.backends.storage.served_calls import Answer, Body, ServerAwayError, ServerCalls
from lapisml.core import bundles
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation

T = TypeVar("T")

_PIECE = 1 << 20
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_TOLD_AFTER_S = 2.0
_PATIENCE_S = 7 * 24 * 3600.0
"""How long a server that is away is waited for, unless the location's option ``patience_s`` says otherwise."""

Waiting = Callable[[str], None]
"""Takes a sentence about what is waited for."""


class ServedStore:
    """Reads and writes through the server.

    Args:
        on_wait: told when the server is away, and when it is back.
    """

    def __init__(self, on_wait: Waiting | None = None) -> None:
        self.on_wait = on_wait
        self._calls = ServerCalls()

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe a file or folder."""
        found = self._json(location, "info")["info"]
        return None if found is None else _info(found)

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List what lies directly within a folder."""
        return [_info(entry) for entry in self._json(location, "children")["value"]]

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every file below a folder, or the file itself."""

        def ask() -> list[Any]:
            with self._send(location, "GET", "walk") as answer:
                lines = [json.loads(line) for line in answer.read().splitlines()]
            if not lines or lines.pop() is not None:
                raise ServerAwayError("a listing was cut off")
            return lines

        return iter([_info(entry) for entry in self._patiently(location, ask)])

    def open_read(self, location: StorageLocation, offset: int) -> BinaryIO:
        """Open a file for reading; a connection that breaks is made anew where it broke."""
        return BufferedReader(_Reading(self, location, offset), _PIECE)

    def put_file(self, local: Path, location: StorageLocation, *, move: bool) -> None:
        """Store one file, whole or not at all."""

        def put() -> None:
            with translated(location):
                stream = local.open("rb")
            with stream:
                body = Body(stream, os.fstat(stream.fileno()).st_size)
                with self._send(location, "PUT", "content", body=body) as answer:
                    answer.read()

        self._patiently(location, put)
        if move:
            local.unlink()

    def put_small(self, location: StorageLocation, some: list[tuple[str, bytes]]) -> None:
        """Store several small files below a location in one request, each whole or not at all."""
        data = bundles.bundle([(_below(location.child(path)), content) for path, content in some])

        def put() -> None:
            with self._send(location, "PUT", "bundle", body=Body(data, len(data)), path=None) as answer:
                answer.read()

        self._patiently(location, put)

    def fetch_small(self, location: StorageLocation, paths: list[str]) -> list[tuple[str, bytes]]:
        """Bring the first of several small files below a location in one request, as many as fit."""
        asked = json.dumps({"paths": [_below(location.child(path)) for path in paths]}).encode()

        def fetch() -> list[tuple[str, bytes]]:
            body = Body(asked, len(asked), "application/json")
            with self._send(location, "POST", "fetch", body=body, path=None) as answer:
                try:
                    return bundles.unbundle(answer.read())
                except ValueError as error:
                    raise ServerAwayError("an answer was cut off") from error

        found = self._patiently(location, fetch)
        return [(path, content) for path, (_name, content) in zip(paths, found, strict=False)]

    def fetch_file(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        """Bring one file to `local`, whole or not at all."""
        with self.open_read(location, 0) as stream, translated(location), files.replacing(local) as out:
            while data := stream.read(_PIECE):
                out.write(data)
                if progress is not None:
                    progress(len(data))

    def delete(self, location: StorageLocation) -> None:
        """Delete a file or a tree."""

        def delete() -> None:
            with self._send(location, "DELETE", "content") as answer:
                answer.read()

        self._patiently(location, delete)

    def read_from(self, location: StorageLocation, offset: int) -> Answer:
        """Ask for a file's content from an offset on; the answer is read by the caller.

        Raises:
            ServerAwayError: the server is away; `LapisError` as it says.
        """
        return self._send(location, "GET", "content", {"offset": str(offset)})

    def patiently(self, location: StorageLocation, work: Callable[[], T]) -> T:
        """Do `work`; when the server is away, wait for it and do it again.

        Raises:
            LapisError: the server's; StorageUnreachable when it stays away too long.
        """
        return self._patiently(location, work)

    def _json(self, location: StorageLocation, what: str) -> Any:
        def ask() -> Any:
            with self._send(location, "GET", what) as answer:
                try:
                    return json.loads(answer.read())
                except ValueError as error:
                    raise ServerAwayError("an answer was cut off") from error

        return self._patiently(location, ask)

    def _send(
        self,
        location: StorageLocation,
        method: str,
        what: str,
        query: dict[str, str] | None = None,
        *,
        body: Body | None = None,
        path: str | None = "",
    ) -> Answer:
        given = dict(query or {}) if path is None else {"path": _below(location), **(query or {})}
        target = f"/api/v1/node/{what}" + (f"?{urlencode(given)}" if given else "")
        answer = self._calls.send(_server_file(location), method, target, str(location.options["ticket"]), body)
        if answer.status < 300:
            return answer
        with answer:
            raise _refusal(answer, location)

    def _patiently(self, location: StorageLocation, work: Callable[[], T]) -> T:
        began, pause, told = time.monotonic(), _FIRST_PAUSE_S, False
        while True:
            try:
                done = work()
            except (ServerAwayError, http.client.HTTPException, OSError) as error:
                waited = time.monotonic() - began
                if waited > float(location.options.get("patience_s", _PATIENCE_S)):
                    raise unreachable(location, f"the Lapis server is away: {error}") from error
                if waited > _TOLD_AFTER_S and not told:
                    told = True
                    self._tell(f"Waiting for the Lapis server, through which {location} is reached: {error}.")
                time.sleep(pause)
                pause = min(_LONGEST_PAUSE_S, 2 * pause)
            else:
                if told:
                    self._tell("The Lapis server is back.")
                return done

    def _tell(self, sentence: str) -> None:
        if self.on_wait is not None:
            self.on_wait(sentence)


class _Reading(RawIOBase):
    """A raw stream over one file on the server; a connection that breaks is made anew where it broke."""

    def __init__(self, store: ServedStore, location: StorageLocation, offset: int) -> None:
        self._store = store
        self._location = location
        self._at = offset
        self._answer: Answer | None = None
        self._mark: str | None = None
        store.patiently(location, self._open)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        def read() -> bytes:
            if self._answer is None:
                self._open()
            assert self._answer is not None
            try:
                return self._answer.read_some(len(buffer))
            except BaseException:
                self._drop()
                raise

        data = self._store.patiently(self._location, read)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _open(self) -> None:
        answer = self._store.read_from(self._location, self._at)
        if self._mark is not None and answer.header("etag") != self._mark:
            answer.close()
            sentence = f"{self._location} was changed while it was read."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Run the job again.")
        self._mark = answer.header("etag")
        answer.expect(max(0, int(answer.header("x-lapis-size") or 0) - self._at))
        self._answer = answer

    def _drop(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None


def _below(location: StorageLocation) -> str:
    """Return the path below the ticket's own location.

    Raises:
        LapisError: PathNotAllowed for one that is not below it.
    """
    base, path = str(location.options["base"]), location.path
    root = location.root or base
    inside = all(path == top or path.startswith(f"{top.rstrip('/')}/") for top in (base, root))
    if not inside or ".." in path.split("/"):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path {path!r} leads out of its folder.")
    return path[len(base) :].strip("/")


def _server_file(location: StorageLocation) -> str:
    return str(location.options.get("server_file") or "")


def _info(entry: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(str(entry["path"]), int(entry["size"]), bool(entry["is_dir"]), entry["modified_at"])


def _refusal(answer: Answer, location: StorageLocation) -> Exception:
    """Read why the server refused; whoever stands in front of it and says "not now" speaks for one that is away."""
    try:
        error = LapisError.from_json(json.loads(answer.read())["error"])
    except (ValueError, KeyError, TypeError, AttributeError):
        if answer.status in (404, 502, 503, 504):
            return ServerAwayError(f"something answered with status {answer.status} in its place")
        return unreachable(location, f"the server answered with status {answer.status}")
    if error.code is ErrorCode.NOT_FOUND:
        return not_there(location)
    if error.code in (ErrorCode.DATABASE_IN_USE, ErrorCode.SERVER_UNREACHABLE):
        return ServerAwayError(error.message)
    return error
