"""A sweep of trivial trials against the same processes driven by Optuna itself, as many at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bench.harness import Table, rounds_from_arguments, seconds
from bench.installation import COMPUTE, ENVIRONMENT, Installation, installation

TRIALS = 50
AT_ONCE = 4
_TRIAL = """
import http.client, json, os, sys, time, urllib.parse

value = (float(sys.argv[1]) - 3) ** 2
print(value)
if "MLFLOW_RUN_ID" in os.environ:
    url = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"])
    point = {"key": "loss", "value": value, "step": 0, "timestamp": time.time_ns() // 1_000_000}
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **point})
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    server = http.client.HTTPConnection(url.netloc)
    server.request("POST", url.path + "/api/2.0/mlflow/runs/log-metric", body, headers)
    assert server.getresponse().status == 200
"""


def optuna_alone(script: Path, sampler: str) -> float:
    """Ask Optuna for each trial's parameter, run the process, tell Optuna the printed value; seconds."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.samplers.TPESampler(seed=1) if sampler == "bayesian" else optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(sampler=made)

    def trial(_number: int) -> None:
        asked = study.ask()
        x = asked.suggest_float("x", -10, 10)
        done = subprocess.run([sys.executable, str(script), str(x)], capture_output=True, check=True)
        study.tell(asked, float(done.stdout))

    def run() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(trial, range(TRIALS)))

    return 1000 * seconds(run) / TRIALS


def sweep(installed: Installation, script: Path, sampler: str) -> float:
    """Submit a sweep of the same trials and wait for its end; milliseconds for each trial."""
    document: dict[str, Any] = {
        "type": "sweep",
        "experiment_name": "bench",
        "trial": {"command": f"{sys.executable} {script} ${{{{search_space.x}}}}", "environment": ENVIRONMENT},
        "compute": COMPUTE,
        "search_space": {"x": {"type": "uniform", "min_value": -10, "max_value": 10}},
        "sampling_algorithm": sampler,
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": TRIALS, "max_concurrent_trials": AT_ONCE},
    }
    return 1000 * seconds(lambda: installed.run(document)) / TRIALS


def main() -> int:
    """Measure random and bayesian sweeps, and what Lapis adds to each trial."""
    table = Table("Sweeps", "Optuna", ("optuna",), rounds_from_arguments(5))
    with installation() as installed:
        script = installed.folder / "trial.py"
        script.write_text(_TRIAL)
        for sampler in ("random", "bayesian"):
            row = table.compare(
                f"{TRIALS} trials, {AT_ONCE} at once, {sampler}: each trial", unit="ms",
                peer=partial(optuna_alone, script, sampler), ours=partial(sweep, installed, script, sampler),
            )  # fmt: skip
            added = [ours - peer for ours, peer in zip(row.ours, row.peer, strict=True)]
            table.add(f"what Lapis adds to each trial, {sampler}", "ms", "lower", [], added, limit=60)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
