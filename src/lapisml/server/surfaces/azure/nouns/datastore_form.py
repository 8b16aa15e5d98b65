"""Datastores: body ⇄ document.

Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/datastores

Everything whose files this server can read is shown as a Blob container of this server's own, whatever it lies on:
the SDK reads and writes it through the Blob surface, with a signature. A body that such an answer came from may be
sent back: what it stands for stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import nearest
from lapisml.server.platform.vault import MASK
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.tables import invalid, mapping, read, texts, write
from lapisml.server.surfaces.blob.addresses import SUFFIX
from lapisml.server.surfaces.blob.signing import BlobSigner

_COMMON = {"description": "description"}
_ACCOUNT = {"accountName": "account_name", "endpoint": "endpoint", "protocol": "protocol"}
_TABLES = {
    "AzureBlob": {**_COMMON, **_ACCOUNT, "containerName": "container_name"},
    "AzureFile": {**_COMMON, **_ACCOUNT, "fileShareName": "file_share_name"},
    "AzureDataLakeGen2": {**_COMMON, **_ACCOUNT, "filesystem": "filesystem"},
    "AzureDataLakeGen1": {**_COMMON, "storeName": "store_name"},
}
_TYPES = {
    "AzureBlob": "azure_blob",
    "AzureFile": "azure_file",
    "AzureDataLakeGen2": "azure_data_lake_gen2",
    "AzureDataLakeGen1": "azure_data_lake_gen1",
}
_NAMES = {ours: theirs for theirs, ours in _TYPES.items()}

SERVED = frozenset({"local", "azure_blob", "s3", "gcs", "hdfs"})
"""Types that the SDK reads and writes through this server."""

_ENDPOINT = "core.windows.net"

_PASSED = (
    "datastoreType", "credentials", "tags", "properties", "isDefault", "subscriptionId", "resourceGroup",
    "serviceDataAccessAuthIdentity", "intellectualProperty",
)  # fmt: skip

_PRINCIPAL = {
    "authorityUrl": "authority_url",
    "clientId": "client_id",
    "resourceUrl": "resource_url",
    "tenantId": "tenant_id",
}
_SECRETS = {
    "AccountKey": {"key": "account_key"},
    "Sas": {"sasToken": "sas_token"},
    "ServicePrincipal": {"clientSecret": "client_secret"},
    "Certificate": {"certificate": "certificate"},
}
_OPEN = {
    "ServicePrincipal": _PRINCIPAL,
    "Certificate": {**_PRINCIPAL, "thumbprint": "thumbprint"},
}


@dataclass(frozen=True)
class Place:
    """Where a workspace's datastores are for a client: `account` as `blob.addresses.account_name` gives it."""

    account: str
    workspace: str

    def is_ours(self, account: str) -> bool:
        """Say whether an account's name is one that this server gave; its port may have been another then."""
        host, slash, workspace = account.partition("/")
        return bool(slash) and ":" in host and workspace == self.workspace

    def is_host_of(self, address: str) -> bool:
        """Say whether an address is this server's."""
        return urlsplit(address).netloc == self.account.partition("/")[0]


