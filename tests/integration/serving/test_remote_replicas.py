"""Replicas on two other machines behind one gateway: killed, frozen and cut off under load; what fails is counted.

The test is the server. The machines are folders of this one, each with its own supervisor, keeper, door and replicas.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.errors import LapisError
from lapisml.ports import serving
from lapisml.ports.compute import Handle
from lapisml.ports.launch import ServingSpec
from lapisml.ports.serving import RevisionRecord, ShareRecord
from lapisml.runner.serving import doors
from lapisml.server.features.endpoints.certificates import pem_of
from lapisml.testing.compute_bench import Bench
from tests.integration.serving.conftest import PROBE, Hammer, Site
from tests.integration.serving.test_drills import ECHO, NO, found
from tests.support.machines import Wire, freeze, power_off, thaw
from tests.support.polling import eventually
from tests.unit.parallel.conftest import snapshot

BLUE = "b" * 12
SLOW = """
import json, time

def init(): pass

def run(data):
    time.sleep(0.02)
    return json.loads(data)
"""


class Node:
    """Another machine."""

    def __init__(self, home: Path, name: str) -> None:
        home.mkdir()
        self.home, self.name = home, name
        self.bench = Bench(lambda: LocalProcesses(home), home)
        self.wire: Wire | None = None
        self._attempt = 0
        self.handle: Handle

    def start(self, site: Site, script: str, scale: dict[str, Any]) -> None:
        """Hand a share of the revision over."""
        asked = ServingSpec(
            endpoint="diabetes",
            deployment="blue",
            revision=BLUE,
            kind="script",
            model_input=None,
            model_name="",
            scoring_script="score.py",
            serving_home="",
            scale=scale,
            liveness=PROBE,
            readiness=PROBE,
            timeout_s=30.0,
            door=pem_of(site.places.certificate(BLUE), BLUE),
        )
        self._attempt += 1
        job = f"serving--{BLUE}-{self.name}-{self._attempt}"
        spec = self.bench.spec("", serving=asked, code=snapshot(self.bench, script), job=job, grace_s=5.0)
        self.handle = self.bench.backend.submit(spec)

    def word(self) -> RevisionRecord | None:
        """Return what the keeper left among its job's logs."""
        over = self.bench.look(self.handle).exit
        if over is not None:
            pytest.fail(f"the share on {self.name} ended: {over}")
        try:
            return doors.read_record(self.bench.backend.read_log(self.handle, doors.STATE_LOG).data)
        except LapisError:
            return None

    def ready(self, count: int = 1) -> RevisionRecord:
        """Return the keeper's word once so many replicas are ready."""

        def look() -> RevisionRecord | None:
            word = self.word()
            return word if word is not None and sum(one.ready for one in word.replicas) == count else None

        found = eventually(look, 60)
        assert found is not None
        return found

    def share(self) -> ShareRecord:
        """Give the share as the server would write it, by way of the wire where there is one."""
        word = self.word()
        assert word is not None
        port = self.wire.port if self.wire is not None else word.door
        return ShareRecord(self.name, self.name, "127.0.0.1", port, word.state)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    """Two machines."""
    made = [Node(tmp_path / name, name) for name in ("n0", "n1")]
    yield made
    for node in made:
        power_off(node.home)
        if node.wire is not None:
            node.wire.close()


def tell(site: Site, *shares: ShareRecord) -> None:
    """Write what the server would."""
    serving.write(site.places.record(BLUE), RevisionRecord(BLUE, "ready", wanted=2, shares=shares))
    site.gateway.wake()


def up(site: Site, nodes: list[Node], script: str = ECHO, instances: int = 1) -> None:
    """Have the revision run on all machines, and wait until the gateway sends requests to each."""
    for node in nodes:
        node.start(site, script, {"type": "default", "instances": instances})
    site.route(**{f"r{BLUE}": 100})
    site.up()
    for node in nodes:
        node.ready(instances)
    tell(site, *(node.share() for node in nodes))


def test_a_machine_that_is_killed_fails_no_request_that_the_other_can_answer(site: Site, nodes: list[Node]) -> None:
    up(site, nodes, SLOW)
    with Hammer(site.up().port, [1, 2, 3]) as hammer:
        hammer.some_more()
        power_off(nodes[0].home)
        hammer.some_more(100)
        nodes[0].start(site, SLOW, {"type": "default", "instances": 1})
        nodes[0].ready()
        tell(site, *(node.share() for node in nodes))
        hammer.some_more()
        power_off(nodes[1].home)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


