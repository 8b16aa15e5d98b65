"""Addresses of the web page."""

from __future__ import annotations

from urllib.parse import quote


def page_address(url: str, workspace: str, *words: str) -> str:
    """Give the address of a page.

    Args:
        url: the server's address, without a slash at its end.
        words: a noun as in the API's addresses, a name, a version.
    """
    return "/".join([f"{url}/studio", *(quote(word, safe="") for word in (workspace, *words))])


def sign_in_address(address: str, token: str) -> str:
    """Give the address that signs a browser in; what follows ``#`` is never sent, and the page takes it away."""
    return f"{address}#token={quote(token, safe='')}"
