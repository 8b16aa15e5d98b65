"""Mini-batches on their way to another machine, and the specification's secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lapisml.backends.compute.node import toolboxes
from lapisml.ports.compute import ArtifactsSpec
from lapisml.ports.launch import InputSpec, LaunchSpec, ParallelSpec
from lapisml.runner import layout, specfile
from lapisml.runner.parallel.batches import MiniBatch
from lapisml.runner.parallel.sharing import is_shared, packed, root_of, unpacked
from lapisml.server.features.jobs.parallel import crew_secret

HERE = {"protocol": "file", "path": "/data", "options": {}, "root": None}
SPEC = LaunchSpec("default", "job", "key", "", ArtifactsSpec("uri", HERE), "/home")


def test_files_are_named_below_the_input() -> None:
    batch = MiniBatch(3, 2, files=["/here/in/a/x", "/here/in/y"], first_row=6)
    request, blocks = packed(batch, "/here/in")
    assert (request["files"], blocks) == (["a/x", "y"], [])
    again = unpacked(json.loads(json.dumps(request)), "/there/data", [])
    assert again == replace(batch, files=["/there/data/a/x", "/there/data/y"])


def test_rows_go_along() -> None:
    batch = MiniBatch(0, 9, block="/s/rows.0", keys={"k": 1})
    request, blocks = packed(batch, "/in")
    assert blocks == ["/s/rows.0"]
    assert unpacked(request, "/in", ["/t/rows.7"]) == replace(batch, block="/t/rows.7")


def test_parts_are_files_or_rows() -> None:
    parts = [
        {"file": "a.csv", "block": "/s/0", "first": 0, "rows": 5, "last": False},
        {"file": "b.png", "path": "/in/b.png", "last": True},
        {"file": "c.csv", "last": True, "rows": 0},
        {"file": "d.csv", "block": "/s/1", "first": 0, "rows": 5, "last": True},
    ]
    request, blocks = packed(MiniBatch(0, 4, parts=parts), "/in")
    assert blocks == ["/s/0", "/s/1"]
    found = unpacked(request, "/there", ["/t/0", "/t/1"]).parts
    there = [{**parts[0], "block": "/t/0"}, {**parts[1], "path": "/there/b.png"}]
    assert found == [*there, parts[2], {**parts[3], "block": "/t/1"}]


def test_files_elsewhere_are_not_shared(tmp_path: Path) -> None:
    assert is_shared(MiniBatch(0, 1, files=["/in/x"]), "/in")
    assert is_shared(MiniBatch(0, 1, block="/elsewhere"), "/in")
    assert not is_shared(MiniBatch(0, 1, files=["/input/x"]), "/in")
    assert not is_shared(MiniBatch(0, 1, parts=[{"file": "x", "path": "/y/x", "last": True}]), "/in")
    (tmp_path / "one.csv").touch()
    assert root_of(str(tmp_path / "one.csv")) == root_of(str(tmp_path)) == str(tmp_path)


def test_the_secret_is_kept_with_the_secrets(tmp_path: Path) -> None:
    spec = replace(SPEC, parallel=ParallelSpec("s.py", "data", secret="hush"))
    assert "hush" not in repr(spec)
    specfile.write(str(tmp_path), spec.to_json(), "boot")
    assert "hush" not in (tmp_path / layout.SPEC).read_text()
    assert (specfile.read(str(tmp_path)) or {})["parallel"]["secret"] == "hush"
    specfile.forget_secrets(str(tmp_path))
    assert (specfile.read(str(tmp_path)) or {})["parallel"].get("secret") is None


def test_a_driver_that_reads_rows_needs_tools_for_it() -> None:
    table = InputSpec("mltable", "uri", HERE)
    asked = ParallelSpec("s.py", "data")
    assert toolboxes.needs(replace(SPEC, parallel=asked, inputs={"data": table})) == ["tables"]
    assert toolboxes.needs(replace(SPEC, parallel=asked, inputs={"data": replace(table, type="uri_folder")})) == []
    assert toolboxes.needs(replace(SPEC, parallel=replace(asked, by_model=True))) == ["tables"]
    assert toolboxes.needs(SPEC) == []


def test_a_job_handed_over_again_has_the_same_secret() -> None:
    """Its parts are handed over one by one, perhaps by two servers."""

    def job(key: str, nodes: int = 2) -> Any:
        return SimpleNamespace(submit_key=key, wanted_nodes=nodes)

    assert crew_secret(b"k", job("a")) == crew_secret(b"k", job("a"))
    assert len({crew_secret(b"k", job("a")), crew_secret(b"k", job("b")), crew_secret(b"l", job("a"))}) == 3
    assert crew_secret(b"k", job("a", 1)) is None
