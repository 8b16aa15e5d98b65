"""Connections and registries: body ⇄ document, there and back again."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.detection import TYPES
from lapisml.documents.registry import parse
from lapisml.server.surfaces.azure.nouns import connection_form, registry_form

CREDENTIALS: dict[str, dict[str, Any]] = {
    "pat": {"pat": "p"},
    "sas": {"sas_token": "s"},
    "username_password": {"username": "u", "password": "p"},
    "managed_identity": {"client_id": "c", "resource_id": "r"},
    "service_principal": {"client_id": "c", "client_secret": "s", "tenant_id": "t"},
    "access_key": {"access_key_id": "k", "secret_access_key": "s"},
    "api_key": {"key": "k"},
    "account_key": {"account_key": "k"},
    "custom_keys": {"keys": {"a": "1"}},
    "aad": {},
}
ALIASES = {"adls_gen2": "azure_data_lake_gen2", "cognitive_search": "azure_ai_search",
           "ai_services": "azure_ai_services", "custom_keys": "custom"}  # fmt: skip


def _there_and_back(document: dict[str, Any]) -> dict[str, Any]:
    checked = parse("connection", {"name": "c", **document}).to_dict()
    again = connection_form.document_of(connection_form.properties_of(checked, secrets=True))
    return parse("connection", {"name": "c", **again}).to_dict()


@pytest.mark.parametrize("way", CREDENTIALS)
def test_every_way_in(way: str) -> None:
    document = {"type": "s3", "target": "x", "credentials": {"type": way, **CREDENTIALS[way]}, "is_shared": False}
    assert _there_and_back(document) == {"name": "c", **document}


@pytest.mark.parametrize("type_", TYPES["connection"])
def test_every_type(type_: str) -> None:
    document: dict[str, Any] = {"type": type_, "target": "x", "metadata": {"a": "b"}, "is_shared": True}
    if type_ == "azure_blob":
        document |= {"account_name": "a", "container_name": "c"}
    if type_ == "azure_open_ai":
        document |= {"api_key": "k", "api_version": "v", "api_type": "azure", "open_ai_resource_id": "r"}
    if type_ == "container_registry":
        document |= {"credentials": {"type": "managed_identity", "client_id": "c", "resource_id": "r"}}
    again = _there_and_back(document)
    assert again == {"name": "c", **document, "type": ALIASES.get(type_, type_)}


def test_other_keys_for_the_address() -> None:
    document = {"type": "api_key", "api_base": "https://x", "api_key": "k"}
    assert _there_and_back(document) == {
        "name": "c", "type": "api_key", "target": "https://x", "api_key": "k", "is_shared": True,
    }  # fmt: skip


def test_secrets_are_left_out_unless_they_are_wanted() -> None:
    shown = {
        "type": "git",
        "target": "x",
        "credentials": {"type": "username_password", "username": "u", "password": "***"},
    }
    assert connection_form.properties_of(shown)["credentials"] == {"username": "u"}
    assert "credentials" not in connection_form.properties_of(
        {"type": "git", "target": "x", "credentials": {"pat": "***"}}
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"category": "Nonsense"}, ErrorCode.DOCUMENT_INVALID),
        ({"category": None}, ErrorCode.DOCUMENT_INVALID),
        ({"authType": "OAuth2"}, ErrorCode.NOT_SUPPORTED),
    ],
)
def test_bodies_that_cant_be(changes: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(LapisError) as caught:
        connection_form.document_of({"category": "Git", "authType": "None", "target": "x", **changes})
    assert caught.value.code is code


def test_a_registry_there_and_back() -> None:
    document = {
        "location": "eastus",
        "tags": {"a": "b"},
        "description": "ours",
        "public_network_access": "Disabled",
        "managed_resource_group": "/subscriptions/s/resourceGroups/g",
        "intellectual_property": {"publisher": "us"},
        "replication_locations": [
            {
                "location": "eastus",
                "storage_config": {"storage_account_hns": False, "storage_account_type": "Standard_LRS"},
            },
            {"location": "west"},
        ],
        "container_registry": {"sku": "Premium"},
    }
    parse("registry", {"name": "r", **document})
    properties = registry_form.properties_of(document, "/subscriptions/s/resourceGroups/g", "https://x")
    body = {"location": "eastus", "tags": {"a": "b"}, "properties": properties}
    assert registry_form.document_of(body) == document


def test_a_registry_whose_container_registry_is_ones_own() -> None:
    document = {"replication_locations": [{"location": "x"}], "container_registry": "/subscriptions/s/acr"}
    properties = registry_form.properties_of(document, "/g", "https://x")
    assert registry_form.document_of({"properties": properties})["container_registry"] == "/subscriptions/s/acr"
