"""The page as an ASGI application: ``/studio`` and everything below. Static and open: nothing in it is secret.

Every address that is no file of the build is one of the page itself, which reads it: it gets ``index.html``.
"""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread

from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.server.platform.auth import Receive, Scope, Send
from lapisml.server.surfaces.studio.files import PageFile, find_files

PREFIX = "/studio"
PAGE = Path(__file__).parent / "page"

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the page may load and do. Component libraries set styles on elements, so those may be inline; scripts never."""

NOT_BUILT = (
    "Studio, the web page, is not part of this installation.\n"
    "In a checkout of the source this builds it, with Node 20 or newer: python studio/build_page.py\n"
    "It is there at the next reload; the command line and the SDK work without it.\n"
)

_INDEX = "index.html"
_ASSETS = "assets/"
_FOR_EVER = b"public, max-age=31536000, immutable"
"""Files below ``assets/`` have a digest of their content in their names."""


class StudioPage:
    """Serves the page.

    Args:
        folder: what the build left; None: where the build of this package leaves it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or PAGE
        self._files: dict[str, PageFile] = {}
        self._built_at = 0

    def is_built(self) -> bool:
        """Say whether there is a page."""
        return (self._folder / _INDEX).is_file()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as in every one
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise LapisError(ErrorCode.USAGE, "The addresses of the page can only be read.")
        head = dict(scope["headers"])
        name = scope["path"].removeprefix(PREFIX).removeprefix("/")
        status, headers, body = await to_thread.run_sync(self._answer, name, head)
        if status != 304:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})

    def _answer(self, name: str, head: dict[bytes, bytes]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        files = self._known()
        if _INDEX not in files:
            return 404, [(b"content-type", b"text/plain; charset=utf-8")], NOT_BUILT.encode()
        file = files.get(name)
        if file is None and name.startswith(_ASSETS):
            raise not_found("file of the page", name, "The page was built anew: reload it.")
        form = (file or files[_INDEX]).form(head.get(b"accept-encoding", b"").decode("latin-1"))
        headers = [
            (b"cache-control", _FOR_EVER if name.startswith(_ASSETS) else b"no-cache"),
            (b"content-security-policy", CSP.encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"etag", form.etag.encode()),
            (b"vary", b"accept-encoding"),
        ]
        if form.etag.encode() in head.get(b"if-none-match", b""):
            return 304, headers, b""
        if form.encoding:
            headers.append((b"content-encoding", form.encoding.encode()))
        headers.append((b"content-type", (file or files[_INDEX]).kind.encode()))
        return 200, headers, form.content

    def _known(self) -> dict[str, PageFile]:
        """List the files at first use, and again after another build."""
        try:
            built_at = (self._folder / _INDEX).stat().st_mtime_ns
        except OSError:
            return {}
        if built_at != self._built_at:
            self._files, self._built_at = find_files(self._folder), built_at
        return self._files
