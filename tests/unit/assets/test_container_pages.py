"""Lists of names: in order, part by part, archived or not."""

from __future__ import annotations

from lapisml.server.features.assets.records import Archived, AssetKind, ListQuery
from tests.support.assets import World

KIND = AssetKind.ENVIRONMENTS


def names(world: World, archived: Archived, limit: int = 100, token: str | None = None) -> tuple[list[str], str | None]:
    page = world.assets.containers.page(world.ws, KIND, ListQuery(archived=archived, limit=limit, token=token))
    return [record.name for record in page.value], page.next


def test_names_by_page_and_view(world: World) -> None:
    for name in ("c", "a", "b", "d"):
        for image in ("one", "two"):
            world.assets.create(world.ws, KIND, {"name": name, "image": image}, "ann")
    world.assets.containers.create(world.ws, KIND, "empty", "ann")
    world.assets.archive(world.ws, KIND, "b")
    world.assets.archive(world.ws, KIND, "c", "1")
    for version in ("1", "2"):
        world.assets.archive(world.ws, KIND, "d", version)
    assert names(world, Archived.ACTIVE) == (["a", "c", "empty"], None)
    assert names(world, Archived.ARCHIVED) == (["b", "d"], None)
    assert names(world, Archived.ALL) == (["a", "b", "c", "d", "empty"], None)
    assert names(world, Archived.ALL, 2) == (["a", "b"], "b")
    assert names(world, Archived.ALL, 2, "b") == (["c", "d"], "d")
    assert names(world, Archived.ALL, 2, "d") == (["empty"], None)
    [first] = world.assets.containers.page(world.ws, KIND, ListQuery(limit=1)).value
    assert (first.latest, first.next_version) == ("2", 3)
