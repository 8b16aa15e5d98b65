"""What goes from a node's folder, what stays, and that nothing goes that a job is about to need."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.node import tidying
from lapisml.backends.compute.node.living import living
from lapisml.backends.compute.node.store import NodeStore
from lapisml.backends.compute.node.tidying import DAY_S, Tidying, is_due, set_days, tidy
from lapisml.backends.compute.node.using import mark, using
from lapisml.backends.compute.ray.station import Station
from lapisml.core.snapshots import manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.testing.compute_bench import Bench
from tests.support.polling import eventually
from tests.support.server import end_everything

KEY = "e" * 64
OTHER = "f" * 64
THIRD = "d" * 64
TOOLS = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "is_scarce", lambda _root: False)


def aged(path: Path, days: float) -> Path:
    """Let something have been used last so many days ago."""
    at = path.parent.stat().st_mtime if not path.exists() else path.stat().st_mtime
    os.utime(path, (at - days * DAY_S,) * 2)
    return path


def shipped(root: Path, files: Mapping[str, bytes], days: float) -> str:
    """Put a snapshot into the folder as a server sends it, and let it grow old; return its digest."""
    store = NodeStore(root)
    listed = [ManifestFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()]
    manifest = Manifest.of(listed)
    store.put({"blobs": [[file.sha256, file.size] for file in listed]}, b"".join(files.values()))
    store.put({"manifest": manifest.digest()}, json.dumps(manifest.to_dict()).encode())
    with using(root):  # nobody looks while they grow old
        for file in listed:
            aged(root / "snapshots" / "blobs" / file.sha256[:2] / file.sha256, days)
        aged(Path(manifest_path(str(root / "snapshots"), manifest.digest())), days)
    return manifest.digest()


def folder(root: Path, name: str, days: float) -> Path:
    place = root / name
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
    return aged(place, days)


def job(root: Path, name: str, says: Any, *, over: bool = False) -> Path:
    """Leave a job's record, as an engine does."""
    place = root / "runs" / "default" / name
    place.mkdir(parents=True)
    (place / "spec.json").write_text(json.dumps(says))
    if over:
        (place / "exit.json").write_text("{}")
    return place


def contents(root: Path) -> set[bytes]:
    return {path.read_bytes() for path in (root / "snapshots" / "blobs").rglob("*") if path.is_file()}


def test_what_nobody_used_for_long_goes(tmp_path: Path) -> None:
    shipped(tmp_path, {"a.py": b"old", "both.py": b"both"}, 31)
    shipped(tmp_path, {"b.py": b"new", "both.py": b"both"}, 29)
    for place in ("environments/", "contexts/", "toolbox/"):
        folder(tmp_path, f"{place}{KEY}", 31)
        folder(tmp_path, f"{place}{OTHER}", 29)
    removed = tidy(tmp_path)
    assert removed is not None
    assert {name.partition("/")[0] for name in removed} == {"snapshots", "environments", "contexts", "toolbox"}
    assert contents(tmp_path) == {b"new", b"both"}
    for place in ("environments", "contexts", "toolbox"):
        assert [path.name for path in (tmp_path / place).iterdir() if path.name != ".locks"] == [OTHER]
    assert list((tmp_path / "snapshots" / "manifests").iterdir())
    assert tidy(tmp_path) == []


