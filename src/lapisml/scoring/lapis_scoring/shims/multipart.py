"""Bodies of HTML forms: ``multipart/form-data`` (RFC 7578) and ``application/x-www-form-urlencoded``."""

from __future__ import annotations

import io
import re
import shutil
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from .dicts import Headers, MultiDict

_MOST_PARTS = 1000


class FileStorage:
    """A file of a form.

    Attributes:
        stream: its content, as a file.
        filename: what the client calls it.
        name: the field's name.
        content_type: what the client says it is.
    """

    def __init__(self, body: bytes, filename: str, name: str, headers: Headers) -> None:
        self.stream = io.BytesIO(body)
        self.filename = filename
        self.name = name
        self.headers = headers
        self.content_type = str(headers.get("content-type", "application/octet-stream"))
        self.mimetype = self.content_type.partition(";")[0].strip()
        self.content_length = len(body)

    def read(self, size: int = -1) -> bytes:
        """Read from it."""
        return self.stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move in it."""
        return self.stream.seek(offset, whence)

    def save(self, target: Any) -> None:
        """Write it to a path or a file."""
        if hasattr(target, "write"):
            shutil.copyfileobj(self.stream, target)
            return
        with open(target, "wb") as file:
            shutil.copyfileobj(self.stream, file)

    def __iter__(self) -> Any:
        return iter(self.stream)


def stream(body: bytes) -> io.BytesIO:
    """Return bytes as a file."""
    return io.BytesIO(body)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the pairs of a query.

    Raises:
        ValueError: there are too many.
    """
    return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARTS)


def parts(body: bytes, content_type: str) -> tuple[MultiDict, MultiDict]:
    """Return fields and files of a form; both empty for a body that is none.

    Raises:
        ValueError: the body is not what its type says, or has too many parts.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return MultiDict(query_pairs(body.decode())), MultiDict()
    if kind != "multipart/form-data":
        return MultiDict(), MultiDict()
    boundary = _parameters(content_type).get("boundary")
    if not boundary:
        raise ValueError("a multipart body needs a boundary")
    fields: list[tuple[str, Any]] = []
    files: list[tuple[str, Any]] = []
    for headers, content in _split(body, boundary.encode()):
        said = _parameters(str(headers.get("content-disposition", "")))
        name = said.get("name", "")
        if "filename" in said:
            files.append((name, FileStorage(content, said["filename"], name, headers)))
        else:
            fields.append((name, content.decode("utf-8", "replace")))
    return MultiDict(fields), MultiDict(files)


def _split(body: bytes, boundary: bytes) -> list[tuple[Headers, bytes]]:
    whole = b"\r\n" + body
    found: list[tuple[Headers, bytes]] = []
    start = None
    for line in re.finditer(rb"\r\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\Z)", whole):
        if start is not None:
            found.append(_part(whole[start : line.start()]))
        if line.group(1):
            return found
        if len(found) >= _MOST_PARTS:
            raise ValueError(f"a form has more than {_MOST_PARTS} parts")
        start = line.end() + 2
    raise ValueError("a multipart body does not end with its boundary")


def _part(piece: bytes) -> tuple[Headers, bytes]:
    if piece.startswith(b"\r\n"):
        return Headers(), piece[2:]
    head, _, content = piece.partition(b"\r\n\r\n")
    lines = [line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n")]
    return Headers((name.strip(), value.strip()) for name, _, value in lines), content


def _parameters(header: str) -> dict[str, str]:
    message = Message()
    message["content-type"] = header
    found = message.get_params(failobj=[], unquote=True)
    return {name.lower(): value if isinstance(value, str) else value[2] for name, value in found}
