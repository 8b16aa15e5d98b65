"""The protocol as such: every call of the client's tracking and registry is answered, every code translated."""

from __future__ import annotations

import re
from pathlib import Path

from lapisml.core.errors import ErrorCode
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.records import ModelStatus
from lapisml.server.features.tracking.run_states import RUN_TO_MLFLOW
from lapisml.server.surfaces.mlflow import statuses
from lapisml.server.surfaces.mlflow.errors import MLFLOW_ERROR
from tests.compat.mlflow.conftest import Lapis

PAGE = Path(__file__).parents[3] / "docs" / "mlflow-calls.md"


def calls_of_the_client() -> list[tuple[str, str, str]]:
    """Return (name, method, address) of every call that the client's protocol declares."""
    from mlflow.protos import databricks_pb2
    from mlflow.protos.mlflow_artifacts_pb2 import MlflowArtifactsService
    from mlflow.protos.model_registry_pb2 import ModelRegistryService
    from mlflow.protos.service_pb2 import MlflowService
    from mlflow.protos.webhooks_pb2 import WebhookService

    found = []
    for service in (MlflowService, ModelRegistryService, MlflowArtifactsService, WebhookService):
        for method in service.DESCRIPTOR.methods:
            for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                path = endpoint.path.lstrip("/").removeprefix("mlflow/").replace("<path:artifact_path>", "{path}")
                path = path.replace("{assessment.trace_id}", "{trace_id}")
                found.append((method.name, endpoint.method, f"{endpoint.since.major}.0/{path}"))
    return found


def test_every_call_of_the_client_is_answered_as_the_page_says(lapis: Lapis) -> None:
    """Called with nothing, a call says what is missing; one that is not offered says so in MLflow's own error."""
    told = calls_of_the_page()
    answered: dict[tuple[str, str], str] = {}
    for _, method, address in calls_of_the_client():
        version, _, path = address.partition("/")
        below = "" if path.startswith("mlflow-artifacts/") else "mlflow/"
        filled = re.sub(r"\{\w+\}", "nothing", path)
        body = None if method == "GET" else {}
        status, answer = lapis.server.request(method, f"/mlflow/default/api/{version}/{below}{filled}", body)
        code = answer.get("error_code") if isinstance(answer, dict) else None
        assert code != "ENDPOINT_NOT_FOUND", (method, address)
        assert status < 500 or code == "NOT_IMPLEMENTED", (method, address, answer)
        answered[method, address] = "not implemented" if code == "NOT_IMPLEMENTED" else "works"
    assert answered == told


def calls_of_the_page() -> dict[tuple[str, str], str]:
    """Return what ``docs/mlflow-calls.md`` says of each call."""
    rows = re.findall(r"^\| \w+ \| `(\w+) ([^`]+)` \| ([\w ]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {(method, address): said for method, address, said in rows}


def test_a_call_that_nobody_knows_is_an_error_and_no_page(lapis: Lapis) -> None:
    for method, path in (("GET", "2.0/mlflow/nothing/here"), ("POST", "3.0/mlflow/runs/nope"), ("GET", "9.9/x")):
        status, answer = lapis.server.request(method, f"/mlflow/default/api/{path}", {} if method == "POST" else None)
        assert (status, answer["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_every_error_code_has_its_form() -> None:
    from mlflow.protos.databricks_pb2 import ErrorCode as Known

    assert set(MLFLOW_ERROR) == set(ErrorCode)
    for word, status in MLFLOW_ERROR.values():
        assert word in Known.keys()  # noqa: SIM118  (an enum of protobuf is not a mapping)
        assert 400 <= status < 600


def test_every_status_is_translated_both_ways() -> None:
    from mlflow.entities import LoggedModelStatus, RunStatus

    assert set(RUN_TO_MLFLOW) == set(JobState)
    assert {RunStatus.to_string(s) for s in RunStatus.all_status()} == set(statuses.RUN_FROM_MLFLOW)
    for word, state in statuses.RUN_FROM_MLFLOW.items():
        assert RUN_TO_MLFLOW[state] == word
        assert statuses.run_status(RunStatus.from_string(word)) == state
    assert set(statuses.MODEL_TO_MLFLOW) == set(ModelStatus)
    for status, word in statuses.MODEL_TO_MLFLOW.items():
        assert statuses.model_status(word) == status
    for known in LoggedModelStatus:
        if known is not LoggedModelStatus.UNSPECIFIED:
            assert statuses.model_status(known.to_proto()) in ModelStatus