def test_what_a_job_names_that_has_not_ended_stays(tmp_path: Path) -> None:
    """Of whichever workspace it is, and whether it runs or waits; and for as long again after its end."""
    digest = shipped(tmp_path, {"a.py": b"old"}, 400)
    gone = shipped(tmp_path, {"b.py": b"of an ended job"}, 400)
    for place in (f"environments/{KEY}", f"contexts/{OTHER}", f"toolbox/{TOOLS}", f"environments/{THIRD}"):
        folder(tmp_path, place, 400)
    other = tmp_path / "runs" / "team" / "calm+1"
    other.mkdir(parents=True)
    says = {"code": {"digest": digest}, "environment": {"key": "a" * 64}, "toolbox": f"/n/toolbox/{TOOLS}/bin/python"}
    (other / "spec.json").write_text(json.dumps(says))
    (other / "environment.json").write_text(json.dumps({"key": KEY}))  # it was built under another key
    job(tmp_path, "over", {"code": {"digest": gone}, "environment": {"key": THIRD}}, over=True)
    waits = tmp_path / "ray" / "default" / "waits.json"
    waits.parent.mkdir(parents=True)
    waits.write_text(json.dumps({"spec": {"folder": f"/r/contexts/{OTHER}"}, "over": False, "exit": None}))
    removed = tidy(tmp_path)
    assert removed is not None
    assert f"environments/{THIRD}" in removed
    assert contents(tmp_path) == {b"old"}
    assert (tmp_path / "environments" / KEY / "bin" / "python").exists()
    assert (tmp_path / "contexts" / OTHER).exists()
    assert (tmp_path / "toolbox" / TOOLS).exists()
    (other / "exit.json").write_text("{}")
    waits.write_text(json.dumps({"spec": {"folder": f"/r/contexts/{OTHER}"}, "over": True, "exit": None}))
    assert tidy(tmp_path) == []


def test_what_cannot_be_read_is_not_taken_for_unused(tmp_path: Path) -> None:
    folder(tmp_path, f"environments/{KEY}", 400)
    place = job(tmp_path, "odd", {})
    (place / "spec.json").unlink()
    (place / "spec.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        tidy(tmp_path)
    assert (tmp_path / "environments" / KEY).exists()
    (place / "spec.json").rmdir()
    shipped(tmp_path, {"a.py": b"old"}, 31)
    broken = tmp_path / "snapshots" / "manifests" / f"{KEY}.json"
    broken.write_text("{")
    tidy(tmp_path)
    assert contents(tmp_path) == {b"old"}


def test_days_and_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, f"environments/{KEY}", 8)
    set_days(tmp_path, 10)
    assert tidy(tmp_path) == []
    set_days(tmp_path, 7)
    assert tidy(tmp_path) == [f"environments/{KEY}"]
    set_days(tmp_path, None)
    folder(tmp_path, f"environments/{OTHER}", 2)
    assert tidy(tmp_path) == []
    monkeypatch.setattr(tidying, "is_scarce", lambda _root: True)
    folder(tmp_path, f"environments/{KEY}", 0.9)
    assert tidy(tmp_path) == [f"environments/{OTHER}"]


def test_packs_go_when_nobody_uses_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the agent's own, not one that is run from, nor one that a job may have been handed over with."""
    packs = {name: folder(tmp_path, f"pack/{name}", days) for name, days in (("own", 99), ("used", 99), ("fresh", 89))}
    folder(tmp_path, "pack/old", 99)
    monkeypatch.setattr(tidying, "_OWN_PACK", packs["own"])
    aged(job(tmp_path, "waits", {}) / "spec.json", 100)
    assert tidy(tmp_path) == []
    aged(tmp_path / "runs" / "default" / "waits" / "spec.json", -50)
    waiting = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", waiting, str(packs["used"])], stdin=subprocess.PIPE) as process:
        assert tidy(tmp_path) == ["pack/old"]
        assert process.stdin is not None
        process.stdin.close()
    assert tidy(tmp_path) == ["pack/used"]
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == ["fresh", "own"]


