"""Machines with real SSH servers."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import sshd
from tests.support.sites import ENGINES, Site, site
from tests.support.sshd import SshMachine

NewMachine = Callable[..., SshMachine]


@pytest.fixture(scope="session")
def _spaces() -> str:
    return sshd.why_no_namespaces()


def _maker(*, spaces: bool, stack: contextlib.ExitStack) -> NewMachine:
    """Give what makes machines whose folders every user may pass: pytest keeps its own to their owner."""
    folder = Path(tempfile.mkdtemp(prefix="lapis-ssh-"))
    folder.chmod(0o755)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)

    def make(**facts: object) -> SshMachine:
        number = len(list(folder.glob("m*")))
        made = sshd.machine(folder / f"m{number}", spaces=spaces, **facts)
        stack.callback(made.remove)
        return made

    return make


@pytest.fixture
def new_machine(_spaces: str) -> Iterator[NewMachine]:
    """Makes machines of their own; skips where that is not possible."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    if _spaces:
        pytest.skip(_spaces)
    with contextlib.ExitStack() as stack:
        yield _maker(spaces=True, stack=stack)


@pytest.fixture(scope="module")
def machine(_spaces: str) -> Iterator[SshMachine]:
    """One machine for the tests of a module that leave it as it is; on loopback where there are no namespaces."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    with contextlib.ExitStack() as stack:
        yield _maker(spaces=not _spaces, stack=stack)()


@pytest.fixture(scope="module", params=ENGINES)
def lab(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server to which two machines are attached, once by each engine."""
    with site(request.param) as made:
        yield made


@pytest.fixture
def new_pool(tmp_path: Path) -> Iterator[Any]:
    """Makes pools over machines; jobs' artifacts stay on the machine."""
    from lapisml.testing.compute_bench import Bench
    from tests.support.pools import HASTY, PoolRig

    rigs: list[PoolRig] = []

    def make(*machines: SshMachine, **changes: Any) -> Any:
        home = tmp_path / f"home{len(rigs)}"
        home.mkdir()
        rig = PoolRig(home, machines, {"shared": ["/home", str(home)], **changes}, HASTY)
        rigs.append(rig)
        return rig, Bench(rig.pool, home)

    yield make
    for rig in rigs:
        rig.close()
