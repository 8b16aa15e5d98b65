"""Registries and connections through HTTP: the SDK, the command line and raw addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml import ErrorCode, Input, LapisError, MLClient, dsl, load_component, load_connection, load_registry
from lapisml.entities import (
    APIKeyConnection,
    Environment,
    ManagedIdentityConfiguration,
    Model,
    Registry,
    SasTokenConfiguration,
    UsernamePasswordConfiguration,
    Workspace,
    WorkspaceConnection,
)
from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

COMPONENT = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: show
version: 1
code: ./src
environment: azureml:tiny:1
inputs: {model: {type: custom_model}}
outputs: {text: {type: uri_file}}
command: python show.py ${{inputs.model}}/weights.txt ${{outputs.text}}
"""
CANARY = "canary-5a1f"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    variables = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
    made = LapisServer(tmp_path_factory.mktemp("registries") / "home", variables).start()
    yield made
    made.stop()
    end_everything(made.home)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "model").mkdir()
    (folder / "model" / "weights.txt").write_text("weights")
    (folder / "src").mkdir()
    script = "import pathlib, sys\npathlib.Path(sys.argv[2]).write_text('seen: ' + open(sys.argv[1]).read())\n"
    (folder / "src" / "show.py").write_text(script)
    (folder / "show.yml").write_text(COMPONENT)
    return folder


def _client(server: LapisServer, workspace: str | None = None, registry: str | None = None) -> MLClient:
    return MLClient(server.token, workspace_name=workspace, registry_name=registry, url=server.url, show_progress=False)


def test_a_model_and_a_component_go_from_one_workspace_to_another(
    server: LapisServer, files: Path, tmp_path: Path
) -> None:
    here = _client(server, "default")
    assert here.registries.begin_create(Registry(name="shared", location="eastus")).result().location == "eastus"
    here.models.create_or_update(Model(name="m", version="1", path=str(files / "model")))
    here.environments.create_or_update(Environment(name="tiny", version="1", image="python:3.11"))
    here.components.create_or_update(load_component(files / "show.yml"))
    model = here.models.share("m", "1", registry_name="shared", share_with_name="ours", share_with_version="7")
    component = here.components.share("show", registry_name="shared")
    assert model.id == "azureml://registries/shared/models/ours/versions/7"
    assert component.environment == "azureml://registries/shared/environments/tiny/versions/1"

    registry = _client(server, registry="shared")
    assert [found.name for found in registry.components.list()] == ["show"]
    direct = registry.models.create_or_update(Model(name="direct", path=str(files / "model")))
    assert direct.path.startswith("azureml://registries/shared/datastores/workspaceblobstore/paths/LocalUpload/")
    registry.models.download("ours", "7", tmp_path)
    assert (tmp_path / "ours" / "weights.txt").read_text() == "weights"
    registry.models.archive("direct")
    assert [found.name for found in registry.models.list()] == ["ours"]
    with pytest.raises(LapisError) as caught:
        list(registry.jobs.list())
    assert caught.value.code is ErrorCode.NOT_SUPPORTED

    here.workspaces.begin_create(Workspace(name="there"))
    there = _client(server, "there")
    show = registry.components.get("show")

    @dsl.pipeline(default_compute="serverless")
    def pipeline():  # type: ignore[no-untyped-def]
        show(model=Input(type="custom_model", path="azureml://registries/shared/models/ours/labels/latest"))

    job = there.jobs.create_or_update(pipeline())
    there.jobs.stream(job.name)
    child = next(iter(there.jobs.list(parent_job_name=job.name)))
    there.jobs.download(child.name, download_path=tmp_path / "job", output_name="text")
    assert [path.read_text() for path in (tmp_path / "job").rglob("text*") if path.is_file()] == ["seen: weights"]
    here.registries.begin_delete("shared")
    assert [found.name for found in here.registries.list()] == ["azureml"]


def test_a_registry_has_no_other_addresses(server: LapisServer) -> None:
    client = _client(server, "default")
    client.registries.begin_create(Registry(name="narrow"))
    transport = client._transport
    assert transport.get("/api/v1/registries/narrow/models")["value"] == []
    for path in (
        "/api/v1/registries/narrow/jobs", "/api/v1/registries/narrow/endpoints", "/api/v1/workspaces/@narrow",
        "/api/v1/workspaces/@narrow/jobs", "/api/v1/workspaces/@narrow/datastores", "/api/v1/workspaces/narrow/models",
        "/api/v1/registries/absent/models", "/api/v1/registries/@narrow/models", "/api/v1/registries/..%2Fx/models",
    ):  # fmt: skip
        with pytest.raises(LapisError) as caught:
            transport.get(path)
        assert caught.value.code is ErrorCode.NOT_FOUND, path
    with pytest.raises(LapisError) as caught:
        MLClient(workspace_name="a", registry_name="b")
    assert caught.value.code is ErrorCode.USAGE


