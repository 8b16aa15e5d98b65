"""Blue and green behind one address, in the way that notebooks show it."""
# ruff: noqa: PT017, PT018 - written as a notebook is, where there is no pytest

import json
import os
import time

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    ProbeSettings,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

ml_client = MLClient(
    DefaultAzureCredential(),
    os.environ["SUBSCRIPTION_ID"],
    os.environ["RESOURCE_GROUP"],
    os.environ["WORKSPACE_NAME"],
)
ENDPOINT = "echo"
ENVIRONMENT = Environment(conda_file="conda.yml", image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest")


def deployment(name: str, factor: str) -> ManagedOnlineDeployment:
    return ManagedOnlineDeployment(
        name=name,
        endpoint_name=ENDPOINT,
        model=Model(path=f"{factor}.txt", type="custom_model"),
        environment=ENVIRONMENT,
        code_configuration=CodeConfiguration(code="src", scoring_script="score.py"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
        request_settings=OnlineRequestSettings(request_timeout_ms=20000, max_concurrent_requests_per_instance=2),
        liveness_probe=ProbeSettings(initial_delay=10, period=10, timeout=5, failure_threshold=30),
        tags={"Factor": factor},
    )


def invoked(**more: object) -> object:
    return json.loads(ml_client.online_endpoints.invoke(endpoint_name=ENDPOINT, request_file="rows.json", **more))


# the endpoint
try:
    ml_client.online_endpoints.get(ENDPOINT)
    raise AssertionError("there is no endpoint yet")
except ResourceNotFoundError:
    pass
endpoint = ManagedOnlineEndpoint(name=ENDPOINT, description="an endpoint", auth_mode="key", tags={"Team-Name": "risk"})
endpoint = ml_client.online_endpoints.begin_create_or_update(endpoint).result()
assert endpoint.provisioning_state == "Succeeded", endpoint.provisioning_state
assert endpoint.scoring_uri and endpoint.openapi_uri
assert endpoint.tags == {"Team-Name": "risk"} and endpoint.description == "an endpoint"
assert ENDPOINT in [one.name for one in ml_client.online_endpoints.list()]

# blue takes all requests
blue = ml_client.online_deployments.begin_create_or_update(deployment("blue", "two")).result()
assert blue.provisioning_state == "Succeeded", blue.provisioning_state
assert blue.instance_count == 1 and blue.instance_type == "Standard_DS3_v2"
assert blue.request_settings.request_timeout_ms == 20000
assert blue.model.endswith("/versions/1") and "/environments/" in blue.environment
endpoint.traffic = {"blue": 100}
endpoint = ml_client.online_endpoints.begin_create_or_update(endpoint).result()
assert endpoint.traffic == {"blue": 100}
assert invoked() == [2.0, 4.0]
logs = ml_client.online_deployments.get_logs(name="blue", endpoint_name=ENDPOINT, lines=50)
assert "factor 2.0" in logs, logs
prepared = ml_client.online_deployments.get_logs(
    name="blue", endpoint_name=ENDPOINT, lines=10, container_type="storage-initializer"
)
assert isinstance(prepared, str)

# green beside it, asked by name
ml_client.online_deployments.begin_create_or_update(deployment("green", "three")).result()
assert {one.name for one in ml_client.online_deployments.list(ENDPOINT)} == {"blue", "green"}
assert invoked(deployment_name="green") == [3.0, 6.0]
endpoint = ml_client.online_endpoints.get(ENDPOINT)
assert endpoint.traffic == {"blue": 100, "green": 0}, endpoint.traffic

# a mirror, then a share, then everything
endpoint.mirror_traffic = {"green": 10}
endpoint = ml_client.online_endpoints.begin_create_or_update(endpoint).result()
assert endpoint.mirror_traffic == {"green": 10}
endpoint.mirror_traffic = {}
endpoint.traffic = {"blue": 90, "green": 10}
assert ml_client.begin_create_or_update(endpoint).result().traffic == {"blue": 90, "green": 10}
endpoint.traffic = {"blue": 0, "green": 100}
endpoint = ml_client.online_endpoints.begin_create_or_update(endpoint).result()
assert endpoint.traffic == {"green": 100}

# scaling what is there: read, change, write back
green = ml_client.online_deployments.get("green", ENDPOINT)
green.instance_count = 2
green = ml_client.online_deployments.begin_create_or_update(green).result()
assert green.instance_count == 2 and green.tags == {"Factor": "three"}

# keys: the old one goes on until it is replaced
keys = ml_client.online_endpoints.get_keys(ENDPOINT)
ml_client.online_endpoints.begin_regenerate_keys(ENDPOINT, key_type="secondary").result()
changed = ml_client.online_endpoints.get_keys(ENDPOINT)
assert changed.primary_key == keys.primary_key and changed.secondary_key != keys.secondary_key
try:
    ml_client.online_endpoints.invoke(endpoint_name="nobody", request_file="rows.json")
    raise AssertionError("nobody answered")
except ResourceNotFoundError:
    pass

# what can't be deployed says why, and what has traffic can't go
try:
    broken = deployment("broken", "two")
    broken.code_configuration = CodeConfiguration(code="src", scoring_script="broken.py")
    ml_client.online_deployments.begin_create_or_update(broken).result()
    raise AssertionError("a script that raises was deployed")
except HttpResponseError as error:
    assert "DeploymentFailed" in str(error) and "no such luck" in str(error), error
assert ml_client.online_deployments.get("broken", ENDPOINT).provisioning_state == "Failed"
ml_client.online_deployments.begin_delete("broken", ENDPOINT).result()
try:
    ml_client.online_deployments.begin_delete("green", ENDPOINT).result()
    raise AssertionError("a deployment with traffic was deleted")
except HttpResponseError as error:
    assert error.status_code == 409, error
ml_client.online_deployments.begin_delete("blue", ENDPOINT).result()
assert [one.name for one in ml_client.online_deployments.list(ENDPOINT)] == ["green"]

# tokens: of the endpoint, and one's own
for mode in ("aml_token", "aad_token"):
    other = f"by-{mode.replace('_', '-')}"
    made = ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=other, auth_mode=mode)).result()
    assert made.auth_mode == mode, made.auth_mode
    token = ml_client.online_endpoints.get_keys(other)
    assert token.access_token.count(".") == 2 and token.expiry_time_utc > time.time()
    single = deployment("only", "two")
    single.endpoint_name = other
    ml_client.online_deployments.begin_create_or_update(single).result()
    made.traffic = {"only": 100}
    ml_client.online_endpoints.begin_create_or_update(made).result()
    # the SDK still sends the name `green` here, of the invocation above
    answer = ml_client.online_endpoints.invoke(endpoint_name=other, request_file="rows.json")
    assert json.loads(answer) == [2.0, 4.0], answer
    ml_client.online_endpoints.begin_delete(other).result()

ml_client.online_endpoints.begin_delete(name=ENDPOINT).result()
assert [one.name for one in ml_client.online_endpoints.list()] == []
ml_client.online_endpoints.begin_delete(name=ENDPOINT).result()
print("\nonline: done")
