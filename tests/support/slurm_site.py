"""A compute over a Slurm rig, as a server has it, and what tests ask of the jobs there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.slurm.cluster import SlurmCluster
from lapisml.ports.compute import Handle, JobPhase
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import BRISK, NodeRig
from tests.support.server import end_everything
from tests.support.slurm import SlurmRig

TUNING = {"poll_s": 0.1, "settle_s": 0.5, "lost_after_s": 2.0}
"""Patience for tests: the storage is this machine's own."""


class SlurmSite:
    """A compute over a rig, as a server has it: an agent of its own over a folder of the shared storage.

    Args:
        rig: the cluster.
        folder: a fresh folder of this machine.
        monkeypatch: sets what Slurm's commands need to find the cluster.
        document: further keys of the compute's document.
    """

    def __init__(
        self, rig: SlurmRig, folder: Path, monkeypatch: pytest.MonkeyPatch, document: Mapping[str, Any] | None = None
    ) -> None:
        for name, value in rig.environment.items():
            monkeypatch.setenv(name, value)
        self.home = folder / "home"
        self.home.mkdir()
        self.root = rig.shared / secrets.token_hex(6)
        self.node = NodeRig(self.home, self.root, {"root": str(self.root), **(document or {})})
        self.tuning = dict(TUNING)

    def backend(self) -> SlurmCluster:
        """Make a backend over the cluster, as a server that starts does."""
        made = SlurmCluster(self.node.attachment(), tuning=self.tuning, pace=BRISK)
        self.node.made.append(made)
        return made

    def close(self) -> None:
        """Close every backend that was made, and end what still runs."""
        self.node.close()
        end_everything(self.root)

    def bench(self) -> Bench:
        """Give what submits jobs there and follows them."""
        return Bench(self.backend, self.home, self.root)


def folder_of(bench: Bench, handle: Handle) -> Path:
    """Return the folder of a job."""
    return bench.jobs / "runs" / handle.workspace / handle.job


def number_of(bench: Bench, handle: Handle) -> str:
    """Return the number under which Slurm has a job."""
    member = json.loads((folder_of(bench, handle) / "slurm.json").read_text())
    return str(json.loads((bench.jobs / "slurm" / member["batch"] / "number.json").read_text()))


def says(bench: Bench, handle: Handle, words: str, phase: JobPhase, within_s: float = 40) -> None:
    """Wait until a job is in a phase, for a reason that has these words in it."""

    def check() -> bool:
        seen = bench.look(handle)
        return seen.phase is phase and words in seen.sentence

    bench.wait(check, within_s, lambda: str(bench.look(handle)))
