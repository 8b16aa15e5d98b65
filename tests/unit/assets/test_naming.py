"""Names as pages list them: found by a text, ordered, page by page, with what is known of each."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.naming import NameQuery
from lapisml.server.features.assets.records import Archived, AssetKind
from tests.support.assets import World

MODELS = AssetKind.MODELS


def make(world: World, name: str, **keys: Any) -> None:
    world.clock.advance(1.0)
    world.assets.create(world.ws, MODELS, {"name": name, "path": "s3://b/m", "type": "custom_model", **keys}, "ann")


def names(world: World, **query: Any) -> list[str]:
    return [one.container.name for one in world.assets.containers.names(world.ws, MODELS, NameQuery(**query)).value]


def test_what_a_list_shows(world: World) -> None:
    containers = world.assets.containers
    for _ in range(3):
        make(world, "m")
    containers.set_label(world.ws, MODELS, "m", "champion", "2")
    containers.set_stage(world.ws, "m", "1", "Production")
    world.assets.archive(world.ws, MODELS, "m", "3")
    containers.create(world.ws, MODELS, "none", "ann")
    found, empty = containers.names(world.ws, MODELS, NameQuery()).value
    assert (found.versions, found.container.labels, found.stages) == (3, {"champion": "2"}, {"Production": "1"})
    assert found.newest is not None
    assert (found.newest.version, found.newest.labels) == ("2", ("champion",))
    assert (empty.newest, empty.versions, empty.stages) == (None, 0, {})
    assert containers.named(world.ws, MODELS, "m") == found


def test_every_word_is_somewhere(world: World) -> None:
    make(world, "diabetes_ridge", tags={"team": "Blue_1"})
    make(world, "churn", description="of the version")
    world.assets.containers.describe(world.ws, MODELS, "churn", "Who leaves 100% surely")
    assert names(world, text="RIDGE") == ["diabetes_ridge"]
    assert names(world, text="blue_ diab") == ["diabetes_ridge"]
    assert names(world, text="LEAVES churn") == ["churn"]
    assert names(world, text="100%") == ["churn"]
    assert names(world, text="diab churn") == []
    assert names(world, text="u%n") == names(world, text="blueX") == []


@pytest.mark.parametrize("order", ["name", "-name", "created_at", "-created_at", "-updated_at"])
def test_pages_hold_each_name_once_whatever_is_added(world: World, order: str) -> None:
    made = ["d", "a", "c", "e", "b"]
    for name in made:
        make(world, name)
    world.clock.advance(1.0)
    world.assets.containers.describe(world.ws, MODELS, "a", "later")
    found: list[str] = []
    token = None
    for _ in range(3):
        page = world.assets.containers.names(world.ws, MODELS, NameQuery(order=order, limit=2, token=token))
        found += [one.container.name for one in page.value]
        token = page.next
        make(world, "a0" if order == "name" else f"new{len(found)}")
    expected = {
        "name": "abcde",
        "-name": "edcba",
        "created_at": "daceb",
        "-created_at": "becad",
        "-updated_at": "abecd",
    }
    assert [name for name in found if name in made] == list(expected[order])


def test_archived_names(plain: World) -> None:
    for name in ("kept", "gone", "spent"):
        make(plain, name)
    plain.assets.archive(plain.ws, MODELS, "gone")
    plain.assets.archive(plain.ws, MODELS, "spent", "1")
    assert names(plain) == ["kept"]
    assert names(plain, archived=Archived.ARCHIVED) == ["gone", "spent"]
    assert names(plain, archived=Archived.ALL) == ["gone", "kept", "spent"]


@pytest.mark.parametrize("query", [{"order": "size"}, {"token": "x y"}, {"order": "created_at", "token": "1 a"}])
def test_questions_without_sense(plain: World, query: dict[str, str]) -> None:
    with pytest.raises(LapisError) as caught:
        names(plain, **query)
    assert caught.value.code is ErrorCode.USAGE
