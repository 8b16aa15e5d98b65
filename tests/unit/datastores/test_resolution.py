"""Where a URI leads: stores, plain addresses, rewrite rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.datastores.rewrites import RewriteRules
from tests.support.assets import World, open_world

DOCUMENTS: dict[str, dict[str, Any]] = {
    "blob": {"type": "azure_blob", "account_name": "acc", "container_name": "con", "credentials": {"account_key": "K"}},
    "lake": {
        "type": "azure_data_lake_gen2", "account_name": "lake", "filesystem": "fs",
        "credentials": {"tenant_id": "t", "client_id": "c", "client_secret": "s"},
    },
    "china": {"type": "azure_blob", "account_name": "a", "container_name": "c", "endpoint": "core.chinacloudapi.cn"},
    "bucket": {
        "type": "s3", "bucket": "b", "prefix": "team/x", "endpoint": "https://minio.example", "region": "eu",
        "credentials": {"access_key_id": "I", "secret_access_key": "S"},
    },
    "gcs": {"type": "gcs", "bucket": "g"},
    "hadoop": {"type": "hdfs", "host": "nn", "port": 8020, "prefix": "/data"},
}  # fmt: skip
LONG = "azureml://subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture
def stores(plain: World) -> World:
    for name, document in DOCUMENTS.items():
        plain.datastores.create_or_update(plain.ws, {"name": name, **document}, "ann")
    return plain


@pytest.mark.parametrize(
    ("uri", "protocol", "path", "options"),
    [
        ("azureml://datastores/blob/paths/a/b", "az", "con/a/b", {"account_name": "acc", "account_key": "K"}),
        ("azureml://datastores/blob/paths/", "az", "con", {"account_name": "acc", "account_key": "K"}),
        ("azureml://datastores/BLOB", "az", "con", {"account_name": "acc", "account_key": "K"}),
        (f"{LONG}/datastores/blob/paths/x", "az", "con/x", {"account_name": "acc", "account_key": "K"}),
        ("azureml://datastores/china/paths/x", "az", "c/x", {"account_name": "a", "endpoint": "core.chinacloudapi.cn"}),
        ("azureml://datastores/lake/paths/x", "az", "fs/x",
         {"account_name": "lake", "tenant_id": "t", "client_id": "c", "client_secret": "s"}),
        ("azureml://datastores/bucket/paths/x", "s3", "b/team/x/x",
         {"endpoint": "https://minio.example", "region": "eu", "key": "I", "secret": "S"}),
        ("azureml://datastores/gcs/paths/x#y", "gs", "g/x#y", {}),
        ("azureml://datastores/hadoop/paths/x", "hdfs", "/data/x", {"host": "nn", "port": 8020}),
        ("wasbs://con@other.blob.core.windows.net/a", "az", "con/a", {"account_name": "other"}),
        ("wasbs://con@other.blob.core.windows.net", "az", "con", {"account_name": "other"}),
        ("wasbs://con@acc.blob.core.windows.net/a", "az", "con/a", {"account_name": "acc", "account_key": "K"}),
        ("abfss://con@acc.dfs.core.windows.net/a", "az", "con/a", {"account_name": "acc", "account_key": "K"}),
        ("https://acc.blob.core.windows.net/con/a", "az", "con/a", {"account_name": "acc", "account_key": "K"}),
        ("https://acc.blob.core.windows.net/con/a?sig=1", "https", "https://acc.blob.core.windows.net/con/a?sig=1", {}),
        ("https://x.blob.core.windows.net/con/a.csv", "https", "https://x.blob.core.windows.net/con/a.csv", {}),
        ("https://x.blob.core.windows.net/con/a/", "az", "con/a", {"account_name": "x"}),
        ("https://x.blob.core.windows.net/c/a/?sv=1", "az", "c/a", {"account_name": "x", "sas_token": "sv=1"}),
        ("https://example.com/a%20b.csv?x=1", "https", "https://example.com/a%20b.csv?x=1", {}),
        ("s3://bucket/a?b#c", "s3", "bucket/a?b#c", {}),
        ("gs://bucket/a", "gs", "bucket/a", {}),
        ("hdfs://nn:9000/a", "hdfs", "/a", {"host": "nn", "port": 9000}),
    ],
)  # fmt: skip
def test_locations(stores: World, uri: str, protocol: str, path: str, options: dict[str, Any]) -> None:
    found = stores.datastores.resolve(stores.ws, uri)
    assert (found.protocol, found.path, dict(found.options)) == (protocol, path, options)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("azureml://datastores/none/paths/x", ErrorCode.REFERENCE_NOT_FOUND),
        ("azureml://datastores/blob/paths/../x", ErrorCode.PATH_NOT_ALLOWED),
        ("wasbs://c@a.blob.core.windows.net/../x", ErrorCode.PATH_NOT_ALLOWED),
        ("s3://bucket/a/../../x", ErrorCode.PATH_NOT_ALLOWED),
        ("ftp://x/y", ErrorCode.NOT_SUPPORTED), ("gopher://x/y", ErrorCode.NOT_SUPPORTED),
        ("azureml:name:1", ErrorCode.USAGE), ("data/x.csv", ErrorCode.USAGE),
        ("azureml://codes/" + "a" * 64, ErrorCode.USAGE),
    ],
)  # fmt: skip
def test_what_leads_nowhere(stores: World, uri: str, code: ErrorCode) -> None:
    with pytest.raises(LapisError) as caught:
        stores.datastores.resolve(stores.ws, uri)
    assert caught.value.code is code


@pytest.mark.parametrize("kind", ["azure_file", "azure_data_lake_gen1"])
def test_stores_that_are_kept_and_can_not_be_read(plain: World, kind: str) -> None:
    plain.datastores.create_or_update(plain.ws, {"name": "f", "type": kind, "account_name": "a"}, "ann")
    with pytest.raises(LapisError) as caught:
        plain.datastores.resolve(plain.ws, "azureml://datastores/f/paths/x")
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    assert "rewrite" in str(caught.value)


def test_files_of_this_machine(plain: World) -> None:
    folder = plain.home.parent / "my data"
    folder.mkdir()
    for uri in (f"file://{folder}/a.csv".replace(" ", "%20"), f"{folder}/a.csv"):
        assert plain.datastores.resolve(plain.ws, uri).path == f"{folder}/a.csv"
    for uri in (
        f"file://{plain.home}/lapis.db",
        f"{plain.home}/x/../secret.key",
        f"file://{folder}/%2e%2e/home/secret.key",
    ):
        with pytest.raises(LapisError) as caught:
            plain.datastores.resolve(plain.ws, uri)
        assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


def test_only_the_folders_that_the_setting_names(tmp_path: Path) -> None:
    for name in ("data", "data-secret"):
        (tmp_path / name).mkdir()
    roots = (tmp_path / "data",)
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'x.db'}", roots=roots) as world:
        assert world.datastores.resolve(world.ws, f"file://{tmp_path}/data/x").path == f"{tmp_path}/data/x"
        (tmp_path / "data/out").symlink_to(tmp_path / "data-secret")
        for path in ("data-secret/x", "data/../data-secret/x", "data/out/x"):
            with pytest.raises(LapisError) as caught:
                world.datastores.resolve(world.ws, f"file://{tmp_path}/{path}")
            assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


def test_the_longest_prefix_wins() -> None:
    rules = RewriteRules({"https://a/": "https://b/", "https://a/x/": "file:///m/", "https://a/x/y": "s3://z"})
    found = {uri: rules.apply(uri).uri for uri in ("https://a/1", "https://a/x/1", "https://a/x/y/1", "https://c/1")}
    assert list(found.values()) == ["https://b/1", "file:///m/1", "s3://z/1", "https://c/1"]
    assert RewriteRules({"a://": "b://", "b://": "c://"}).apply("a://x").uri == "b://x"


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[World]:
    mirror = tmp_path / "mirror"
    (mirror / "sub").mkdir(parents=True)
    (mirror / "sub/iris.csv").write_bytes(b"1")
    (tmp_path / "secret").write_bytes(b"x")
    rules = {
        "https://examples.blob.core.windows.net/datasets/": f"file://{mirror}/",
        "wasbs://datasets@examples.blob.core.windows.net/": f"file://{mirror}/",
        "azureml://datastores/share/paths/": f"file://{mirror}/sub/",
        "s3://public/": "azureml://datastores/workspaceblobstore/paths/mirror/",
    }
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'x.db'}", rewrites=rules) as world:
        yield world


@pytest.mark.parametrize(
    "uri",
    ["https://examples.blob.core.windows.net/datasets/sub/iris.csv",
     "https://examples.blob.core.windows.net/datasets/sub/iris.csv?sv=signed",
     "wasbs://datasets@examples.blob.core.windows.net/sub/iris.csv", "azureml://datastores/share/paths/iris.csv"],
)  # fmt: skip
def test_mirrors(mirrored: World, uri: str) -> None:
    assert mirrored.storage.read_range(mirrored.datastores.resolve(mirrored.ws, uri), 0, 9) == b"1"


def test_a_mirror_in_a_datastore(mirrored: World) -> None:
    mirrored.put("azureml://datastores/workspaceblobstore/paths/mirror", {"a": b"2"})
    assert mirrored.storage.read_range(mirrored.datastores.resolve(mirrored.ws, "s3://public/a"), 0, 9) == b"2"


def test_no_way_out_of_a_mirror(mirrored: World) -> None:
    base = "https://examples.blob.core.windows.net/datasets"
    (mirrored.home.parent / "mirror/out").symlink_to(mirrored.home.parent / "secret")
    for tail in ("/../secret", "/sub/../../secret", "//etc/passwd", "/out"):
        with pytest.raises(LapisError) as caught:
            mirrored.storage.info(mirrored.datastores.resolve(mirrored.ws, base + tail))
        assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED
    assert mirrored.storage.info(mirrored.datastores.resolve(mirrored.ws, base + "/..%2fsecret")) is None
