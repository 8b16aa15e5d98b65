"""Who may do what with blobs, and what is refused in which words."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContainerClient, StandardBlobTier

from lapisml.server.surfaces.blob.addresses import blob_url
from tests.support.blobs import container_client, signature
from tests.support.server import LapisServer

STORE = "workspaceblobstore"


def _ask(
    server: LapisServer, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> tuple[int, str, bytes]:
    """Send one request as it is; return the status, the error's code and the body."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request(method, path, body, {"Content-Type": "application/octet-stream", **(headers or {})})
    answer = connection.getresponse()
    found = answer.status, answer.headers.get("x-ms-error-code", ""), answer.read()
    connection.close()
    return found


def _path(server: LapisServer, name: str, container: str = STORE, **query: str) -> str:
    pairs = "&".join([*(f"{key}={value}" for key, value in query.items()), signature(server, container)])
    return f"/default.blob.lapis/{container}/{name}?{pairs}"


@pytest.mark.parametrize(
    ("permissions", "allowed"), [("r", "r"), ("l", "l"), ("w", "wc"), ("c", "c"), ("d", "d"), ("racwdl", "rlwcd")]
)
def test_a_signature_allows_what_it_says(shared_server: LapisServer, permissions: str, allowed: str) -> None:
    there, new = f"access/{uuid4().hex}", f"access/{uuid4().hex}"
    with container_client(shared_server) as owner:
        owner.upload_blob(there, b"x")
    with container_client(shared_server, permissions=permissions) as client:
        tries = {
            "r": lambda: client.download_blob(there).readall(),
            "l": lambda: list(client.list_blobs(name_starts_with="access/")),
            "c": lambda: client.upload_blob(new, b"y"),
            "w": lambda: client.upload_blob(there, b"z", overwrite=True),
            "d": lambda: client.delete_blob(there),
        }
        for need, attempt in tries.items():
            if need in allowed:
                attempt()
                continue
            with pytest.raises(HttpResponseError) as caught:
                attempt()
            expected = (
                ("BlobAlreadyExists",) if (need, permissions) == ("w", "c") else ("AuthorizationPermissionMismatch",)
            )
            assert caught.value.error_code in expected


def test_signatures_that_open_nothing(shared_server: LapisServer) -> None:
    good, other = signature(shared_server, STORE), signature(shared_server, "workspaceartifactstore")
    ended = signature(shared_server, STORE, lifetime_s=-1)
    for query in (other, ended, good.replace("sp=racwdl", "sp=r"), good[:-6], "sig=x"):
        client = ContainerClient.from_container_url(
            f"{blob_url(shared_server.url, 'default', STORE)}?{query}", retry_total=0
        )
        with client, pytest.raises(ClientAuthenticationError) as caught:
            client.get_container_properties()
        assert (caught.value.status_code, caught.value.error_code) == (403, "AuthenticationFailed")


def test_a_users_token_opens_containers_too(shared_server: LapisServer) -> None:
    address, headers = (
        f"/default.blob.lapis/{STORE}?restype=container",
        {"Authorization": f"Bearer {shared_server.token}"},
    )
    assert _ask(shared_server, "HEAD", address, headers)[0] == 200
    assert _ask(shared_server, "HEAD", address, {"Authorization": "Bearer nobody"})[:2] == (
        401,
        "InvalidAuthenticationInfo",
    )
    assert _ask(shared_server, "HEAD", address)[:2] == (401, "NoAuthenticationInformation")


def test_keys_of_accounts_are_not_known(shared_server: LapisServer) -> None:
    key, url = AzureNamedKeyCredential("default", "a2V5"), blob_url(shared_server.url, "default", STORE)
    client = ContainerClient.from_container_url(url, key, retry_total=0)
    with client, pytest.raises(ClientAuthenticationError):
        client.get_container_properties()


@pytest.mark.parametrize("name", ["nothing", "work%73paceblobstore2", "uploads", "upload-1"])
def test_containers_that_are_not_there(shared_server: LapisServer, name: str) -> None:
    with container_client(shared_server, name) as client, pytest.raises(HttpResponseError) as caught:
        client.upload_blob("a", b"x")
    assert caught.value.status_code in (403, 404)


def test_a_workspace_that_is_not_there(shared_server: LapisServer) -> None:
    headers = {"Authorization": f"Bearer {shared_server.token}"}
    for workspace in ("nowhere", "..", "%2e%2e", ""):
        status, code, _ = _ask(shared_server, "GET", f"/{workspace}.blob.lapis/{STORE}/a", headers)
        assert (status, code) == (404, "ContainerNotFound"), workspace


