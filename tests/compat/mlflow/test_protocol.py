"""The protocol as such: every call of the client's tracking and registry is answered, every code translated."""

from __future__ import annotations

from lapisml.core.errors import ErrorCode
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.records import ModelStatus
from lapisml.server.surfaces.mlflow import statuses
from lapisml.server.surfaces.mlflow.errors import MLFLOW_ERROR
from tests.compat.mlflow.conftest import Lapis

NOT_OFFERED = (
    "trace", "assessment", "issue", "label", "review", "scorer", "gateway", "budget", "guardrail", "mcp", "workspace",
    "secret", "presigned", "prompt", "webhook", "evaluationdataset", "promptoptimization", "customview", "otel",
)  # fmt: skip
"""Parts of MLflow's protocol that are not tracking, artifacts or registry."""


def test_every_call_of_tracking_and_registry_is_answered(lapis: Lapis) -> None:
    """Called with nothing, a call says what is missing; one that is not offered says that there is no such call."""
    from mlflow.protos import databricks_pb2
    from mlflow.protos.model_registry_pb2 import ModelRegistryService
    from mlflow.protos.service_pb2 import MlflowService

    missing, asked = [], 0
    for service in (MlflowService, ModelRegistryService):
        for method in service.DESCRIPTOR.methods:
            for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                path = "/" + endpoint.path.lstrip("/")
                if _is_not_offered(method.name, path):
                    continue
                asked += 1
                for name in ("{model_id}", "{tag_key}"):
                    path = path.replace(name, "nothing")
                body = None if endpoint.method == "GET" else {}
                status, answer = lapis.server.request(endpoint.method, f"/mlflow/default/api/2.0{path}", body)
                if isinstance(answer, dict) and answer.get("error_code") == "ENDPOINT_NOT_FOUND":
                    missing.append(f"{endpoint.method} {path}")
                assert status < 500, (path, answer)
    assert missing == []
    assert asked > 55


def _is_not_offered(method: str, path: str) -> bool:
    text = (method + path).lower().replace("-", "").replace("_", "")
    is_evaluation = path.startswith("/mlflow/datasets/")
    return is_evaluation or any(word in text for word in NOT_OFFERED)


def test_every_error_code_has_its_form() -> None:
    from mlflow.protos.databricks_pb2 import ErrorCode as Known

    assert set(MLFLOW_ERROR) == set(ErrorCode)
    for word, status in MLFLOW_ERROR.values():
        assert word in Known.keys()  # noqa: SIM118  (an enum of protobuf is not a mapping)
        assert 400 <= status < 600


def test_every_status_is_translated_both_ways() -> None:
    from mlflow.entities import LoggedModelStatus, RunStatus

    assert set(statuses.RUN_TO_MLFLOW) == set(JobState)
    assert {RunStatus.to_string(s) for s in RunStatus.all_status()} == set(statuses.RUN_FROM_MLFLOW)
    for word, state in statuses.RUN_FROM_MLFLOW.items():
        assert statuses.RUN_TO_MLFLOW[state] == word
        assert statuses.run_status(RunStatus.from_string(word)) == state
    assert set(statuses.MODEL_TO_MLFLOW) == set(ModelStatus)
    for status, word in statuses.MODEL_TO_MLFLOW.items():
        assert statuses.model_status(word) == status
    for known in LoggedModelStatus:
        if known is not LoggedModelStatus.UNSPECIFIED:
            assert statuses.model_status(known.to_proto()) in ModelStatus
