"""The model registry with the stock client."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from tests.compat.mlflow.conftest import Lapis


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model folder on this machine: the least that MLflow calls a model."""
    folder = tmp_path / "saved"
    folder.mkdir()
    Model(flavors={"python_function": {"loader_module": "none", "python_version": "3.11"}}).save(
        str(folder / "MLmodel")
    )
    (folder / "weights.bin").write_bytes(b"weights")
    return folder


def test_a_registered_model(client: MlflowClient, name: str) -> None:
    made = client.create_registered_model(name, tags={"team": "a"}, description="first")
    assert (made.name, made.tags, made.description) == (name, {"team": "a"}, "first")
    with pytest.raises(MlflowException) as caught:
        client.create_registered_model(name)
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.update_registered_model(name, "second")
    client.set_registered_model_tag(name, "x", "y")
    client.delete_registered_model_tag(name, "team")
    found = client.get_registered_model(name)
    assert (found.tags, found.description, found.latest_versions) == ({"x": "y"}, "second", [])
    client.rename_registered_model(name, f"{name}-new")
    assert [m.name for m in client.search_registered_models(f"name LIKE '{name}%' AND tags.x = 'y'")] == [f"{name}-new"]
    several = client.search_registered_models(f"name IN ('{name}-new', 'none')", order_by=["timestamp DESC"])
    assert [m.name for m in several] == [f"{name}-new"]
    client.delete_registered_model(f"{name}-new")
    assert client.search_registered_models(f"name LIKE '{name}%'") == []


def test_versions_from_a_folder_of_this_machine(
    lapis: Lapis, client: MlflowClient, name: str, saved: Path, tmp_path: Path
) -> None:
    client.create_registered_model(name)
    made = client.create_model_version(name, saved.as_uri(), tags={"a": "1"}, description="d", run_link="https://x/y")
    assert (made.version, made.status, made.source) == ("1", "READY", saved.as_uri())
    (saved / "weights.bin").write_bytes(b"changed")
    local = mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=str(tmp_path / "got"))
    assert (Path(local) / "weights.bin").read_bytes() == b"weights"
    assert client.create_model_version(name, str(saved)).version == "2"
    client.set_model_version_tag(name, "1", "b", "2")
    client.delete_model_version_tag(name, "1", "a")
    client.update_model_version(name, "1", "e")
    found = client.get_model_version(name, "1")
    assert (found.tags, found.description, found.run_link) == ({"b": "2"}, "e", "https://x/y")
    staging = lapis.server.home / "storage/default/workspaceblobstore/azureml/registering"
    assert not [p for p in staging.rglob("*") if p.is_file()]
    client.delete_model_version(name, "1")
    with pytest.raises(MlflowException):
        client.get_model_version(name, "1")
    assert client.create_model_version(name, str(saved)).version == "3"


def test_sources_that_are_out_of_reach(
    lapis: Lapis, client: MlflowClient, name: str, tmp_path: Path, saved: Path
) -> None:
    client.create_registered_model(name)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "secret").write_text("secret")
    (saved / "link").symlink_to(tmp_path / "plain" / "secret")
    home = lapis.server.home
    for source in (
        "file:///etc", "/etc/passwd", home.as_uri(), (home / "storage" / "default").as_uri(), str(tmp_path / "plain"),
        str(saved / ".." / "plain"), str(saved), "file://other/x", "file:relative", "mlflow-artifacts:/runs/a/../b",
        "mlflow-artifacts:/nothing/x/artifacts", "relative/path", "runs:/nothing/model", "models:/m-nothing",
        f"models:/{name}/9", "mlflow-artifacts:/runs/nothing/artifacts/x",
    ):  # fmt: skip
        with pytest.raises(MlflowException):
            client.create_model_version(name, source)
    assert client.search_model_versions(f"name = '{name}'") == []
    with pytest.raises(MlflowException, match="no model named"):
        client.create_model_version(f"{name}-none", str(saved))


