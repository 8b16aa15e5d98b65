"""What documents say about how deployments run, and how requests are shared out."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.endpoints.parts import (
    accelerates,
    check_shares,
    digest_of,
    endpoint_warnings,
    limits_of,
    probe_of,
    scale_of,
    warnings_of,
)
from lapisml.server.features.endpoints.service import page

BLUE = {"name": "blue", "model": "azureml:m:1", "instance_count": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"model": "azureml:m:2"},
        {"environment_variables": {"A": "1"}},
        {"environment": "azureml:e:1"},
        {"code_configuration": {"code": "azureml://codes/x", "scoring_script": "b.py"}},
        {"request_settings": {"request_timeout_ms": 3000}},
        {"readiness_probe": {"period": 3}},
        {"liveness_probe": {"period": 3}},
        {"data_collector": {"collections": {"model_inputs": {"enabled": True}}}},
        {"tags": {"lapis.accelerate": "false"}},
    ],
)
def test_what_runs_makes_another_revision(change: dict[str, Any]) -> None:
    assert digest_of({**BLUE, **change}) != digest_of(BLUE)


@pytest.mark.parametrize(
    "change",
    [
        {"instance_count": 3},
        {"scale_settings": {"type": "target_utilization", "max_instances": 4}},
        {"tags": {"team": "a"}},
        {"description": "x"},
        {"instance_type": "Standard_DS3_v2"},
        {"properties": {"a": "b"}},
        {"environment": None},
    ],
)
def test_how_much_of_it_runs_makes_none(change: dict[str, Any]) -> None:
    assert digest_of({**BLUE, **change}) == digest_of(BLUE)


def test_scale() -> None:
    assert scale_of({}) == {"type": "default", "instances": 1}
    assert scale_of({"instance_count": 3, "scale_settings": {"type": "default"}})["instances"] == 3
    settings = {"type": "target_utilization", "min_instances": 0, "max_instances": 4, "polling_interval": 2}
    assert scale_of({"instance_count": 1, "scale_settings": settings}) == {
        "type": "target_utilization", "min": 0, "max": 4, "target_percent": 70.0, "polling_s": 2.0,
    }  # fmt: skip


def test_limits_are_seconds() -> None:
    settings = {"request_timeout_ms": 2500, "max_queue_wait_ms": 100, "max_concurrent_requests_per_instance": 4}
    assert limits_of({"request_settings": settings}) == {
        "timeout_s": 2.5, "max_queue_wait_s": 0.1, "max_concurrent": 4,
    }  # fmt: skip
    assert limits_of({}) == {}


def test_a_request_may_be_told_never_to_wait() -> None:
    assert limits_of({"request_settings": {"max_queue_wait_ms": 0}}) == {"max_queue_wait_s": 0.0}


def test_probes() -> None:
    probe = {"initial_delay": 0, "period": 5, "timeout": 1, "failure_threshold": 3}
    assert probe_of({"liveness_probe": probe}, "liveness") == {
        "initial_delay_s": 0, "period_s": 5, "timeout_s": 1, "failure_threshold": 3,
    }  # fmt: skip
    assert probe_of({"liveness_probe": probe}, "readiness") == {}


@pytest.mark.parametrize(("value", "expected"), [("false", False), ("0", False), (" Off ", False), ("true", True)])
def test_a_tag_turns_acceleration_off(value: str, expected: bool) -> None:
    assert accelerates({"tags": {"lapis.accelerate": value}}) is expected
    assert accelerates({})


def test_what_has_no_effect_is_told() -> None:
    assert warnings_of(BLUE) == []
    assert "instance_type" in warnings_of({**BLUE, "instance_type": "x"})[0]
    assert "identity" in endpoint_warnings({"identity": {"type": "system_assigned"}})[0]


@pytest.mark.parametrize(
    ("traffic", "mirror", "place"),
    [
        ({"blue": 90}, {}, "traffic"),
        ({"blue": 60, "green": 60}, {}, "traffic"),
        ({"blue": 50, "gren": 50}, {}, "traffic.gren"),
        ({"blue": -10, "green": 110}, {}, "traffic.blue"),
        ({"blue": 100}, {"none": 10}, "mirror_traffic.none"),
        ({"blue": 100}, {"green": 60}, "mirror_traffic"),
        ({"blue": 100}, {"blue": 10, "green": 10}, "mirror_traffic"),
    ],
)
def test_shares_that_can_not_be(traffic: dict[str, int], mirror: dict[str, int], place: str) -> None:
    with pytest.raises(LapisError) as caught:
        check_shares(traffic, mirror, {"blue": None, "green": None}, {})
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert place in [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("traffic", [{}, {"blue": 0}, {"blue": 100}, {"blue": 30, "green": 70}])
def test_shares_that_can_be(traffic: dict[str, int]) -> None:
    check_shares(traffic, {"green": 50}, {"blue": None, "green": None}, {})


def test_what_is_not_ready_gets_no_new_share_but_keeps_the_one_it_has() -> None:
    known = {"blue": None, "green": "it is not ready yet."}
    with pytest.raises(LapisError, match="'green' can't take traffic: it is not ready yet") as caught:
        check_shares({"blue": 50, "green": 50}, {}, known, {"blue": 100})
    assert caught.value.code is ErrorCode.CONFLICT
    check_shares({"blue": 40, "green": 60}, {}, known, {"blue": 90, "green": 10})


def test_lists_have_pages() -> None:
    names = ["a", "b", "c"]
    assert page(names, 2, None) == ([0, 1], "b")
    assert page(names, 2, "b") == ([2], None)
    assert page(names, 3, None) == ([0, 1, 2], None)
