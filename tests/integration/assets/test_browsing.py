"""Looking at content over HTTP: folders one level at a time, tables by rows, folders as archives."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote, urlencode

import polars as pl
import pytest

from tests.integration.assets.test_http import Api
from tests.support.server import LapisServer


@pytest.fixture(scope="module")
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def _names(listed: dict[str, object]) -> list[str]:
    value = listed["value"]
    assert isinstance(value, list)
    return [entry["name"] + ("/" if entry["is_folder"] else "") for entry in value]


@pytest.mark.parametrize("purpose", ["data", "code"])
def test_folders_open_one_level_at_a_time(api: Api, purpose: str) -> None:
    files = {"b.txt": b"bb", "a.txt": b"a", "src/deep/x.py": b"x = 1\n", "src/y.py": b"y"}
    uri = api.upload(files, purpose=purpose, basename="walk")
    where = f"content/children?uri={quote(uri)}"
    root = api.json("GET", where)
    assert _names(root) == ["src/", "a.txt", "b.txt"]
    assert [entry["size"] for entry in root["value"]] == [None, 1, 2]
    assert _names(api.json("GET", f"{where}&path=src")) == ["deep/", "y.py"]
    first = api.json("GET", f"{where}&limit=2")
    second = api.json("GET", f"{where}&limit=2&token={quote(first['next'])}")
    assert (_names(first), _names(second), second["next"]) == (["src/", "a.txt"], ["b.txt"], None)
    assert api.send("GET", f"content/file?uri={quote(uri)}&path=src/deep/x.py")[2] == b"x = 1\n"
    assert api.error("GET", f"{where}&path=nowhere")[0] == 404
    assert api.error("GET", f"{where}&path=../..")[0] in (400, 403)


def test_a_folder_leaves_as_an_archive(api: Api) -> None:
    big = bytes(range(256)) * 20_000
    uri = api.upload({"one.txt": b"1", "in/two.bin": big}, basename="pack")
    status, headers, content = api.send("GET", f"content/archive?uri={quote(uri)}")
    assert status == 200
    assert "attachment" in headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"in/two.bin": big, "one.txt": b"1"}
    within = api.send("GET", f"content/archive?uri={quote(uri)}&path=in")[2]
    assert zipfile.ZipFile(io.BytesIO(within)).namelist() == ["two.bin"]


def test_tables_are_read_by_rows(api: Api) -> None:
    written = io.BytesIO()
    pl.DataFrame({"n": list(range(1000)), "f": [0.5] * 999 + [float("nan")]}).write_parquet(written)
    files = {
        "t.csv": b"id,when,text\n" + b"".join(b"%04d,2026-01-02,=1+1\n" % n for n in range(500)),
        "t.parquet": written.getvalue(),
        "t.jsonl": b'{"a": 1}\n\n{"a": 2, "b": {"c": [1]}}\n',
        "semicolons.csv": b"a;b\n1,5;x\n",
        "scores.csv": b"0,13.0,rows.csv\n1,24.0,rows.csv\n",
        "bad.parquet": b"PAR1 not really",
    }
    uri = api.upload(files, basename="tables")

    def table(path: str, **more: int) -> dict[str, object]:
        found: dict[str, object] = api.json("GET", "content/table?" + urlencode({"uri": uri, "path": path, **more}))
        return found

    assert table("scores.csv")["rows"] == [["0", "13.0", "rows.csv"], ["1", "24.0", "rows.csv"]]  # without names
    alone = {"uri": f"{uri.rstrip('/')}/scores.csv", "path": "scores.csv"}
    assert api.json("GET", "content/table?" + urlencode(alone)) == table("scores.csv")  # listed as what it is called
    csv = table("t.csv", offset=498, limit=10)
    assert csv["rows"] == [["0498", "2026-01-02", "=1+1"], ["0499", "2026-01-02", "=1+1"]]
    assert (csv["columns"], csv["next"]) == (
        [{"name": "id", "type": "Int64"}, {"name": "when", "type": "Date"}, {"name": "text", "type": "String"}],
        None,
    )
    parquet = table("t.parquet", offset=997, limit=2)
    assert (parquet["rows"], parquet["total"], parquet["next"]) == ([[997, 0.5], [998, 0.5]], 1000, 999)
    assert table("t.parquet", offset=999)["rows"] == [[999, "nan"]]
    assert table("t.jsonl")["rows"] == [[1, None], [2, '{"c":[1]}']]
    assert table("semicolons.csv")["rows"] == [["1,5", "x"]]
    status, error = api.error("GET", f"content/table?uri={quote(uri)}&path=bad.parquet")
    assert (status, error["code"]) == (422, "NotSupported")
