"""Looks components up, each once, and knows what is nested in what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lapisml.core.errors import LapisError

ComponentOf = Callable[[str], Mapping[str, Any]]
"""Gives the document of a component by reference; raises LapisError when it is not there."""


class Components:
    """The components of one pipeline."""

    def __init__(self, component_of: ComponentOf) -> None:
        self._component_of = component_of
        self._found: dict[str, Mapping[str, Any] | LapisError] = {}

    def get(self, reference: str) -> Mapping[str, Any]:
        """Give a component.

        Raises:
            LapisError: it is not there.
        """
        found = self._found.get(reference)
        if found is None:
            try:
                found = self._component_of(reference)
            except LapisError as error:
                found = error
            self._found[reference] = found
        if isinstance(found, LapisError):
            raise found
        return found

    def in_place(self, component: Mapping[str, Any]) -> dict[str, Any]:
        """Give a pipeline component in which every component that it refers to stands in place.

        For pipelines that were checked: each reference leads somewhere, and none to itself.
        """
        jobs = {name: self._step(step) for name, step in component["jobs"].items()}
        return {**component, "jobs": jobs}

    def _step(self, step: Mapping[str, Any]) -> Mapping[str, Any]:
        key = "trial" if "trial" in step else "component"
        given = step.get(key)
        if given is None:
            return step
        component = self.get(given) if isinstance(given, str) else given
        return {**step, key: self.in_place(component) if "jobs" in component else component}
