"""Endpoints and deployments in Python: the documents under azure.ai.ml's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import lapisml
from lapisml import (
    load_batch_deployment,
    load_batch_endpoint,
    load_model_batch_deployment,
    load_online_deployment,
    load_online_endpoint,
    load_pipeline_component_batch_deployment,
)
from lapisml.constants import BatchDeploymentOutputAction
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk import entities
from lapisml.sdk.entities import (
    BatchDeployment,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    DataCollector,
    DefaultScaleSettings,
    DeploymentCollection,
    Environment,
    IdentityConfiguration,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ManagedIdentityConfiguration,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
    OnlineRequestSettings,
    PipelineComponent,
    PipelineComponentBatchDeployment,
    ProbeSettings,
    ResourceConfiguration,
    ResourceRequirementsSettings,
    ResourceSettings,
    TargetUtilizationScaleSettings,
    entity_of,
)
from lapisml.sdk.submission import submission_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("")
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11]\n")
    return tmp_path


def sent(entity: Any, kind: str) -> dict[str, Any]:
    """Give what would be sent, before uploads."""
    return submission_of(entity, kind).document


def test_an_online_deployment_of_a_script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    blue = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="risk",
        model=Model(path="model"),
        environment=Environment(image="img", conda_file="conda.yml"),
        code_configuration=CodeConfiguration(code=Path("src"), scoring_script="score.py"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
        request_settings=OnlineRequestSettings(request_timeout_ms=90000),
        liveness_probe=ProbeSettings(initial_delay=600),
        scale_settings=DefaultScaleSettings(),
        data_collector=DataCollector({"model_inputs": DeploymentCollection(enabled="true")}, sampling_rate=0.5),
        app_insights_enabled=False,
    )
    assert sent(blue, "online-deployment") == {
        "name": "blue",
        "endpoint_name": "risk",
        "model": {"path": str(folder / "model")},
        "environment": {"image": "img", "conda_file": {"dependencies": ["python=3.11"]}},
        "code_configuration": {"code": "src", "scoring_script": "score.py"},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        "request_settings": {"request_timeout_ms": 90000},
        "liveness_probe": {"initial_delay": 600},
        "scale_settings": {"type": "default"},
        "data_collector": {"collections": {"model_inputs": {"enabled": True}}, "sampling_rate": 0.5},
        "app_insights_enabled": False,
        "type": "managed",
    }


def test_what_is_set_later_is_sent(folder: Path) -> None:
    blue = ManagedOnlineDeployment(name="blue", instance_count=1)
    with pytest.raises(LapisError) as caught:
        sent(blue, "online-deployment")
    assert {problem.path for problem in caught.value.problems} == {"endpoint_name"}
    blue.endpoint_name, blue.instance_count = "risk", 2
    blue.model = Model(path=str(folder / "model"), type="mlflow_model")  # type: ignore[assignment]
    blue.request_settings = OnlineRequestSettings(3)
    document = sent(blue, "online-deployment")
    assert document["model"] == {"type": "mlflow_model", "path": str(folder / "model")}
    assert document["request_settings"] == {"max_concurrent_requests_per_instance": 3}
    assert document["instance_count"] == 2


def test_assets_that_the_server_knows_are_named() -> None:
    model = entity_of("model", {"name": "diabetes", "version": "3", "path": "runs:/r/model", "type": "mlflow_model"})
    environment = entity_of("environment", {"name": "env", "version": "1", "image": "img"})
    blue = ManagedOnlineDeployment(name="blue", endpoint_name="risk", model=model, environment=environment)
    assert (blue.model, blue.environment) == ("azureml:diabetes:3", "azureml:env:1")
    step = {"type": "command", "command": "echo", "environment": "azureml:e:1"}
    component = PipelineComponent.from_record({"name": "c", "version": "2", "type": "pipeline", "jobs": {"a": step}})
    assert PipelineComponentBatchDeployment(name="p", endpoint_name="b", component=component).component == "azureml:c:2"


def test_a_component_that_was_made_here_stands_in_place() -> None:
    step = {"type": "command", "command": "echo", "environment": "azureml:e:1"}
    component = PipelineComponent(name="c", jobs={"a": step})
    made = PipelineComponentBatchDeployment(
        name="p", endpoint_name="b", component=component, settings={"continue_on_step_failure": False}
    )
    document = sent(made, "batch-deployment")
    assert document["component"]["jobs"]["a"]["command"] == "echo"
    assert document["settings"] == {"continue_on_step_failure": False}


def test_an_endpoint_and_its_traffic() -> None:
    endpoint = ManagedOnlineEndpoint(name="risk", description="who may fall ill", auth_mode="key", tags={"a": "b"})
    endpoint.traffic = {"blue": 90, "green": 10}
    endpoint.mirror_traffic = {"green": 10}
    assert sent(endpoint, "online-endpoint")["traffic"] == {"blue": 90, "green": 10}
    endpoint.traffic = {"blue": 90}
    with pytest.raises(LapisError, match="sum to 90"):
        sent(endpoint, "online-endpoint")


def test_identities_in_azures_forms() -> None:
    assigned = ManagedIdentityConfiguration(resource_id="/subscriptions/x")
    identity = IdentityConfiguration(type="user_assigned", user_assigned_identities=[assigned])
    document = sent(ManagedOnlineEndpoint(name="risk", identity=identity), "online-endpoint")
    assert document["identity"] == {
        "type": "user_assigned",
        "user_assigned_identities": [{"resource_id": "/subscriptions/x"}],
    }
    assert assigned.resource_id == "/subscriptions/x"


def test_the_default_of_a_batch_endpoint() -> None:
    endpoint = BatchEndpoint(name="batch")
    assert sent(endpoint, "batch-endpoint") == {"name": "batch", "auth_mode": "aad_token"}
    endpoint.defaults.deployment_name = "forest"  # type: ignore[union-attr]
    assert sent(endpoint, "batch-endpoint")["defaults"] == {"deployment_name": "forest"}
    endpoint.defaults = {"deployment_name": "other"}  # type: ignore[assignment]
    assert endpoint.defaults.deployment_name == "other"  # type: ignore[union-attr]
    assert BatchEndpoint("forest", name="batch").defaults.deployment_name == "forest"  # type: ignore[union-attr]
    known = entity_of("batch-endpoint", {"name": "batch", "auth_mode": "aad_token", "scoring_uri": "http://x"})
    assert (known.scoring_uri, known.defaults.deployment_name) == ("http://x", None)


def test_both_forms_of_a_batch_deployment_are_one_document() -> None:
    around: dict[str, Any] = {"name": "forest", "endpoint_name": "batch", "model": "azureml:m:1", "compute": "cpu"}
    retry = BatchRetrySettings(max_retries=3, timeout=30)
    flat = BatchDeployment(
        **around, instance_count=2, mini_batch_size=10, output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="predictions.csv", retry_settings=retry, max_concurrency_per_instance=2, logging_level="info",
        error_threshold=-1,
    )  # fmt: skip
    settings = ModelBatchDeploymentSettings(
        mini_batch_size=10, instance_count=2, output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="predictions.csv", retry_settings=retry, max_concurrency_per_instance=2, logging_level="info",
        error_threshold=-1,
    )  # fmt: skip
    nested = ModelBatchDeployment(**around, settings=settings)
    assert sent(flat, "batch-deployment") == sent(nested, "batch-deployment")
    assert flat.mini_batch_size == 10
    assert sent(nested, "batch-deployment")["resources"] == {"instance_count": 2}


def test_kubernetes_entities() -> None:
    requirements = ResourceRequirementsSettings(requests=ResourceSettings(cpu="0.1", memory="0.5Gi"))
    scale = TargetUtilizationScaleSettings(min_instances=0, max_instances=3, polling_interval=10)
    made = KubernetesOnlineDeployment(
        name="green", endpoint_name="risk", model="azureml:m:1", resources=requirements, scale_settings=scale
    )
    document = sent(made, "online-deployment")
    assert document["resources"] == {"requests": {"cpu": "0.1", "memory": "0.5Gi"}}
    assert document["scale_settings"]["type"] == "target_utilization"
    assert isinstance(entity_of("online-deployment", document), KubernetesOnlineDeployment)
    endpoint = KubernetesOnlineEndpoint(name="risk", compute="azureml:k8s")
    assert isinstance(entity_of("online-endpoint", endpoint.to_dict()), KubernetesOnlineEndpoint)


def test_code_in_two_ways() -> None:
    made = BatchDeployment(name="a", endpoint_name="b", code_path="./src", scoring_script="score.py", environment="e:1")
    assert made.to_dict()["code_configuration"] == {"code": "./src", "scoring_script": "score.py"}
    twice = {"code_path": "./src", "code_configuration": CodeConfiguration("./src", "score.py")}
    with pytest.raises(LapisError, match="in place of code_configuration"):
        ManagedOnlineDeployment(name="a", endpoint_name="b", **twice)
    with pytest.raises(LapisError, match="in place of resources"):
        BatchDeployment(name="a", instance_count=2, resources=ResourceConfiguration(instance_count=2))


@pytest.mark.parametrize("key", ["package_model", "with_package"])
def test_packages_are_refused(key: str) -> None:
    with pytest.raises(LapisError) as caught:
        ManagedOnlineDeployment(name="a", endpoint_name="b", model="azureml:m:1", **{key: True})
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    ManagedOnlineDeployment(name="a", endpoint_name="b", model="azureml:m:1", **{key: False})


def test_a_fault_is_told_where_it_is_made() -> None:
    with pytest.raises(LapisError) as caught:
        OnlineRequestSettings(request_timeout_ms=0)
    assert [problem.path for problem in caught.value.problems] == ["request_timeout_ms"]
    mistyped: Any = {"instance_cout": 1}
    with pytest.raises(LapisError) as caught:
        ManagedOnlineDeployment(name="a b", **mistyped)
    assert {problem.suggestion for problem in caught.value.problems} == {"instance_count", None}


def test_what_the_server_added_can_be_read_and_is_not_sent_back() -> None:
    record = {"name": "blue", "endpoint_name": "risk", "model": "azureml:m:1", "type": "managed", "id": "/x",
              "provisioning_state": "Succeeded", "properties": {"lapis.revision": "0" * 12, "mine": "1"}}  # fmt: skip
    made = entity_of("online-deployment", record)
    assert made.provisioning_state == "Succeeded"
    assert made.properties["lapis.revision"] == "0" * 12
    made.instance_count = 2
    assert sent(made, "online-deployment")["properties"] == {"mine": "1"}


ENDPOINT = {"$schema": "https://x/latest/managedOnlineEndpoint.schema.json", "name": "risk", "auth_mode": "Key"}
DEPLOYMENT = {
    "$schema": "https://x/latest/managedOnlineDeployment.schema.json", "name": "blue", "instance_count": 1,
    "model": {"path": "./model"}, "environment": {"conda_file": "./conda.yml", "image": "img"},
    "code_configuration": {"code": "./src", "scoring_script": "score.py"},
}  # fmt: skip
BATCH = {"$schema": "https://x/latest/batchDeployment.schema.json", "name": "forest", "mini_batch_size": 10}
PIPELINE = {"name": "p", "type": "pipeline", "component": "azureml:c:1", "endpoint_name": "batch"}


def file(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "document.yml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_loaders(folder: Path) -> None:
    assert load_online_endpoint(file(folder, ENDPOINT)).auth_mode == "key"
    assert load_batch_endpoint(file(folder, {"name": "batch"})).name == "batch"
    given = [{"endpoint_name": "risk"}, {"instance_count": 2}]
    blue = load_online_deployment(file(folder, DEPLOYMENT), params_override=given)
    assert (blue.endpoint_name, blue.instance_count, blue.base_path) == ("risk", 2, folder)
    assert sent(blue, "online-deployment")["environment"]["conda_file"] == {"dependencies": ["python=3.11"]}
    given = [{"endpoint_name": "batch", "model": "azureml:m:1", "compute": "azureml:cpu"}]
    forest = load_model_batch_deployment(file(folder, BATCH), params_override=given)
    assert forest.to_dict()["settings"] == {"mini_batch_size": 10}
    assert isinstance(load_batch_deployment(file(folder, PIPELINE)), PipelineComponentBatchDeployment)
    assert load_pipeline_component_batch_deployment(file(folder, PIPELINE)).component == "azureml:c:1"
    with pytest.raises(LapisError, match="is not of type model"):
        load_model_batch_deployment(file(folder, PIPELINE))


def test_every_public_name_is_there() -> None:
    for name in entities.__all__:
        assert getattr(entities, name) is not None
    for name in lapisml.sdk.__all__:
        assert getattr(lapisml, name) is not None
    with pytest.raises(AttributeError):
        entities.ManagedOnlineEndpint  # noqa: B018 - reading it is the test
