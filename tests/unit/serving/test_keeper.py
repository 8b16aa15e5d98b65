"""A keeper and its replicas: up, asked, killed, scaled, drained."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lapisml.ports.serving import RevisionRecord
from tests.support.polling import eventually
from tests.support.processes import is_alive
from tests.unit.serving.conftest import REVISION, Client, Serve, Served

ECHO = """
import json, os, time

def init():
    print("model at", os.environ.get("AZUREML_MODEL_DIR"), os.path.exists(os.environ["AML_APP_ROOT"] + "/score.py"))

def run(data):
    asked = json.loads(data)
    if isinstance(asked, dict):
        open(asked["begun"], "w").close()
        while not os.path.exists(asked["until"]):
            time.sleep(0.01)
    return {"pid": os.getpid(), "got": asked}
"""
AUTO = {"type": "target_utilization", "min": 0, "max": 3, "target_percent": 100, "polling_s": 0.1}
IMPATIENT = {"initial_delay_s": 0, "period_s": 0.2, "timeout_s": 0.2, "failure_threshold": 4}


def test_replicas_come_up_answer_and_end_with_the_job(serve: Serve) -> None:
    served = serve(ECHO, instances=2)
    replicas = served.ready(2)
    assert [one.number for one in replicas] == [0, 1]
    for one in replicas:
        assert served.ask([1, 2], one.number) == (200, {"pid": one.pid, "got": [1, 2]})
        assert Path(f"/proc/{one.pid}/oom_score_adj").read_text().strip() == "300"
    assert "model at None True" in served.bench.log(served.handle, "user_logs/replica_1.txt")
    served.bench.backend.cancel(served.handle)
    assert served.ends().exit.reason_code == "Canceled"
    assert served.record.state == "stopped"
    assert not any(is_alive(one.pid) for one in replicas)
    assert sorted(path.name for path in served.places.replicas.iterdir()) == [f"{REVISION}.json"]


def test_a_killed_replica_is_replaced_at_once_and_connections_wait_for_it(serve: Serve) -> None:
    served = serve(ECHO)
    (first,) = served.ready()
    os.kill(first.pid, signal.SIGKILL)
    status, answer = served.ask("still there?")
    assert (status, answer["got"]) == (200, "still there?")
    assert answer["pid"] != first.pid
    (second,) = served.reaches(lambda r: r.state == "ready" and r.replicas[0].pid == answer["pid"]).replicas
    assert (second.number, second.restarts, second.ready) == (0, 1, True)


def test_only_the_killed_one_of_several_is_missing(serve: Serve) -> None:
    served = serve(ECHO, instances=2)
    first, second = served.ready(2)
    os.kill(second.pid, signal.SIGKILL)
    record = served.reaches(lambda r: r.replicas[1].restarts == 1 and r.replicas[1].ready)
    assert record.replicas[0] == first


def test_a_stopped_replica_misses_its_probe_and_is_replaced(serve: Serve) -> None:
    served = serve(ECHO, liveness=IMPATIENT, readiness=IMPATIENT | {"failure_threshold": 100})
    (first,) = served.ready()
    os.kill(first.pid, signal.SIGSTOP)
    assert served.ask(1)[1]["pid"] != first.pid
    assert "did not answer its liveness probe" in served.bench.log(served.handle)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def init():\n    raise ValueError('no such table')\ndef run(data): pass", "ValueError: no such table"),
        ("def init():\n    import os; print('going'); os._exit(7)\ndef run(data): pass",
         "ended with exit code 7, 3 times in a row"),
        ("import nothing_of_this_name\ndef run(data): pass", "nothing_of_this_name"),
        ("def init(:\n", "score.py"),
    ],
)  # fmt: skip
def test_a_revision_that_can_not_be_loaded_fails_with_the_last_lines_of_its_log(
    serve: Serve, script: str, reason: str
) -> None:
    served = serve(script)
    ended = served.ends().exit
    assert (ended.reason_code, ended.exit_code) == ("ServingFailure", 1)
    assert reason in ended.reason
    record = served.record
    assert (record.state, record.reason, record.replicas) == ("failed", ended.reason, ())
    assert record.log_tail.splitlines()


def test_an_init_that_hangs_fails_when_the_readiness_probe_has_had_enough(serve: Serve) -> None:
    hanging = "import time\ndef init():\n    time.sleep(600)\ndef run(data): pass"
    served = serve(hanging, readiness=IMPATIENT)
    assert "was not ready within" in served.ends().exit.reason


def test_a_missing_script_is_named(serve: Serve) -> None:
    served = serve(ECHO, scoring_script="src/score.py")
    assert served.ends().exit.reason.endswith("there is no scoring script 'src/score.py' in the code")


def held(served: Served, pool: ThreadPoolExecutor, replica: int) -> tuple[object, object]:
    """Have a replica work on a request that ends when a file is there; return the answer to come, and the file."""
    begun, until = served.bench.home / f"begun{replica}", served.bench.home / f"until{replica}"
    answer = pool.submit(served.ask, {"begun": str(begun), "until": str(until)}, replica)
    eventually(begun.exists)
    return answer, until


def test_more_and_fewer_replicas_and_none_leaves_before_it_has_answered(serve: Serve) -> None:
    served = serve(ECHO, timeout_s=30.0)
    served.ready()
    served.tell(do="scale", scale={"type": "default", "instances": 3})
    last = served.ready(3)[2]
    with ThreadPoolExecutor() as pool:
        answer, until = held(served, pool, 2)
        served.tell(do="scale", scale={"type": "default", "instances": 1})
        assert [one.number for one in served.ready(1)] == [0]
        assert is_alive(last.pid)
        until.touch()
        assert answer.result()[1]["pid"] == last.pid
    eventually(lambda: not is_alive(last.pid))
    eventually(lambda: not served.places.socket(REVISION, 2).exists())


def test_load_brings_replicas_and_its_end_takes_them_away(serve: Serve) -> None:
    served = serve(ECHO, scale={**AUTO, "min": 1, "window_s": 0.5, "down_after_s": 0.5})
    served.ready()

    def under_load(record: RevisionRecord) -> bool:
        served.tell(do="load", in_flight=2, queued=1, rps=10.0)
        return record.wanted == 3 and len([one for one in record.replicas if one.ready]) == 3

    served.reaches(under_load)
    served.reaches(lambda record: record.wanted == 1 and len(record.replicas) == 1)


def test_nobody_asks_so_none_runs_until_somebody_does(serve: Serve) -> None:
    served = serve(ECHO, scale={**AUTO, "zero_after_s": 0.3})
    (first,) = served.reaches(lambda r: r.state == "ready").replicas
    record = served.reaches(lambda r: r.state == "zero")
    assert (record.wanted, record.replicas) == (0, ())
    eventually(lambda: not is_alive(first.pid))
    served.tell(do="load", in_flight=0, queued=1, rps=0.0)
    served.reaches(lambda r: r.state == "ready")
    assert served.ask(1)[0] == 200


def test_drained_it_finishes_what_it_has_and_the_job_completes(serve: Serve) -> None:
    served = serve(ECHO, timeout_s=30.0)
    (one,) = served.ready()
    with ThreadPoolExecutor() as pool:
        answer, until = held(served, pool, 0)
        served.tell(do="drain")
        served.reaches(lambda r: r.state == "stopped" and not r.replicas)
        until.touch()
        assert answer.result() == (200, {"pid": one.pid, "got": answer.result()[1]["got"]})
    assert served.ends().exit.reason_code == "Succeeded"
    assert not list(served.places.replicas.glob("*.sock"))


def test_a_killed_keeper_takes_its_replicas_along_and_the_next_serves_the_same_revision(serve: Serve) -> None:
    served = serve(ECHO, instances=2)
    replicas = served.ready(2)
    os.kill(served.record.keeper["pid"], signal.SIGKILL)
    assert served.ends().exit.reason_code == "Killed"
    assert not any(is_alive(one.pid) for one in replicas)
    again = serve(ECHO, instances=2, job=f"serving--{REVISION}--2")
    again.reaches(lambda r: r.keeper != served.record.keeper or r.state == "ready")
    pids = {one.pid for one in again.reaches(lambda r: r.state == "ready" and is_alive(r.keeper["pid"])).replicas}
    assert again.ask(1)[1]["pid"] in pids


def test_a_killed_supervisor_is_missed_by_nobody(serve: Serve) -> None:
    served = serve(ECHO)
    (one,) = served.ready()
    process = served.bench.home / "runs" / "default" / served.handle.job / "process.json"
    supervisor = json.loads(process.read_text())["supervisor"]
    os.kill(supervisor["pid"], signal.SIGKILL)
    assert served.ask(1)[1]["pid"] == one.pid
    served.reaches(lambda _: json.loads(process.read_text())["supervisor"] != supervisor)
    assert served.record.replicas[0] == one
    served.bench.backend.cancel(served.handle)
    assert served.ends().exit.reason_code == "Canceled"


def test_what_nobody_understands_is_passed_over(serve: Serve) -> None:
    served = serve(ECHO)
    served.ready()
    for message in ({"do": "scale", "scale": {"type": "default", "instances": "many"}}, {"do": "load"}, {}, {"do": 1}):
        served.tell(**message)
    served.tell(do="scale", scale={"type": "default", "instances": 2})
    served.ready(2)


def test_a_client_that_goes_harms_nobody(serve: Serve) -> None:
    served = serve(ECHO)
    served.ready()
    for _ in range(20):
        with Client(served.places.socket(REVISION, 0)) as client:
            client.send([1])
    assert served.ask(2)[0] == 200
    assert served.record.replicas[0].restarts == 0


def test_loading_may_take_longer_than_the_liveness_probe_has_patience(serve: Serve, tmp_path: Path) -> None:
    slow = f"import os, time\ndef init():\n    while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    served = serve(slow + "def run(data): return data", liveness=IMPATIENT | {"failure_threshold": 1})
    (one,) = served.reaches(lambda r: r.replicas and r.replicas[0].pid).replicas
    begun = time.monotonic()
    eventually(lambda: time.monotonic() - begun > 1.0)
    (tmp_path / "go").touch()
    (same,) = served.ready()
    assert (same.pid, same.restarts) == (one.pid, 0)


def test_a_replica_that_does_not_answer_gets_no_requests_until_it_does(serve: Serve) -> None:
    served = serve(ECHO, readiness=IMPATIENT)
    (one,) = served.ready()
    os.kill(one.pid, signal.SIGSTOP)
    served.reaches(lambda r: r.state == "starting" and not r.replicas[0].ready)
    os.kill(one.pid, signal.SIGCONT)
    (same,) = served.ready()
    assert same == one


def test_a_call_that_never_returns_costs_the_replica_its_process_and_says_so(serve: Serve) -> None:
    served = serve("import time\ndef run(data):\n    while data != '1': time.sleep(0.1)\n    return 1", timeout_s=0.2)
    (first,) = served.ready()
    assert served.ask("for ever")[0] == 408
    served.reaches(lambda r: r.replicas[0].restarts == 1, 60)
    assert served.ask(1) == (200, 1)
    assert served.record.replicas[0].pid != first.pid
    assert "ended with exit code 4: " in served.bench.log(served.handle)
