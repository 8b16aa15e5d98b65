"""fsspec file systems for locations: options in their words, install hints, one instance per credential."""

from __future__ import annotations

import importlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import fsspec

from lapisml.backends.storage.addresses import check_url
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation

_KEPT = 16
_TIMEOUT_S = 60

_HINTS = {
    "s3": ("s3fs", 'pip install "lapisml[s3]"'),
    "az": ("adlfs", 'pip install "lapisml[azure]"'),
    "gs": ("gcsfs", "pip install gcsfs"),
    "hdfs": ("pyarrow", "pip install pyarrow (and set HADOOP_HOME and CLASSPATH as its guide says)"),
}


class FileSystems:
    """Makes fsspec file systems and keeps the last few, so that a session is opened once per credential."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, location: StorageLocation) -> Any:
        """Return the file system (`fsspec.AbstractFileSystem`) of a location.

        Raises:
            LapisError: MissingPackage, AddressNotAllowed, NotSupported.
        """
        key = json.dumps([location.protocol, dict(location.options)], sort_keys=True)
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = _make(location)
        with self._lock:
            self._made[key] = made
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return made


def _make(location: StorageLocation) -> Any:
    package, hint = _HINTS[location.protocol]
    endpoint = location.options.get("endpoint")
    if endpoint:
        check_url(str(endpoint), allow_private=bool(location.options.get("allow_private")))
    try:
        importlib.import_module(package)
    except ImportError as error:
        sentence = (
            f"Reading {location.protocol}:// addresses takes the package {package}, which is not installed."
        )
        raise LapisError(ErrorCode.MISSING_PACKAGE, sentence, f"Install it: {hint}") from error
    options = _ARGUMENTS[location.protocol](location.options)
    try:
        return fsspec.filesystem(
            location.protocol, **options, skip_instance_cache=True, use_listings_cache=False
        )
    except (ValueError, OSError, ImportError) as error:
        kind = type(error).__name__
        sentence = f"The storage of {location} can't be opened with the credentials given ({kind})."
        raise LapisError(ErrorCode.STORAGE_UNREACHABLE, sentence) from error


def _s3(options: Mapping[str, Any]) -> dict[str, Any]:
    client = {"region_name": options.get("region"), "endpoint_url": options.get("endpoint")}
    names = {"key": "key", "secret": "secret", "session_token": "token"}
    return {
        "anon": not options.get("key"),
        **{theirs: options[ours] for ours, theirs in names.items() if options.get(ours)},
        "client_kwargs": {k: v for k, v in client.items() if v},
        "config_kwargs": {
            "connect_timeout": 10,
            "read_timeout": _TIMEOUT_S,
            "retries": {"max_attempts": 3},
            "s3": {"addressing_style": "path" if options.get("endpoint") else "auto"},
        },
    }


def _az(options: Mapping[str, Any]) -> dict[str, Any]:
    if options.get("connection_string"):
        return {"connection_string": options["connection_string"]}
    names = ("account_name", "account_key", "sas_token", "tenant_id", "client_id", "client_secret")
    given = {name: options[name] for name in names if options.get(name)}
    if options.get("endpoint"):
        given["account_host"] = str(options["endpoint"]).removeprefix("https://").rstrip("/")
    signed = any(name in given for name in ("account_key", "sas_token", "client_secret"))
    return {**given, "anon": not signed}


def _gs(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": options.get("token") or "anon"}


def _hdfs(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"host": options.get("host") or "default", "port": int(options.get("port") or 0)}


_ARGUMENTS = {"s3": _s3, "az": _az, "gs": _gs, "hdfs": _hdfs}
