"""An idle server, and one whose sweeps only draw by chance, carry no search engine."""

from __future__ import annotations

import subprocess
import sys

_LOOK = """
import sys
import lapisml.server.app
from lapisml.core.sweeps.plan import read_plan
for sampling in ("random", "grid", {"type": "random", "rule": "sobol"}):
    read_plan({"sampling_algorithm": sampling, "search_space": {"k": {"type": "choice", "values": [1, 2]}},
               "limits": {"max_total_trials": 2}}, "n").values(1)
print([name for name in ("optuna", "numpy", "scipy", "pandas", "polars") if name in sys.modules])
"""


def test_optuna_is_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
