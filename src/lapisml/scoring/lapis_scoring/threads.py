"""How many threads numeric libraries use: replicas share the cores, so none takes them all."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""What the libraries read when they are loaded."""


class Pin:
    """Sets the variables that nobody has set, and may raise the number once the libraries are loaded.

    Args:
        count: threads of each library.
    """

    def __init__(self, count: int) -> None:
        self._own = [name for name in VARIABLES if name not in os.environ]
        self._set(count)

    def spread(self, count: int) -> None:
        """Give libraries that were loaded for one thread more of them; see `can_spread`."""
        self._set(count)
        if count > 1:
            import_module("threadpoolctl").threadpool_limits(count)

    def _set(self, count: int) -> None:
        for name in self._own:
            os.environ[name] = str(count)


def can_spread(count: int) -> bool:
    """Say whether libraries that were loaded for one thread can be given `count` afterwards."""
    return count == 1 or find_spec("threadpoolctl") is not None
