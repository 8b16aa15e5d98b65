"""Share a model between workspaces through a registry, and train with components from it."""

import os
from pathlib import Path

from azure.ai.ml import Input, MLClient, command, dsl, load_component, load_registry
from azure.ai.ml.entities import BuildContext, Data, Environment, Model
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

credential = DefaultAzureCredential()
where = {"subscription_id": os.environ["SUBSCRIPTION_ID"], "resource_group_name": os.environ["RESOURCE_GROUP"]}
workspace = MLClient(credential, workspace_name=os.environ["WORKSPACE_NAME"], **where)


def refused(error, call):
    try:
        call()
    except error as caught:
        return caught
    raise AssertionError(f"nothing was refused; {error} was expected")


# A registry, from its document
Path("registry.yml").write_text(
    """
$schema: https://azuremlschemas.azureedge.net/latest/registry.schema.json
name: shelf
location: eastus
description: for everybody
tags: {team: ml}
replication_locations:
  - location: eastus
"""
)
made = workspace.registries.begin_create(load_registry("registry.yml")).result()
assert (made.name, made.location, made.tags) == ("shelf", "eastus", {"team": "ml"})
assert [place.location for place in made.replication_locations] == ["eastus"]
assert {found.name for found in workspace.registries.list()} >= {"azureml", "shelf"}
assert workspace.registries.get("shelf").name == "shelf"
refused(ResourceNotFoundError, lambda: workspace.registries.get("absent"))
refused(ResourceNotFoundError, lambda: MLClient(credential, registry_name="absent"))

registry = MLClient(credential, registry_name="shelf", **where)

# Models: uploaded, listed, found by label, downloaded, archived
Path("model").mkdir()
Path("model/weights.txt").write_text("weights of the registry")
model = registry.models.create_or_update(Model(name="churn", version="1", path="model", type="custom_model"))
assert model.id == "azureml://registries/shelf/models/churn/versions/1"
assert [found.name for found in registry.models.list()] == ["churn"]
assert [found.version for found in registry.models.list(name="churn")] == ["1"]
assert registry.models.get("churn", label="latest").version == "1"
registry.models.download("churn", "1", download_path="downloaded")
assert [path.read_text() for path in Path("downloaded").rglob("weights.txt")] == ["weights of the registry"]
single = registry.models.create_or_update(Model(name="single", version="2", path="model/weights.txt"))
registry.models.download("single", "2", download_path="downloaded")
assert Path("downloaded/single/weights.txt").read_text() == "weights of the registry"
registry.models.archive("single", "2")
assert [found.name for found in registry.models.list()] == ["churn"]
registry.models.restore("single", "2")
assert [found.name for found in registry.models.list()] == ["churn", "single"]
refused(ResourceNotFoundError, lambda: registry.models.get("churn", "99"))
Path("model/weights.txt").write_text("other weights")
again = Model(name="churn", version="1", path="model", type="custom_model")
assert refused(HttpResponseError, lambda: registry.models.create_or_update(again)).status_code == 409

# Environments, data and components
conda = {"dependencies": ["python=3.11"]}
environment = registry.environments.create_or_update(
    Environment(name="tiny", version="1", image="mcr.microsoft.com/azureml/minimal", conda_file=conda)
)
assert environment.id == "azureml://registries/shelf/environments/tiny/versions/1"
assert registry.environments.get("tiny", label="latest").version == "1"
Path("context").mkdir()
Path("context/Dockerfile").write_text("FROM python:3.11\n")
built = registry.environments.create_or_update(
    Environment(name="built", version="1", build=BuildContext(path="context"))
)
assert built.build.dockerfile_path == "Dockerfile"
assert {found.name for found in registry.environments.list()} == {"tiny", "built"}
Path("rows.csv").write_text("a,b\n1,2\n")
data = registry.data.create_or_update(Data(name="rows", version="1", path="rows.csv", type="uri_file"))
assert data.id == "azureml://registries/shelf/data/rows/versions/1"
assert registry.data.get("rows", label="latest").version == "1"
assert [found.name for found in registry.data.list()] == ["rows"]
Path("src").mkdir()
Path("src/show.py").write_text("import sys\nprint('code of the registry:', open(sys.argv[1]).read())\n")
Path("show.yml").write_text(
    """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: show
version: "1"
code: ./src
environment: azureml://registries/shelf/environments/tiny/versions/1
inputs:
  model: {type: custom_model}
command: python show.py ${{inputs.model}}/weights.txt
"""
)
for _ in range(2):  # a second time is the same component
    component = registry.components.create_or_update(load_component("show.yml"))
assert component.id == "azureml://registries/shelf/components/show/versions/1"
assert registry.components.get("show").version == "1"
assert [found.name for found in registry.components.list()] == ["show"]

# From a workspace into the registry
workspace.environments.create_or_update(Environment(name="mine", version="4", image="python:3.11"))
shared = workspace.environments.share(
    "mine", "4", share_with_name="theirs", share_with_version="5", registry_name="shelf"
)
assert shared.id == "azureml://registries/shelf/environments/theirs/versions/5"
workspace.models.create_or_update(Model(name="own", version="1", path="model", type="custom_model"))
shared = workspace.models.share("own", "1", share_with_name="ours", share_with_version="3", registry_name="shelf")
assert shared.id == "azureml://registries/shelf/models/ours/versions/3"
workspace.data.create_or_update(Data(name="own", version="1", path="rows.csv", type="uri_file"))
shared = workspace.data.share("own", "1", share_with_name="our_rows", share_with_version="2", registry_name="shelf")
assert shared.id == "azureml://registries/shelf/data/our_rows/versions/2"
refused(
    ResourceNotFoundError,
    lambda: workspace.environments.share(
        "mine", "4", share_with_name="x", share_with_version="1", registry_name="absent"
    ),
)

# Used in jobs of a workspace
show = registry.components.get("show", "1")


@dsl.pipeline(default_compute="serverless")
def pipeline():
    show(model=Input(type="custom_model", path=model.id))


job = workspace.jobs.create_or_update(pipeline(), experiment_name="registry")
workspace.jobs.stream(job.name)
assert workspace.jobs.get(job.name).status == "Completed"
latest = "azureml://registries/shelf/models/churn/labels/latest"
job = workspace.jobs.create_or_update(
    command(
        command="cat ${{inputs.model}}/weights.txt",
        environment=environment.id,
        inputs={"model": Input(type="custom_model", path=latest)},
        experiment_name="registry",
    )
)
workspace.jobs.stream(job.name)
assert workspace.jobs.get(job.name).status == "Completed"

workspace.registries.begin_delete(name="shelf").result()
assert "shelf" not in [found.name for found in workspace.registries.list()]
print("registries: done")
