"""The relay: what it promises to a job's code, with a tracking server that comes and goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lapisml.backends.compute.local import LocalProcesses
from lapisml.ports.compute import JobPhase, Outcome, TrackingSpec
from lapisml.ports.launch import PartSpec
from lapisml.runner import layout, processes, specfile
from lapisml.runner.relay.spool import Spool
from lapisml.testing.compute_bench import Bench
from tests.integration.relay.conftest import TOKEN, RelayedJob
from tests.integration.relay.tracker import PATH, Tracker
from tests.support.polling import eventually

Relayed = Callable[..., RelayedJob]


def test_a_job_that_never_calls_starts_no_relay(bench: Bench, relayed: Relayed) -> None:
    job = relayed()
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert not (job.folder / layout.RELAY).exists()


def test_a_relay_is_forked_once_its_modules_are_loaded(
    relayed: Relayed, tracker: Tracker, request: pytest.FixtureRequest
) -> None:
    job = relayed()
    tracker.start()
    job.log_metric(0)
    name = processes.name_of(job.pid("relay"))
    assert name.startswith(request.node.callspec.params["bench"])
    held = {path.resolve() for path in Path(f"/proc/{job.pid('relay')}/fd").iterdir()}
    assert job.folder / layout.LOCK not in held, "a relay that outlives its supervisor must not hold the job's lock"


def test_metrics_are_taken_while_the_server_is_away(bench: Bench, relayed: Relayed, tracker: Tracker) -> None:
    job = relayed()
    for step in range(200):
        job.log_metric(step)
    assert tracker.requests == []
    tracker.start()
    eventually(lambda: len(tracker.steps("run")) == 200)
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == list(range(200))


def test_points_arrive_once_and_in_order_through_many_restarts(
    bench: Bench, relayed: Relayed, tracker: Tracker
) -> None:
    """The server dies after it has taken a batch in and before it answers: the worst moment, many times."""
    job = relayed()
    for round_number in range(8):
        tracker.start()
        tracker.breaks_after = 1
        for step in range(round_number * 25, round_number * 25 + 25):
            job.log_metric(step)
        eventually(lambda: tracker.breaks_after is None)
        tracker.stop()
    tracker.start()
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == list(range(200))


def test_what_was_written_is_read(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    for step in range(60):
        job.log_metric(step)
        if step % 20 == 19:
            assert job.call("GET", "/history/run")[1] == {"steps": list(range(step + 1))}


def test_batches_hold_a_thousand_points_at_most_and_runs_are_kept_apart(relayed: Relayed, tracker: Tracker) -> None:
    job = relayed()
    for part in range(3):
        metrics = [{"key": "k", "value": 1, "timestamp": 1, "step": part * 1000 + n} for n in range(1000)]
        assert job.call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": "a", "metrics": metrics})[0] == 200
        job.log_metric(part, run_id="b")
    tracker.start()
    eventually(lambda: len(tracker.steps("b")) == 3)
    assert tracker.steps("a") == list(range(3000))
    assert tracker.steps("b") == [0, 1, 2]
    assert max(tracker.batches) == 1000


def test_a_batch_with_more_than_metrics_is_passed_on_whole(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    body = {"run_id": "run", "metrics": [{"key": "k", "value": 1, "timestamp": 1, "step": 3}], "params": [{"key": "p"}]}
    status, answer = job.call("POST", "/api/2.0/mlflow/runs/log-batch", body)
    assert (status, answer["path"]) == (200, PATH + "/api/2.0/mlflow/runs/log-batch")
    assert tracker.steps("run") == [3]


@pytest.mark.parametrize(
    "metric",
    [
        {"key": "", "value": 1, "timestamp": 1},
        {"key": "k", "value": "many", "timestamp": 1},
        {"key": "k", "value": 1},
        {"value": 1, "timestamp": 1},
    ],
)
def test_a_metric_that_makes_no_sense_is_for_the_server_to_judge(
    relayed: Relayed, tracker: Tracker, metric: dict[str, object]
) -> None:
    tracker.start()
    job = relayed()
    assert job.call("POST", "/api/2.0/mlflow/runs/log-metric", {"run_id": "run", **metric})[0] == 200
    assert tracker.requests[-1] == f"POST {PATH}/api/2.0/mlflow/runs/log-metric"


def test_every_other_request_waits_for_the_server(relayed: Relayed, tracker: Tracker) -> None:
    job = relayed()
    timer = threading.Timer(0.4, tracker.start)
    timer.start()
    assert job.call("POST", "/api/2.0/mlflow/runs/log-parameter", {"run_id": "run"})[0] == 200
    tracker.stop()
    again = threading.Timer(0.4, tracker.start)
    again.start()
    assert job.call("GET", "/history/run")[0] == 200
    for thread in (timer, again):
        thread.join()


def test_only_the_job_uses_its_relay_and_only_for_its_workspace(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    for token in (None, "", "another-token", "secret-token2"):
        assert job.call("POST", "/api/2.0/mlflow/runs/log-metric", {"run_id": "run"}, token)[0] == 401
    for target in ("/api/v1/status", "/mlflow/other/api", "/mlflow/defaultx", "/"):
        assert job.raw("GET", target).read()
        assert job.raw("GET", target).status == 404
        job.hang_up()
    assert tracker.requests == []


def test_answers_come_back_as_they_are(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    assert job.raw("GET", PATH + "/chunked").read() == b"one two three"
    head = job.raw("HEAD", PATH + "/file")
    assert (head.read(), head.status, head.headers["Content-Length"]) == (b"", 200, "12345")
    empty = job.raw("GET", PATH + "/empty")
    assert (empty.read(), empty.status) == (b"", 204)
    assert job.call("GET", "/nothing")[0] == 404


def test_a_server_with_tls_is_known_by_its_certificate(relayed: Relayed, tracker: Tracker, tmp_path: Path) -> None:
    job = relayed()
    job.log_metric(1)
    tracker.start(_certificate(tmp_path / "its.pem"))
    assert job.call("GET", "/history/run")[1] == {"steps": [1]}
    tracker.stop()
    job.log_metric(2)
    tracker.start(_certificate(tmp_path / "impostor.pem"))
    record = tmp_path / "run" / "server.json"
    record.write_text(record.read_text().replace("impostor", "its"))
    eventually(lambda: tracker.handshakes_refused >= 2)
    assert tracker.steps("run") == [1]


def test_a_server_behind_a_path_is_found(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start(prefix="/lapis/")
    job = relayed()
    assert job.call("GET", "/nothing")[1] == {"path": f"/lapis{PATH}/nothing"}


def _certificate(path: Path) -> Path:
    """Write a self-signed certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somewhere.else")])
    now = datetime.now(UTC)
    until = now + timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, until)
    certificate = builder.sign(key, hashes.SHA256())
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + key.private_bytes(*plain))
    return path