def test_one_record_however_it_came(lapis: Lapis, client: MlflowClient, name: str, experiment: str) -> None:
    """A version made by the native interface is the registry's, and the other way round."""
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "flavors: {}", "model/MLmodel")
    document = {"name": name, "path": f"azureml://jobs/{run}/outputs/artifacts/paths/model/", "tags": {"a": "b"}}
    status, made = lapis.server.request("POST", "/api/v1/workspaces/default/models", document)
    assert status in (200, 201), made
    version = client.get_model_version(name, "1")
    assert (version.run_id, version.tags) == (run, {"a": "b"})
    second = mlflow.register_model(f"runs:/{run}/model", name)
    assert (second.version, second.source) == ("2", f"mlflow-artifacts:/runs/{run}/artifacts/model")
    status, listed = lapis.server.request("GET", f"/api/v1/workspaces/default/models?name={name}")
    assert sorted(record["version"] for record in listed["value"]) == ["1", "2"]
    client.delete_run(run)
    assert mlflow.artifacts.load_text(f"models:/{name}/2/MLmodel") == "flavors: {}"


def test_aliases_and_stages(client: MlflowClient, name: str, saved: Path) -> None:
    client.create_registered_model(name)
    for _ in range(3):
        client.create_model_version(name, str(saved))
    client.set_registered_model_alias(name, "champion", "2")
    assert client.get_model_version_by_alias(name, "champion").version == "2"
    client.set_registered_model_alias(name, "champion", "3")
    assert client.get_registered_model(name).aliases == {"champion": "3"}
    assert client.get_model_version(name, "3").aliases == ["champion"]
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(MlflowException, match="alias champion not found"):
        client.get_model_version_by_alias(name, "champion")
    for reserved in ("latest", "v12"):
        with pytest.raises(MlflowException, match="reserved"):
            client.set_registered_model_alias(name, reserved, "1")

    client.transition_model_version_stage(name, "1", "production")
    assert client.get_model_version(name, "1").current_stage == "Production"
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    stages = {v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")}
    assert stages == {"1": "Archived", "2": "Production", "3": "None"}
    assert {v.version for v in client.get_latest_versions(name)} == {"1", "2", "3"}
    assert [v.version for v in client.get_latest_versions(name, ["Production"])] == ["2"]
    with pytest.raises(MlflowException, match="Invalid Model Version stage"):
        client.transition_model_version_stage(name, "2", "Live")


def test_searching_versions(client: MlflowClient, name: str, saved: Path, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.create_registered_model(name)
    for number in range(4):
        client.create_model_version(name, str(saved), run_id=run if number == 2 else None, tags={"n": str(number)})

    def versions(text: str, **further: object) -> list[str]:
        found = client.search_model_versions(f"name = '{name}'{text}", **further)  # type: ignore[arg-type]
        return [version.version for version in found]

    assert versions("") == ["4", "3", "2", "1"]
    assert versions("", order_by=["version_number ASC"]) == ["1", "2", "3", "4"]
    assert versions(f" AND run_id = '{run}'") == ["3"]
    assert versions(" AND tags.n = '1'") == ["2"]
    assert versions(" AND version_number = 2") == ["2"]
    assert versions(" AND version_number >= 3") == ["4", "3"]
    page = client.search_model_versions(f"name = '{name}'", max_results=3)
    assert len(page) == 3
    assert len(client.search_model_versions(f"name = '{name}'", max_results=3, page_token=page.token)) == 1


def test_copying_a_version(client: MlflowClient, name: str, saved: Path) -> None:
    client.create_registered_model(name)
    client.create_model_version(name, str(saved))
    copy = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")
    client.delete_registered_model(name)
    assert mlflow.artifacts.load_text(f"models:/{name}-copy/{copy.version}/weights.bin") == "weights"
    assert mlflow.artifacts.list_artifacts(f"models:/{name}-copy/1") != []


@pytest.mark.parametrize("bad", ["a b", "a/b", "../x", "", "x" * 300, "a:b"])
def test_names_that_cannot_be(client: MlflowClient, bad: str) -> None:
    with pytest.raises(MlflowException):
        client.create_registered_model(bad)
