"""Pipelines from Python: ``@dsl.pipeline``, under the name that ``azure.ai.ml`` has for it."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.decorator import pipeline

_REFUSED = {
    "if_else": "steps that run on a condition are not delivered; decide in Python, or within a step",
    "condition": "steps that run on a condition are not delivered; decide in Python, or within a step",
    "do_while": "loops of steps are not delivered; loop in Python, or within a step",
    "parallel_for": "loops of steps are not delivered; loop in Python, or use a parallel step",
    "group": "groups of inputs are not delivered; name each input",
}

__all__ = ["pipeline"]


def __getattr__(name: str) -> Any:
    if name in _REFUSED:
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"dsl.{name}: {_REFUSED[name]}.")
    raise AttributeError(f"module 'lapisml.dsl' has no attribute {name!r}")
