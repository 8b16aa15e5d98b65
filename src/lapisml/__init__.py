"""Lapis: a self-hosted machine-learning platform.

The public names of the SDK are loaded on first use, so that ``import lapisml`` stays cheap.
"""

from __future__ import annotations

TYPE_CHECKING = False  # without importing typing, which costs more than all the rest
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    from importlib import import_module

    sdk = import_module("lapisml.sdk")
    if name in sdk.__all__:
        return getattr(sdk, name)
    raise AttributeError(f"module 'lapisml' has no attribute {name!r}")


def __dir__() -> list[str]:
    from importlib import import_module

    return sorted([*globals(), *import_module("lapisml.sdk").__all__])
