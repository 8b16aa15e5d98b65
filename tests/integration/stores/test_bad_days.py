"""What a server says and does when the place of its files is not there, is another's, or goes away for a while."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.integration.jobs.client import Api
from tests.integration.stores.conftest import STORES, make_bucket
from tests.support.balancer import Balancer
from tests.support.buckets import Bucket, s3_bucket
from tests.support.objectstores import S3Endpoint
from tests.support.polling import eventually
from tests.support.processes import tail
from tests.support.server import LapisServer


def refusal(start_server: ServerFactory, env: dict[str, str], home: Path | None = None) -> str:
    """Start a server that refuses to run; give what it said."""
    server = start_server(env, home, wait=False)
    eventually(lambda: server.process.poll() is not None, 60, what="a server that refuses to run")
    assert server.process.poll() not in (0, None)
    return tail(server.log)


@pytest.fixture(params=STORES)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    return make_bucket(request, request.param)


@pytest.mark.parametrize("kind", STORES)
def test_a_bucket_that_does_not_exist(request: pytest.FixtureRequest, start_server: ServerFactory, kind: str) -> None:
    absent = make_bucket(request, kind, make=False)
    said = refusal(start_server, absent.env)
    assert "there is no bucket or container" in said
    assert "LAPIS_DEFAULT_DATASTORE names this place" in said


def test_credentials_that_are_refused(request: pytest.FixtureRequest, start_server: ServerFactory) -> None:
    bucket = make_bucket(request, "azure_blob")
    bucket.credentials["account_key"] = "d3JvbmcK"
    said = refusal(start_server, bucket.env)
    assert "failed to authenticate" in said
    assert "Check its name and its credentials" in said
    assert "d3JvbmcK" not in said


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"LAPIS_DEFAULT_DATASTORE": "/nowhere.yml"}, "there is no file '/nowhere.yml'"),
        ({"LAPIS_DEFAULT_DATASTORE": "https://example.org/x/"}, "can't hold the files of workspaces"),
        ({"LAPIS_DEFAULT_DATASTORE": "ftp://example.org/x"}, "can't be read"),
        ({"LAPIS_DEFAULT_DATASTORE_CREDENTIALS": "{}"}, "without LAPIS_DEFAULT_DATASTORE"),
        (
            {"LAPIS_DEFAULT_DATASTORE": "s3://b/p", "LAPIS_DEFAULT_DATASTORE_CREDENTIALS": '{"acess_key_id": "x"}'},
            "'acess_key_id' is not known",
        ),
        (
            {"LAPIS_DEFAULT_DATASTORE": "s3://b/p", "LAPIS_DEFAULT_DATASTORE_CREDENTIALS": "{"},
            "neither JSON nor a file with YAML",
        ),
    ],
)
def test_settings_that_make_no_sense(start_server: ServerFactory, env: dict[str, str], sentence: str) -> None:
    assert sentence in refusal(start_server, env)


def test_a_document_names_the_place_too(start_server: ServerFactory, s3_endpoint: S3Endpoint, tmp_path: Path) -> None:
    bucket = s3_bucket(s3_endpoint)
    name, _, prefix = bucket.base.partition("/")
    document = tmp_path / "store.yml"
    document.write_text(
        f"type: s3\nbucket: {name}\nprefix: {prefix}\nendpoint: {s3_endpoint.url}\nregion: us-east-1\n"
        "credentials: {access_key_id: an-id, secret_access_key: words}\n"
    )
    server = start_server({"LAPIS_DEFAULT_DATASTORE": str(document)})
    Api(server).wait(Api(server).submit("echo hello > outputs/a.txt"), "Completed")
    assert [path for path in bucket.paths("default") if path.endswith("outputs/a.txt")]


def test_a_place_of_another_installation(start_server: ServerFactory, bucket: Bucket, tmp_path: Path) -> None:
    start_server(bucket.env, tmp_path / "one")
    assert "holds the files of another installation" in refusal(start_server, bucket.env, tmp_path / "two")


def test_files_are_not_left_behind_silently(start_server: ServerFactory, bucket: Bucket, lapis_home: Path) -> None:
    server = start_server()
    api = Api(server)
    name = api.submit("echo kept > ${{outputs.made}}/a.txt", outputs={"made": {"type": "uri_folder"}})
    api.wait(name, "Completed")
    server.stop()
    said = refusal(start_server, bucket.env)
    assert "lie at file; this server's settings say" in said
    moving = {**bucket.env, "LAPIS_DEFAULT_DATASTORE_MOVED_FROM": "file"}
    assert "not everything was moved" in refusal(start_server, moving)
    storage = lapis_home / "storage"
    for path in [path for path in storage.rglob("*") if path.is_file()]:
        bucket.system.pipe_file(f"{bucket.base}/{path.relative_to(storage)}", path.read_bytes())
    moved = start_server(moving)
    assert _output(moved, name) == b"kept\n"
    moved.stop()
    shutil.rmtree(storage)
    again = start_server(bucket.env)
    assert _output(again, name) == b"kept\n"
    again.stop()
    assert re.search(r"lie at (s3|az)://.*settings say file", refusal(start_server, {}))


def test_an_empty_folder_is_no_reason_to_refuse(start_server: ServerFactory, bucket: Bucket) -> None:
    start_server().stop()
    server = start_server(bucket.env)
    Api(server).wait(Api(server).submit("echo hello > outputs/a.txt"), "Completed")
    assert [path for path in bucket.paths("default") if path.endswith("outputs/a.txt")]


@pytest.mark.parametrize("kind", STORES)
def test_a_store_that_is_away_when_a_job_ends(
    request: pytest.FixtureRequest, start_server: ServerFactory, kind: str
) -> None:
    api, bucket, way = _behind_a_way(request, start_server, kind)
    go = api.home / "go"
    name = api.submit(
        f"echo made > ${{{{outputs.made}}}}/a.txt; until [ -e {go} ]; do sleep 0.05; done",
        outputs={"made": {"type": "uri_folder", "name": "made"}},
    )
    api.wait(name, "Running")
    way.cut()
    go.touch()
    job = eventually(lambda: _waiting(api, name), 90, what="a job that says what it waits for")
    assert job["status"] == "Finalizing"
    assert "can't be reached" in job["status_reason"]
    assert "tried again" in job["status_reason"]
    way.restore()
    job = api.wait(name, "Completed", timeout=90)
    assert job["status_code"] == "Succeeded"
    assert bucket.system.cat(f"{bucket.base}/default/workspaceblobstore/azureml/{name}/made/a.txt") == b"made\n"
    assert f"dcid.{name}/user_logs/std_log.txt" in "\n".join(bucket.paths("default"))
    status, made = api.call("GET", "/data/made/versions/1")
    assert status == 200, made


def test_a_store_that_is_away_when_a_canceled_job_ends(
    request: pytest.FixtureRequest, start_server: ServerFactory
) -> None:
    api, bucket, way = _behind_a_way(request, start_server, "s3")
    name = api.submit("echo said; sleep 600")
    api.wait(name, "Running")
    eventually(lambda: b"said" in api.printed(name), 30, what="a line of the log")
    api.call("POST", f"/jobs/{name}/cancel")
    api.wait(name, "Canceled")
    assert any(path.endswith(f"dcid.{name}/user_logs/std_log.txt") for path in bucket.paths("default"))
    second = api.submit("sleep 600")
    api.wait(second, "Running")
    way.cut()
    api.call("POST", f"/jobs/{second}/cancel")
    api.wait(second, "Canceled", timeout=90)


def test_a_server_that_starts_while_the_store_is_away(
    request: pytest.FixtureRequest, start_server: ServerFactory
) -> None:
    api, _, way = _behind_a_way(request, start_server, "s3")
    api.wait(api.submit("true"), "Completed")
    way.cut()
    api.server.restart()
    status, body = api.call("GET", "/content?uri=azureml://datastores/workspaceblobstore/paths/")
    assert (status, body["error"]["code"] if "error" in body else body["code"]) == (503, "StorageUnreachable")
    assert api.call("GET", "/jobs")[0] == 200
    way.restore()
    api.wait(api.submit("true"), "Completed")


class _Api(Api):
    def __init__(self, server: LapisServer) -> None:
        super().__init__(server)
        self.server = server
        self.home = server.home


def _behind_a_way(
    request: pytest.FixtureRequest, start_server: ServerFactory, kind: str
) -> tuple[_Api, Bucket, Balancer]:
    """Start a server that reaches its bucket through an address that can be cut off."""
    bucket = make_bucket(request, kind)
    port = int(re.search(r":(\d+)", bucket.credentials["endpoint"].removeprefix("http"))[1])  # type: ignore[index]
    way = Balancer([port])
    request.addfinalizer(way.close)
    bucket.credentials["endpoint"] = bucket.credentials["endpoint"].replace(f":{port}", f":{way.port}")
    return _Api(start_server(bucket.env)), bucket, way


def _waiting(api: Api, name: str) -> dict[str, Any] | None:
    job = api.job(name)
    assert job["status"] not in ("Completed", "Failed", "Canceled"), job["status_reason"]
    return job if job["status_code"] == "Waiting" else None


def _output(server: LapisServer, name: str) -> bytes:
    uri = f"azureml://datastores/workspaceblobstore/paths/azureml/{name}/made/a.txt"
    return bytes(server.request("GET", f"/api/v1/workspaces/default/content/file?uri={uri}")[1])
