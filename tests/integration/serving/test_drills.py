"""Replicas, keepers and the gateway are killed, scaled and replaced under load; what fails is counted."""

from __future__ import annotations

import os
import signal

from lapisml.ports import serving
from lapisml.runner import processes
from tests.integration.serving.conftest import Hammer, Site
from tests.support.polling import eventually

BLUE, GREEN = "b" * 12, "c" * 12
ECHO = "import json\ndef init(): pass\ndef run(data): return json.loads(data)"
SLOW = """
import json, time

def init(): pass

def run(data):
    time.sleep(1.0)
    return json.loads(data)
"""
NO = (0, {})


def found(hammer: Hammer) -> tuple[int, dict[int, int]]:
    """Give what went wrong: requests lost, and answers other than 200."""
    return hammer.lost, hammer.bad


def test_replicas_that_die_under_load_fail_no_request(site: Site) -> None:
    site.start(BLUE, ECHO, instances=2)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE, 2)
    with Hammer(site.up().port, [1, 2, 3]) as hammer:
        hammer.some_more()
        for round_ in range(6):
            record = site.ready(BLUE, 2)
            os.kill(record.replicas[round_ % 2].pid, signal.SIGKILL)
            hammer.some_more()
            died = sum(one.restarts for one in record.replicas)
            eventually(lambda died=died: sum(one.restarts for one in site.record(BLUE).replicas) > died)
    assert found(hammer) == NO, hammer.said


def test_the_only_replica_dies_and_the_requests_wait_for_the_next(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    with Hammer(site.up().port, [1]) as hammer:
        for _ in range(3):
            hammer.some_more()
            pid = site.ready(BLUE).replicas[0].pid
            os.kill(pid, signal.SIGKILL)
            eventually(lambda pid=pid: site.ready(BLUE).replicas[0].pid != pid, 30)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


def test_a_keeper_that_dies_with_all_its_replicas_fails_no_request_when_the_next_comes(site: Site) -> None:
    site.start(BLUE, ECHO, instances=2)
    site.route(**{f"r{BLUE}": 100})
    keeper = site.ready(BLUE, 2).keeper
    with Hammer(site.up().port, [1]) as hammer:
        hammer.some_more()
        os.kill(keeper["pid"], signal.SIGKILL)
        eventually(lambda: site.bench.look(site.handles[BLUE]).exit)
        site.start(BLUE, ECHO, instances=2)
        eventually(lambda: (site.record(BLUE) or None) and site.record(BLUE).keeper != keeper, 30)
        site.ready(BLUE, 2)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


def test_scaling_under_load_fails_no_request(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    with Hammer(site.up().port, [1]) as hammer:
        for instances in (3, 1, 2, 1):
            hammer.some_more()
            scale = {"type": "default", "instances": instances}
            assert serving.tell(site.places.control(BLUE), {"do": "scale", "scale": scale})
            site.ready(BLUE, instances)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said


def test_a_new_revision_takes_over_and_the_old_one_is_drained_without_a_failed_request(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    with Hammer(site.up().port, [1]) as hammer:
        hammer.some_more()
        site.start(GREEN, ECHO)
        site.ready(GREEN)
        site.route(**{f"r{GREEN}": 100})
        site.applied()
        assert serving.tell(site.places.control(BLUE), {"do": "drain"})
        eventually(lambda: site.bench.look(site.handles[BLUE]).exit, 30)
        hammer.some_more()
    assert found(hammer) == NO, hammer.said
    assert site.bench.look(site.handles[BLUE]).exit.reason_code == "Succeeded"


def test_what_takes_long_is_answered_by_the_replica_that_has_it_even_when_it_is_not_wanted_any_more(
    site: Site,
) -> None:
    site.max_concurrent = 4
    site.start(BLUE, SLOW, instances=2)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE, 2)
    with Hammer(site.up().port, [1], clients=8) as hammer:
        hammer.some_more(8)
        assert serving.tell(site.places.control(BLUE), {"do": "scale", "scale": {"type": "default", "instances": 1}})
        site.ready(BLUE, 1)
        hammer.some_more(8)
        site.start(GREEN, SLOW)
        site.ready(GREEN)
        site.route(**{f"r{GREEN}": 100})
        site.applied()
        assert serving.tell(site.places.control(BLUE), {"do": "drain"})
        eventually(lambda: site.bench.look(site.handles[BLUE]).exit, 30)
        hammer.some_more(8)
    assert found(hammer) == NO, hammer.said


def test_a_killed_worker_of_the_gateway_loses_only_what_was_on_its_connections(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    port, kills = site.up().port, 3
    with Hammer(port, [1], clients=4) as hammer:
        for _ in range(kills):
            hammer.some_more()
            worker = site.up().worker
            os.kill(worker["pid"], signal.SIGKILL)
            eventually(lambda worker=worker: site.up().worker != worker)
        hammer.some_more()
    assert hammer.bad == {}, hammer.said
    assert 0 < hammer.lost <= 4 * kills


def test_a_killed_master_of_the_gateway_is_replaced_at_once(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    before = site.up()
    with Hammer(before.port, [1]) as hammer:
        hammer.some_more()
        os.kill(before.pid, signal.SIGKILL)
        eventually(lambda: site.up().pid != before.pid, 30)
        hammer.some_more()
    assert hammer.bad == {}, hammer.said
    assert hammer.lost <= 4
    assert site.up().port == before.port


def test_the_whole_gateway_killed_comes_back_where_it_was(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    before = site.up()
    with Hammer(before.port, [1]) as hammer:
        hammer.some_more()
        processes.send([before.pid, before.worker["pid"]], signal.SIGKILL)
        eventually(lambda: site.up().pid != before.pid, 30)
        hammer.some_more()
    assert hammer.bad == {}, hammer.said
    assert site.up().port == before.port


def test_at_zero_the_first_requests_are_held_until_a_replica_is_there(site: Site) -> None:
    site.start(BLUE, ECHO)
    site.route(**{f"r{BLUE}": 100})
    site.ready(BLUE)
    port = site.up().port
    scale = {"type": "target_utilization", "min": 0, "max": 2, "zero_after_s": 0.3, "polling_s": 0.1}
    for _ in range(2):
        assert serving.tell(site.places.control(BLUE), {"do": "scale", "scale": scale})
        eventually(lambda: (record := site.record(BLUE)) is not None and record.state == "zero", 30)
        with Hammer(port, [1]) as hammer:
            hammer.some_more()
        assert found(hammer) == NO, hammer.said
