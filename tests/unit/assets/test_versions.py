"""Versions, numbers, labels, archive: the same on every database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import Archived, AssetKind, AssetRecord, JobOutput, ListQuery
from tests.support.assets import World

DATA, ENV, COMPONENTS = AssetKind.DATA, AssetKind.ENVIRONMENTS, AssetKind.COMPONENTS
URL = "https://example.com/iris.csv"


def create(world: World, name: str = "iris", kind: AssetKind = DATA, **keys: Any) -> AssetRecord:
    base = {"path": URL, "type": "uri_file"} if kind is DATA else {"image": "python:3.11"}
    return world.assets.create(world.ws, kind, {"name": name, **base, **keys}, "ann")


def refused(code: ErrorCode, act: Any, *args: Any, **keys: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act(*args, **keys)
    assert caught.value.code is code
    return caught.value


def test_numbers_follow_each_other(world: World) -> None:
    assert [create(world).version for _ in range(3)] == ["1", "2", "3"]
    assert create(world, version="7").version == "7"
    assert create(world).version == "8"
    assert create(world, version="01").version == "01"
    assert create(world, version="22.02-py3").version == "22.02-py3"
    assert create(world).version == "9"


def test_two_hundred_creators_at_once_get_two_hundred_numbers(world: World) -> None:
    start = threading.Barrier(8)

    def make(_: int) -> list[str]:
        start.wait(30)
        return [create(world, "crowd").version for _ in range(25)]

    with ThreadPoolExecutor(8) as pool:
        found = [version for part in pool.map(make, range(8)) for version in part]
    assert sorted(map(int, found)) == list(range(1, 201))


def test_the_same_version_at_once_is_made_once(world: World) -> None:
    start = threading.Barrier(8)

    def make(number: int) -> AssetRecord | LapisError:
        start.wait(30)
        try:
            return create(world, "same", version="5", description="x", path=f"{URL}?{number % 2}")
        except LapisError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(make, range(8)))
    made = [one for one in found if isinstance(one, AssetRecord)]
    assert len({one.id for one in made}) == 1
    assert len([one for one in made if one.is_new]) == 1
    assert {one.code for one in found if isinstance(one, LapisError)} == {ErrorCode.CONFLICT}
    assert len(made) == 4


def test_equal_content_is_the_same_record(world: World) -> None:
    first = create(world, version="1", tags={"a": "1"})
    again = create(world, version="1", tags={"a": "1"})
    assert (again.id, again.is_new, first.is_new) == (first.id, False, True)
    assert create(world, version="1").document["tags"] == {"a": "1"}
    assert create(world, version="1", tags={"b": "2"}, description="d").document["tags"] == {"b": "2"}
    error = refused(ErrorCode.CONFLICT, create, world, version="1", path=URL + "?other")
    assert "iris:1" in error.message
    assert world.assets.get(world.ws, DATA, "iris", "1").document["path"] == URL


def test_what_show_gives_can_be_created_again(world: World) -> None:
    shown = create(world, version="3").document
    assert not world.assets.create(world.ws, DATA, shown, "ann").is_new


def test_an_environment_equal_to_the_newest_is_not_made_again(world: World) -> None:
    assert create(world, "e", ENV).version == "1"
    assert create(world, "e", ENV, description="other words").version == "1"
    assert create(world, "e", ENV, image="python:3.12").version == "2"
    assert create(world, "e", ENV).version == "3"


def test_equal_environments_at_once_are_made_once(world: World) -> None:
    start = threading.Barrier(6)

    def make(_: int) -> str:
        start.wait(30)
        return create(world, "e", ENV).version

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(make, range(6))) == {"1"}


def test_latest_is_the_one_made_last(world: World) -> None:
    for version in ("2", "10", "1"):
        create(world, version=version)
    assert world.assets.latest(world.ws, DATA, "iris").version == "1"
    world.assets.archive(world.ws, DATA, "iris", "1")
    assert world.assets.by_label(world.ws, DATA, "iris", "latest").version == "10"


def test_labels(world: World) -> None:
    for _ in range(2):
        create(world)
    containers = world.assets.containers
    containers.set_label(world.ws, DATA, "iris", "gold", "1")
    assert world.assets.by_label(world.ws, DATA, "iris", "gold").labels == ("gold",)
    containers.set_label(world.ws, DATA, "iris", "gold", "2")
    assert world.assets.by_label(world.ws, DATA, "iris", "gold").version == "2"
    assert world.assets.get(world.ws, DATA, "iris", "1").labels == ()
    for _ in range(2):
        containers.set_label(world.ws, DATA, "iris", "gold", None)
    error = refused(ErrorCode.NOT_FOUND, world.assets.by_label, world.ws, DATA, "iris", "gold")
    assert "latest" in str(error)
    refused(ErrorCode.NOT_FOUND, containers.set_label, world.ws, DATA, "iris", "gold", "99")
    refused(ErrorCode.DOCUMENT_INVALID, containers.set_label, world.ws, DATA, "iris", "latest", "1")


def test_update(world: World) -> None:
    create(world, tags={"a": "1"}, description="d")
    world.clock.advance(5)
    update = world.assets.update
    changed = update(world.ws, DATA, "iris", "1", {"tags": {"b": "2"}, "description": None, "properties": {"p": "q"}})
    assert changed.document["tags"] == {"b": "2"}
    assert "description" not in changed.document
    assert changed.updated_at == changed.created_at + 5
    refused(ErrorCode.NOT_SUPPORTED, update, world.ws, DATA, "iris", "1", {"path": "https://example.com/x"})
    assert update(world.ws, DATA, "iris", "1", dict(changed.document)).updated_at == changed.updated_at


def names(world: World, **query: Any) -> list[tuple[str, str]]:
    return [(r.name, r.version) for r in world.assets.list(world.ws, DATA, ListQuery(**query)).value]


def test_lists(world: World) -> None:
    for name, tags in (("b", {"k": "1"}), ("a", {}), ("a", {"k": "2"}), ("c", {"k": "1", "l": "x"})):
        create(world, name, tags=tags)
    assert names(world) == [("a", "2"), ("b", "1"), ("c", "1")]
    assert names(world, name="a") == [("a", "2"), ("a", "1")]
    assert names(world, tags={"k": "1"}) == [("b", "1"), ("c", "1")]
    assert names(world, tags={"k": None, "l": "x"}) == [("c", "1")]
    assert names(world, name="nothing") == []


def test_archive_and_restore(world: World) -> None:
    for name in ("a", "a", "b", "c"):
        create(world, name)
    world.assets.archive(world.ws, DATA, "a", "2")
    world.assets.archive(world.ws, DATA, "b")
    world.assets.archive(world.ws, DATA, "c", "1")
    assert names(world) == [("a", "1")]
    assert names(world, archived=Archived.ARCHIVED) == [("b", "1"), ("c", "1")]
    assert names(world, archived=Archived.ALL) == [("a", "1"), ("b", "1"), ("c", "1")]
    assert names(world, name="a", archived=Archived.ARCHIVED) == [("a", "2")]
    assert names(world, name="b") == []
    refused(ErrorCode.NOT_FOUND, world.assets.latest, world.ws, DATA, "c")
    assert "restore" in str(refused(ErrorCode.CONFLICT, create, world, "b"))
    for name, version in (("a", "2"), ("b", None), ("c", "1")):
        world.assets.restore(world.ws, DATA, name, version)
    assert names(world) == [("a", "2"), ("b", "1"), ("c", "1")]


def test_pages(world: World) -> None:
    for number in range(7):
        create(world, f"n{number}")
        create(world, "many")
    for query in ({}, {"name": "many"}):
        found: list[tuple[str, str]] = []
        token = None
        while True:
            page = world.assets.list(world.ws, DATA, ListQuery(limit=3, token=token, **query))
            assert 0 < len(page.value) <= 3
            found += [(r.name, r.version) for r in page.value]
            token = page.next
            if token is None:
                break
        assert found == names(world, **query)
    refused(ErrorCode.USAGE, names, world, name="many", token="x; drop table")


def test_kinds_and_workspaces_are_apart(world: World) -> None:
    other, _ = world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    create(world, "n")
    create(world, "n", ENV)
    assert world.assets.list(other, DATA, ListQuery()).value == []
    refused(ErrorCode.NOT_FOUND, world.assets.get, other, DATA, "n", "1")
    refused(ErrorCode.NOT_FOUND, world.assets.get, world.ws, COMPONENTS, "n", "1")


def test_deleting(world: World) -> None:
    for _ in range(3):
        create(world)
    world.assets.containers.set_label(world.ws, DATA, "iris", "gold", "2")
    used = ["iris:1"]
    world.assets.object_to_deletion(
        lambda _, record: "Job x uses it." if f"{record.name}:{record.version}" in used else None
    )
    world.assets.delete_version(world.ws, DATA, "iris", "2")
    refused(ErrorCode.NOT_FOUND, world.assets.by_label, world.ws, DATA, "iris", "gold")
    error = refused(ErrorCode.CONFLICT, world.assets.delete_version, world.ws, DATA, "iris", "1")
    assert error.message == "Job x uses it."
    refused(ErrorCode.CONFLICT, world.assets.delete_container, world.ws, DATA, "iris")
    assert names(world, name="iris") == [("iris", "3"), ("iris", "1")]
    used.clear()
    world.assets.delete_container(world.ws, DATA, "iris")
    assert names(world) == []
    assert create(world).version == "1"


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", "a b", ".hidden", "a\n", "x" * 256, "a..b", None, 5])
def test_names_that_are_none(plain: World, name: Any) -> None:
    refused(ErrorCode.DOCUMENT_INVALID, create, plain, name)


@pytest.mark.parametrize("version", ["../1", "a/b", "latest", "a b", "x" * 256])
def test_versions_that_are_none(plain: World, version: str) -> None:
    refused(ErrorCode.DOCUMENT_INVALID, create, plain, version=version)


def test_deleting_a_workspace_takes_its_assets(world: World) -> None:
    create(world, tags={"a": "b"})
    world.assets.containers.set_label(world.ws, DATA, "iris", "gold", "1")
    world.assets.containers.set_tag(world.ws, DATA, "iris", "k", "v")
    world.assets.record_outputs(world.ws, [JobOutput("j", "out", "uri_folder", URL)])
    world.workspaces.delete("default", force=True)
    again, _ = world.workspaces.create_or_update("default", {"name": "default"}, "ann")
    assert world.assets.list(again, DATA, ListQuery(archived=Archived.ALL)).value == []


def test_tags_are_changed_one_by_one_by_many_at_once(world: World) -> None:
    create(world, tags={"team": "blue", "old": "1"})
    start = threading.Barrier(8)

    def change(number: int) -> None:
        start.wait(30)
        world.assets.change_tags(world.ws, DATA, "iris", "1", {f"t{number}": "x", "old": None})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(8)))
    expected = {"team": "blue", **{f"t{number}": "x" for number in range(8)}}
    assert world.assets.get(world.ws, DATA, "iris", "1").document["tags"] == expected
    found = world.assets.list(world.ws, DATA, ListQuery(None, Archived.ACTIVE, {"t3": "x"}, 10, None)).value
    assert [record.name for record in found] == ["iris"]
    gone = world.assets.change_tags(world.ws, DATA, "iris", "1", dict.fromkeys(expected))
    assert "tags" not in gone.document
    refused(ErrorCode.NOT_FOUND, world.assets.change_tags, world.ws, DATA, "iris", "9", {"a": "b"})
