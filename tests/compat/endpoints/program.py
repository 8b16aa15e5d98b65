# mypy: ignore-errors
"""Endpoints and deployments as public programs make them; written for azure.ai.ml."""

from azure.ai.ml.constants import BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    BatchDeployment,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    DataCollector,
    DefaultScaleSettings,
    DeploymentCollection,
    Environment,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
    OnlineRequestSettings,
    PipelineComponentBatchDeployment,
    ProbeSettings,
    ResourceRequirementsSettings,
    ResourceSettings,
    TargetUtilizationScaleSettings,
)

endpoint = ManagedOnlineEndpoint(
    name="diabetes-risk", description="who may fall ill", auth_mode="key", tags={"team": "clinic"}
)
endpoint.traffic = {"blue": 90, "green": 10}
endpoint.mirror_traffic = {"green": 10}

blue = ManagedOnlineDeployment(
    name="blue",
    endpoint_name="diabetes-risk",
    model="azureml:diabetes:1",
    environment="azureml:train-env:2",
    code_configuration=CodeConfiguration(code="./src", scoring_script="score.py"),
    environment_variables={"MODE": "quick"},
    instance_type="Standard_DS3_v2",
    instance_count=1,
    request_settings=OnlineRequestSettings(request_timeout_ms=90000, max_concurrent_requests_per_instance=2),
    liveness_probe=ProbeSettings(failure_threshold=30, success_threshold=1, timeout=2, period=10, initial_delay=600),
    readiness_probe=ProbeSettings(initial_delay=10),
    scale_settings=DefaultScaleSettings(),
    data_collector=DataCollector(
        collections={"model_inputs": DeploymentCollection(enabled="true")}, sampling_rate=0.5, rolling_rate="hour"
    ),
    app_insights_enabled=True,
    egress_public_network_access="disabled",
)
blue.instance_count = 2

kubernetes = KubernetesOnlineEndpoint(name="on-cluster", compute="azureml:inference", auth_mode="key")
green = KubernetesOnlineDeployment(
    name="green",
    endpoint_name="on-cluster",
    model="azureml:diabetes:2",
    instance_count=1,
    resources=ResourceRequirementsSettings(requests=ResourceSettings(cpu="0.1", memory="0.2Gi")),
    scale_settings=TargetUtilizationScaleSettings(
        min_instances=1, max_instances=3, polling_interval=10, target_utilization_percentage=70
    ),
)

batch = BatchEndpoint(name="diabetes-batch", description="everybody at once", default_deployment_name="forest")
forest = ModelBatchDeployment(
    name="forest",
    endpoint_name="diabetes-batch",
    model="azureml:diabetes@latest",
    compute="batch-cluster",
    settings=ModelBatchDeploymentSettings(
        mini_batch_size=10,
        instance_count=2,
        max_concurrency_per_instance=2,
        output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="predictions.csv",
        retry_settings=BatchRetrySettings(max_retries=3, timeout=300),
        logging_level="info",
        error_threshold=-1,
        environment_variables={"MODE": "quick"},
    ),
)
older = BatchDeployment(
    name="older",
    endpoint_name="diabetes-batch",
    model=Model(path="./model"),
    environment=Environment(image="python:3.11", conda_file="./conda.yml"),
    code_path="./src",
    scoring_script="score.py",
    compute="batch-cluster",
    instance_count=2,
    mini_batch_size=10,
    max_concurrency_per_instance=2,
    output_action=BatchDeploymentOutputAction.SUMMARY_ONLY,
    retry_settings=BatchRetrySettings(max_retries=3, timeout=30),
    logging_level="info",
    error_threshold=3,
)
prepared = PipelineComponentBatchDeployment(
    name="prepared",
    endpoint_name="diabetes-batch",
    component="azureml:prepare_and_score:1",
    settings={"continue_on_step_failure": False, "default_compute": "batch-cluster"},
)

made = [endpoint, blue, kubernetes, green, batch, forest, older, prepared]