def test_commands_of_registries(server: LapisServer, files: Path, tmp_path: Path) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = run_lapis(*words, home=server.home, cwd=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    (tmp_path / "registry.yml").write_text(
        "$schema: https://azuremlschemas.azureedge.net/latest/registry.schema.json\nname: cli\nlocation: eastus\n"
        "replication_locations: [{location: eastus}]\n"
    )
    assert load_registry(tmp_path / "registry.yml").replication_locations[0].location == "eastus"
    assert json.loads(run("registry", "create", "-f", "registry.yml", "--tags", "a=b"))["tags"] == {"a": "b"}
    assert (
        run("registry", "update", "-n", "cli", "--set", "description=ours", "--query", "description", "-o", "tsv")
        == "ours\n"
    )
    assert "cli" in run("registry", "list", "-o", "table")
    run("model", "create", "-n", "c", "-v", "1", "--path", str(files / "model"))
    shared = json.loads(run("model", "share", "-n", "c", "--label", "latest", "--registry-name", "cli"))
    assert shared["id"] == "azureml://registries/cli/models/c/versions/1"
    assert run("model", "show", "-n", "c", "--registry-name", "cli", "--query", "version", "-o", "tsv") == "1\n"
    assert "not both" in run("model", "list", "--registry-name", "cli", "-w", "default", code=2)
    assert "models, data, environments and components" in run("job", "list", "--registry-name", "cli", code=1)
    assert "share what" not in run("model", "share", "-n", "c", "--registry-name", "absent", code=1)
    assert "--yes" in run("registry", "delete", "-n", "cli", code=2)
    run("registry", "delete", "-n", "cli", "--yes")
    assert "There is no registry" in run("registry", "show", "-n", "cli", code=1)


def test_connections_by_command_and_by_sdk(server: LapisServer, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        return run_lapis("connection", *words, home=server.home, cwd=tmp_path, check=True).stdout

    (tmp_path / "db.yml").write_text(
        "$schema: http://azureml/sdk-2-0/Connection.json\nname: db\ntype: azure_sql_db\ntarget: Server=x\n"
        "credentials: {type: username_password, username: u, password: XXXX}\n"
    )
    assert load_connection(tmp_path / "db.yml").target == "Server=x"
    made = json.loads(run("create", "-f", "db.yml", "--credentials", f"password={CANARY}"))
    assert made["credentials"] == {"type": "username_password", "username": "u", "password": "***"}
    run("update", "-n", "db", "--set", "target=Server=y")
    whole = json.loads(run("show", "-n", "db", "--populate-secrets"))
    assert (whole["target"], whole["credentials"]["password"]) == ("Server=y", CANARY)
    assert "***" in run("list", "--type", "AzureSqlDb")

    client = _client(server, "default")
    user = UsernamePasswordConfiguration(username="u", password=CANARY)
    identity = ManagedIdentityConfiguration(client_id="c", resource_id="r")
    entities = [
        WorkspaceConnection(name="a", type="git", target="x", credentials=user),
        WorkspaceConnection(name="b", type="container_registry", target="x", credentials=identity),
        WorkspaceConnection(name="c", type="s3", target="x", credentials=SasTokenConfiguration(sas_token=CANARY)),
        APIKeyConnection(name="d", api_base="https://x", api_key=CANARY),
    ]
    for entity in entities:
        kept = client.create_or_update(entity)
        assert (type(kept), kept.way, kept.address) == (type(entity), entity.way, entity.address)
        assert CANARY not in str(kept)
        again = client.connections.get(entity.name, populate_secrets=True)
        assert again.to_dict() == entity.to_dict()
    assert [found.name for found in client.connections.list()] == ["a", "b", "c", "d", "db"]
    for name in ("a", "b", "c", "d", "db"):
        client.connections.delete(name)
    with pytest.raises(LapisError) as caught:
        client.connections.get("a")
    assert caught.value.code is ErrorCode.NOT_FOUND
    found = [path for path in server.home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert found == [], "a secret lies about"