@pytest.mark.parametrize(
    "name",
    [
        "../secret.key", "%2e%2e/secret.key", "%2e%2e%2fsecret.key", "..%2f..%2f..%2fsecret.key",
        "a/..%2f..%2f../token", "%2fetc%2fpasswd", "/etc/passwd", "..%5c..%5csecret.key",
        "a%00b", "a%0d%0ab", ".lapis-part-1",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(shared_server: LapisServer, name: str) -> None:
    home = shared_server.home
    before = sorted(path.name for path in home.iterdir())
    assert _ask(shared_server, "GET", _path(shared_server, name))[:2] == (404, "BlobNotFound")
    assert _ask(shared_server, "DELETE", _path(shared_server, name))[:2] == (404, "BlobNotFound")
    found = _ask(shared_server, "PUT", _path(shared_server, name), {"x-ms-blob-type": "BlockBlob"}, b"x")
    assert found[:2] == (400, "InvalidResourceName")
    assert sorted(path.name for path in home.iterdir()) == before


def test_what_is_not_offered_says_so(shared_server: LapisServer) -> None:
    with container_client(shared_server) as client:
        blob = client.upload_blob(f"access/{uuid4().hex}", b"x")
        refused = {
            "append": blob.create_append_blob,
            "page": lambda: blob.create_page_blob(512),
            "tier": lambda: blob.set_standard_blob_tier(StandardBlobTier.COOL),
            "snapshot": blob.create_snapshot,
            "tags": lambda: blob.set_blob_tags({"a": "b"}),
            "copy": lambda: blob.start_copy_from_url(blob.url),
            "lease": blob.acquire_lease,
            "upload with tags": lambda: blob.upload_blob(b"x", overwrite=True, tags={"a": "b"}),
            "old version": lambda: client.get_blob_client(blob.blob_name, snapshot="2020").get_blob_properties(),
        }
        for what, attempt in refused.items():
            with pytest.raises(HttpResponseError) as caught:
                attempt()
            assert caught.value.status_code in (400, 501), what
        assert blob.download_blob().readall() == b"x"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingRequiredHeader"),
        ({"x-ms-blob-type": "Blob"}, "InvalidHeaderValue"),
        ({"x-ms-blob-type": "BlockBlob", "x-ms-meta-1a": "c"}, "InvalidMetadata"),
        ({"x-ms-blob-type": "BlockBlob", "x-ms-meta-a": "c" * 9000}, "MetadataTooLarge"),
        ({"x-ms-blob-type": "BlockBlob", "Content-Length": str(6000 << 20)}, "RequestBodyTooLarge"),
        ({"x-ms-blob-type": "BlockBlob", "x-ms-lease-id": "1"}, "UnsupportedHeader"),
    ],
)
def test_bad_heads(shared_server: LapisServer, headers: dict[str, str], code: str) -> None:
    status, found, body = _ask(shared_server, "PUT", _path(shared_server, "access/bad"), headers, b"x")
    assert (found, 400 <= status < 500) == (code, True)
    assert f"<Code>{code}</Code>".encode() in body


def test_other_bad_requests(shared_server: LapisServer) -> None:
    listing = {"comp": "list", "restype": "container"}
    cases = [
        ("PUT", _path(shared_server, "a", comp="block"), b"x", "MissingRequiredQueryParameter"),
        ("PUT", _path(shared_server, "a", comp="block", blockid="%21"), b"x", "InvalidQueryParameterValue"),
        ("PUT", _path(shared_server, "a", comp="blocklist"), b"<no", "InvalidXmlDocument"),
        ("PUT", _path(shared_server, "a", comp="metadata"), b"", "BlobNotFound"),
        ("GET", _path(shared_server, "a", comp="blocklist"), None, "BlobNotFound"),
        ("PATCH", _path(shared_server, "a"), None, "NotImplemented"),
        ("GET", _path(shared_server, "", **listing, maxresults="0"), None, "InvalidQueryParameterValue"),
        ("GET", _path(shared_server, "", **listing, include="x"), None, "InvalidQueryParameterValue"),
        ("GET", _path(shared_server, "a") + "&x=1" * 80, None, "InvalidInput"),
    ]  # fmt: skip
    for method, path, body, code in cases:
        assert _ask(shared_server, method, path, None, body)[1] == code, (method, path)


def test_before_the_surface_errors_have_its_form_too(shared_server: LapisServer) -> None:
    status, code, body = _ask(shared_server, "GET", _path(shared_server, "a"), {"Host": "evil.example"})
    assert (status, code) == (403, "AuthorizationFailure")
    assert body.startswith(b"<?xml")


def test_missing_blobs(shared_server: LapisServer) -> None:
    with container_client(shared_server) as client:
        blob = client.get_blob_client("access/nothing")
        for attempt in (
            blob.get_blob_properties,
            blob.download_blob,
            blob.delete_blob,
            lambda: blob.set_blob_metadata({}),
        ):
            with pytest.raises(ResourceNotFoundError) as caught:
                attempt()
            assert caught.value.error_code == "BlobNotFound"
        with pytest.raises(ResourceExistsError):
            client.create_container()
