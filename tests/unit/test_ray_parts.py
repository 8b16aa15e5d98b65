"""What of the Ray side needs no Ray: what travels, records, endings."""

from __future__ import annotations

import json
from pathlib import Path

from lapisml.backends.compute.ray.endings import ended, ending
from lapisml.backends.compute.ray.package import package
from lapisml.backends.compute.ray.records import Place, Record, Records
from lapisml.backends.compute.ray.travel import needed_files, rerooted, server_files
from lapisml.ports.compute import Handle, JobPhase, Outcome, Watch
from lapisml.ports.endings import EndReason


def test_only_our_own_paths_are_moved() -> None:
    """What a user wrote stays, also where it looks like a path of ours."""
    plain = {
        "home": "/a/root",
        "code": {"root": "/a/root/snapshots", "digest": "d"},
        "environment": {"options": {"root": "/a/root/environments", "other": "/a/rootless"}},
        "command": "/a/root/x",
        "literals": {"p": "/a/root/x"},
        "toolbox": None,
    }
    moved = rerooted(plain, "/a/root", "/b")
    assert moved["home"] == "/b"
    assert moved["code"]["root"] == "/b/snapshots"
    assert moved["environment"]["options"] == {"root": "/b/environments", "other": "/a/rootless"}
    assert (moved["command"], moved["literals"]) == ("/a/root/x", {"p": "/a/root/x"})


def test_the_files_of_code_and_context_travel_contents_first(tmp_path: Path) -> None:
    """The manifest comes last, for it promises the contents."""
    manifests = tmp_path / "snapshots" / "manifests"
    manifests.mkdir(parents=True)
    (manifests / "d.json").write_text(json.dumps({"files": [{"sha256": "ab12"}]}))
    context = tmp_path / "contexts" / "c"
    context.mkdir(parents=True)
    (context / "Dockerfile").touch()
    plain = {
        "code": {"root": str(tmp_path / "snapshots"), "digest": "d"},
        "environment": {"definition": {"build": {"folder": str(context)}}},
    }
    wanted = ["snapshots/blobs/ab/ab12", "snapshots/manifests/d.json", "contexts/c/Dockerfile"]
    assert needed_files(plain, tmp_path) == wanted
    assert needed_files({"code": {"root": "/elsewhere", "digest": "d"}}, tmp_path) == []
    assert server_files(tmp_path) == {}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With its places, by another front; removed it is gone."""
    records = Records(tmp_path)
    later = Record("w", "b", "k2", {"command": "x"}, 2, [{"CPU": 1.0}], places=[Place("i", "n", "a")])
    first = Record("w", "a", "k1", {}, 1, [{"CPU": 1.0}])
    for record in (later, first):
        records.write(record)
    assert list(Records(tmp_path).read()) == [first, later]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*.json"))
    assert later.handles == [Handle("w", "b", "k2", 0)]
    assert (first.waits, later.waits, first.has_ended) == (True, False, False)
    records.remove(first)
    assert list(records.read()) == [later]


def test_an_ending_without_a_node_is_told_once() -> None:
    """The end is the journal's only line, and does not come twice."""
    plain = ending(EndReason.NODE_LOST, node="n1", evidence="it burnt")
    watch = Watch(Handle("w", "j", "k"))
    told = ended(watch, plain, has_journal=False)
    assert (told.phase, len(told.journal), told.journal[0].phase) == (JobPhase.ENDED, 1, "ended")
    assert told.exit is not None
    assert told.exit.outcome is Outcome.FAILED
    assert "n1 is gone" in told.exit.reason
    assert ended(Watch(watch.handle, told.journal_cursor), plain, has_journal=False).journal == []


def test_a_package_is_named_by_what_it_holds() -> None:
    """The same gives the same; a secret or setting more is another."""
    first = package(b"pem", {"root": "~/x"})
    assert package(b"pem", {"root": "~/x"}) == first
    assert package(b"mep", {"root": "~/x"}).digest != first.digest
    assert first.uri.startswith("gcs://_ray_pkg_")
    assert first.uri.endswith(".zip")
