from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import LapisError
from lapisml.documents import registry
from lapisml.server.surfaces.azure.nouns.datastore_form import Place, datastore_document, datastore_properties

PLACE = Place("127.0.0.1:8801/team", "team")
TAGS = {"description": "d", "tags": {"a": "1"}}
PRINCIPAL = {"tenant_id": "t", "client_id": "c", "client_secret": "***"}
ACCOUNT = {"account_name": "acct", "endpoint": "core.windows.net", "protocol": "https"}

DOCUMENTS = [
    {"type": "azure_file", **ACCOUNT, "file_share_name": "fs", "credentials": {"account_key": "***"}, **TAGS},
    {"type": "azure_file", **ACCOUNT, "file_share_name": "fs", "credentials": {"sas_token": "***"}},
    {"type": "azure_data_lake_gen2", **ACCOUNT, "filesystem": "fs", "credentials": PRINCIPAL, **TAGS},
    {"type": "azure_data_lake_gen2", **ACCOUNT, "filesystem": "fs",
     "credentials": {"tenant_id": "t", "client_id": "c", "thumbprint": "p", "certificate": "***"}},
    {"type": "azure_data_lake_gen1", "store_name": "lake", "credentials": {**PRINCIPAL, "authority_url": "https://x/"}},
    {"type": "azure_data_lake_gen1", "store_name": "lake"},
]  # fmt: skip

SERVED = [
    {"type": "local", **TAGS},
    {"type": "local", "path": "/srv/data"},
    {"type": "azure_blob", **ACCOUNT, "container_name": "raw", "credentials": {"account_key": "***"}, **TAGS},
    {"type": "azure_blob", "account_name": "acct", "container_name": "raw", "credentials": PRINCIPAL},
    {"type": "azure_blob", "account_name": "open", "container_name": "raw"},
    {"type": "s3", "bucket": "b", "prefix": "p", "credentials": {"access_key_id": "***", "secret_access_key": "***"}},
    {"type": "gcs", "bucket": "b"},
    {"type": "hdfs", "host": "n", "port": 9000},
]


def _properties(document: dict[str, Any], is_default: bool = False) -> dict[str, Any]:
    return datastore_properties(document, "store", is_default, PLACE)


@pytest.mark.parametrize("given", DOCUMENTS + SERVED, ids=lambda given: given["type"])
def test_what_is_shown_may_be_sent_back(given: dict[str, Any]) -> None:
    document = {"name": "store", **given}
    again = datastore_document("store", _properties(document), PLACE, document)
    assert again == document
    assert registry.parse("datastore", again).to_dict() == document


@pytest.mark.parametrize("given", SERVED, ids=lambda given: given["type"])
def test_what_can_be_read_here_is_a_container_of_ours(given: dict[str, Any]) -> None:
    found = _properties({"name": "store", **given}, is_default=True)
    place = {key: found[key] for key in ("datastoreType", "accountName", "containerName", "endpoint", "isDefault")}
    assert place == {
        "datastoreType": "AzureBlob", "accountName": "127.0.0.1:8801/team", "containerName": "store",
        "endpoint": "lapis", "isDefault": True,
    }  # fmt: skip
    assert "secrets" not in found["credentials"]
    assert "***" not in str(found)


OURS = "sv=2021-08-06&sr=c&se=2026-01-01T00%3A00%3A00Z&sp=r&sig=AAAA"


def _with_secrets(document: dict[str, Any], **credentials: Any) -> dict[str, Any]:
    return {**_properties(document), "credentials": credentials}


def test_a_signature_of_ours_that_comes_back_is_no_credential() -> None:
    document = {"name": "store", **SERVED[2]}
    body = _with_secrets(document, credentialsType="Sas", secrets={"secretsType": "Sas", "sasToken": OURS})
    assert datastore_document("store", body, PLACE, document) == document


def test_other_credentials_replace_those_before() -> None:
    document = {"name": "store", **SERVED[2]}
    body = _with_secrets(document, credentialsType="AccountKey", secrets={"key": "new"})
    assert datastore_document("store", body, PLACE, document) == {**document, "credentials": {"account_key": "new"}}
    bucket = {"name": "store", **SERVED[5]}
    with pytest.raises(LapisError, match="type s3"):
        datastore_document("store", {**_properties(bucket), "credentials": body["credentials"]}, PLACE, bucket)


def _body(kind: str, **more: Any) -> dict[str, Any]:
    return {"datastoreType": kind, **more}


def test_bodies_as_clients_send_them() -> None:
    key = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "k"}}
    body = _body("AzureBlob", accountName="acct", containerName="raw", endpoint="lapis", protocol="https",
                 credentials=key, tags={"a": "1"}, description=None)  # fmt: skip
    assert datastore_document("store", body, PLACE, None) == {
        "name": "store", "type": "azure_blob", "account_name": "acct", "container_name": "raw", "protocol": "https",
        "tags": {"a": "1"}, "credentials": {"account_key": "k"},
    }  # fmt: skip
    login = {"credentialsType": "ServicePrincipal", "authorityUrl": "https://127.0.0.1:8801", "tenantId": "t",
             "clientId": "c", "secrets": {"secretsType": "ServicePrincipal", "clientSecret": "s"}}  # fmt: skip
    body = _body("AzureDataLakeGen2", accountName="acct", filesystem="fs", credentials=login)
    made = datastore_document("store", body, PLACE, None)
    assert made["credentials"] == {"tenant_id": "t", "client_id": "c", "client_secret": "s"}


def test_a_container_of_ours_that_is_new_is_a_folder_of_the_workspace() -> None:
    body = _body("AzureBlob", accountName="localhost:1/team", containerName="store", description="d")
    assert datastore_document("store", body, PLACE, None) == {"name": "store", "type": "local", "description": "d"}
    with pytest.raises(LapisError, match="not valid") as caught:
        datastore_document("store", {**body, "containerName": "other"}, PLACE, None)
    assert caught.value.problems[0].path == "properties.containerName"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (_body("AzureBlobs"), "did you mean `AzureBlob`"),
        (_body(""), "no type of datastore"),
        (_body("OneLake"), "can't be made"),
        (_body("AzureBlob", acountName="x"), "did you mean `accountName`"),
        (_body("AzureBlob", credentials={"credentialsType": "Magic"}), "not known here"),
        (_body("AzureBlob", credentials={"credentialsType": "KerberosKeytab"}), "Kerberos"),
        (_body("AzureBlob", credentials={"credentialsType": "Sas", "secrets": {"key": "x"}}), "not known here"),
        (_body("AzureBlob", credentials=[]), "not an object"),
        (_body("AzureBlob", serviceDataAccessAuthIdentity="WorkspaceSystemAssignedIdentity"), "managed identities"),
    ],
)
def test_bodies_that_are_refused(body: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LapisError) as caught:
        datastore_document("store", body, PLACE, None)
    assert sentence in str(caught.value)
