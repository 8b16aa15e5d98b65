"""Uploads in parts: each part is a file of its own in a hidden folder until the whole is put together.

The parts go to this server like everything else; the addresses that a client gets for them are its own, and the
headers that go with them are those that it sent.
"""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import PurePosixPath
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea
from lapisml.server.surfaces.mlflow.call import Call, Scope

PREFIX = "mlflow-artifacts/mpu/"
_PART = "part/"
_UPLOAD_ID = re.compile(r"[0-9a-f]{11}-[0-9a-f]{32}")
_MOST_PARTS = 10_000
_KEPT_MS = 24 * 3600 * 1000
_CHUNK = 1 << 20


class MultipartUploads:
    """Begins, takes and ends uploads in parts.

    Args:
        area: where artifacts lie and who may touch them.
        storage: reads and writes them.
    """

    def __init__(self, area: ArtifactArea, storage: Storage) -> None:
        self._area = area
        self._storage = storage

    def answer(self, address: str, call: Call, scope: Scope) -> dict[str, Any]:
        """Answer ``create``, ``complete`` and ``abort``; `address` is what follows `PREFIX`.

        Raises:
            LapisError: NotFound, Usage, PathNotAllowed, Forbidden.
        """
        verb, _, folder = address.partition("/")
        name = PurePosixPath(call.fields.required("path").replace("\\", "/")).name
        path = f"{folder.strip('/')}/{name}"
        target = self._area.writable(call, path)
        if verb == "create":
            return self._create(call, path, scope)
        staging = self._staging(call, path, call.fields.required("upload_id"))
        if verb == "complete":
            self._complete(call, staging, target)
        elif verb != "abort":
            raise LapisError(ErrorCode.NOT_FOUND, "There is nothing at this address.")
        self._storage.delete(self._area.parts(call.workspace).child(call.fields.required("upload_id")))
        return {}

    def place(self, address: str, call: Call) -> tuple[StorageLocation, int]:
        """Return where a part goes whose upload begins: the folder of the parts, and its number.

        Raises:
            LapisError: NotFound, Usage, PathNotAllowed, Forbidden.
        """
        upload_id, _, rest = address.removeprefix(_PART).partition("/")
        number, _, path = rest.partition("/")
        if not number.isdecimal() or not 1 <= int(number) <= _MOST_PARTS:
            raise invalid(f"The number of a part is 1 to {_MOST_PARTS}.")
        self._area.writable(call, path)
        return self._staging(call, path, upload_id), int(number)

    def finish_part(self, folder: StorageLocation, number: int, written: StorageLocation, digest: str) -> None:
        """Give a part that has arrived the name under which `complete` finds it: its number and content."""
        self._storage.copy(written, folder.child(_part_name(number, digest)), link=True)
        self._storage.delete(written)

    def _create(self, call: Call, path: str, scope: Scope) -> dict[str, Any]:
        count = call.fields.integer("num_parts", 1, 1, _MOST_PARTS)
        self._sweep(call)
        upload_id = f"{int(time.time() * 1000):011x}-{token_hex(16)}"
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        base = f"{scope.get('scheme', 'http')}://{sent.get('host', '')}/mlflow/{quote(call.workspace.name)}"
        headers = {"Authorization": sent["authorization"]} if "authorization" in sent else {}
        parts = [
            {
                "url": f"{base}/api/2.0/{PREFIX}{_PART}{upload_id}/{number}/{quote(path)}",
                "part_number": number,
                "headers": headers,
            }
            for number in range(1, count + 1)
        ]
        return {"upload_id": upload_id, "credentials": parts}

    def _complete(self, call: Call, staging: StorageLocation, target: StorageLocation) -> None:
        """Put the parts together in the order of their numbers."""
        named = [
            (one.integer("part_number", 0, 1, _MOST_PARTS), one.text("etag")) for one in call.fields.objects("parts")
        ]
        there = {entry.path for entry in self._storage.children(staging)}
        names = [_part_name(number, etag.strip('"')) for number, etag in sorted(named)]
        if not names or len({number for number, _ in named}) != len(named) or not there.issuperset(names):
            raise invalid("The parts of the upload are not all there.")
        with self._storage.open_write(target) as out:
            for name in names:
                with self._storage.open_read(staging.child(name)) as part:
                    while chunk := part.read(_CHUNK):
                        out.write(chunk)

    def _staging(self, call: Call, path: str, upload_id: str) -> StorageLocation:
        """Return the folder of an upload's parts; no other target's upload leads there."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise LapisError(ErrorCode.NOT_FOUND, "There is no such upload.")
        digest = hashlib.sha256(path.strip("/").encode()).hexdigest()[:32]
        return self._area.parts(call.workspace).child(f"{upload_id}/{digest}")

    def _sweep(self, call: Call) -> None:
        """Delete uploads that nobody ended within a day."""
        folder, oldest = self._area.parts(call.workspace), int(time.time() * 1000) - _KEPT_MS
        for entry in self._storage.children(folder):
            if _UPLOAD_ID.fullmatch(entry.path) and int(entry.path[:11], 16) < oldest:
                self._storage.delete(folder.child(entry.path))


def _part_name(number: int, digest: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise invalid("The etag of a part is the one that its upload was answered with.")
    return f"{number}.{digest}"
