"""Environments with the official SDK: from an image and a conda file, from a folder, versions, labels, archive."""

import os
from collections.abc import Callable
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import BuildContext, Environment
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential


def refused(error: type[Exception], call: Callable[..., object], *given: object, **named: object) -> None:
    """Expect a call to raise what a script would catch, with something said."""
    try:
        call(*given, **named)
    except error as raised:
        print("refused:", str(raised).splitlines()[0])
    else:
        raise AssertionError(f"no {error.__name__}")


def versions(name: str, view: ListViewType = ListViewType.ACTIVE_ONLY) -> list[str | None]:
    """List the versions of an environment."""
    return [env.version for env in ml_client.environments.list(name=name, list_view_type=view)]


ml_client = MLClient(
    DefaultAzureCredential(), os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"]
)


# An image with a conda file: a version of its own for each change, none for a repetition.
Path("conda.yml").write_text("name: x\nchannels: [conda-forge]\ndependencies: [python=3.11, pip, {pip: [mlflow]}]\n")
asked = {"name": "sdk-env", "image": "python:3.11", "conda_file": "conda.yml"}
made = ml_client.environments.create_or_update(Environment(**asked, description="one", tags={"team": "a"}))
assert (made.name, made.version, made.description, made.tags) == ("sdk-env", "1", "one", {"team": "a"})
assert made.conda_file["dependencies"] == ["python=3.11", "pip", {"pip": ["mlflow"]}]
assert made.id.endswith(f"/workspaces/{os.environ['WORKSPACE_NAME']}/environments/sdk-env/versions/1")
assert made.creation_context.created_by
again = ml_client.environments.create_or_update(Environment(**asked, description="two"))
assert (again.version, again.description) == ("1", "two")
other = ml_client.environments.create_or_update(Environment(name="sdk-env", image="python:3.12"))
assert other.version == "2"
assert versions("sdk-env") == ["2", "1"]
assert ml_client.environments.get("sdk-env", label="latest").image == "python:3.12"
assert ml_client.environments.get("sdk-env", version=1).image == "python:3.11"
assert {env.name: env.latest_version for env in ml_client.environments.list()}["sdk-env"] == "2"

# Archived: not listed, not the latest, still there.
ml_client.environments.archive("sdk-env", version="2")
assert versions("sdk-env") == ["1"]
assert versions("sdk-env", ListViewType.ARCHIVED_ONLY) == ["2"]
assert ml_client.environments.get("sdk-env", label="latest").version == "1"
assert ml_client.environments.get("sdk-env", version="2").image == "python:3.12"
ml_client.environments.restore("sdk-env", version="2")
ml_client.environments.archive("sdk-env")
assert "sdk-env" not in [env.name for env in ml_client.environments.list()]
ml_client.environments.restore("sdk-env")
assert versions("sdk-env") == ["2", "1"]

# A folder with a Dockerfile is uploaded.
Path("ctx").mkdir()
Path("ctx/Dockerfile").write_text("FROM python:3.11\nRUN pip install mlflow\n")
built = ml_client.environments.create_or_update(Environment(name="sdk-built", build=BuildContext(path="ctx")))
assert built.build.path.rstrip("/").endswith("/ctx"), built.build.path
assert built.build.dockerfile_path == "Dockerfile"
assert (
    ml_client.environments.create_or_update(Environment(name="sdk-built", build=BuildContext(path="ctx"))).version
    == "1"
)

# Environments that come with the product.
curated = ml_client.environments.get("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", label="latest")
assert curated.image
assert curated.version.isdigit()

# What is not there, and what can't be.
create = ml_client.environments.create_or_update
refused(ResourceNotFoundError, ml_client.environments.get, "sdk-none", version="1")
refused(ResourceExistsError, create, Environment(name="sdk-env", version="1", image="x"))
refused(HttpResponseError, create, Environment(name="no name!", version="1", image="x"))
refused(HttpResponseError, ml_client.environments.archive, curated.name, version=curated.version)
print("environments: done")
