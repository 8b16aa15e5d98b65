"""The small parts of jobs on other machines, each by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import io
import json
import os
import socket
import tarfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lapisml.backends.compute.node import codec, engine, pack
from lapisml.backends.compute.node.contexts import manifest_of
from lapisml.backends.compute.node.news import News
from lapisml.backends.compute.node.pace import ahead
from lapisml.backends.compute.node.remote import default_root
from lapisml.backends.compute.node.rewriting import rewritten
from lapisml.backends.compute.node.service import Service
from lapisml.backends.compute.node.store import NodeStore
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import (
    EndReason,
    ExitStatus,
    Handle,
    JobPhase,
    JournalEntry,
    LogFile,
    MetricSample,
    NodeStanding,
    Observation,
    Outcome,
    Standing,
    Watch,
)
from lapisml.ports.launch import (
    ArtifactsSpec,
    EnvironmentSpec,
    InputSpec,
    LaunchSpec,
    OutputSpec,
    TrackingSpec,
)
from tests.support.nodes import NodeRig

HANDLE = Handle("default", "job", "key", 2)


def test_an_observation_crosses_whole() -> None:
    ended = ExitStatus(Outcome.FAILED, EndReason.EXIT_CODE, "It ended.", 3, None, 1000, 5000, "tail\udcff")
    found = Observation(
        HANDLE, JobPhase.ENDED, "It ended.", [JournalEntry(1, 2000, "running", "ü", {"pid": 4})], 10,
        [MetricSample(3000, {"system/x": 1.5})], 20, ended,
    )  # fmt: skip
    plain = json.loads(json.dumps(codec.observation_to_json(found, Watch(HANDLE), None)))
    assert codec.observation_from_json(HANDLE, plain) == found
    ours = codec.observation_from_json(HANDLE, plain, 500)
    assert (ours.journal[0].at, ours.metrics[0].at) == (1500, 2500)
    assert ours.exit is not None
    assert (ours.exit.started_at, ours.exit.ended_at) == (500, 4500)


def test_what_is_known_is_not_told_again() -> None:
    found = Observation(HANDLE, JobPhase.RUNNING, "x", [], 7, [], 9)
    watch, known = codec.watch_from_json(codec.watch_to_json(Watch(HANDLE, 7, 9), found))
    assert watch == Watch(HANDLE, 7, 9)
    assert codec.observation_to_json(found, watch, known) is None
    for changed in ({"phase": JobPhase.FINALIZING}, {"sentence": "y"}, {"journal_cursor": 8}, {"metrics_cursor": 10}):
        assert codec.observation_to_json(dataclasses.replace(found, **changed), watch, known) is not None
    assert codec.observation_to_json(found, watch, None) is not None


def test_logs_and_standings_cross_whole() -> None:
    logs = [LogFile("user_logs/std_log.txt", 5, 1000)]
    assert codec.logs_from_json(json.loads(json.dumps(codec.logs_to_json(logs)))) == logs
    standing = Standing("ready", "", (NodeStanding("n1", "idle", 2.0, 1, 1024, 0.5),), {"Ray": "2"})
    assert codec.standing_from_json(json.loads(json.dumps(codec.standing_to_json(standing)))) == standing


class _Many:
    """An engine with very many jobs."""

    def __init__(self, journal: int = 0) -> None:
        self.calls: list[int] = []
        self._journal = journal

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        self.calls.append(len(watches))
        entries = [JournalEntry(n, n, "running", "x" * 1000) for n in range(self._journal)]
        return [Observation(w.handle, JobPhase.RUNNING, "It runs.", entries, self._journal, [], 0) for w in watches]

    def close(self) -> None:
        """Nothing is held."""


def _ask(service: Service, verb: str, body: Any, tail: bytes = b"") -> tuple[Any, bytes]:
    return asyncio.run(service.handle(verb, body, tail))


def test_a_thousand_jobs_are_one_answer(tmp_path: Path) -> None:
    service = Service(_Many(), tmp_path)  # type: ignore[arg-type]
    watches = [Watch(Handle("default", f"job_{number}", "k")) for number in range(1000)]
    count, tail = _ask(service, "observe", [codec.watch_to_json(watch, None) for watch in watches])
    assert count == 1000
    assert len(tail) < 200_000
    known = Observation(watches[0].handle, JobPhase.RUNNING, "It runs.")
    count, tail = _ask(service, "observe", [codec.watch_to_json(watch, known) for watch in watches])
    assert (count, tail) == (1000, b"\n".join([b"null"] * 1000))
    service.close()


def test_an_answer_that_grows_too_long_stops_in_between(tmp_path: Path) -> None:
    """The rest is asked for again, and nothing is held in memory meanwhile."""
    many = _Many(journal=100)
    service = Service(many, tmp_path)  # type: ignore[arg-type]
    asked = [codec.watch_to_json(Watch(Handle("default", f"job_{number}", "k")), None) for number in range(1000)]
    tracemalloc.start()
    count, tail = _ask(service, "observe", asked)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < count < 1000
    assert len(tail) < 20 << 20
    assert peak < 80 << 20
    assert sum(many.calls) == count
    service.close()


def test_an_unknown_verb_and_a_strange_specification(tmp_path: Path) -> None:
    service = Service(_Many(), tmp_path)  # type: ignore[arg-type]
    for verb, body in (
        ("teleport", None),
        ("submit", {"version": 99}),
        ("submit", {"version": 1, "x": 1}),
        ("own", {"verb": "x"}),
    ):
        with pytest.raises(LapisError) as caught:
            _ask(service, verb, body)
        assert caught.value.code is ErrorCode.NOT_SUPPORTED, verb
    service.close()


def test_contents_are_checked_before_they_are_kept(tmp_path: Path) -> None:
    store = NodeStore(tmp_path)
    digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of foo
    assert store.missing({"manifest": digest, "blobs": [digest]}) == {"manifest": True, "blobs": [digest]}
    for asked, data in (
        ({"blobs": [[digest, 3]]}, b"bar"),
        ({"blob": digest, "upload": "u1", "offset": 0, "last": True}, b"bar"),
        ({"manifest": digest}, b'{"files": []}'),
    ):
        with pytest.raises(LapisError) as caught:
            store.put(asked, data)
        assert caught.value.code is ErrorCode.INTEGRITY
    assert [p for p in (tmp_path / "snapshots").rglob("*") if p.is_file()] == []
    store.put({"blob": digest, "upload": "u2", "offset": 0}, b"fo")
    store.put({"blob": digest, "upload": "u2", "offset": 2, "last": True}, b"o")
    assert store.missing({"manifest": digest, "blobs": [digest]})["blobs"] == []
    for bad in ("../../etc/passwd", "x", "", None, digest.upper(), digest + "\n"):
        for asked in ({"manifest": bad}, {"blobs": [[bad, 3]]}, {"blob": bad, "upload": "u", "offset": 0}):
            with pytest.raises(LapisError) as caught:
                store.put(asked, b"foo")
            assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED
    with pytest.raises(LapisError):
        store.put({"blob": digest, "upload": "../x", "offset": 0}, b"foo")


def test_the_pack_is_the_same_every_time_and_holds_no_server() -> None:
    pack.pack.cache_clear()
    made = pack.pack()
    pack.pack.cache_clear()
    assert pack.pack().digest == made.digest
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made.data))) as archive:
        names = archive.getnames()
    assert "lapisml/runner/supervisor.py" in names
    assert "lapisml/backends/compute/node/agent.py" in names
    assert not [name for name in names if name.startswith(("lapisml/server/", "lapisml/cli/", "lapisml/sdk/"))]
    assert not [name for name in names if "__pycache__" in name]
    assert len(made.data) < 2 << 20


def test_what_a_cut_upload_left_goes_with_the_next(tmp_path: Path) -> None:
    store = NodeStore(tmp_path)
    digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    store.put({"blob": digest, "upload": "u1", "offset": 0}, b"f")
    store.put({"blob": digest, "upload": "u2", "offset": 0}, b"f")
    (left,) = (tmp_path / "snapshots").rglob(f"{digest}.u1")
    os.utime(left, (0, 0))
    store.put({"blob": digest, "upload": "u3", "offset": 0, "last": True}, b"foo")
    found = sorted(p.name for p in (tmp_path / "snapshots").rglob(f"{digest}*"))
    assert found == [digest, f"{digest}.u2"]


def test_engines_are_named_not_imported_at_will(tmp_path: Path) -> None:
    for name in ("os", "../x", "local.reading", "", "nothere", "Local", "a" * 40):
        with pytest.raises(LapisError) as caught:
            engine.make(name, tmp_path, {})
        assert caught.value.code is ErrorCode.NOT_SUPPORTED
    made = engine.make("local", tmp_path, {})
    made.close()
    own = SimpleNamespace(free_ports=lambda count: ("10.0.0.1", 4000 + count))
    assert engine.free_ports(own, 16) == ("10.0.0.1", 4016)  # type: ignore[arg-type]


def test_a_clock_is_corrected_only_when_it_is_really_wrong() -> None:
    assert ahead(0, 300, 10) == 0
    assert ahead(0, 1900, 10) == 0
    assert ahead(0, 7_200_140, 20) == 7_200_000
    assert ahead(0, -61_049, 20) == -61_000
    assert ahead(7_200_000, 7_200_700, 20) == 7_200_000
    assert ahead(7_200_000, 120, 20) == 0
    assert ahead(0, 2500, 6000) == 0  # a link slower than that tells nothing


def test_the_socket_for_news_lies_elsewhere_where_its_path_is_too_long(tmp_path: Path) -> None:
    root = tmp_path / ("x" * 90)
    (root / "run").mkdir(parents=True)

    async def run() -> list[list[str]]:
        heard: list[list[str]] = []
        news = News(root, heard.append)
        assert len(os.fsencode(news.path)) <= 100
        news.start()
        assert Path(news.path).parent.stat().st_mode & 0o077 == 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            for name in (b"a", b"b", b"a"):
                sender.sendto(name, news.path)
        while not heard:
            await asyncio.sleep(0.005)
        news.close()
        return heard

    assert asyncio.run(asyncio.wait_for(run(), 10)) == [["a", "b"]]


def test_a_context_is_its_files_and_what_leads_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "context"
    (folder / "deep").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM x")
    (folder / "deep" / "run.sh").write_text("true")
    (folder / "deep" / "run.sh").chmod(0o755)
    (folder / "again").symlink_to("Dockerfile")
    found = {(file.path, file.mode) for file in manifest_of(folder).files}
    assert found == {("Dockerfile", "644"), ("again", "644"), ("deep/run.sh", "755")}
    (tmp_path / "secret").write_text("x")
    (folder / "out").symlink_to("../secret")
    with pytest.raises(LapisError) as caught:
        manifest_of(folder)
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


def _location(path: str, protocol: str = "file") -> dict[str, Any]:
    return {"protocol": protocol, "path": path, "options": {}, "root": None}


def test_a_specification_is_made_for_the_node(tmp_path: Path) -> None:
    """Folders are the node's, shared ones stay, object stores stay, everything else is sealed."""
    sealed: list[tuple[str, bool]] = []

    def seal(location: Any, writable: bool, job: Handle) -> dict[str, Any]:
        sealed.append((location["path"], writable))
        return {"protocol": "lapis", "path": "/x", "options": {"ticket": "t", "base": "/x"}, "root": "/x"}

    rig = NodeRig(
        tmp_path, tmp_path / "node", {"shared": ["/mnt/data/"], "environment_variables": {"A": "1", "B": "2"}}
    )
    spec = LaunchSpec(
        "default", "job", "key", "true", ArtifactsSpec("u", _location("/home/artifacts")), "/home",
        inputs={
            "plain": InputSpec("uri_file", "u", _location("/home/in")),
            "both": InputSpec("uri_folder", "u", _location("/home/both"), "rw_mount"),
            "shared": InputSpec("uri_file", "u", _location("/mnt/data/in")),
            "beside": InputSpec("uri_file", "u", _location("/mnt/database/in")),
            "bucket": InputSpec("uri_file", "u", _location("bucket/in", "s3")),
            "direct": InputSpec("uri_file", "https://x", None, "direct"),
            "named": InputSpec("uri_file", "u", _location("/home/named"), "direct"),
        },
        outputs={
            "out": OutputSpec("uri_folder", "u", _location(f"{tmp_path}/deep/out")),
            "file": OutputSpec("uri_file", "u", _location(f"{tmp_path}/file")),
            "spark": OutputSpec("uri_folder", "u", _location(f"{tmp_path}/spark"), "direct"),
        },
        environment=EnvironmentSpec({}, "m:c", "/home/environments", "k", {"root": "/home/e", "cache_dir": "/c"}),
        tracking=TrackingSpec("/home/run/server.json", "/mlflow/default", "token", "r", "0", "e"),
        environment_variables={"B": "mine"},
        wake_socket="/home/run/wake.sock",
    )  # fmt: skip
    facts = {"root": "/node", "wake_socket": "/node/w", "server_file": "/node/run/server.json"}
    made = rewritten(spec, facts, rig.attachment(seal=seal)).spec
    assert (made.home, made.wake_socket) == ("/node", "/node/w")
    assert made.tracking is not None
    assert (made.tracking.server_file, made.tracking.token) == ("/node/run/server.json", "token")
    assert made.environment is not None
    assert made.environment.root == "/node/environments"
    assert made.environment.options == {"root": "/node/environments", "cache_dir": None}
    assert made.environment_variables == {"A": "1", "B": "mine"}
    where = {name: given.location and given.location["protocol"] for name, given in made.inputs.items()}
    assert where == {
        "plain": "lapis", "both": "lapis", "shared": "file", "beside": "lapis", "bucket": "s3", "direct": None,
        "named": "lapis",
    }  # fmt: skip
    assert made.inputs["named"].location is not None
    assert made.inputs["named"].location["options"] == {}
    assert made.inputs["plain"].location is not None
    assert made.inputs["plain"].location["options"]["server_file"] == "/node/run/server.json"
    assert sorted(sealed) == [
        ("/home/artifacts", True), ("/home/both", True), ("/home/in", False), ("/home/named", False),
        ("/mnt/database/in", False),
        (f"{tmp_path}/deep/out", True), (f"{tmp_path}/file", True), (f"{tmp_path}/spark", True),
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if path.name in ("deep", "file", "spark")] == ["deep"]
    assert (tmp_path / "deep" / "out").is_dir(), "an output that nothing is written to is empty, not absent"
    rig.document["through_server"] = True
    for protocol, options, wanted in (
        ("s3", {"secret": "s"}, "lapis"), ("az", {}, "lapis"), ("https", {}, "https"), ("https", {"t": "s"}, "lapis"),
    ):  # fmt: skip
        given = InputSpec("uri_file", "u", {**_location("place", protocol), "options": options})
        placed = rewritten(dataclasses.replace(spec, inputs={"data": given}), facts, rig.attachment(seal=seal)).spec
        assert placed.inputs["data"].location is not None
        assert placed.inputs["data"].location["protocol"] == wanted, protocol


def test_the_folder_on_a_node_is_one_of_this_installation(tmp_path: Path) -> None:
    rig = NodeRig(tmp_path, tmp_path)
    assert default_root(rig.attachment()) == "~/.lapis-node/0123456789ab"
    assert default_root(rig.attachment(document={"root": "/scratch/ada"})) == "/scratch/ada"
