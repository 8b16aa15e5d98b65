from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.features.workspaces.wire import workspace_body
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock


@pytest.fixture
def workspaces(database: Database, clock: FakeClock, tmp_path: Path) -> WorkspaceService:
    return WorkspaceService(database, clock, tmp_path / "storage")


def test_the_first_start_makes_one_workspace_and_a_later_one_none(workspaces: WorkspaceService) -> None:
    assert workspaces.ensure_default("ada").name == "default"
    workspaces.create_or_update("blue", {"name": "blue"}, "ada")
    workspaces.delete("default")
    workspaces.ensure_default("ada")
    assert [workspace.name for workspace in workspaces.list()] == ["blue"]


def test_create_is_safe_to_repeat_and_updates(workspaces: WorkspaceService, clock: FakeClock) -> None:
    made, is_new = workspaces.create_or_update("blue", {"name": "blue", "tags": {"a": "1"}}, "ada")
    again, is_new_again = workspaces.create_or_update("blue", {"name": "blue", "tags": {"a": "1"}}, "bob")
    assert (is_new, is_new_again, again) == (True, False, made)
    clock.advance(5)
    changed, _ = workspaces.create_or_update("blue", {"name": "blue", "tags": {"a": "2"}}, "bob")
    assert (changed.created_by, changed.updated_by) == ("ada", "bob")
    assert changed.updated_at == made.created_at + 5
    assert workspaces.get("blue") == changed, "the memory of `get` does not outlive a change"


def test_update_changes_and_removes_keys(workspaces: WorkspaceService) -> None:
    workspaces.create_or_update("blue", {"description": "x", "location": "westeurope"}, "ada")
    assert workspaces.update("blue", {"description": None, "tags": {"a": "b"}}, "ada").document == {
        "name": "blue",
        "location": "westeurope",
        "tags": {"a": "b"},
    }
    with pytest.raises(LapisError, match="location"):
        workspaces.update("blue", {"location": "eastus"}, "ada")


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "a b", "ä", "a\0", "x" * 256])
def test_a_name_that_could_become_a_path_is_refused(workspaces: WorkspaceService, name: str) -> None:
    with pytest.raises(LapisError) as caught:
        workspaces.create_or_update(name, {}, "ada")
    assert caught.value.code == ErrorCode.DOCUMENT_INVALID


def test_deletion_asks_the_features_first_and_takes_the_files(workspaces: WorkspaceService, tmp_path: Path) -> None:
    workspace, _ = workspaces.create_or_update("blue", {}, "ada")
    folder = tmp_path / "storage" / "blue"
    folder.mkdir(parents=True)
    (folder / "file").write_text("x")
    reasons = ["Jobs run in it."]
    workspaces.object_to_deletion(lambda _: reasons[0] if reasons else None)
    with pytest.raises(LapisError, match="Jobs run"):
        workspaces.delete("blue", force=True)
    assert workspaces.by_id(workspace.id).name == "blue"
    reasons.clear()
    workspaces.delete("blue")
    assert list((tmp_path / "storage").iterdir()) == []
    with pytest.raises(LapisError) as caught:
        workspaces.get("blue")
    assert caught.value.code == ErrorCode.NOT_FOUND


def test_new_workspaces_are_furnished(workspaces: WorkspaceService) -> None:
    furnished: list[str] = []
    workspaces.welcome(lambda workspace: furnished.append(workspace.name))
    workspaces.create_or_update("blue", {}, "ada")
    workspaces.create_or_update("blue", {"description": "x"}, "ada")
    assert furnished == ["blue"]


def test_show_has_the_shape_that_scripts_cut_up(workspaces: WorkspaceService) -> None:
    workspace, _ = workspaces.create_or_update("blue", {"display_name": "Blue"}, "ada")
    body = workspace_body(workspace, "http://127.0.0.1:8787")
    assert body["mlflow_tracking_uri"] == "http://127.0.0.1:8787/mlflow/blue"
    registry = body["container_registry"].split("/")
    assert len(registry) == 9
    assert registry[1] == "subscriptions"
    assert registry[8].isalnum(), "`cut -d/ -f9-` gives the registry's name"
    for key in ("storage_account", "key_vault", "application_insights", "location", "resource_group", "discovery_url"):
        assert body[key]
    assert body["display_name"] == "Blue"
