"""Replicas that are copies of a process which has loaded the model: once loaded, soon there, each by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from lapisml.ports.launch import ServingSpec
from lapisml.ports.serving import Places, ReplicaRecord
from lapisml.testing.compute_bench import Bench
from tests.support.processes import is_alive
from tests.unit.serving.conftest import QUICK, REVISION, Served

MODEL = """
import os, threading, time

class Model:
    def __init__(self):
        print("loaded once more", flush=True)
        self.loaded_in = os.getpid()
        if os.path.exists(os.path.join(os.path.dirname(__file__), "threads")):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()

    def predict(self, data):
        names = ("OMP_NUM_THREADS", "AZUREML_PROCESS_NAME")
        return [{"loaded_in": self.loaded_in, "pid": os.getpid(), **{name: os.environ[name] for name in names}}]
"""
MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl, code: code}
  sklearn: {pickled_model: model.pkl, serialization_format: pickle}
"""
PICKLE = "clapis_test_model\nModel\n(tR."
ROWS = {"input_data": [[1.0]]}

Start = Callable[..., Served]


@pytest.fixture
def start(bench: Bench) -> Start:
    """``start(instances=…, threads=…)`` serves a model that tells where it was loaded, and where it answers."""

    def go(scale: dict[str, Any] | None = None, instances: int = 1, *, threads: bool = False) -> Served:
        folder = bench.stored("model")
        for name, text in (("MLmodel", MLMODEL), ("code/lapis_test_model.py", MODEL), ("model.pkl", PICKLE)):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if threads:
            (folder / "code" / "threads").touch()
        places = Places(bench.home / "serving")
        places.make()
        served = ServingSpec(
            "diabetes",
            "blue",
            REVISION,
            "mlflow",
            model_input="model",
            model_name="model",
            scoring_script=None,
            serving_home=str(places.home),
            scale=scale or {"type": "default", "instances": instances},
            liveness=QUICK,
            readiness=QUICK,
            accelerate=False,
        )
        inputs = {"model": bench.input("model", "mlflow_model")}
        spec = bench.spec("", serving=served, inputs=inputs, job=f"serving--{REVISION}", grace_s=5.0)
        return Served(bench, spec, bench.backend.submit(spec), places)

    return go


def asked(served: Served, replica: ReplicaRecord) -> dict[str, Any]:
    """Return what the model says in a replica."""
    status, answer = served.ask(ROWS, replica.number)
    assert status == 200, answer
    (found,) = answer
    assert found["pid"] == replica.pid
    return dict(found)


def loads(served: Served, replicas: int) -> int:
    """Count how often the model was loaded, by the logs of so many replicas."""
    logs = [served.bench.log(served.handle, f"user_logs/replica_{number}.txt") for number in range(replicas)]
    return sum(log.count("loaded once more") for log in logs)


def test_replicas_share_what_one_process_has_loaded(start: Start) -> None:
    served = start(instances=2)
    first, second = (asked(served, one) for one in served.ready(2))
    assert first["loaded_in"] == second["loaded_in"]
    assert first["loaded_in"] not in (first["pid"], second["pid"])
    assert {first["AZUREML_PROCESS_NAME"], second["AZUREML_PROCESS_NAME"]} == {"replica_0", "replica_1"}
    assert first["OMP_NUM_THREADS"] == str(max(1, len(os.sched_getaffinity(0)) // 2))
    assert loads(served, 2) == 1
    served.bench.backend.cancel(served.handle)
    served.ends()
    assert not [pid for pid in (first["pid"], second["pid"], first["loaded_in"]) if is_alive(pid)]


def test_a_killed_replica_is_copied_anew_and_the_loaded_process_is_loaded_anew(start: Start) -> None:
    served = start()
    (first,) = served.ready()
    loaded_in = asked(served, first)["loaded_in"]
    os.kill(first.pid, signal.SIGKILL)
    (second,) = served.reaches(lambda r: r.state == "ready" and r.replicas[0].pid not in (0, first.pid)).replicas
    assert asked(served, second)["loaded_in"] == loaded_in
    os.kill(loaded_in, signal.SIGKILL)
    served.reaches(lambda r: not is_alive(loaded_in))
    assert asked(served, second)["loaded_in"] == loaded_in, "replicas go on without it"
    os.kill(second.pid, signal.SIGKILL)
    (third,) = served.reaches(lambda r: r.state == "ready" and r.replicas[0].pid not in (0, second.pid)).replicas
    assert asked(served, third)["loaded_in"] not in (loaded_in, third.pid)
    assert loads(served, 1) == 2


def test_what_has_threads_is_not_copied(start: Start) -> None:
    served = start(instances=2, threads=True)
    for one in served.ready(2):
        assert asked(served, one)["loaded_in"] == one.pid
    assert "loads the model itself: what it has loaded has started threads" in served.bench.log(served.handle)


def test_at_zero_nothing_is_kept_in_memory(start: Start) -> None:
    times = {"polling_s": 0.05, "zero_after_s": 0.5}
    served = start({"type": "target_utilization", "min": 0, "max": 2, "target_percent": 100, **times})
    (first,) = served.ready()
    loaded_in = asked(served, first)["loaded_in"]
    served.reaches(lambda r: r.state == "zero" and not r.replicas)
    served.reaches(lambda r: not is_alive(loaded_in))
    served.tell(do="load", in_flight=1, queued=0, rps=1.0)
    (again,) = served.reaches(lambda r: r.state == "ready" and bool(r.replicas)).replicas
    assert again.pid != first.pid
