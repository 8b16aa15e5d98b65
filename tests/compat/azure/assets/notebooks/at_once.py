"""Many at once with the official SDK: more versions than a page has, and the same code sent by several at a time."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import CommandComponent, Component, Data, Environment
from azure.identity import DefaultAzureCredential

ml_client = MLClient(
    DefaultAzureCredential(), os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"]
)
VERSIONS = [str(number) for number in range(105)]
Path("src").mkdir()
for number in range(20):
    Path(f"src/part_{number}.py").write_text(f"x = {number}\n")
ml_client.environments.create_or_update(Environment(name="sdk-at-once", version="1", image="python:3.11"))


def make_data(version: str) -> None:
    """Register one version."""
    asked = Data(name="sdk-many", version=version, path="https://example.com/a", type=AssetTypes.URI_FILE)
    ml_client.data.create_or_update(asked)


def make_component(name: str) -> Component:
    """Register a component with the same code as others."""
    asked = CommandComponent(name=name, version="1", command="ls", code="src", environment="azureml:sdk-at-once:1")
    return ml_client.components.create_or_update(asked)


with ThreadPoolExecutor(8) as many:
    list(many.map(make_data, VERSIONS))
    made = list(many.map(make_component, [f"sdk_at_once_{number}" for number in range(4)]))
assert {data.version for data in ml_client.data.list(name="sdk-many")} == set(VERSIONS)
assert len({component.code for component in made}) == 1, "the same files are the same code"
print("at_once: done")
