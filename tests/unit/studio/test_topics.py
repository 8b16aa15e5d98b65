from __future__ import annotations

import pytest

from lapisml.server.features.studio.topics import topic_of

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces"


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("/api/v1/workspaces/blue/jobs/calm_fern", ("blue", "jobs/calm_fern")),
        ("/api/v1/workspaces/blue/jobs/calm_fern/cancel", ("blue", "jobs/calm_fern")),
        ("/api/v1/workspaces/blue/models", ("blue", "models")),
        ("/api/v1/workspaces/blue/models/diabetes/versions/3", ("blue", "models/diabetes")),
        ("/api/v1/workspaces/blue/online-endpoints/e/deployments/green", ("blue", "online-endpoints/e")),
        ("/api/v1/workspaces/blue/online-endpoints/e/keys", None),
        ("/api/v1/workspaces/blue/online-endpoints/e/try", None),
        ("/api/v1/workspaces/blue/connections/c/secrets", None),
        ("/api/v1/workspaces/blue/uploads", None),
        ("/api/v1/workspaces/blue", None),
        ("/api/v1/workspaces", None),
        ("/api/v1/tokens", None),
        ("/api/v1/registries/r/models", None),
        (f"{ARM}/blue/onlineEndpoints/e", ("blue", "online-endpoints/e")),
        (f"{ARM}/blue/data/d/versions/1", ("blue", "data/d")),
        ("/mlflow/blue/api/2.0/mlflow/experiments/create", ("blue", "experiments")),
        ("/mlflow/blue/api/2.0/mlflow/experiments/search", None),
        ("/mlflow/blue/api/2.0/mlflow/registered-models/create", ("blue", "models")),
        ("/mlflow/blue/api/2.0/mlflow/model-versions/transition-stage", ("blue", "models")),
        ("/mlflow/blue/api/2.0/mlflow/runs/log-metric", None),
        ("/mlflow/blue/api/2.0/mlflow-artifacts/artifacts/runs/abc/artifacts/plots/a.png", ("blue", "runs/abc")),
        ("/mlflow/blue/api/2.0/mlflow-artifacts/artifacts/models/m/artifacts/a", None),
        ("/studio/x", None),
        ("", None),
    ],
)
def test_the_address_says_what_changes(path: str, topic: tuple[str, str] | None) -> None:
    assert topic_of(path) == topic
