"""What a component is made of: the code and the registered things that it and the components within it name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lapisml.server.features.assets.records import AssetKind

Rewrite = Callable[[AssetKind, str], str]
"""Kind and reference as written → the reference to keep."""

_KINDS = {
    "environment": AssetKind.ENVIRONMENTS,
    "component": AssetKind.COMPONENTS,
    "trial": AssetKind.COMPONENTS,
}
_INNER = ("component", "trial", "task")


def codes(component: Mapping[str, Any]) -> Iterator[str]:
    """Yield every code that a component names, those of components written within it too."""
    for part in _all(component):
        if isinstance(part.get("code"), str):
            yield part["code"]


def references(component: Mapping[str, Any]) -> Iterator[tuple[AssetKind, str]]:
    """Yield the environments and components that a component refers to, with their kind."""
    for part in _all(component):
        for key, kind in _KINDS.items():
            if isinstance(part.get(key), str):
                yield kind, part[key]


def with_references(component: Mapping[str, Any], rewrite: Rewrite) -> dict[str, Any]:
    """Give a copy of a component in which every reference that `references` yields is replaced."""
    made = dict(component)
    for key, kind in _KINDS.items():
        if isinstance(made.get(key), str):
            made[key] = rewrite(kind, made[key])
    for key in _INNER:
        if isinstance(made.get(key), Mapping):
            made[key] = with_references(made[key], rewrite)
    if isinstance(made.get("jobs"), Mapping):
        made["jobs"] = {
            name: with_references(step, rewrite) if isinstance(step, Mapping) else step
            for name, step in made["jobs"].items()
        }
    return made


def with_builds(component: Mapping[str, Any], rewrite: Callable[[str], str]) -> dict[str, Any]:
    """Give a copy of a component in which the build context of every environment written in place is replaced."""
    made = dict(component)
    environment = made.get("environment")
    build = environment.get("build") if isinstance(environment, Mapping) else None
    if isinstance(environment, Mapping) and isinstance(build, Mapping) and isinstance(build.get("path"), str):
        made["environment"] = {**environment, "build": {**build, "path": rewrite(build["path"])}}
    for key in _INNER:
        if isinstance(made.get(key), Mapping):
            made[key] = with_builds(made[key], rewrite)
    if isinstance(made.get("jobs"), Mapping):
        made["jobs"] = {
            name: with_builds(step, rewrite) if isinstance(step, Mapping) else step
            for name, step in made["jobs"].items()
        }
    return made


def _all(component: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a component and everything written within it that may name code or registered things."""
    yield component
    jobs = component.get("jobs")
    steps = list(jobs.values()) if isinstance(jobs, Mapping) else []
    for inner in [*(component.get(key) for key in _INNER), *steps]:
        if isinstance(inner, Mapping):
            yield from _all(inner)
