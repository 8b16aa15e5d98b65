"""Kill the server while a pipeline with a sweep and mini-batches in it runs: at every place where the family moves on.

The places are those between two writes of the drivers of pipelines and sweeps and of the keeper of results, and the
moves of a child. Afterwards the pipeline has completed, and each command in it has run exactly once.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lapisml.core.lifecycle import TERMINAL, JobState
from tests.integration.kills.crash_home import CALLS, JOBS, CrashHome, CrashingServer
from tests.integration.kills.plans import CLUSTER
from tests.support.cli import run_lapis
from tests.support.server import end_everything

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
COMPOSITES = "lapisml.server.features.jobs.composites:CompositeJobs"
REUSE = "lapisml.server.features.reuse.service:ReuseService"
REUSED = (f"{COMPOSITES}.add_finished_child", "after")
TRIALS = 2

PLACES = (
    ("", f"{COMPOSITES}.begin", "before"),
    ("", f"{COMPOSITES}.begin", "after"),
    ("--prepare", f"{COMPOSITES}.submit_child", "before"),
    ("--prepare", f"{COMPOSITES}.submit_child", "after"),
    ("--prepare", f"{REUSE}.completed", "before"),
    ("--prepare", f"{REUSE}.completed", "after"),
    ("--search", f"{COMPOSITES}.submit_child", "before"),
    ("--search", f"{COMPOSITES}.begin", "after"),
    ("--search--1", f"{COMPOSITES}.submit_child", "before"),
    ("--search--1", f"{COMPOSITES}.submit_child", "after"),
    ("--search", f"{COMPOSITES}.end", "before"),
    ("--search", f"{COMPOSITES}.end", "after"),
    ("--score", f"{COMPOSITES}.submit_child", "after"),
    ("--last", f"{COMPOSITES}.submit_child", "after"),
    ("", f"{COMPOSITES}.end", "before"),
    ("", f"{COMPOSITES}.end", "after"),
)
"""(job of the family, call, when): where the server dies."""
MOVES = (
    ("", ("NotStarted", "Running")),
    ("--prepare", ("NotStarted", "Queued")),
    ("--prepare", ("Finalizing", "Completed")),
    ("--search--0", ("Queued", "Preparing")),
    ("--score", ("Starting", "Running")),
    ("--score", ("Running", "Finalizing")),
    ("--search--0", ("Finalizing", "Completed")),
    ("", ("Running", "Completed")),
)
LOG_METRIC = """
import json, os, sys, urllib.request
e = os.environ
body = {"run_id": e["MLFLOW_RUN_ID"], "key": "score", "value": float(sys.argv[1]), "timestamp": 1, "step": 0}
headers = {"Authorization": "Bearer " + e["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
url = e["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=60).read()
"""
SCORE = """
import os

def init():
    pass

def run(mini_batch, context):
    with open(os.environ["MARKS"], "a") as marks:
        marks.write(f"{os.environ['AZUREML_RUN_ID'].partition('--')[0]}-batch-{context.minibatch_index}\\n")
    return [os.path.basename(file) for file in mini_batch]
"""
BATCHES = 3


def _make_component(home: CrashHome) -> None:
    """A mini-batch component: its code travels as a snapshot."""
    folder = home.folder / "score"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    task = {
        "type": "run_function",
        "code": ".",
        "entry_script": "score.py",
        "environment": {"image": "python"},
        "append_row_to": "${{outputs.scored}}",
    }
    component = {
        "type": "parallel",
        "name": "score",
        "version": "1",
        "inputs": {"data": {"type": "uri_folder"}},
        "outputs": {"scored": {"type": "uri_file"}},
        "input_data": "${{inputs.data}}",
        "mini_batch_size": "1",
        "environment_variables": {"MARKS": f"{home.folder}/marks"},
        "task": task,
    }
    (folder / "score.yml").write_text(json.dumps(component))
    run_lapis("component", "create", "-f", "score.yml", home=home.server.home, cwd=folder, check=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashHome]:
    root = tmp_path_factory.mktemp("families")
    calls = [*CALLS, REUSED, *((call, when) for _, call, when in PLACES)]
    server = CrashingServer(root / "home", {**SETTINGS}, calls).start()
    home = CrashHome(server, root)
    home.prepare()
    (root / "log_metric.py").write_text(LOG_METRIC)
    _make_component(home)
    yield home
    home.silent.close()
    server.stop()
    end_everything(server.home)


@pytest.fixture
def count_kills(home: CrashHome, record_property: Callable[[str, object], None]) -> Iterator[None]:
    before = home.kills
    yield
    record_property("injected_kills", home.kills - before)


def _command(home: CrashHome, mark: str, text: str, **more: Any) -> dict[str, Any]:
    marks = f"echo {mark} >> {home.folder}/marks"
    return {"type": "command", "command": f"{marks}; {text}", "environment": {"image": "python"}, **more}


def _document(home: CrashHome, name: str) -> dict[str, Any]:
    """A pipeline: prepare → a sweep over its output → a step that reads the best trial's output."""
    log = f"{sys.executable} {home.folder}/log_metric.py ${{{{search_space.x}}}}"
    write = "${{outputs.model}}/a"
    trial = _command(
        home, f"{name}-trial-${{{{search_space.x}}}}",
        f"{log}; cp ${{{{inputs.data}}}}/a {write}; echo ${{{{search_space.x}}}} >> {write}",
    )  # fmt: skip
    trial.pop("type")
    sweep = {
        "type": "sweep",
        "trial": trial,
        "inputs": {"data": "${{parent.jobs.prepare.outputs.data}}"},
        "outputs": {"model": {"type": "uri_folder"}},
        "search_space": {"x": {"type": "choice", "values": list(range(1, TRIALS + 1))}},
        "sampling_algorithm": "grid",
        "objective": {"goal": "maximize", "primary_metric": "score"},
        "limits": {"max_total_trials": TRIALS, "max_concurrent_trials": 2},
    }
    prepare = _command(
        home,
        f"{name}-prepare",
        f"for f in a b c; do echo {name} > ${{{{outputs.data}}}}/$f; done",
        outputs={"data": {}},
    )
    last = _command(home, f"{name}-last", "cat ${{inputs.model}}/a")
    last["command"] += "; grep -c . ${{inputs.scored}}"
    last["inputs"] = {
        "model": "${{parent.jobs.search.outputs.model}}",
        "scored": "${{parent.jobs.score.outputs.scored}}",
    }
    data = "${{parent.jobs.prepare.outputs.data}}"
    score = {"type": "parallel", "component": "azureml:score:1", "inputs": {"data": data}}
    jobs = {"prepare": prepare, "search": sweep, "score": score, "last": last}
    settings = {"default_compute": CLUSTER}
    return {"type": "pipeline", "experiment_name": "kills", "jobs": jobs, "settings": settings}


def _play(home: CrashHome, name: str) -> None:
    document = _document(home, name)

    def submitted() -> bool:
        home.ask("PUT", f"{JOBS}/{name}", {"document": document, "git": None})
        return True

    home.until(submitted)
    home.until(lambda: _state(home, name) in TERMINAL)
    assert not (home.server.home / "crash.json").exists(), "the ordered place was never met"


def _state(home: CrashHome, name: str) -> JobState:
    return JobState(home.ask("GET", f"{JOBS}/{name}")["status"])


def _check(home: CrashHome, name: str) -> None:
    job = home.ask("GET", f"{JOBS}/{name}")
    assert job["status"] == "Completed", job["status_reason"]
    family = _family(home, name)
    assert Counter(child["status"] for child in family.values()) == {"Completed": 4 + TRIALS}
    assert family[f"{name}--search"]["properties"]["best_child_run_id"] in family
    marks = (home.folder / "marks").read_text().split()
    ran = Counter(mark for mark in marks if mark.startswith(f"{name}-"))
    trials = [f"{name}-trial-{x}" for x in range(1, TRIALS + 1)]
    batches = [f"{name}-batch-{number}" for number in range(BATCHES)]
    once = dict.fromkeys([f"{name}-prepare", f"{name}-last", *trials, *batches], 1)
    assert ran == once, "each command, trial and mini-batch ran once"
    for child in family:
        home.check_events(child)


def _family(home: CrashHome, name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for parent in (name, f"{name}--search"):
        for child in home.ask("GET", f"{JOBS}?parent={parent}&limit=100")["value"]:
            assert child["name"] not in found
            found[child["name"]] = child
    return found


@pytest.mark.usefixtures("count_kills")
@pytest.mark.parametrize(
    ("who", "call", "when"), PLACES, ids=[f"{w or 'pipeline'}-{c.rpartition('.')[2]}-{at}" for w, c, at in PLACES]
)
def test_a_server_killed_between_the_writes_of_a_family(home: CrashHome, who: str, call: str, when: str) -> None:
    name = f"f{PLACES.index((who, call, when))}"
    home.order_call(f"{name}{who}", call, when)
    _play(home, name)
    _check(home, name)


@pytest.mark.usefixtures("count_kills")
@pytest.mark.parametrize(("who", "edge"), MOVES, ids=[f"{w or 'pipeline'}-{'-'.join(e)}" for w, e in MOVES])
def test_a_server_killed_at_a_move_of_a_family(home: CrashHome, who: str, edge: tuple[str, str]) -> None:
    name = f"m{MOVES.index((who, edge))}"
    home.order_move(f"{name}{who}", (JobState(edge[0]), JobState(edge[1])), "committed")
    _play(home, name)
    _check(home, name)


@pytest.mark.usefixtures("count_kills")
def test_a_second_run_reuses_what_the_killed_ones_left(home: CrashHome) -> None:
    """What was marked as a result under a dying server is whole: the next run takes it and gives the same."""
    _play(home, "first")
    document = json.loads(json.dumps(_document(home, "first")))
    home.order_call("second--prepare", *REUSED)
    home.until(lambda: bool(home.ask("PUT", f"{JOBS}/second", {"document": document, "git": None})))
    home.until(lambda: _state(home, "second") in TERMINAL)
    family = _family(home, "second")
    assert family["second--prepare"]["status_code"] == "Reused"
    assert not (home.server.home / "crash.json").exists(), "the ordered place was never met"
    marks = (home.folder / "marks").read_text().split()
    assert Counter(marks)["first-prepare"] == 1
