"""The setting ``LAPIS_DEFAULT_DATASTORE``: an object store in place of the server's own storage folder.

It names a file with a datastore's document, or an address: ``s3://<bucket>/<prefix>``, ``gs://<bucket>/<prefix>``,
``wasbs://<container>@<account>.blob.core.windows.net/<prefix>``, ``abfss://…``. Credentials stand in the document, or
in ``LAPIS_DEFAULT_DATASTORE_CREDENTIALS``: a file, or JSON, with the keys of a document's `credentials`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.datastores import locations

SETTING = "LAPIS_DEFAULT_DATASTORE"
CREDENTIALS = "LAPIS_DEFAULT_DATASTORE_CREDENTIALS"

STORES = ("s3", "az", "gs")
"""Protocols of stores that workspaces' files may be kept in: each replaces a file in one step."""

_OF_DOCUMENT = ("endpoint", "region")
_FORM = "Its form: a file with a datastore's document, s3://bucket/prefix, gs://bucket/prefix or wasbs://container@…"


def location_of(setting: str, credentials: str) -> StorageLocation | None:
    """Return the place that the setting names, with its credentials; None for an empty setting.

    Private addresses are allowed in it: whoever starts the server chose it.

    Args:
        setting, credentials: the settings' values.

    Raises:
        LapisError: Usage, DocumentInvalid for a document with faults, NotSupported for a store of another kind.
    """
    if not setting:
        if credentials:
            raise LapisError(ErrorCode.USAGE, f"{CREDENTIALS} is given without {SETTING}.")
        return None
    given = _mapping(credentials, CREDENTIALS) if credentials else {}
    found = _of_address(setting, given) if "://" in setting else _of_document(_path(setting, SETTING), given)
    if found.protocol not in STORES:
        sentence = f"{SETTING} names a place of kind '{found.protocol}', which can't hold the files of workspaces."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, _FORM)
    options = {**found.options, "allow_private": True}
    return replace(found, options=options, path=found.path.rstrip("/"), root=found.path.rstrip("/"))


def _of_address(address: str, credentials: Mapping[str, Any]) -> StorageLocation:
    found = locations.of_uri(address)
    known = locations.CREDENTIAL_OPTIONS
    _check_keys(credentials, {*known, *_OF_DOCUMENT})
    ways = {known[key]: value for key, value in credentials.items() if key in known}
    places = {key: credentials[key] for key in _OF_DOCUMENT if credentials.get(key)}
    return replace(found, options={**found.options, **places, **ways})


def _of_document(path: Path, credentials: Mapping[str, Any]) -> StorageLocation:
    content = _mapping(str(path), SETTING)
    if credentials:
        content = {**content, "credentials": dict(credentials)}
    prefix = str(content.get("prefix") or "")
    document = registry.parse("datastore", {"name": "default", **content}).to_dict()
    found = locations.of_datastore(document, document.get("credentials") or {})
    if prefix and found.protocol == "az":
        raise LapisError(ErrorCode.USAGE, f"{path}: a container has no `prefix`; name it as an address, wasbs://….")
    return found


def _check_keys(given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        words = ", ".join(sorted(known))
        raise LapisError(ErrorCode.USAGE, f"{CREDENTIALS}: '{unknown[0]}' is not known; known are {words}.")


def _mapping(value: str, setting: str) -> dict[str, Any]:
    """Read JSON, or the YAML or JSON in a file."""
    try:
        if value.lstrip().startswith("{"):
            found = json.loads(value)
        else:
            found = yaml.safe_load(_path(value, setting).read_text(encoding="utf-8"))
    except OSError as error:
        raise LapisError(ErrorCode.USAGE, f"{setting}: {error.filename}: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError):
        raise LapisError(ErrorCode.USAGE, f"{setting} is neither JSON nor a file with YAML.") from None
    if not isinstance(found, dict):
        raise LapisError(ErrorCode.USAGE, f"{setting} must hold `name: value` lines.")
    return found


def _path(value: str, setting: str) -> Path:
    path = Path(value).expanduser()
    if not path.is_file():
        raise LapisError(ErrorCode.USAGE, f"{setting}: there is no file '{value}'.", _FORM)
    return path
