"""Mini-batch jobs handed to the local compute, without a server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.ports.launch import CodeSpec, ParallelSpec
from lapisml.testing.compute_bench import Bench, Course
from tests.support.server import end_everything

RunBatches = Callable[..., Course]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs as local processes below a fresh home."""
    yield Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    end_everything(tmp_path)


def snapshot(bench: Bench, script: str) -> CodeSpec:
    """Store a snapshot with one script, ``score.py``."""
    root, content = str(bench.home / "snapshots"), script.encode()
    sha = hashlib.sha256(content).hexdigest()
    blob = Path(blob_path(root, sha))
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    manifest = Manifest.of([ManifestFile("score.py", len(content), sha, "644")])
    place = Path(manifest_path(root, manifest.digest()))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(manifest.to_dict()))
    return CodeSpec(manifest.digest(), root)


@pytest.fixture
def many_files(bench: Bench) -> list[str]:
    """Twelve files in three folders, the same names in each; returns their paths below the input, sorted."""
    names = [f"{folder}/part{number}.txt" for folder in ("a", "b", "c") for number in range(4)]
    for name in names:
        path = bench.stored(f"data/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return names


@pytest.fixture
def run_batches(bench: Bench) -> RunBatches:
    """``run_batches(script, kind=…, mini_batch_size=…, …)`` runs a job over ``<storage>/data`` to its end.

    Lines that ``run()`` returned are in ``<storage>/scored``.
    """

    def run(
        script: str, kind: str = "uri_folder", mode: str | None = None, scored: str = "uri_file",
        more: dict[str, Any] | None = None, **asked: Any,
    ) -> Course:  # fmt: skip
        settings = {"append_row_to": "scored", "timeout_s": 30.0, "concurrency": 2, **asked}
        spec = ParallelSpec("score.py", "data", **settings)
        return bench.run(
            "",
            parallel=spec,
            code=snapshot(bench, script),
            inputs={"data": bench.input("data", kind, mode)},
            outputs={"scored": bench.output("scored", scored)},
            timeout=60,
            **(more or {}),
        )

    return run