def test_an_environment_that_is_being_built_stays(tmp_path: Path) -> None:
    folder(tmp_path, f"environments/{KEY}", 31)
    locks = tmp_path / "environments" / ".locks"
    locks.mkdir()
    with (locks / KEY).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert tidy(tmp_path) == []
    assert tidy(tmp_path) == [f"environments/{KEY}"]
    assert locks.is_dir()


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second agent leaves it to the first, and what a killed one had moved aside goes with the next."""
    folder(tmp_path, f"environments/{KEY}", 31)
    folder(tmp_path, "environments/.gone-0011", 0)
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "tidying.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert tidy(tmp_path) is None
    assert tidy(tmp_path) == [f"environments/{KEY}"]
    assert list((tmp_path / "environments").iterdir()) == []


def test_a_thing_is_found_and_stays_or_is_gone_before(tmp_path: Path) -> None:
    """Whoever asks while it is tidied waits, and is told what is there then."""
    digest = shipped(tmp_path, {"a.py": b"old"}, 31)
    store, told = NodeStore(tmp_path), []
    with using(tmp_path):  # a submission that is looking
        tidies = threading.Thread(target=lambda: told.append(tidy(tmp_path)))
        tidies.start()
        assert mark(Path(manifest_path(str(tmp_path / "snapshots"), digest)))
    tidies.join(30)
    assert told == [[]]
    assert store.missing({"manifest": digest})["manifest"] is False
    assert contents(tmp_path) == {b"old"}


def test_two_at_once_and_submissions_between(tmp_path: Path) -> None:
    """Many rounds by two, while code is shipped again and again: what was said to be there is there."""
    digest, failures = "", []
    ends = threading.Event()

    def tidies() -> None:
        while not ends.is_set():
            tidy(tmp_path)

    threads = [threading.Thread(target=tidies) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            digest = shipped(tmp_path, {"a.py": b"same", "b.py": str(number % 3).encode()}, 31)
            store = NodeStore(tmp_path)
            asked = store.missing({"manifest": digest})
            if not asked["manifest"] and not all(_is_whole(tmp_path, digest)):
                failures.append(number)
    finally:
        ends.set()
        for thread in threads:
            thread.join(30)
    assert failures == []


def _is_whole(root: Path, digest: str) -> list[bool]:
    listed = json.loads(Path(manifest_path(str(root / "snapshots"), digest)).read_bytes())["files"]
    return [(root / "snapshots" / "blobs" / f["sha256"][:2] / f["sha256"]).exists() for f in listed]


def test_leftovers_of_cut_submissions_go(tmp_path: Path) -> None:
    for name in (".new-11", ".gone-22"):
        folder(tmp_path, f"runs/{name}", 2)
        folder(tmp_path, f"runs/{name}x", 0.5)
    job(tmp_path, "over", {}, over=True)
    assert sorted(tidy(tmp_path) or []) == ["runs/.gone-22", "runs/.new-11"]
    assert living(tmp_path).oldest is None
    assert (tmp_path / "runs" / "default" / "over").exists()


def test_it_is_done_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, f"environments/{KEY}", 31)
    agent = Tidying(tmp_path)
    agent.look()
    eventually(lambda: not is_due(tmp_path), timeout=20, what="a folder that is tidied")
    assert not (tmp_path / "environments" / KEY).exists()
    stamp = tmp_path / "run" / "tidied.json"
    aged(stamp, 0.2)
    assert not is_due(tmp_path)
    monkeypatch.setattr(tidying, "is_scarce", lambda _root: True)
    assert is_due(tmp_path)
    monkeypatch.setattr(tidying, "is_scarce", lambda _root: False)
    aged(stamp, 0.2)
    assert is_due(tmp_path)


def test_a_node_of_a_ray_cluster_tidies_when_it_gets_a_job(tmp_path: Path) -> None:
    """And what its front finds there on behalf of a job counts as used."""
    digest = shipped(tmp_path, {"a.py": b"wanted"}, 31)
    shipped(tmp_path, {"b.py": b"old"}, 31)
    context = folder(tmp_path, f"contexts/{KEY}", 31)
    folder(tmp_path, f"contexts/{OTHER}", 31)
    station = Station(tmp_path, "keeper")
    wanted = [f"snapshots/manifests/{digest}.json", f"contexts/{KEY}/bin/python", "contexts/none/x"]
    assert station.missing(wanted) == ["contexts/none/x"]
    command = Bench(lambda: station, tmp_path).spec("true")  # type: ignore[arg-type,return-value]  # only its words
    (tmp_path / "run" / "keep.json").write_text('{"days": 30}')
    station.start(command.to_json(), str(tmp_path), {})
    eventually(lambda: not is_due(tmp_path), timeout=20, what="a folder that is tidied")
    assert contents(tmp_path) == {b"wanted"}
    assert context.exists()
    assert not (tmp_path / "contexts" / OTHER).exists()
    end_everything(tmp_path)
