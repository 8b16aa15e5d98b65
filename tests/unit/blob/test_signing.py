from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.vault import Vault
from lapisml.server.surfaces.blob.addresses import account_name, blob_url
from lapisml.server.surfaces.blob.signing import BlobSigner
from lapisml.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def signer(tmp_path: Path, clock: FakeClock) -> BlobSigner:
    return BlobSigner(Vault.open(tmp_path / "secret.key"), clock)


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, strict_parsing=True))


def test_a_signature_opens_its_container_until_it_ends(signer: BlobSigner, clock: FakeClock) -> None:
    query = _pairs(signer.sas("default", "workspaceblobstore", "lwr", 3600))
    assert query["se"] == "2026-01-01T01:00:00Z"
    assert signer.check("default", "workspaceblobstore", query) == "rwl"
    clock.advance(3_599_000)
    assert signer.check("default", "workspaceblobstore", query) == "rwl"
    clock.advance(1_000)
    with pytest.raises(LapisError, match="ended at 2026-01-01T01:00:00Z") as caught:
        signer.check("default", "workspaceblobstore", query)
    assert caught.value.code is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "change",
    [
        {"sp": "racwdl"}, {"se": "2036-01-01T00:00:00Z"}, {"se": "never"}, {"sr": "b"}, {"sv": "2020-02-10"},
        {"sig": ""}, {"sig": "AAAA"}, {"sig": "é"}, {"sp": "\udcff"},
    ],
)  # fmt: skip
def test_a_changed_signature_is_refused(signer: BlobSigner, change: dict[str, str]) -> None:
    query = _pairs(signer.sas("default", "data", "r", 3600)) | change
    with pytest.raises(LapisError, match="not valid"):
        signer.check("default", "data", query)


def test_each_key_is_needed(signer: BlobSigner) -> None:
    query = _pairs(signer.sas("default", "data", "r", 3600))
    for name in query:
        with pytest.raises(LapisError, match="not valid"):
            signer.check("default", "data", {k: v for k, v in query.items() if k != name})


def test_a_signature_is_for_one_container_of_one_server(signer: BlobSigner, tmp_path: Path) -> None:
    query = _pairs(signer.sas("default", "data", "r", 3600))
    other = BlobSigner(Vault.open(tmp_path / "other.key"), FakeClock())
    for maker, workspace, container in (
        (signer, "default", "data2"),
        (signer, "d", "efaultdata"),
        (other, "default", "data"),
    ):
        with pytest.raises(LapisError, match="not valid"):
            maker.check(workspace, container, query)


def test_permissions_are_known_ones(signer: BlobSigner) -> None:
    for permissions in ("", "x", "rx"):
        with pytest.raises(ValueError, match="permissions"):
            signer.sas("default", "data", permissions, 60)


def test_addresses_name_everything_below_the_server() -> None:
    base = "https://127.0.0.1:8801"
    assert blob_url(base, "default", "data") == "https://127.0.0.1:8801/default.blob.lapis/data"
    assert blob_url(base + "/", "default", "data", "a b/ü#?%.txt") == (
        "https://127.0.0.1:8801/default.blob.lapis/data/a%20b/%C3%BC%23%3F%25.txt"
    )
    made_by_clients = f"https://{account_name(base, 'default')}.blob.lapis/data"
    assert made_by_clients == blob_url(base, "default", "data")
