"""Pipelines under the place where ``azure.ai.ml`` has them: ``from lapisml import dsl``, ``lapisml.dsl.pipeline``."""

from typing import Any

from lapisml.sdk import dsl as _dsl
from lapisml.sdk.dsl import pipeline

__all__ = ["pipeline"]


def __getattr__(name: str) -> Any:
    return getattr(_dsl, name)
