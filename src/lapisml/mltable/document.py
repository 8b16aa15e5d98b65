"""The ``MLTable`` file, read and checked.

Form: https://learn.microsoft.com/azure/machine-learning/reference-yaml-mltable
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from . import checks, yaml_text
from .checks import MLTableError, Step

__all__ = ["NAME", "MLTableError", "Plan", "Step", "parse", "read"]

NAME = "MLTable"
_KEYS = ("$schema", "type", "paths", "transformations", "metadata", "traits", "extra_columns")
_PATH_KINDS = ("file", "folder", "pattern")


@dataclass(frozen=True)
class Plan:
    """What a table is made of.

    Attributes:
        base: folder that relative paths count from.
        paths: ``{"file" | "folder" | "pattern": where}`` each.
        steps: what is done, in order; the first reads the files when the table has rows.
        metadata: whatever else the file says of itself.
    """

    base: str
    paths: tuple[dict[str, str], ...]
    steps: tuple[Step, ...] = ()
    metadata: Any = None

    @property
    def is_tabular(self) -> bool:
        """Whether it has rows, and is not only a list of files."""
        return bool(self.steps) and self.steps[0].name in checks.READERS

    def with_step(self, name: str, value: Any) -> Plan:
        """Return the plan with one more step.

        Raises:
            MLTableError: the step makes no sense.
        """
        place = f"transformations[{len(self.steps)}]"
        return Plan(self.base, self.paths, (*self.steps, checks.step(name, value, place)), self.metadata)

    def to_dict(self) -> dict[str, Any]:
        """Give the content of an ``MLTable`` file."""
        found: dict[str, Any] = {"type": "mltable", "paths": [dict(path) for path in self.paths]}
        if self.steps:
            found["transformations"] = [{step.name: step.written} for step in self.steps]
        if self.metadata is not None:
            found["metadata"] = self.metadata
        return found


def read(path: str) -> Plan:
    """Read the ``MLTable`` file at `path`, or in the folder `path`.

    Raises:
        MLTableError: there is none, or it is not valid; the text gives the place.
    """
    file = os.path.join(path, NAME) if os.path.isdir(path) else path
    if not os.path.isfile(file):
        raise MLTableError(f"{path} holds no file named {NAME}")
    with open(file, encoding="utf-8-sig") as stream:
        text = stream.read()
    try:
        content = yaml_text.load(text)
    except ValueError as error:
        raise MLTableError(f"the {NAME} file is not YAML: {error}") from error
    return parse(content, os.path.dirname(os.path.abspath(file)))


def parse(content: Any, base: str) -> Plan:
    """Check the content of an ``MLTable`` file.

    Raises:
        MLTableError: it is not valid; the text gives the place.
    """
    if not isinstance(content, dict):
        raise MLTableError(f"the {NAME} file is not a mapping with `paths`")
    for key in content:
        if key not in _KEYS:
            raise MLTableError(f"{NAME}: {key}: unknown key; known are {', '.join(_KEYS)}")
    given = content.get("transformations") or []
    if not isinstance(given, list):
        raise MLTableError(f"{NAME}: transformations: is not a list of steps such as `- read_delimited:`")
    steps = tuple(_step(entry, f"transformations[{index}]") for index, entry in enumerate(given))
    for index, step in enumerate(steps):
        if (index == 0) != (step.name in checks.READERS):
            sentence = "rows are read by the first step, and by that alone"
            raise MLTableError(f"{NAME}: transformations[{index}].{step.name}: {sentence}")
    return Plan(base, _paths(content.get("paths")), steps, content.get("metadata"))


def _paths(given: Any) -> tuple[dict[str, str], ...]:
    if not isinstance(given, list) or not given:
        raise MLTableError(
            f"{NAME}: paths: is missing or empty; expected a list of `- file:`, `- folder:`, `- pattern:`"
        )
    for index, entry in enumerate(given):
        kind = next(iter(entry), None) if isinstance(entry, dict) and len(entry) == 1 else None
        if kind not in _PATH_KINDS or not isinstance(entry[kind], str):
            raise MLTableError(f"{NAME}: paths[{index}]: is not one of `file`, `folder`, `pattern` with a path")
    return tuple(dict(entry) for entry in given)


def _step(entry: Any, place: str) -> Step:
    if isinstance(entry, str):
        return checks.step(entry, None, place)
    if not isinstance(entry, dict) or len(entry) != 1:
        raise MLTableError(f"{NAME}: {place}: is not one step such as `read_delimited`")
    name, value = next(iter(entry.items()))
    return checks.step(str(name), value, place)
