"""What a job's `resources` ask of each of its nodes.

Azure ML says what a node has by its size alone. A compute whose nodes are shared by jobs needs numbers:
``resources.properties`` may hold ``cpus``, ``gpus`` and ``memory_mb``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import Problem
from lapisml.ports.launch import ResourceSpec

NUMBERS = ("cpus", "gpus", "memory_mb")


def resources_of(document: Mapping[str, Any], usual: Mapping[str, Any] | None = None) -> ResourceSpec | None:
    """Give what a checked document asks of a node; None without a wish.

    Args:
        usual: what is asked where the document does not say, in the names of `ResourceSpec`.
    """
    asked = document.get("resources") or {}
    own = {key: value for key, value in (asked.get("properties") or {}).items() if key in NUMBERS and value is not None}
    own |= {"instance_type": asked["instance_type"]} if asked.get("instance_type") else {}
    wishes = {**(usual or {}), **own}
    if not wishes:
        return None
    cpus, memory = wishes.get("cpus"), wishes.get("memory_mb")
    return ResourceSpec(
        cpus=None if cpus is None else float(cpus),
        gpus=int(wishes.get("gpus") or 0),
        memory_mb=None if memory is None else int(memory),
        instance_type=wishes.get("instance_type"),
        idle_s=wishes.get("idle_s"),
    )


def faults(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Give a problem for each wish that is no amount."""
    wishes = (document.get("resources") or {}).get("properties") or {}
    for key in NUMBERS:
        value = wishes.get(key)
        if value is None:
            continue
        is_whole = key != "cpus"
        if isinstance(value, bool) or not isinstance(value, int if is_whole else (int, float)) or value < 0:
            expected = "a whole number from 0" if is_whole else "a number from 0"
            yield Problem(f"`{value}` is no amount of {key}", f"resources.properties.{key}", expected=expected)