def datastore_document(
    name: str, properties: Mapping[str, Any], place: Place, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give the document of a body.

    Args:
        before: the document that is kept under this name; None when there is none.

    Raises:
        LapisError: DocumentInvalid; NotSupported for a kind of store that there is not.
    """
    kind = _kind(properties)
    given = read(properties, _TABLES[kind], "properties", _PASSED)
    _check_identity(properties)
    for key in ("tags", "properties"):
        if properties.get(key):
            given[key] = texts(properties[key], f"properties.{key}")
    if kind == "AzureBlob" and place.is_ours(str(given.get("account_name", ""))):
        return _of_our_own(name, given, properties.get("credentials"), before)
    if str(given.get("endpoint", "")).lower() == SUFFIX:  # what clients fill in where the user said nothing
        del given["endpoint"]
    credentials = read_credentials(properties.get("credentials"), before)
    if place.is_host_of(str(credentials.get("authority_url", ""))):  # likewise
        del credentials["authority_url"]
    made = {"name": name, "type": _TYPES[kind], **given}
    return {**made, "credentials": credentials} if credentials else made


def datastore_properties(document: Mapping[str, Any], name: str, is_default: bool, place: Place) -> dict[str, Any]:
    """Give ``properties`` of a datastore's body; secrets are not in it."""
    kind = str(document["type"])
    common = {
        "description": document.get("description"),
        "tags": document.get("tags") or {},
        "properties": document.get("properties") or {},
        "isDefault": is_default,
        "subscriptionId": None,
        "resourceGroup": None,
    }
    if kind in SERVED:
        ours = {"accountName": place.account, "containerName": name, "endpoint": SUFFIX, "protocol": "https"}
        return {"datastoreType": "AzureBlob", **ours, **common, "credentials": _served_credentials(document)}
    found = write({"endpoint": _ENDPOINT, **document}, _TABLES[_NAMES[kind]])
    return {"datastoreType": _NAMES[kind], **found, **common, "credentials": write_credentials(document)}


def read_credentials(body: Any, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the credentials of a body; a secret that is not in it stays as it was.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    given = mapping(body, "properties.credentials")
    kind = str(given.pop("credentialsType", "None"))
    if kind == "None":
        return {}
    if kind not in _SECRETS:
        if kind in ("KerberosKeytab", "KerberosPassword"):
            raise not_supported("Kerberos logins are not offered here.")
        problem = Problem("it is not known here", "properties.credentials.credentialsType", expected=_one_of(_SECRETS))
        raise invalid(problem)
    secrets = mapping(given.pop("secrets", None), "properties.credentials.secrets")
    secrets.pop("secretsType", None)
    made = read(given, _OPEN.get(kind, {}), "properties.credentials")
    made |= read(secrets, _SECRETS[kind], "properties.credentials.secrets")
    kept = (before or {}).get("credentials") or {}
    for key in _SECRETS[kind].values():
        if key not in made and key in kept:
            made[key] = MASK
    return made


def write_credentials(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give ``credentials`` of a body, without secrets."""
    kept: Mapping[str, Any] = document.get("credentials") or {}
    for kind, secrets in _SECRETS.items():
        if kept.keys() & set(secrets.values()):
            return {"credentialsType": kind, **write(kept, _OPEN.get(kind, {}))}
    return {"credentialsType": "None"}


def _served_credentials(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a client needs for a container of ours is a signature, whatever we need behind it."""
    own = write_credentials(document) if document["type"] == "azure_blob" else {"credentialsType": "None"}
    return {"credentialsType": "Sas"} if own["credentialsType"] == "None" else own


def _of_our_own(
    name: str, given: Mapping[str, Any], credentials: Any, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Read the body of a container of this server's: a folder of the workspace's when it is new."""
    if str(given.get("container_name", "")).lower() != name.lower():
        problem = Problem("containers of this server are called as their datastore", "properties.containerName",
                          expected=name)  # fmt: skip
        raise invalid(problem)
    changed = {key: given[key] for key in ("description", "tags", "properties") if key in given}
    base = {"name": name, "type": "local"} if before is None else dict(before)
    kept = {key: value for key, value in base.items() if key not in ("description", "tags", "properties")}
    return {**kept, **_new_credentials(credentials, base), **changed}


def _new_credentials(body: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """Give the credentials of a body that has other ones than we showed; a signature of ours is none."""
    given = mapping(body, "properties.credentials")
    secrets = mapping(given.get("secrets"), "properties.credentials.secrets")
    if not secrets or BlobSigner.is_one(str(secrets.get("sasToken", ""))):
        return {}
    if before["type"] != "azure_blob":
        raise not_supported(
            f"The credentials of a datastore of type {before['type']} can't be changed through this interface.",
            "Change its document: lapis datastore update",
        )
    return {"credentials": read_credentials(body, before)}


def _kind(properties: Mapping[str, Any]) -> str:
    given = str(properties.get("datastoreType", ""))
    found = next((kind for kind in _TABLES if kind.lower() == given.lower()), None)
    if found is not None:
        return found
    if given.lower() in ("onelake", "hdfs"):
        raise not_supported(
            f"Datastores of type {given} can't be made through this interface.",
            "Mount the store on the server's machine, and make a datastore of type local: lapis datastore create",
        )
    near = nearest(given, tuple(_TABLES))
    raise invalid(Problem("it is no type of datastore", "properties.datastoreType", expected=_one_of(_TABLES),
                          suggestion=near))  # fmt: skip


def _check_identity(properties: Mapping[str, Any]) -> None:
    if str(properties.get("serviceDataAccessAuthIdentity") or "None") != "None":
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            "There are no managed identities here for a store to let in.",
            "Give the datastore credentials, or none where it is open.",
        )


def _one_of(words: Mapping[str, Any]) -> str:
    return f"one of {', '.join(words)}"