def test_a_machine_that_says_nothing_any_more_fails_no_request(site: Site, nodes: list[Node]) -> None:
    up(site, nodes, SLOW)
    with Hammer(site.up().port, [1, 2, 3]) as hammer:
        hammer.some_more()
        freeze(nodes[0].home)
        hammer.some_more(100)
        thaw(nodes[0].home)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


@pytest.mark.parametrize("direction", [(), ("there",), ("back",)], ids=["both", "there", "back"])
def test_a_cut_network_fails_no_request(site: Site, nodes: list[Node], direction: tuple[str, ...]) -> None:
    for node in nodes:
        node.start(site, SLOW, {"type": "default", "instances": 1})
    site.route(**{f"r{BLUE}": 100})
    nodes[0].wire = Wire(nodes[0].ready().door)
    nodes[1].ready()
    tell(site, *(node.share() for node in nodes))
    with Hammer(site.up().port, [1, 2, 3]) as hammer:
        hammer.some_more()
        nodes[0].wire.cut(*direction)
        hammer.some_more(100)
        nodes[0].wire.mend()
        hammer.some_more(100)
    assert found(hammer) == NO, hammer.said


def test_replicas_and_doors_that_die_fail_no_request(site: Site, nodes: list[Node]) -> None:
    up(site, nodes, SLOW)
    with Hammer(site.up().port, [1]) as hammer:
        for node in nodes:
            word = node.ready()
            kill(word.replicas[0].pid)
            hammer.some_more()
            eventually(lambda node=node, pid=word.replicas[0].pid: node.ready().replicas[0].pid != pid, 30)
        for node in nodes:
            kill(*door_of(node))
            hammer.some_more()
            assert node.ready().door
    assert found(hammer) == NO, hammer.said


def test_who_has_not_the_key_is_not_let_in(site: Site, nodes: list[Node], tmp_path: Path) -> None:
    nodes[0].start(site, ECHO, {"type": "default", "instances": 1})
    word = nodes[0].ready()
    own = site.places.certificate(BLUE)
    doors.tell_keeper("127.0.0.1", word.door, own, BLUE, {"do": "scale", "scale": {"instances": 2}})
    nodes[0].ready(2)
    other = tmp_path / "other.pem"
    pem_of(other, BLUE)
    with pytest.raises(doors.DoorError):
        doors.tell_keeper("127.0.0.1", word.door, other, BLUE, {"do": "drain"})
    with pytest.raises(doors.DoorError):  # the certificate alone is no proof
        doors.tell_keeper("127.0.0.1", word.door, own, "c" * 12, {"do": "drain"})
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    assert unheard(word.door, bare)
    assert sum(one.ready for one in nodes[0].ready(2).replicas) == 2


def test_one_machine_rests_until_the_load_is_more_than_the_other_takes(site: Site, nodes: list[Node]) -> None:
    scale = {"type": "target_utilization", "max": 1, "target_percent": 70, "window_s": 1}
    nodes[0].start(site, SLOW, {**scale, "min": 1})
    nodes[1].start(site, SLOW, {**scale, "min": 0, "start": 0, "zero_after_s": 3})
    site.route(**{f"r{BLUE}": 100})
    nodes[0].ready()
    eventually(lambda: (word := nodes[1].word()) is not None and word.state == "zero" and word.door, 30)
    tell(site, *(node.share() for node in nodes))
    with Hammer(site.up().port, [1], clients=4) as hammer:
        nodes[1].ready()
        hammer.some_more()
    eventually(lambda: (word := nodes[1].word()) is not None and word.state == "zero", 30)
    assert found(hammer) == NO, hammer.said


def test_all_machines_gone_and_one_comes_back(site: Site, nodes: list[Node]) -> None:
    up(site, nodes[:1])
    with Hammer(site.up().port, [1]) as hammer:
        hammer.some_more()
        power_off(nodes[0].home)
        nodes[0].start(site, ECHO, {"type": "default", "instances": 1})
        nodes[0].ready()
        tell(site, nodes[0].share())
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


def unheard(port: int, context: ssl.SSLContext) -> bool:
    """Say whether a door closes without a word on somebody who shows no certificate."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as made:
        try:
            with context.wrap_socket(made) as line:
                line.sendall(doors.opening(BLUE))
                return line.recv(1) == b""
        except OSError:
            return True


def door_of(node: Node) -> list[int]:
    """Return the door's process."""
    from tests.support.machines import pids_of

    return [p for p in pids_of(node.home) if b"serving.door import" in Path(f"/proc/{p}/cmdline").read_bytes()]


def kill(*pids: int) -> None:
    """End processes at once."""
    import os
    import signal

    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
