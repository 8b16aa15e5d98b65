"""fsspec file systems for locations: options in their words, install hints, one instance per credential."""

from __future__ import annotations

import importlib
import json
import re
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
_ACCOUNT = re.compile(r"[a-z0-9-]{1,63}\Z")
_AZ_TIMEOUTS = {"connection_timeout": 10, "read_timeout": _TIMEOUT_S}

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
    endpoint = _endpoint(location)
    if endpoint is not None:
        check_url(endpoint, allow_private=bool(location.options.get("allow_private")))
    try:
        importlib.import_module(package)
    except ImportError as error:
        sentence = f"Reading {location.protocol}:// addresses takes the package {package}, which is not installed."
        raise LapisError(ErrorCode.MISSING_PACKAGE, sentence, f"Install it: {hint}") from error
    options = _ARGUMENTS[location.protocol](location.options)
    try:
        made = fsspec.filesystem(location.protocol, **options, skip_instance_cache=True, use_listings_cache=False)
    except (ValueError, OSError, ImportError) as error:
        kind = type(error).__name__
        sentence = f"The storage of {location} can't be opened with the credentials given ({kind})."
        raise LapisError(ErrorCode.STORAGE_UNREACHABLE, sentence) from error
    _shorten_retries(location.protocol, made)
    return made


def _endpoint(location: StorageLocation) -> str | None:
    """Return the address that a document makes us connect to, None for those of the big providers."""
    endpoint = str(location.options.get("endpoint") or "")
    account = str(location.options.get("account_name") or "")
    if location.protocol == "az" and account and not _ACCOUNT.match(account):
        sentence = f"'{account}' is not the name of a storage account."
        raise LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, sentence)
    if endpoint and "://" not in endpoint:
        return f"https://{account}.blob.{endpoint}"
    return endpoint or None


def _shorten_retries(protocol: str, system: Any) -> None:
    """Give up on a store that does not answer after seconds, not minutes: whoever asked can try again."""
    if protocol == "s3":
        system.retries = 3
    if protocol == "az":  # the client waits 15, 18, 24 s between its tries, and adlfs passes no option on
        policy = system.service_client._config.retry_policy  # noqa: SLF001
        policy.initial_backoff, policy.increment_base, policy.random_jitter_range, policy.total_retries = 1, 2, 1, 2


def _s3(options: Mapping[str, Any]) -> dict[str, Any]:
    from lapisml.backends.storage.resolver import CheckedResolver  # aiohttp comes with s3fs only

    client = {"region_name": options.get("region"), "endpoint_url": options.get("endpoint")}
    names = {"key": "key", "secret": "secret", "session_token": "token"}
    return {
        "anon": not options.get("key"),
        **{theirs: options[ours] for ours, theirs in names.items() if options.get(ours)},
        "client_kwargs": {k: v for k, v in client.items() if v},
        "config_kwargs": {
            "connector_args": {"resolver": CheckedResolver(bool(options.get("allow_private")))},
            "connect_timeout": 10,
            "read_timeout": _TIMEOUT_S,
            "retries": {"max_attempts": 2},
            "s3": {"addressing_style": "path" if options.get("endpoint") else "auto"},
        },
    }


def _az(options: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = str(options.get("endpoint") or "")
    if "://" in endpoint:
        return {"connection_string": _connection_string(options, endpoint), **_AZ_TIMEOUTS}
    names = ("account_name", "account_key", "sas_token", "tenant_id", "client_id", "client_secret")
    given = {name: options[name] for name in names if options.get(name)}
    if endpoint:  # another cloud, such as core.chinacloudapi.cn
        given["account_host"] = f"{options['account_name']}.blob.{endpoint}"
    signed = any(name in given for name in ("account_key", "sas_token", "client_secret"))
    return {**given, **_AZ_TIMEOUTS, "anon": not signed}


def _connection_string(options: Mapping[str, Any], endpoint: str) -> str:
    """Write what the Azure client takes for a server at an address of its own (Azurite, Azure Stack)."""
    parts = [f"BlobEndpoint={endpoint.rstrip('/')}"]
    if options.get("sas_token"):
        parts.append(f"SharedAccessSignature={str(options['sas_token']).lstrip('?')}")
    elif options.get("account_key"):
        parts.append(f"AccountName={options['account_name']};AccountKey={options['account_key']}")
    else:
        sentence = "A store at an address of its own takes an account key or a SAS token."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
    return ";".join(parts)


def _gs(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": options.get("token") or "anon"}


def _hdfs(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"host": options.get("host") or "default", "port": int(options.get("port") or 0)}


_ARGUMENTS = {"s3": _s3, "az": _az, "gs": _gs, "hdfs": _hdfs}
