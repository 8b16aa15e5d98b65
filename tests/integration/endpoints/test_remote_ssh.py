"""Deployments on real machines behind SSH, each with a network, processes and a file system of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from tests.integration.endpoints.remote_site import Site, nodes_of, running
from tests.support import sshd
from tests.support.pools import PoolRig

pytestmark = [
    pytest.mark.skipif(sshd.SSHD is None, reason=sshd.NO_SSHD),
    pytest.mark.skipif(bool(sshd.why_no_namespaces()), reason=sshd.why_no_namespaces() or "there are namespaces"),
    pytest.mark.slow,
]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[sshd.SshMachine]]:
    """Two machines."""
    made: list[sshd.SshMachine] = []
    try:
        made.append(sshd.machine(tmp_path / "one", spaces=True, username="root"))
        made.append(sshd.machine(tmp_path / "two", spaces=True, username="root"))
        yield made
    finally:
        for machine in made:
            machine.remove()


@pytest.fixture
def site(tmp_path: Path, machines: list[sshd.SshMachine]) -> Iterator[Site]:
    """A server to which they are attached."""

    def pool(home: Path) -> object:
        home.mkdir(exist_ok=True)
        rig = PoolRig(home, machines, {"root": "/home/node", "shared": [str(home)]})
        return rig.as_here()

    yield from running(Site(tmp_path, pool))


def test_a_machine_that_dies_and_one_that_is_cut_off_fail_no_request(
    site: Site, machines: list[sshd.SshMachine]
) -> None:
    site.deploy(model=None)
    site.look(lambda: len(set(nodes_of(site.record()))) == 2)
    with site.load() as load:
        site.more(load)
        machines[0].kill()
        site.more(load, 200)
        machines[0].start()
        site.ready(2)
        site.more(load)
        machines[1].cut()
        site.more(load, 200)
        machines[1].mend()
        site.more(load)
        site.ready(2)
    assert not load.faults, load.faults[:3]
    site.serving.part.endpoints.delete(site.serving.world.ws, "e")
    site.look(lambda: not site.serving.part.endpoints.all_of(site.serving.world.ws))
    assert not [line for machine in machines for line in machine.processes() if "serving.keeper" in line]
