"""From a datastore's document, or a plain URI, to a storage location.

Forms of Azure addresses: https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-introduction-abfs-uri
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation, safe_relative

CREDENTIAL_OPTIONS = {
    "account_key": "account_key",
    "sas_token": "sas_token",
    "tenant_id": "tenant_id",
    "client_id": "client_id",
    "client_secret": "client_secret",
    "access_key_id": "key",
    "secret_access_key": "secret",
    "session_token": "session_token",
    "service_account_key": "token",
}
"""Keys of `credentials` in documents, and the storage option that each becomes."""

_BLOB_HOST = ".blob.core."
_HTTP = ("http", "https")
_AZURE = ("wasb", "wasbs", "abfs", "abfss")
_SAME = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}


@dataclass(frozen=True)
class Place:
    """Where a store is, without how to get in: for finding the datastore that has credentials for it."""

    protocol: str
    account: str
    container: str


def of_datastore(document: Mapping[str, Any], credentials: Mapping[str, Any]) -> StorageLocation:
    """Return the root location of a datastore.

    Args:
        document: one with a place; a local one without a path lies with the workspace's own files.
        credentials: decrypted; empty for anonymous access.

    Raises:
        LapisError: NotSupported for a kind of store that can't be read from here.
    """
    kind = str(document["type"])
    if kind not in _ROOTS:
        name = document.get("name")
        sentence = f"Datastore '{name}' is of type {kind}, which can't be read from here."
        hint = f"Mount it and add a rewrite rule from azureml://datastores/{name}/paths/ to file:///<mount>/."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, hint)
    if "thumbprint" in credentials:
        sentence = f"Datastore '{document.get('name')}' logs in by a certificate, which is not supported."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Use a client secret, an account key or a SAS token.")
    location = _ROOTS[kind](document)
    given = {CREDENTIAL_OPTIONS[k]: v for k, v in credentials.items() if k in CREDENTIAL_OPTIONS and v}
    return replace(location, options={**location.options, **given}, root=location.path)


def of_uri(uri: str) -> StorageLocation:
    """Return the location of a plain URI: wasb(s), abfs(s), s3, gs, hdfs, http(s), file, or an absolute path.

    Raises:
        LapisError: NotSupported for another scheme, PathNotAllowed for ``..`` in it.
    """
    if uri.startswith("/"):
        return StorageLocation("file", uri)
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return StorageLocation("file", unquote(parts.path))
    if parts.scheme in _HTTP:
        return _of_web(uri)
    if parts.scheme in _AZURE:
        account = (parts.hostname or "").partition(".")[0]
        return _azure(account, unquote(parts.username or ""), safe_relative(_rest(uri)))
    if parts.scheme in _SAME:
        path = f"{parts.netloc}/{safe_relative(_rest(uri))}"
        return StorageLocation(_SAME[parts.scheme], path.rstrip("/"), root=parts.netloc)
    if parts.scheme == "hdfs":
        options = {"host": parts.hostname, "port": parts.port or 0}
        return StorageLocation("hdfs", "/" + safe_relative(_rest(uri)), options)
    raise LapisError(
        ErrorCode.NOT_SUPPORTED,
        f"Addresses of the form '{parts.scheme or uri}:' can't be read.",
        "Supported are azureml:, https:, wasbs:, abfss:, s3:, gs:, hdfs: and file: addresses.",
    )


def place(location: StorageLocation) -> Place | None:
    """Return the place of a location in an object store, None for others."""
    if location.protocol not in ("az", "s3", "gs"):
        return None
    container = location.path.partition("/")[0]
    return Place(location.protocol, str(location.options.get("account_name", "")), container)


def blob_place(location: StorageLocation) -> StorageLocation | None:
    """Return the Azure location that an https address of a blob stands for; None for other addresses."""
    parts = urlsplit(location.path)
    host = parts.hostname or ""
    if location.protocol != "https" or _BLOB_HOST not in host:
        return None
    container, _, rest = unquote(parts.path).strip("/").partition("/")
    found = _azure(host.partition(".")[0], container, safe_relative(rest))
    return replace(found, options={**found.options, "sas_token": parts.query}) if parts.query else found


def _of_web(uri: str) -> StorageLocation:
    """A file is read by its address; a folder only exists for blob storage, which can list it."""
    location = StorageLocation(urlsplit(uri).scheme, uri)
    blob = blob_place(location)
    return blob if blob is not None and urlsplit(uri).path.endswith("/") else location


def _rest(uri: str) -> str:
    """Return what follows the authority, as it is written: keys may hold ``#`` and ``?``."""
    return uri.partition("://")[2].partition("/")[2]


def _azure(account: str, container: str, path: str) -> StorageLocation:
    if not account or not container:
        sentence = "An address of Azure storage needs a container and an account."
        raise LapisError(ErrorCode.USAGE, sentence, "Its form: wasbs://<container>@<account>.blob.core.windows.net/")
    return StorageLocation("az", f"{container}/{path}".rstrip("/"), {"account_name": account}, root=container)


def _blob(document: Mapping[str, Any]) -> StorageLocation:
    container = str(document.get("container_name") or document.get("filesystem"))
    options = {"account_name": document["account_name"]}
    endpoint = document.get("endpoint")
    if endpoint and endpoint != "core.windows.net":  # another cloud's suffix, or the whole address of a server
        options["endpoint"] = endpoint
    return StorageLocation("az", container, options)


def _s3(document: Mapping[str, Any]) -> StorageLocation:
    options = {name: document[name] for name in ("endpoint", "region") if document.get(name)}
    return StorageLocation("s3", _bucket(document), options)


def _gcs(document: Mapping[str, Any]) -> StorageLocation:
    return StorageLocation("gs", _bucket(document))


def _local(document: Mapping[str, Any]) -> StorageLocation:
    return StorageLocation("file", str(document["path"]))


def _bucket(document: Mapping[str, Any]) -> str:
    return f"{document['bucket']}/{safe_relative(str(document.get('prefix') or ''))}".rstrip("/")


def _hdfs(document: Mapping[str, Any]) -> StorageLocation:
    options = {"host": document["host"], "port": document.get("port") or 0}
    return StorageLocation("hdfs", "/" + _prefix(document), options)


def _prefix(document: Mapping[str, Any]) -> str:
    return safe_relative(str(document.get("prefix") or "").strip("/"))


_ROOTS = {
    "azure_blob": _blob,
    "azure_data_lake_gen2": _blob,
    "s3": _s3,
    "gcs": _gcs,
    "hdfs": _hdfs,
    "local": _local,
}
