"""What the page shows of a sweep: its trials with values, the best, and what mattered."""

from __future__ import annotations

import uuid
from pathlib import Path

from tests.integration.jobs.client import Api
from tests.integration.sweeps.trials import script, sweep
from tests.support.server import LapisServer

SPACE = {"x": {"type": "choice", "values": [0.1, 0.9, 0.5]}}


def test_trials_have_their_values_and_the_best_is_named(shared_server: LapisServer, tmp_path: Path) -> None:
    api = Api(shared_server)
    name = f"trials-{uuid.uuid4().hex[:10]}"
    body = 'x = float(sys.argv[1]); log("accuracy", x) if x != 0.5 else sys.exit(3)'
    command = script(tmp_path, body) + " ${{search_space.x}}"
    document = sweep(command, SPACE, sampling_algorithm="grid", limits={"max_total_trials": None})
    status, answer = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), answer
    api.wait(name, "Completed")
    status, shown = api.call("GET", f"/jobs/{name}/trials")
    assert status == 200, shown
    assert (shown["metric"], shown["maximize"], shown["algorithm"], shown["total"]) == ("accuracy", True, "grid", 3)
    assert [(t["parameters"], t["phase"], t["value"]) for t in shown["trials"]] == [
        ({"x": 0.1}, "completed", 0.1),
        ({"x": 0.9}, "completed", 0.9),
        ({"x": 0.5}, "failed", None),
    ]
    assert shown["best"] == shown["trials"][1]["name"]
    assert all(t["started_at"] < t["ended_at"] for t in shown["trials"])
    assert api.call("GET", f"/jobs/{name}/importance") == (200, {"trials": 2, "values": []})
