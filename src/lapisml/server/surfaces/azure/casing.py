"""Names of keys: ``camelCase`` in the REST API, ``snake_case`` in our documents.

Only keys that the protocol defines change. What a person named stays as it is: the keys of tags, of properties, of
variables; and of mappings such as inputs, whose keys are names and whose values are structures again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

OPAQUE = frozenset({"tags", "properties", "environmentVariables", "environment_variables", "metadata", "flavors"})
"""Keys whose values are a person's own, passed on untouched."""

NAMED = frozenset({"inputs", "outputs", "jobs", "nodes", "services"})
"""Keys of mappings from names to structures: the names stay, the structures change."""

_UPPER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=4096)
def snake_key(key: str) -> str:
    """Write one key in snake case: ``idleTimeBeforeScaleDown`` → ``idle_time_before_scale_down``."""
    return _UPPER.sub("_", key).lower()


@lru_cache(maxsize=4096)
def camel_key(key: str) -> str:
    """Write one key in camel case: ``max_total_trials`` → ``maxTotalTrials``."""
    first, *others = key.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def snake(value: Any, opaque: frozenset[str] = OPAQUE, named: frozenset[str] = NAMED) -> Any:
    """Write the keys of a body in snake case, all the way down."""
    return _convert(value, snake_key, opaque, named)


def camel(value: Any, opaque: frozenset[str] = OPAQUE, named: frozenset[str] = NAMED) -> Any:
    """Write the keys of a document in camel case, all the way down."""
    return _convert(value, camel_key, opaque, named)


def _convert(value: Any, write: Callable[[str], str], opaque: frozenset[str], named: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_convert(item, write, opaque, named) for item in value]
    if not isinstance(value, dict):
        return value
    converted = {}
    for key, item in value.items():
        if key in opaque:
            converted[write(key)] = item
        elif key in named and isinstance(item, dict):
            converted[write(key)] = {name: _convert(each, write, opaque, named) for name, each in item.items()}
        else:
            converted[write(key)] = _convert(item, write, opaque, named)
    return converted


def without_none(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out the keys that have no value."""
    return {key: value for key, value in body.items() if value is not None}


def lower_keys(value: Any) -> Any:
    """Write the keys of one mapping in lower case, for a client that is loose with them."""
    return {str(key).lower(): item for key, item in value.items()} if isinstance(value, dict) else value
