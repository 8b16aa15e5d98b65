"""In which order things happen: what serves is let go only when the gateway goes by something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.endings import EndReason
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.platform.leases import LeaseLostError
from tests.integration.endpoints.world import FULL, Serving, serving_world


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Serving]:
    """On SQLite and on PostgreSQL, with endpoint `e`."""
    with serving_world(tmp_path / "home", database_url) as made:
        made.put_endpoint()
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Serving]:
    """On SQLite, with endpoint `e`."""
    with serving_world(tmp_path / "home", f"sqlite:///{tmp_path / 'test.db'}") as made:
        made.put_endpoint()
        yield made


def job(revision: str, attempt: int = 1) -> str:
    """Name the job of a revision."""
    return f"serving--{revision}" if attempt == 1 else f"serving--{revision}--{attempt}"


def test_a_whole_life(both: Serving) -> None:
    assert both.endpoint_state() == "Succeeded"
    first = both.put(colour="first")
    assert both.state() == "Creating"
    assert both.routed() == {"blue": (first, False)}
    both.say(first)
    assert both.state() == "Succeeded"
    assert both.put_endpoint(traffic={"blue": 100}) == "Succeeded"
    second = both.put(colour="second")
    assert both.state() == "Updating"
    assert both.routed() == {"blue": (first, True)}
    both.say(second)
    assert both.routed() == {"blue": (second, True)}
    assert both.state() == "Succeeded"
    both.world.clock.advance(60_000)
    both.round(3)
    assert list(both.compute.specs) == [job(second)]
    with pytest.raises(LapisError, match="100 % of the traffic"):
        both.part.deployments.delete(both.world.ws, "e", "blue")
    both.part.endpoints.delete(both.world.ws, "e")
    both.round(2)
    both.world.clock.advance(60_000)
    both.round(4)
    assert both.compute.specs == {}
    assert both.part.endpoints.all_of(both.world.ws) == []
    assert both.part.deployments.prediction(both.world.ws, f"{second}-0")[1].model == "m:1"


def test_what_a_deployment_waits_for_is_told(one: Serving) -> None:
    one.compute.sentence = "Preparing: building scikit:1; its log is system_logs/environment.log."
    first = one.put(colour="first")
    one.round()
    assert one.view().waits_for == one.compute.sentence
    one.say(first, "starting")
    assert "load the model" in (one.view().waits_for or "")
    one.say(first, "starting", reason="Replica 1 ended with exit code 4.")
    assert one.view().waits_for == "Replica 1 ended with exit code 4."
    one.say(first)
    assert (one.state(), one.view().waits_for) == ("Succeeded", None)


def test_the_old_revision_goes_on_until_the_gateway_goes_by_the_new_one(one: Serving) -> None:
    first = one.put(colour="first")
    one.say(first)
    second = one.put(colour="second")
    one.gateway.is_prompt = False
    one.say(second)
    one.world.clock.advance(600_000)
    one.round(5)
    assert one.routed() == {"blue": (second, True)}
    assert job(first) in one.compute.specs
    assert one.compute.canceled == []
    assert one.state() == "Updating", "it is done when the gateway goes by it"
    one.gateway.apply()
    one.round(2)
    assert one.state() == "Succeeded"
    one.world.clock.advance(60_000)
    one.round(3)
    assert job(first) not in one.compute.specs


def test_a_deployment_is_gone_only_when_the_gateway_knows(one: Serving) -> None:
    one.say(one.put())
    one.gateway.is_prompt = False
    one.part.deployments.delete(one.world.ws, "e", "blue")
    one.round(3)
    assert one.state() == "Deleting"
    assert one.compute.canceled == []
    one.gateway.apply()
    one.round(2)
    one.world.clock.advance(60_000)
    one.round(4)
    assert one.part.deployments.all_of(one.world.ws, "e") == []


def test_a_revision_that_fails_beside_one_that_serves(one: Serving) -> None:
    first = one.put(colour="first")
    one.say(first)
    second = one.put(colour="second")
    one.say(second, "failed", reason="no such table", log_tail="the trace")
    assert one.state() == "Failed"
    assert one.routed() == {"blue": (first, True)}
    error = one.view().error or ""
    assert "no such table" in error
    assert "the trace" in error
    assert "goes on answering" in error
    assert job(second) in one.compute.canceled
    again = one.put(colour="second")
    assert again != second, "the same document again is another try"
    one.say(again)
    assert one.state() == "Succeeded"


def test_a_job_that_ends_by_itself_is_replaced(one: Serving) -> None:
    revision = one.put()
    one.say(revision)
    one.compute.end(job(revision), EndReason.KILLED)
    one.round(3)
    assert job(revision, 2) in one.compute.specs
    assert one.state() == "Succeeded"
    assert one.routed() == {"blue": (revision, True)}


def test_one_that_ends_again_and_again_gets_no_requests_until_it_is_well(one: Serving) -> None:
    revision = one.put()
    one.say(revision)
    for attempt in range(1, 7):
        one.places.record(revision).unlink()
        one.compute.end(job(revision, attempt), EndReason.EXIT_CODE)
        one.round()
        one.world.clock.advance(9_000)
        one.round(2)
        if attempt < 6:
            one.say(revision)
    assert one.state() == "Failed"
    assert one.routed() == {"blue": (revision, False)}
    one.say(revision)
    assert one.state() == "Succeeded"
    assert one.routed() == {"blue": (revision, True)}


def test_a_change_overtakes_one_that_starts(one: Serving) -> None:
    first = one.put(colour="first")
    second = one.put(colour="second")
    assert one.routed()["blue"][0] == second
    one.round(3)
    assert job(first) in one.compute.canceled or job(first) not in one.compute.specs
    one.say(second)
    assert one.state() == "Succeeded"


def test_scale_is_told_to_the_keeper_that_runs(one: Serving) -> None:
    revision = one.put()
    one.say(revision)
    assert one.put(instance_count=2) == revision
    assert one.state() == "Updating"
    one.say(revision, wanted=2)
    assert one.state() == "Updating", "nobody has told the keeper"
    import socket

    from lapisml.ports import serving

    with serving.bound(one.places.control(revision), socket.SOCK_DGRAM) as control:
        one.round()
        assert b'"instances": 2' in control.recv(4096)
    one.round()
    assert one.state() == "Succeeded"
    one.compute.end(job(revision), EndReason.KILLED)
    one.round(3)
    spec = one.compute.specs[job(revision, 2)].serving
    assert spec is not None
    assert spec.scale == {"type": "default", "instances": 2}


def test_a_gateway_that_can_not_run_is_told_and_forgotten(one: Serving) -> None:
    one.gateway.why = "Port 8797 is taken."
    one.put_endpoint("f")
    assert one.endpoint_state("f") == "Creating", "it may only be slow"
    one.world.clock.advance(6_000)
    one.round()
    assert one.endpoint_state("f") == "Failed"
    assert one.part.endpoints.get(one.world.ws, "f").error == "Port 8797 is taken."
    one.gateway.why = ""
    one.round(2)
    assert one.endpoint_state("f") == "Succeeded"


def test_the_gateway_ends_with_the_last_endpoint(one: Serving) -> None:
    one.put_endpoint("f")
    one.part.endpoints.delete(one.world.ws, "e")
    one.round(4)
    assert one.gateway.ended == 0
    one.part.endpoints.delete(one.world.ws, "f")
    one.round(4)
    assert one.gateway.ended == 1
    assert one.put_endpoint("g") == "Succeeded"


def test_a_hand_over_that_finds_no_room_waits_and_one_that_can_not_be_fails(one: Serving) -> None:
    one.compute.refusal = FULL
    revision = one.put()
    assert one.state() == "Creating"
    one.compute.refusal = None
    one.world.clock.advance(3_000)
    one.round(2)
    assert job(revision) in one.compute.specs
    one.compute.refusal = LapisError(ErrorCode.NOT_SUPPORTED, "It can't be.")
    one.put("green")
    assert one.state("green") == "Failed"
    assert "can't be" in (one.view("green").error or "")


def test_another_server_with_the_lease_keeps_this_one_from_writing(one: Serving) -> None:
    revision = one.put()
    one.world.clock.advance(60_000)
    other = type(one.leases)(one.world.database, one.world.clock, "two")
    assert other.claim("site:site:endpoints") is not None
    with pytest.raises(LeaseLostError):
        one.say(revision)
    assert one.state() == "Creating"


def test_traffic_goes_to_what_is_ready(one: Serving) -> None:
    one.put("green")
    with pytest.raises(LapisError, match="not ready yet"):
        one.put_endpoint(traffic={"green": 100})
    with pytest.raises(LapisError, match="no deployment 'none'") as caught:
        one.part.endpoints.create_or_update(one.world.ws, "e", {"traffic": {"none": 100}}, "ann")
    assert "green" in str(caught.value.problems[0].expected)


def test_what_is_used_stays(one: Serving) -> None:
    one.put()
    with pytest.raises(LapisError, match="deployment 'blue' of online endpoint 'e'"):
        one.world.assets.delete_version(one.world.ws, AssetKind.MODELS, "m", "1")
    with pytest.raises(LapisError, match="in use"):
        one.world.assets.delete_container(one.world.ws, AssetKind.MODELS, "m")
    one.part.endpoints.delete(one.world.ws, "e")
    one.round(2)
    one.world.clock.advance(60_000)
    one.round(5)
    one.world.assets.delete_version(one.world.ws, AssetKind.MODELS, "m", "1")


def test_the_same_document_again_changes_nothing(one: Serving) -> None:
    revision = one.put()
    one.say(revision)
    assert one.put() == revision
    assert one.state() == "Succeeded"
    before = one.part.endpoints.get(one.world.ws, "e")
    one.put_endpoint()
    assert one.part.endpoints.get(one.world.ws, "e") == before


def test_a_model_in_place_is_registered_once(one: Serving) -> None:
    path = one.world.upload({"model.bin": b"other"}).uri
    first = one.put(model={"path": path})
    one.say(first)
    assert one.put(model={"path": path}) == first
    assert str(one.view().record.document["model"]).startswith("azureml:anonymous-")
    named = one.put("green", model={"path": path, "name": "named"})
    one.say(named)
    assert one.put("green", model={"path": path, "name": "named"}) == named
    assert one.view("green").record.document["model"] == "azureml:named:1"


def test_routes_survive_a_restart_unchanged(one: Serving, tmp_path: Path) -> None:
    one.say(one.put())
    before = one.places.routes.read_bytes()
    one.part.worker.leased.release()
    with serving_world(tmp_path / "home", f"sqlite:///{tmp_path / 'test.db'}", "two") as again:
        again.round(2)
        assert again.places.routes.read_bytes() == before


def test_a_registered_environment_with_a_server_of_its_own_is_refused(one: Serving) -> None:
    served = {"liveness_route": {"port": 8501, "path": "/v1/models"}}
    document = {"name": "tfserving", "version": "1", "image": "tensorflow/serving", "inference_config": served}
    one.world.assets.create(one.world.ws, AssetKind.ENVIRONMENTS, document, "ann")
    with pytest.raises(LapisError) as refused:
        one.put(environment="azureml:tfserving:1")
    assert refused.value.code is ErrorCode.NOT_SUPPORTED
    assert refused.value.problems[0].path == "environment"
    assert "server of its own" in refused.value.problems[0].message
