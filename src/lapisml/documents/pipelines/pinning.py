"""Pins the components that a pipeline document refers to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def pin_components(document: Mapping[str, Any], pinned: Callable[[str], str]) -> dict[str, Any]:
    """Give a copy of a pipeline document in which every reference to a component is replaced.

    Components that are written in place are gone through as well.

    Args:
        document: a pipeline job or component.
        pinned: reference as written → the one to keep, for example a label's present version.
    """
    made = dict(document)
    jobs = document.get("jobs")
    if isinstance(jobs, Mapping):
        made["jobs"] = {name: _step(step, pinned) for name, step in jobs.items()}
    for key in ("component", "trial"):
        if key in document:
            made[key] = _component(document[key], pinned)
    return made


def _step(step: Any, pinned: Callable[[str], str]) -> Any:
    return pin_components(step, pinned) if isinstance(step, Mapping) else step


def _component(component: Any, pinned: Callable[[str], str]) -> Any:
    return pinned(component) if isinstance(component, str) else _step(component, pinned)
