"""The secrets in an attached compute's document: taken out before it is kept, put back for its backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.server.platform.vault import MASK

_IN_ACCESS = ("admin_password", "ssh_private_key", "passphrase")
_ACCESS = ("ssh_settings", "login")

Place = tuple[str, ...]


def taken_out(document: Mapping[str, Any], before: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Split a document into the one to keep, secrets masked, and the secrets by place (``login.passphrase``).

    Args:
        before: the secrets that are kept now; one that is given as the mask stays as it is.
    """
    kept, secrets = _copy(document), {}
    for place in list(_places(document)):
        holder, key = _holder(kept, place), place[-1]
        name = ".".join(place)
        secret = before.get(name) if holder[key] == MASK else str(holder[key])
        if secret is None:
            del holder[key]
        else:
            holder[key], secrets[name] = MASK, secret
    return kept, secrets


def put_back(document: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Give a kept document with its secrets in place of the masks."""
    whole = _copy(document)
    for place in list(_places(document)):
        name = ".".join(place)
        if name in secrets:
            _holder(whole, place)[place[-1]] = secrets[name]
    return whole


def _places(document: Mapping[str, Any]) -> Iterator[Place]:
    for part in _ACCESS:
        access = document.get(part)
        if isinstance(access, Mapping):
            yield from ((part, key) for key in _IN_ACCESS if access.get(key) is not None)
    if document.get("token") is not None:
        yield ("token",)
    headers = document.get("headers")
    if isinstance(headers, Mapping):
        yield from (("headers", str(key)) for key in headers)


def _holder(document: dict[str, Any], place: Place) -> dict[str, Any]:
    found: dict[str, Any] = document[place[0]] if len(place) > 1 else document
    return found


def _copy(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()}
