"""``mlflow.deployments`` with the target ``lapis``: a process with many checks, as a user would write it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.mlflow.conftest import Lapis
from tests.support.processes import clean_environment

SCRIPT = """
import mlflow
import pandas as pd
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

X, y = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [1.0, 0, 1, 0]}), [0, 0, 1, 1]
with mlflow.start_run():
    info = mlflow.sklearn.log_model(
        LogisticRegression().fit(X, y), name="model", registered_model_name="lr", pip_requirements=[]
    )


def code(call):
    try:
        call()
    except MlflowException as error:
        return error.error_code
    raise AssertionError("it worked")


client = get_deploy_client("lapis")
assert client.list_endpoints() == []
assert get_deploy_client("lapis:" + mlflow.get_tracking_uri()).list_endpoints() == []
assert get_deploy_client("lapis:/default").list_endpoints() == []
assert code(lambda: get_deploy_client("lapis:/nowhere").list_endpoints()) == "RESOURCE_DOES_NOT_EXIST"
made = client.create_deployment("blue", "models:/lr/1")
assert made["provisioning_state"] == "Succeeded", made
assert client.get_endpoint("blue")["traffic"] == {"blue": 100}
for asked in (client.predict("blue", X), client.predict(endpoint="blue", inputs=X.to_numpy()),
              client.predict(endpoint="blue", deployment_name="blue", inputs={"input_data": X.values.tolist()})):
    assert asked["predictions"] == [0, 0, 1, 1], asked
assert code(lambda: client.create_deployment("blue", "models:/lr/1")) == "RESOURCE_ALREADY_EXISTS"
assert code(lambda: client.get_deployment("none")) == "RESOURCE_DOES_NOT_EXIST"
assert code(lambda: client.create_endpoint("blue")) == "RESOURCE_ALREADY_EXISTS"
assert code(lambda: client.predict(endpoint="none", inputs=[1])) == "RESOURCE_DOES_NOT_EXIST"
assert code(lambda: client.predict_stream("blue", [1])) == "NOT_IMPLEMENTED"
client.update_deployment("blue", config={"tags": {"x": "y"}})
assert client.get_deployment("blue")["tags"] == {"x": "y"}
client.create_deployment("green", info.model_uri, endpoint="blue")
assert client.get_deployment("green", "blue")["model"] == "azureml:blue-green:1"
with open("traffic.yml", "w") as file:
    file.write("traffic: {blue: 50, green: 50}")
assert client.update_endpoint("blue", {"endpoint-config-file": "traffic.yml"})["traffic"] == {"blue": 50, "green": 50}
assert code(lambda: client.delete_deployment("green", endpoint="blue")) == "RESOURCE_CONFLICT"
client.update_endpoint("blue", {"traffic": {"blue": 100}})
client.delete_deployment("green", endpoint="blue")
assert [one["name"] for one in client.list_deployments("blue")] == ["blue"]
client.delete_deployment("blue")
client.delete_deployment("blue")
assert client.list_endpoints() == client.list_deployments() == []
print("done")
"""


@pytest.mark.slow
def test_endpoints_through_the_deployments_client(open_lapis: Lapis, tmp_path: Path) -> None:
    env = clean_environment(**open_lapis.server.mlflow_environment(), MLFLOW_DISABLE_TELEMETRY="true")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.strip().endswith("done"), done.stderr
