"""Addresses of blobs: ``<server>/<workspace>.blob.lapis/<container>/<path>``.

A client that knows accounts and a suffix makes ``https://<account>.blob.<suffix>/<container>`` of them. With the
server and the workspace as the account and ``lapis`` as the suffix, that is an address below our own server.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

SUFFIX = "lapis"
"""What a cloud's metadata must give as the suffix of its storage."""

WORD_END = f".blob.{SUFFIX}"
"""The first word of the path of every blob's address ends so; before it stands the workspace."""

_KEPT = "/~"


def account_name(base: str, workspace: str) -> str:
    """Return the account to give for a workspace's datastores: ``127.0.0.1:8801/default``.

    Args:
        base: address of the listener that the client reaches, ``https://127.0.0.1:8801``.
    """
    return f"{urlsplit(base).netloc}/{workspace}"


def blob_url(base: str, workspace: str, container: str, path: str = "") -> str:
    """Return the address of a container, or of a blob in it; no signature.

    Args:
        base: address of the listener that the client reaches, without a slash at its end.
        path: of the blob, as it is; empty for the container.
    """
    address = f"{base.rstrip('/')}/{workspace}{WORD_END}/{container}"
    return f"{address}/{quote(path.lstrip('/'), safe=_KEPT)}" if path else address
