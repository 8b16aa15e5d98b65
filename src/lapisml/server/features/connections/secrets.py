"""The secrets in a connection's document: taken out before it is kept, put back for who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.platform.vault import MASK

_SECRET = frozenset("pat sas_token password client_secret access_key_id secret_access_key key account_key keys".split())
_API_KEY = "api_key"


def taken_out(document: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a document into the one to keep, secrets masked, and the secrets by key.

    Args:
        before: the secrets that are kept now; one that is given as the mask stays as it is.
    """
    credentials = dict(document.get("credentials") or {})
    given = {key: value for key, value in credentials.items() if key in _SECRET}
    if document.get(_API_KEY) is not None:
        given[_API_KEY] = document[_API_KEY]
    secrets = {key: _unmasked(value, before.get(key)) for key, value in given.items()}
    secrets = {key: value for key, value in secrets.items() if value not in (None, {})}
    kept = {key: value for key, value in document.items() if key not in ("credentials", _API_KEY, "$schema")}
    shown = {key: _masked(secrets.get(key)) if key in _SECRET else value for key, value in credentials.items()}
    shown = {key: value for key, value in shown.items() if value is not None}
    if shown:
        kept["credentials"] = shown
    if _API_KEY in secrets:
        kept[_API_KEY] = MASK
    return kept, secrets


def put_back(document: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Give a kept document with its secrets in place of the masks."""
    whole = dict(document)
    if whole.get("credentials"):
        whole["credentials"] = {**whole["credentials"], **{k: v for k, v in secrets.items() if k != _API_KEY}}
    return {**whole, _API_KEY: secrets[_API_KEY]} if _API_KEY in secrets else whole


def _unmasked(value: Any, before: Any) -> Any:
    if isinstance(value, Mapping):
        old = before if isinstance(before, Mapping) else {}
        found = {key: _unmasked(one, old.get(key)) for key, one in value.items()}
        return {key: one for key, one in found.items() if one is not None}
    return before if value == MASK else value


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    return MASK if value is not None else None
