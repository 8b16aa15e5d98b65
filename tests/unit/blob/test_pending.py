from __future__ import annotations

import os
from pathlib import Path

import pytest

from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.surfaces.blob.pending import PendingUploads


@pytest.fixture
def pending(tmp_path: Path) -> PendingUploads:
    return PendingUploads(tmp_path, SystemClock())


def test_each_upload_has_a_folder_of_its_own(pending: PendingUploads, tmp_path: Path) -> None:
    first, second = pending.create("default"), pending.create("default")
    folders = {pending.folder("default", first), pending.folder("default", second)}
    assert len(folders) == 2
    for folder in folders:
        assert folder.is_dir()
        assert folder.is_relative_to(tmp_path / "default")
        assert folder.stat().st_mode & 0o077 == 0
    pending.discard("default", first)
    pending.discard("default", first)
    with pytest.raises(LapisError) as caught:
        pending.folder("default", first)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert pending.folder("default", second).is_dir()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "upload-", "../workspaceblobstore", "upload-" + "g" * 32, "workspaceblobstore"]
)
def test_other_names_lead_nowhere(pending: PendingUploads, tmp_path: Path, name: str) -> None:
    (tmp_path / "default" / "workspaceblobstore").mkdir(parents=True)
    pending.create("default")
    with pytest.raises(LapisError):
        pending.folder("default", name)
    pending.discard("default", name)
    assert (tmp_path / "default" / "workspaceblobstore").is_dir()


@pytest.mark.parametrize("workspace", ["", "..", "a/b", "../x"])
def test_a_workspace_is_a_name(pending: PendingUploads, workspace: str) -> None:
    with pytest.raises(LapisError):
        pending.create(workspace)


def test_an_upload_of_another_workspace_is_not_found(pending: PendingUploads) -> None:
    container = pending.create("default")
    with pytest.raises(LapisError):
        pending.folder("other", container)


def test_what_nobody_took_for_a_week_is_removed(pending: PendingUploads) -> None:
    old, new = pending.create("default"), pending.create("default")
    folder = pending.folder("default", old)
    (folder / "a.txt").write_text("a")
    eight_days_ago = folder.stat().st_mtime - 8 * 86_400
    os.utime(folder, (eight_days_ago, eight_days_ago))
    pending.create("default")
    assert not folder.exists()
    assert pending.folder("default", new).is_dir()