def test_large_bodies_stream_both_ways(relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    content = os.urandom(1 << 20) * 64
    put = job.raw("PUT", PATH + "/artifact", content)
    assert (put.read(), put.status) == (b"{}", 200)
    job.hang_up()
    pieces = job.raw("PUT", PATH + "/pieces", iter([b"abc" * 500_000, b"end"]))
    assert (pieces.read(), pieces.status) == (b"{}", 200)
    assert tracker.files[PATH + "/pieces"] == b"abc" * 500_000 + b"end"
    assert job.raw("GET", PATH + "/artifact").read() == content
    resident = Path(f"/proc/{job.pid('relay')}/statm").read_text().split()[1]
    assert int(resident) * os.sysconf("SC_PAGE_SIZE") < 60_000_000


def test_a_job_whose_metrics_have_not_arrived_has_not_ended(bench: Bench, relayed: Relayed, tracker: Tracker) -> None:
    """The processes go, the metrics stay; they are delivered when the server is back, before the end is told."""
    job = relayed(flush_timeout_s=0.3)
    for step in range(30):
        job.log_metric(step)
    job.finish()
    bench.wait((job.folder / layout.EXIT).exists)
    bench.follow(job.handle, lambda _course: bench.look(job.handle).phase is JobPhase.FINALIZING)
    assert bench.restart().observe([]) == []
    assert bench.look(job.handle).exit is None
    tracker.start()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == list(range(30))
    eventually(lambda: not (job.folder / layout.SECRETS).exists())


def test_a_killed_relay_loses_nothing(bench: Bench, relayed: Relayed, tracker: Tracker) -> None:
    job = relayed()
    for step in range(90):
        if step % 30 == 29:
            os.kill(job.pid("relay"), signal.SIGKILL)
            job.hang_up()
        job.log_metric(step)
    tracker.start()
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == list(range(90))


@pytest.mark.parametrize("has_called", [False, True])
def test_the_relay_stays_reachable_when_the_supervisor_is_killed(
    bench: Bench, relayed: Relayed, tracker: Tracker, has_called: bool
) -> None:
    """With a relay running it goes on; without one the next supervisor listens on the same port."""
    tracker.start()
    job = relayed()
    if has_called:
        job.log_metric(0)
    os.kill(job.pid("supervisor"), signal.SIGKILL)
    bench.follow(job.handle, lambda course: any("supervisor" in entry.detail for entry in course.journal))
    job.log_metric(1)
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == ([0, 1] if has_called else [1])


def test_the_relay_ends_with_the_job(bench: Bench, relayed: Relayed, tracker: Tracker) -> None:
    tracker.start()
    job = relayed()
    job.log_metric(0)
    pid = job.pid("relay")
    job.finish()
    bench.follow(job.handle)
    assert processes.start_ticks(pid) is None


def test_what_the_server_refuses_is_kept_aside_and_told(bench: Bench, relayed: Relayed, tracker: Tracker) -> None:
    job = relayed()
    for step in range(10):
        job.log_metric(step, "refused" if step == 4 else "loss")
    tracker.start()
    job.finish()
    assert bench.follow(job.handle).exit.outcome is Outcome.COMPLETED
    assert tracker.steps("run") == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert (job.folder / layout.UNDELIVERED).read_text().count("\n") == 1
    assert "refused a metric of run run" in bench.log(job.handle)


def test_garbage_ends_the_connection_and_not_the_relay(relayed: Relayed, tracker: Tracker) -> None:
    import socket

    tracker.start()
    job = relayed()
    for garbage in (b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", job.port), timeout=10) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    job.log_metric(0)
    eventually(lambda: tracker.steps("run") == [0])


def test_parts_of_one_job_whose_spools_are_alike_lose_no_point(tmp_path: Path, tracker: Tracker) -> None:
    """Two machines log under names of one length: their spools then have the same offsets, and each its own points."""
    tracker.start()
    tracking = TrackingSpec(str(tmp_path / "run" / "server.json"), PATH, TOKEN, "run", "1", "exp")
    bench = Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    whole = bench.spec("true", tracking=tracking, node_count=2)
    for number in range(2):
        folder = tmp_path / f"part{number}"
        folder.mkdir()
        spec = replace(whole, part=PartSpec(number, ("127.0.0.1",) * 2, (20000, 20016)))
        specfile.write(str(folder), spec.to_json(), "boot")
        point = {"key": f"loss{number}", "value": 1.0, "timestamp": 1, "step": 0}
        Spool(str(folder), "elsewhere").append("run", [point])
        script = "import sys; from lapisml.runner.relay.main import serve; serve(sys.argv[1], None)"
        subprocess.run([sys.executable, "-c", script, str(folder)], check=True, timeout=60)
    assert [point["key"] for point in tracker.metrics["run"]] == ["loss0", "loss1"]
