"""Pure checks of a request's head: which Host, Origin and body types are let in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lapisml.core.errors import ErrorCode, LapisError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_SIMPLE_TYPES = (*_FORM_TYPES, "text/plain", "")
"""What a page of another site can send without asking first (https://fetch.spec.whatwg.org/#simple-header)."""

_RAW_PATH = re.compile(
    r"/mlflow/[^/]+/.*mlflow-artifacts/|/api/v1/(?:workspaces|registries)/[^/]+/uploads/blobs/|/api/v1/node/"
)
_TICKETED = "/api/v1/node/"
"""Below it a request shows a ticket in place of a token, which its route checks."""


@dataclass(frozen=True)
class RequestPolicy:
    """What the server lets in before it looks at the token.

    Attributes:
        hosts: names (without port, lower case) accepted in the Host header.
        origins: origins of other sites that may send changing requests.
        scheme: ``http`` or ``https``, of the server's own origin.
        max_body: bytes of the largest body; raw uploads are exempt.
        open_paths: GET paths that need no token.
        open_words: first words of GET paths that need none either; letter case is ignored.
        open_root: path of an application that needs none for what it is asked, it and everything below it.
        signed_ending: how the first word of a path ends whose application checks signatures and tokens by itself,
            and takes raw bodies; empty: there is none.
        cookie: name of the cookie that may stand for a token; empty: none does.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    origins: frozenset[str] = frozenset()
    scheme: str = "http"
    max_body: int = 32 * 2**20
    open_paths: frozenset[str] = field(default_factory=lambda: frozenset({"/healthz", "/"}))
    open_words: frozenset[str] = frozenset()
    open_root: str = ""
    signed_ending: str = ""
    cookie: str = ""

    def check_host(self, host: str) -> None:
        """Refuse a Host header that is not this server's: the mark of DNS rebinding.

        Raises:
            LapisError: AddressNotAllowed.
        """
        if host_name(host) not in self.hosts:
            raise LapisError(
                ErrorCode.ADDRESS_NOT_ALLOWED,
                "This server does not answer under that name.",
                "Add the name to LAPIS_ALLOWED_HOSTS of the server.",
            )

    def check_origin(self, origin: str | None, host: str) -> None:
        """Refuse a request that another site's page sends.

        Raises:
            LapisError: Forbidden.
        """
        if origin is None or origin == f"{self.scheme}://{host}" or origin in self.origins:
            return
        raise LapisError(
            ErrorCode.FORBIDDEN,
            "Pages of other sites can't send changing requests to this server.",
            "Add the origin to LAPIS_ALLOWED_ORIGINS of the server.",
        )

    def check_own_origin(self, origin: str | None, host: str) -> None:
        """Refuse a changing request that a browser's cookie vouches for, unless a page of this server sends it.

        Raises:
            LapisError: Forbidden.
        """
        if origin is None or origin != f"{self.scheme}://{host}":
            raise LapisError(
                ErrorCode.FORBIDDEN,
                "A browser's session changes something only for this server's own pages.",
                "Send an access token instead: `Authorization: Bearer …`. A proxy in front must pass the Host on.",
            )

    def session_in(self, cookies: str) -> str:
        """Give what the server's cookie holds; empty when it is not among `cookies`."""
        if not self.cookie or self.cookie not in cookies:
            return ""
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.cookie:
                return value
        return ""

    def is_raw(self, method: str, path: str) -> bool:
        """Say whether the request's body is a file as it is."""
        return method == "PUT" and (_RAW_PATH.match(path) is not None or self.is_signed(path))

    def accepts_type(self, method: str, path: str, content_type: str, has_body: bool) -> bool:
        """Say whether a changing request may carry a body of this type."""
        essence = content_type.partition(";")[0].strip().lower()
        if self.is_raw(method, path):
            return essence not in _FORM_TYPES
        return not has_body or essence not in _SIMPLE_TYPES

    def is_open(self, method: str, path: str) -> bool:
        """Say whether the request needs no token."""
        if method in ("GET", "HEAD") and (self._is_open_path(path) or _word(path) in self.open_words):
            return True
        return path.startswith(_TICKETED) or self.is_signed(path)

    def _is_open_path(self, path: str) -> bool:
        if path in self.open_paths:
            return True
        return bool(self.open_root) and (path == self.open_root or path.startswith(f"{self.open_root}/"))

    def is_signed(self, path: str) -> bool:
        """Say whether the application below this path checks who may enter."""
        return bool(self.signed_ending) and _word(path).endswith(self.signed_ending)


def _word(path: str) -> str:
    return path[1:].partition("/")[0].lower()


def host_name(host: str) -> str:
    """Give the name of a Host header without its port, lower case; ``[…]`` of IPv6 stays."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower().removesuffix(".")


def works_when_full(method: str, path: str) -> bool:
    """Say whether a changing request is one that ends or removes something, allowed on a full disk."""
    return method == "DELETE" or path.rstrip("/").endswith(("/cancel", "/stop", "/archive", "/delete", "-delete"))
