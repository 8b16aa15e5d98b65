"""Files that a browser may show, and the cage that it shows them in.

HTML and SVG that a job wrote may run the scripts they hold (plots need them), in a document with an origin of nobody's
and without a network: it reads no cookie, no page and no answer of this server, and sends nothing anywhere
(https://www.w3.org/TR/CSP3/#directive-sandbox). A PDF is not run by the page's origin in any browser, and is not shown
at all in a sandbox, so it has none.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

_CAGE = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

_KINDS = {
    ".apng": "image/apng",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


def view_headers(name: str) -> dict[str, str]:
    """Give the headers of a file that may be shown within the page; empty for any other.

    Args:
        name: of the file; its ending decides.
    """
    kind = _KINDS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        return {}
    return {
        "Content-Type": kind,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _PDF if kind == "application/pdf" else _CAGE,
        "X-Frame-Options": "SAMEORIGIN",
    }
