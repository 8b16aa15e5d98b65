"""What of an object store's credentials is on a node: for how long, where, and how to have none there."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest

from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.ports.launch import ArtifactsSpec, InputSpec, LaunchSpec, OutputSpec
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig, seal_of
from tests.support.objectstores import S3Endpoint
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run

SECRET = "canary-5f2b9d"
COMMAND = "cp ${{inputs.data}}/a.txt ${{outputs.model}}/b.txt && touch began && while [ ! -e stop ]; do sleep 0.1; done"


class _Store:
    """A bucket of a test's own."""

    def __init__(self, endpoint: S3Endpoint) -> None:
        self.system = fsspec.filesystem("s3", **endpoint.options, skip_instance_cache=True, use_listings_cache=False)
        self.name = f"b-{uuid4().hex[:12]}"
        self.system.mkdir(self.name)
        self.system.pipe_file(f"{self.name}/in/a.txt", b"from the bucket")
        self.options = {
            "endpoint": endpoint.url, "key": "k", "secret": SECRET, "region": endpoint.region, "allow_private": True,
        }  # fmt: skip

    def at(self, path: str) -> dict[str, Any]:
        return {"protocol": "s3", "path": f"{self.name}/{path}", "options": self.options, "root": None}

    def job(self, bench: Bench) -> LaunchSpec:
        return replace(
            bench.spec(COMMAND),
            inputs={
                "data": InputSpec("uri_folder", "azureml://x", self.at("in")),
                "named": InputSpec("uri_folder", "azureml://z", self.at("other"), "direct"),
            },
            outputs={"model": OutputSpec("uri_folder", "azureml://y", self.at("out"))},
            artifacts=ArtifactsSpec("azureml://artifacts", self.at("artifacts")),
        )


def with_secret(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.fixture
def bucket(s3_endpoint: S3Endpoint) -> _Store:
    return _Store(s3_endpoint)


def test_they_are_in_one_file_for_the_owner_until_the_job_has_ended(rig: NodeRig, bench: Bench, bucket: _Store) -> None:
    spec = bucket.job(bench)
    handle = bench.backend.submit(spec)
    folder = rig.root / "runs" / "default" / spec.job
    eventually((folder / "work" / "began").exists, timeout=60, what="a job that runs")
    assert with_secret(rig.root) == [folder / "secrets.json"]
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "secrets.json").read_text().count(SECRET) == 3  # nothing for what is only named
    (folder / "work" / "stop").touch()
    assert bench.follow(handle, timeout=60).exit.exit_code == 0
    assert bucket.system.cat_file(f"{bucket.name}/out/b.txt") == b"from the bucket"
    assert not (folder / "secrets.json").exists()
    assert with_secret(rig.root) == []


@pytest.mark.parametrize("end", ["ends", "is canceled"])
def test_through_the_server_none_are_there(
    rig: NodeRig, bucket: _Store, end: str, bare: ProcessTransport, tmp_path: Path
) -> None:
    """The data goes and comes all the same, on a node that has nothing but Python."""
    server = LapisServer(tmp_path / "home").start()
    try:
        rig.document["through_server"] = True
        facts = {"server_url": server.url, "seal": seal_of(server)}
        bench = Bench(lambda: rig.backend(attachment=facts, transport=bare), rig.home, rig.root)
        spec = bucket.job(bench)
        handle = bench.backend.submit(spec)
        folder = rig.root / "runs" / "default" / spec.job
        eventually((folder / "work" / "began").exists, timeout=60, what="a job that runs")
        assert (folder / "secrets.json").exists()
        assert with_secret(rig.root) == []
        if end == "ends":
            (folder / "work" / "stop").touch()
        else:
            bench.backend.cancel(handle, 1.0)
        course = bench.follow(handle, timeout=60)
        assert (course.exit.exit_code == 0) is (end == "ends")
        assert bucket.system.cat_file(f"{bucket.name}/out/b.txt") == b"from the bucket"
        assert bucket.system.exists(f"{bucket.name}/artifacts/user_logs/std_log.txt")
        assert not (folder / "secrets.json").exists()
    finally:
        server.stop()
        end_everything(server.home)
