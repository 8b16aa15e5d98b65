"""Keys and how two of them differ, without any service."""

from __future__ import annotations

import pytest

from lapisml.core.reuse import PartChange, changes, make_key, shortened

A, B = "3f9a12c0" + "a" * 56, "9c01b2d4" + "b" * 56


def test_the_order_of_parts_does_not_matter_and_each_part_does() -> None:
    key = make_key({"command": "a", "inputs.x": "1"})
    assert make_key({"inputs.x": "1", "command": "a"}).digest == key.digest
    others = [{"command": "a"}, {"command": "a", "inputs.x": "2"}, {"command": "a", "inputs.y": "1"}]
    assert len({key.digest, *(make_key(parts).digest for parts in others)}) == 4


def test_a_key_is_whole_when_nothing_is_unknown() -> None:
    assert make_key({}).is_whole
    assert not make_key({}, {"inputs.x": "why"}).is_whole


def test_changes_come_in_the_order_of_the_new_key_and_what_is_gone_last() -> None:
    found = changes({"a": "1", "b": "2", "gone": "3"}, {"new": "4", "b": "5", "a": "1"})
    assert found == [PartChange("new", None, "4"), PartChange("b", "2", "5"), PartChange("gone", "3", None)]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (f"sha256 {A}", f"sha256 {B}", "p: sha256 3f9a12c0…→9c01b2d4…"),
        (f"sha256 {A}", f"etags {B}", "p: sha256 3f9a12c0…→etags 9c01b2d4…"),
        (f"sha256 {A}", f"sha256 {A[:20]}{B[:44]}", f"p: sha256 {A[:20]}a…→{A[:20]}9…"),
        ("nothing", f"sha256 {A}", "p: nothing→sha256 3f9a12c0…"),
        ("0.1", "0.2", "p: 0.1→0.2"),
        (None, "0.2", "p: (not there)→0.2"),
        (f"sha256 {A}", None, "p: sha256 3f9a12c0…→(not there)"),
        ("python a.py\n  --lr 1", "python a.py\n  --lr 2", "p: python a.py --lr 1→python a.py --lr 2"),
    ],
)
def test_a_change_is_shown_shortly(old: str | None, new: str | None, shown: str) -> None:
    assert str(PartChange("p", old, new)) == shown


def test_what_differs_late_in_a_long_text_is_seen() -> None:
    old, new = shortened("x" * 150 + "1" + "y" * 40, "x" * 150 + "2" + "y" * 40)
    assert ("1" in old, "2" in new, len(old) < 90, old.startswith("…")) == (True,) * 4
