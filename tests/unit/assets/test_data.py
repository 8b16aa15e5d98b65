"""Data assets: references are kept, uploads looked at, MLTable files checked."""

from __future__ import annotations

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from tests.support.assets import World

GOOD = b"""$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
  - file: ./data.csv
transformations:
  - read_delimited: {delimiter: ',', encoding: ascii, header: all_files_same_headers}
  - take: 5
"""


def make(world: World, path: str, **keys: str) -> AssetRecord:
    return world.assets.create(world.ws, AssetKind.DATA, {"name": "d", "path": path, **keys}, "ann")


@pytest.mark.parametrize(
    "uri",
    ["https://azuremlexamples.blob.core.windows.net/datasets/iris.csv", "wasbs://c@a.blob.core.windows.net/x",
     "wasbs://c@a.blob.core.windows.net", "abfss://c@a.dfs.core.windows.net/x", "s3://bucket/key", "gs://b/k",
     "azureml://datastores/workspaceblobstore/paths/not/yet/there"],
)  # fmt: skip
def test_references_are_kept_as_they_are(plain: World, uri: str) -> None:
    record = make(plain, uri)
    assert (record.document["path"], record.document["type"]) == (uri, "uri_folder")


@pytest.mark.parametrize(
    ("uri", "code"),
    [("./x.csv", ErrorCode.DOCUMENT_INVALID), ("ftp://x/y", ErrorCode.NOT_SUPPORTED),
     ("azureml://datastores/none/paths/x", ErrorCode.REFERENCE_NOT_FOUND),
     ("wasbs://account.blob.core.windows.net/x", ErrorCode.USAGE)],
)  # fmt: skip
def test_references_that_lead_nowhere(plain: World, uri: str, code: ErrorCode) -> None:
    with pytest.raises(LapisError) as caught:
        make(plain, uri)
    assert caught.value.code is code


def test_a_good_table(plain: World) -> None:
    answer = plain.upload({"MLTable": GOOD, "data.csv": b"a,b\n"})
    assert make(plain, answer.uri, type="mltable").document["type"] == "mltable"


@pytest.mark.parametrize(
    ("content", "where"),
    [(None, "path"), (b"paths: []", "paths"), (b"pths:\n  - file: x", "pths"), (b"paths:\n  - fil: x", "paths[0]"),
     (b"paths:\n  - file: x\n    folder: y", "paths[0]"),
     (b"paths: [{file: x}]\ntransformations: 5", "transformations"),
     (b"paths: [{file: x}]\ntransformations: [{a: 1, b: 2}]", "transformations[0]")],
)  # fmt: skip
def test_bad_tables(plain: World, content: bytes | None, where: str) -> None:
    answer = plain.upload({"data.csv": b"a,b\n", **({"MLTable": content} if content else {})})
    with pytest.raises(LapisError) as caught:
        make(plain, answer.uri, type="mltable")
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert where in [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("content", [b"paths: [", b"a: &a [1]\nb: *a", b"5", b"!!python/name:os.system {}"])
def test_tables_that_are_no_yaml(plain: World, content: bytes) -> None:
    answer = plain.upload({"MLTable": content})
    with pytest.raises(LapisError) as caught:
        make(plain, answer.uri, type="mltable")
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
