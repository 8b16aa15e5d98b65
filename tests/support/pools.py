"""Pools of machines that are reached by SSH, as a server attaches them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.ssh import SshPool
from lapisml.ports.attach import Attachment
from lapisml.ports.compute import Handle, JobPhase, LaunchSpec, Observation, Watch
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import no_seal
from tests.support.sshd import SshMachine, document

BRISK = Pace(connect=60, first_pause=0.05, longest_pause=0.5, ping=2, quiet=15, patience=20, call=60)
"""A link that comes back quickly."""
HASTY = Pace(connect=60, first_pause=0.05, longest_pause=0.5, ping=2, quiet=15, patience=0.0, call=60)
"""One that says at once what its last attempt met."""


@dataclass
class PoolRig:
    """A pool over machines.

    Attributes:
        home: LAPIS_HOME.
        machines: the pool's.
        changes: what the document has in place of the usual.
        told: the jobs that there was news of.
        made: every pool so far.
    """

    home: Path
    machines: Sequence[SshMachine]
    changes: dict[str, Any] = field(default_factory=dict)
    pace: Pace = BRISK
    told: list[str] = field(default_factory=list)
    made: list[SshPool] = field(default_factory=list)

    def pool(self, **facts: Any) -> SshPool:
        """Make a pool, as a server does when it starts."""
        given: dict[str, Any] = {
            "workspace": "default",
            "name": "lab",
            "label": "0123456789ab",
            "document": document(*self.machines, **self.changes),
            "home": self.home,
            "server_url": "http://127.0.0.1:9",
            "tell": self.told.append,
            "seal": no_seal,
        }
        made = SshPool(Attachment(**{**given, **facts}), self.pace)
        self.made.append(made)
        return made

    def as_here(self) -> SshPool:
        """Make a pool whose machines have the environment and the umask of this process, as the suites want it."""
        os.umask(mask := os.umask(0))
        names = [name for name in os.environ if name.startswith(("LAPIS_", "AWS_", "TZ"))]
        sets = "".join(f"export {name}={shlex.quote(os.environ[name])}\n" for name in names)
        program = self.home / f"python-{len(self.made)}"
        program.write_text(f'#!/bin/sh\n{sets}umask {mask:o}\nexec {shlex.quote(sys.executable)} "$@"\n')
        program.chmod(0o700)
        self.changes["interpreter"] = str(program)
        return self.pool()

    def close(self) -> None:
        """Close every pool that was made."""
        for pool in self.made:
            pool.close()


NewPool = Callable[..., tuple[PoolRig, Bench]]


def spec(bench: Bench, command: str, node: int = 0, **changes: Any) -> LaunchSpec:
    """A job whose artifacts are stored on its machine."""
    made = bench.spec(command, nodes=(node,), **changes)
    made.artifacts.location["path"] = f"/home/ada/artifacts/{made.job}"  # type: ignore[index]
    return made


def started(bench: Bench, command: str, node: int = 0) -> Handle:
    handle = bench.backend.submit(spec(bench, command, node))
    bench.follow(handle, lambda _course: "up" in bench.log(handle))
    return handle


def seen(bench: Bench, handle: Handle, phase: JobPhase, timeout: float = 30.0) -> Observation:
    found: list[Observation] = []

    def look() -> bool:
        found[:] = bench.backend.observe([Watch(handle)])
        return found[0].phase is phase

    bench.wait(look, timeout, lambda: str(found))
    return found[0]
