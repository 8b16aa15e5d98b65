"""One word for how deployments and endpoints get on, and requests made of models' examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lapisml.ports.serving import ReplicaRecord, RevisionRecord
from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.examples import as_request
from lapisml.server.features.endpoints.health import Health, endpoint_health, health_of
from lapisml.server.features.endpoints.records import DeploymentRecord, EndpointRecord, Revision, RevisionState

ENDPOINT = EndpointRecord(1, 1, "s", "e", {}, {}, {}, "", 1, 1, False, None, "", "ada", 0, 0)
RECORD = DeploymentRecord(1, 1, "blue", {}, [], "a", "a", 1, 1, False, "ada", 0, 0)
REVISION = Revision(
    "a", 1, 1, "s", "e", "blue", {}, "", None, None, None, {}, RevisionState.READY, "", "", "", 1, 0, "k", True,
    0, "ada", 0, 0, 0, None, None,
)  # fmt: skip


def _view(ready: int = 1, wanted: int = 1, state: str = "ready", **changes: Any) -> DeploymentView:
    replicas = [ReplicaRecord(number, "", ready=True) for number in range(ready)]
    running = RevisionRecord("a", state=state, wanted=wanted, replicas=replicas)
    view = DeploymentView(ENDPOINT, RECORD, REVISION, REVISION, running)
    return replace(view, **changes)


FAILED = replace(REVISION, id="b", state=RevisionState.FAILED, reason="no table")
NEVER_SERVED = replace(RECORD, serving=None, applied=0)


@pytest.mark.parametrize(
    ("view", "health"),
    [
        (_view(), "Healthy"),
        (_view(1, 2), "Degraded"),
        (_view(0, 2), "Unhealthy"),
        (_view(0, 0, "zero"), "Healthy"),
        (_view(running=None), "Unhealthy"),
        (_view(revision=FAILED), "Degraded"),
        (_view(record=NEVER_SERVED), "Starting"),
        (_view(record=NEVER_SERVED, revision=FAILED), "Unhealthy"),
    ],
)
def test_a_deployment(view: DeploymentView, health: str) -> None:
    assert health_of(view) == health


def test_an_endpoint_is_judged_by_those_that_are_asked() -> None:
    good = _view()
    bad = _view(0, 1, record=replace(RECORD, name="green"))
    asked_good, asked_bad = replace(ENDPOINT, traffic={"blue": 100}), replace(ENDPOINT, traffic={"green": 100})
    assert endpoint_health(ENDPOINT, []) is None
    assert endpoint_health(asked_good, [good]) is Health.HEALTHY
    assert endpoint_health(asked_good, [good, bad]) is Health.DEGRADED
    assert endpoint_health(asked_bad, [good, bad]) is Health.UNHEALTHY
    assert endpoint_health(ENDPOINT, [_view(record=NEVER_SERVED)]) is Health.STARTING
    assert endpoint_health(replace(asked_good, error="no gateway"), [good]) is Health.UNHEALTHY


@pytest.mark.parametrize(
    "example", [{"dataframe_split": {"columns": ["a"], "data": [[1]]}}, {"columns": ["a"], "data": [[1]]}]
)
def test_an_example_has_the_form_of_a_request(example: Any) -> None:
    assert as_request(example) == {"input_data": {"columns": ["a"], "data": [[1]]}}
    assert as_request({"inputs": [[1]]}) == {"input_data": [[1]]}
    assert as_request([[1]]) == [[1]]
