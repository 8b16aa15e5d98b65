from __future__ import annotations

from pathlib import Path

from lapisml.server.platform.trees import finish_removals, remove_tree


def test_a_folder_goes_with_read_only_parts_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    doomed = tmp_path / "parent" / "doomed"
    (doomed / "a" / "b").mkdir(parents=True)
    (doomed / "a" / "b" / "file").write_text("x")
    (doomed / "link").symlink_to(outside)
    (doomed / "a" / "b" / "file").chmod(0o400)
    (doomed / "a" / "b").chmod(0o500)
    (doomed / "a").chmod(0o500)
    remove_tree(doomed)
    assert list((tmp_path / "parent").iterdir()) == []
    assert (outside / "kept").read_text() == "x"
    remove_tree(doomed)


def test_a_removal_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    (tmp_path / ".deleted-0123" / "sub").mkdir(parents=True)
    (tmp_path / "stays").mkdir()
    finish_removals(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["stays"]
    finish_removals(tmp_path / "nowhere")
