"""Connections: body ⇄ document.

Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/connections
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.detection import TYPES
from lapisml.documents.kinds.connection import TARGETS
from lapisml.server.platform.vault import MASK
from lapisml.server.surfaces.azure.casing import camel_key, without_none
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.given import object_in

WAYS = {
    "PAT": "pat",
    "SAS": "sas",
    "UsernamePassword": "username_password",
    "ManagedIdentity": "managed_identity",
    "ServicePrincipal": "service_principal",
    "AccessKey": "access_key",
    "ApiKey": "api_key",
    "AccountKey": "account_key",
    "CustomKeys": "custom_keys",
    "AAD": "aad",
    "None": "none",
}
"""``authType`` → type of credentials."""

_KEYS = {"sas_token": "sas", "account_key": "key"}
"""Keys of credentials that are called otherwise in bodies than by the letter case."""

_CATEGORIES = {
    "custom": "CustomKeys",
    "azure_data_lake_gen2": "ADLSGen2",
    "azure_ai_search": "CognitiveSearch",
    "azure_ai_services": "AIServices",
    "azure_content_safety": "CognitiveService",
    "azure_speech_services": "CognitiveService",
    "azure_open_ai": "AzureOpenAI",
    "ai_services": "AIServices",
    "adls_gen2": "ADLSGen2",
    "open_ai": "OpenAI",
}
"""Type → ``category``, where it is not the type's words with capitals."""

_KINDS = {"content safety": "azure_content_safety", "speech": "azure_speech_services"}
_WORDS = {"azure_content_safety": "Content Safety", "azure_speech_services": "speech"}
_TYPES = {
    "customkeys": "custom",
    "adlsgen2": "azure_data_lake_gen2",
    "cognitivesearch": "azure_ai_search",
    "aiservices": "azure_ai_services",
}
_BY_KEY = frozenset(
    "azure_open_ai azure_ai_services azure_ai_search azure_content_safety azure_speech_services api_key open_ai "
    "serp serverless".split()
)
"""Types whose documents have `api_key` at their top."""

_RESOURCE = {"azure_open_ai": "open_ai_resource_id", "azure_ai_services": "ai_services_resource_id"}
_METADATA = {
    "ApiVersion": "api_version",
    "ApiType": "api_type",
    "AccountName": "account_name",
    "ContainerName": "container_name",
}


def document_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Read ``properties`` into a connection document without its name.

    Raises:
        LapisError: DocumentInvalid for a category that is not known; NotSupported for other ways to log in.
    """
    metadata = {key: value for key, value in object_in(properties, "metadata").items() if value is not None}
    type_ = _type_of(properties, metadata)
    way = _way_of(properties)
    own = {name: metadata.pop(key) for key, name in _METADATA.items() if key in metadata}
    if "ResourceId" in metadata and type_ in _RESOURCE:
        own[_RESOURCE[type_]] = metadata.pop("ResourceId")
    if type_ in _WORDS:
        metadata.pop("Kind", None)
    shared = properties.get("isSharedToAll")
    document = {
        "type": type_,
        "target": properties.get("target") or None,
        "metadata": metadata or None,
        "is_shared": shared if isinstance(shared, bool) else None,
        **own,
        **_credentials(type_, way, object_in(properties, "credentials")),
    }
    return without_none(document)


def properties_of(document: Mapping[str, Any], *, secrets: bool = False) -> dict[str, Any]:
    """Write a connection document as ``properties``.

    Args:
        secrets: the document holds secrets, and they are wanted; else they are left out.
    """
    type_ = str(document["type"])
    given = dict(document.get("credentials") or {})
    if document.get("api_key") is not None:
        given = {"type": "api_key", "key": document["api_key"]}
    way = str(given.pop("type", None) or _way_with(given))
    metadata = dict(document.get("metadata") or {})
    metadata |= {key: document[name] for key, name in _METADATA.items() if document.get(name) is not None}
    resource = _RESOURCE.get(type_)
    if resource is not None and document.get(resource):
        metadata["ResourceId"] = document[resource]
    if type_ in _WORDS:
        metadata["Kind"] = _WORDS[type_]
    return without_none(
        {
            "authType": next(word for word, own in WAYS.items() if own == way),
            "category": category_of(type_),
            "target": next((document[key] for key in TARGETS if document.get(key)), ""),
            "credentials": _shown(way, given, secrets),
            "metadata": metadata,
            "isSharedToAll": document.get("is_shared", True),
        }
    )


def category_of(type_: str) -> str:
    """Give the ``category`` of a type of connection."""
    return _CATEGORIES.get(type_) or "".join(word[:1].upper() + word[1:] for word in type_.split("_"))


def type_named(category: str) -> str | None:
    """Give the type that a ``category`` means, in any letter case; None for one that is not known."""
    fold = category.replace("_", "").casefold()
    return _TYPES.get(fold) or next((one for one in TYPES["connection"] if one.replace("_", "") == fold), None)


def _type_of(properties: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    category = str(properties.get("category") or "")
    kind = _KINDS.get(str(metadata.get("Kind") or "").replace("_", " ").casefold())
    found = kind if category.casefold() == "cognitiveservice" and kind else type_named(category)
    if found is None:
        problem = Problem(f"'{category}' is not known here", path="properties.category", expected="such as Git or S3")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The connection is not valid.", problems=[problem])
    return found


def _way_of(properties: Mapping[str, Any]) -> str:
    word = str(properties.get("authType") or "None")
    found = next((own for theirs, own in WAYS.items() if theirs.casefold() == word.casefold()), None)
    if found is None:
        raise not_supported(f"Credentials of type {word} are not kept here.", f"Use one of {', '.join(WAYS)}.")
    return found


def _way_with(given: Mapping[str, Any]) -> str:
    """Tell the type of credentials that do not say it by their keys."""
    from lapisml.documents.kinds.connection import ConnectionCredentials

    return ConnectionCredentials(**given).way if given else "none"


def _credentials(type_: str, way: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read credentials; a client writes the key of an account under the name of a signature."""
    found = {_own_key(key, way): value for key, value in given.items() if value is not None}
    if way == "api_key" and type_ in _BY_KEY:
        return {"api_key": found.get("key")}
    if way == "none":
        return {}
    return {"credentials": {"type": way, **found}}


def _own_key(key: str, way: str) -> str:
    if way == "account_key" and key in ("sas", "key"):
        return "account_key"
    names = {camel_key(own): own for own in ("client_id", "resource_id", "client_secret", "tenant_id")}
    names |= {camel_key(own): own for own in ("access_key_id", "secret_access_key")}
    return {"sas": "sas_token", **names}.get(key, key)


def _shown(way: str, given: Mapping[str, Any], secrets: bool) -> dict[str, Any] | None:
    shown = {_KEYS.get(key, camel_key(key)): value for key, value in given.items() if secrets or not _is_secret(value)}
    if way == "account_key" and shown:
        shown["sas"] = shown["key"]
    return shown or None


def _is_secret(value: Any) -> bool:
    return value == MASK or isinstance(value, Mapping)
