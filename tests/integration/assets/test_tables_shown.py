"""First rows and profiles of tables in the workspace's stores, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from tests.support.server import LapisServer

WORKSPACE = "/api/v1/workspaces/default"
PATIENTS = "id;age;city\n" + "".join(f"{n};{20 + n % 50};{'東京' if n % 3 else 'Kyoto'}\n" for n in range(1000))


@pytest.fixture
def place(shared_server: LapisServer, request: pytest.FixtureRequest) -> Path:
    """A folder of the workspace's default store that is this test's own."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    folder = shared_server.home / "storage" / "default" / "workspaceblobstore" / "shown" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _ask(server: LapisServer, place: Path, path: str = "") -> tuple[int, Any]:
    uri = f"azureml://datastores/workspaceblobstore/paths/shown/{place.name}/"
    return server.request("GET", f"{WORKSPACE}/content/profile?uri={quote(uri)}&path={quote(path)}")


def test_the_first_rows_come_with_the_profile(shared_server: LapisServer, place: Path) -> None:
    (place / "patients.csv").write_text(PATIENTS)
    status, body = _ask(shared_server, place, "patients.csv")
    assert status == 200, body
    names = [(column["name"], column["type"], column["kind"]) for column in body["columns"]]
    assert names == [("id", "Int64", "number"), ("age", "Int64", "number"), ("city", "String", "text")]
    assert (body["head"][0], len(body["head"]), body["rows"]) == ([0, 20, "Kyoto"], 100, 1000)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_a_profile_is_that_of_the_content_and_follows_it(shared_server: LapisServer, place: Path, name: str) -> None:
    def write(frame: pl.DataFrame) -> None:
        if name.endswith(".csv"):
            frame.write_csv(place / name)
        elif name.endswith(".parquet"):
            frame.write_parquet(place / name)
        else:
            frame.write_ndjson(place / name)

    write(pl.DataFrame({"x": [1, 2, None, 4], "s": ["a", "a", "b", None]}))
    body = _ask(shared_server, place, name)[1]
    x, s = body["columns"]
    assert (body["rows"], body["whole"]) == (4, True)
    assert (x["kind"], x["missing"], x["min"], x["max"]) == ("number", 1, 1.0, 4.0)
    assert (s["kind"], s["missing"], s["top"][0]) == ("text", 1, {"value": "a", "count": 2})
    write(pl.DataFrame({"x": [10, 20, 30, 40, 50], "s": ["a"] * 5}))
    assert _ask(shared_server, place, name)[1]["columns"][0]["max"] == 50.0


def test_a_folder_of_files_of_one_kind_is_one_table(shared_server: LapisServer, place: Path) -> None:
    for part in range(3):
        (place / f"part-{part}.csv").write_text(f"n\n{part}\n")
    (place / "readme.txt").write_text("x")
    assert _ask(shared_server, place)[1]["rows"] == 3


def test_a_value_that_belies_its_columns_type_is_shown_all_the_same(shared_server: LapisServer, place: Path) -> None:
    (place / "late.csv").write_text("n\n" + "1\n" * 20_000 + "none\n")
    body = _ask(shared_server, place, "late.csv")[1]
    assert (body["rows"], body["columns"][0]["kind"]) == (20_001, "text")


def test_an_mltable_is_read_by_its_own_steps_and_within_its_folder(shared_server: LapisServer, place: Path) -> None:
    (place / "a.txt").write_text("n|m\n1|2\n3|4\n")
    steps = "transformations:\n  - read_delimited:\n      delimiter: '|'\n  - filter: \"col('n') > 1\"\n"
    (place / "MLTable").write_text(f"type: mltable\npaths:\n  - file: ./a.txt\n{steps}")
    assert _ask(shared_server, place)[1]["head"] == [[3, 4]]
    secret = shared_server.home / "token"
    for outside in (secret.as_uri(), "../../../../../../token", str(secret)):
        (place / "MLTable").write_text(f"type: mltable\npaths:\n  - file: {outside}\n{steps}")
        status, body = _ask(shared_server, place)
        assert (status // 100, "token" in str(body.get("head"))) == (4, False), body


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.parquet", b"PAR1 not at all"), ("x.jsonl", b"{]\n"), ("x.csv", b""), ("x.bin", b"\0"),
        ("x.parquet", b""), ("x.jsonl", b"\xff\xfe\x00"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(
    shared_server: LapisServer, place: Path, name: str, content: bytes
) -> None:
    (place / name).write_bytes(content)
    status, body = _ask(shared_server, place, name)
    assert (status // 100, body["error"]["code"]) == (4, "NotSupported"), body


def test_nothing_outside_the_stores_is_read(shared_server: LapisServer, tmp_path: Path, place: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("s\n1\n")
    (place / "link.csv").symlink_to(secret)
    assert _ask(shared_server, place, "link.csv")[0] in (400, 403, 404)
    assert _ask(shared_server, place, "../x.csv")[0] in (400, 403)
    assert shared_server.request("GET", f"{WORKSPACE}/content/profile?uri={quote(secret.as_uri())}")[0] == 403
