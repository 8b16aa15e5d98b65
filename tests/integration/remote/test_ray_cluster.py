"""Jobs on a Ray cluster of several nodes: resources, several nodes, and what dies in between."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute_bench")

from lapisml.backends.compute.ray.attach import LEAVES_AFTER_S  # noqa: E402
from lapisml.core.errors import LapisError  # noqa: E402
from lapisml.core.snapshots import blob_path, manifest_path  # noqa: E402
from lapisml.documents.manifest import Manifest, ManifestFile  # noqa: E402
from lapisml.ports.compute import CodeSpec, EndReason, JobPhase, Outcome, ResourceSpec  # noqa: E402
from lapisml.runner import tls  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.support.http import answering, first_line  # noqa: E402
from tests.support.polling import eventually  # noqa: E402
from tests.support.ray_cluster import RayCluster, RayRig  # noqa: E402
from tests.support.whole import only_in_a_whole_run  # noqa: E402

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

ON_N1 = ResourceSpec(cpus=0.5, instance_type="second")
ON_N0 = ResourceSpec(cpus=0.5, instance_type="first")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """Two nodes; each can be named by a resource of its own, the second has GPUs (as far as Ray knows)."""
    made = RayCluster()
    try:
        made.start(cpus=2, resources={"first": 1})
        made.join("n1", cpus=2, gpus=2, resources={"second": 1})
        yield made
    finally:
        made.stop()


@pytest.fixture
def rig(tmp_path: Path, cluster: RayCluster) -> Iterator[RayRig]:
    """The server's side; the front and its folder stay from test to test."""
    made = RayRig(cluster, tmp_path, server=cluster.folder / "server")
    yield made
    made.close()
    made.end_jobs()


@pytest.fixture
def bench(rig: RayRig) -> Bench:
    """Hands jobs to the cluster."""
    return Bench(rig.backend, rig.shared, rig.root("n0"))


def test_code_reaches_a_node_that_is_not_the_head(bench: Bench, rig: RayRig) -> None:
    """Through the head, to a folder of the node's own; what is there once is not sent again."""
    store = rig.shared / "snapshots"
    content = b"print('from the code')\n"
    file = ManifestFile("main.py", len(content), _sha256(content))
    manifest = Manifest.of([file])
    for path, data in (
        (blob_path(str(store), file.sha256), content),
        (manifest_path(str(store), manifest.digest()), json.dumps(manifest.to_dict()).encode()),
    ):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)
    code = CodeSpec(manifest.digest(), str(store))
    for _time in range(2):
        spec = bench.spec("python3 main.py; pwd; echo made > outputs/a", code=code, resources=ON_N1)
        handle = bench.backend.submit(spec)
        assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED
        said, where = bench.log(handle).splitlines()
        assert said == "from the code"
        assert where.startswith(str(rig.root("n1")))
        assert bench.artifact(spec, "outputs/a").read_text() == "made\n"


def test_jobs_get_gpus_of_their_own(bench: Bench) -> None:
    """Two jobs with a GPU each see one each; one without sees none."""
    show = "echo gpu=$CUDA_VISIBLE_DEVICES up; sleep 0.5"
    one = ResourceSpec(cpus=0.5, gpus=1)
    handles = [bench.running(show, resources=one, mark="up"), bench.running(show, resources=one, mark="up")]
    seen = {bench.log(handle).split()[0] for handle in handles}
    assert seen == {"gpu=0", "gpu=1"}
    assert bench.log(bench.running(show, resources=ON_N1)).split()[0] == "gpu="
    for handle in handles:
        bench.follow(handle)


def test_a_job_that_waits_says_what_for(bench: Bench) -> None:
    """What is too large for the cluster is said with what there is; what is taken, with what is free."""
    large = bench.submit("true", resources=ResourceSpec(gpus=4))
    sentence = eventually(lambda: bench.look(large).sentence)
    assert "Waits for a node with 1 CPU, 4 GPUs" in sentence
    assert "most on one node: 2 CPUs, 2 GPUs" in sentence
    many = bench.submit("true", node_count=3)
    assert "Waits for 3 nodes with 1 CPU each: the cluster has 2" in bench.look(many).sentence
    sized = bench.submit("true", resources=ResourceSpec(instance_type="A100"))
    assert "the resource A100" in bench.look(sized).sentence
    full = bench.running("echo up; sleep 600", resources=ResourceSpec(cpus=2, instance_type="second"))
    waiting = bench.submit("true", resources=ResourceSpec(cpus=2, instance_type="second"))
    eventually(lambda: "of 4" in bench.look(waiting).sentence, what="the free CPUs in the sentence")
    for handle in (large, many, sized):
        assert bench.look(handle).phase is JobPhase.SUBMITTED
        bench.backend.cancel(handle, by="ada")
        course = bench.follow(handle)
        assert (course.exit.outcome, course.exit.reason) == (Outcome.CANCELED, "Canceled by ada.")
        assert course.phases == ["ended"]
        bench.backend.discard(handle)
    bench.backend.cancel(full, grace_s=1)
    assert bench.follow(full).exit.outcome is Outcome.CANCELED
    assert bench.follow(waiting).exit.outcome is Outcome.COMPLETED


def test_many_jobs_run_once_each_and_no_more_than_fit(bench: Bench, rig: RayRig) -> None:
    """Forty jobs of one CPU each, on four CPUs."""
    line = rig.shared / "line"
    handles = [bench.submit(f"echo + >> {line}; sleep 0.1; echo - >> {line}") for _number in range(40)]
    for handle in handles:
        assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED
    running = most = 0
    marks = line.read_text().split()
    for mark in marks:
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert (marks.count("+"), most <= 4) == (40, True)


def test_two_nodes_are_one_job(bench: Bench) -> None:
    """Each part on a node of its own, knowing the other; all logs are the job's."""
    handle = bench.submit("echo node=$AZUREML_CR_NODE_RANK of=$AZUREML_NODE_COUNT home=$HOME", node_count=2)
    assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED
    logs = [log.path for log in bench.backend.list_logs(handle) if log.path.startswith("user_logs/std_log_")]
    said = [bench.log(handle)] + [bench.log(handle, path) for path in logs]
    words = sorted({line for text in said for line in text.splitlines()})
    assert [word.split()[:2] for word in words] == [["node=0", "of=2"], ["node=1", "of=2"]]
    assert len({word.split()[2] for word in words}) == 2


def test_a_part_that_fails_ends_the_others(bench: Bench) -> None:
    """The first failure is the job's, and nobody waits for the rest."""
    handle = bench.submit("[ $AZUREML_CR_NODE_RANK = 1 ] && exit 7; sleep 600", node_count=2, grace_s=1)
    course = bench.follow(handle, timeout=60)
    assert (course.exit.outcome, course.exit.exit_code) == (Outcome.FAILED, 7)


def test_the_front_may_die(bench: Bench, rig: RayRig) -> None:
    """Jobs run on, and end, while nobody is there; the front is started again and finds them."""
    running = bench.running("echo up; sleep 3; exit 5", resources=ON_N1)
    short = bench.running("echo up; exit 6", resources=ON_N0)
    full = bench.submit("exit 8", resources=ResourceSpec(gpus=2, cpus=2))
    (front,) = rig.cluster.processes("ray.front")
    os.kill(front, signal.SIGKILL)
    assert bench.look(running).exit is None
    for handle, code in ((running, 5), (short, 6), (full, 8)):
        assert bench.follow(handle, timeout=90).exit.exit_code == code
    assert front not in rig.cluster.processes("ray.front")


def test_another_front_takes_over(bench: Bench, rig: RayRig) -> None:
    """A server of other sources (here: other settings) replaces the front; the running job does not notice."""
    running = bench.running("echo up; sleep 4; exit 5")
    (front,) = rig.cluster.processes("ray.front")
    bench.backend.close()
    rig.document = {"max_nodes": 1, "interpreter": rig.cluster.python}
    bench.restart()
    assert bench.follow(running, timeout=90).exit.exit_code == 5
    assert front not in rig.cluster.processes("ray.front")
    with pytest.raises(LapisError, match="asks for 2 nodes"):
        bench.submit("true", node_count=2)


def test_nobody_but_the_jobs_comes_in_at_the_front(rig: RayRig) -> None:
    """It listens where the nodes reach it; without the certificate that lies in their folders nothing answers."""
    with answering() as server:
        bench = Bench(lambda: rig.backend(server_url=server), rig.shared, rig.root("n0"))
        ended = bench.follow(bench.backend.submit(bench.spec("true", resources=ON_N1)), timeout=60)
        assert ended.exit.outcome is Outcome.COMPLETED
        known = json.loads((rig.root("n1") / "run" / "server.json").read_text())
        door, url = rig.root("n1") / "run" / "door.pem", urlsplit(known["url"])
        assert (known["tls_cert"], known["tls_client"], url.scheme) == (str(door), str(door), "https")
        assert door.stat().st_mode & 0o077 == 0
        host, port = str(url.hostname), int(url.port or 0)
        assert first_line(host, port, None) == ""
        assert first_line(host, port, tls.context(str(door))) == ""
        assert first_line(host, port, tls.context(str(door), str(door))) == "HTTP/1.0 401 Unauthorized"


def test_a_keeper_may_die(bench: Bench, rig: RayRig) -> None:
    """What watches a node's jobs is made again; neither command nor supervisor notices."""
    handle = bench.running("echo up; sleep 2; exit 4", resources=ON_N1)
    keepers = rig.cluster.processes("ray::Keeper")
    assert keepers
    for pid in keepers:
        os.kill(pid, signal.SIGKILL)
    course = bench.follow(handle, timeout=60)
    assert (course.exit.exit_code, course.phases[-1]) == (4, "ended")


def test_the_dashboard_may_be_away(bench: Bench, rig: RayRig) -> None:
    """It is needed to find the front, not to talk to it."""
    assert bench.follow(bench.submit("true"), timeout=60).exit.exit_code == 0
    found = rig.cluster.processes("/dashboard/dashboard.py") + rig.cluster.processes("ray-dashboard")
    assert found
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert bench.follow(bench.submit("exit 3"), timeout=60).exit.exit_code == 3
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


def test_while_the_front_is_silent_nothing_is_known(bench: Bench, rig: RayRig) -> None:
    """No news is no verdict: a network that is cut looks the same."""
    handle = bench.running("echo up; sleep 2; exit 9")
    (front,) = rig.cluster.processes("ray.front")
    os.kill(front, signal.SIGSTOP)
    try:
        seen = eventually(lambda: (o := bench.look(handle)).phase is JobPhase.UNKNOWN and o, timeout=30)
        assert rig.cluster.address in seen.sentence
        assert bench.backend.describe().state == "unreachable"
    finally:
        os.kill(front, signal.SIGCONT)
    assert bench.follow(handle, timeout=60).exit.exit_code == 9


def test_a_front_that_nobody_needs_leaves(rig: RayRig) -> None:
    """Not before the last job has ended; the next server starts another."""
    rig.leaves_after_s = 10.0
    bench = Bench(rig.backend, rig.shared)
    handle = bench.running("echo up; sleep 5; exit 3", resources=ON_N1)
    (front,) = rig.cluster.processes("ray.front")
    bench.backend.close()
    eventually(lambda: front not in rig.cluster.processes("ray.front"), timeout=90)
    rig.leaves_after_s = LEAVES_AFTER_S
    bench.restart()
    assert bench.follow(handle, timeout=60).exit.exit_code == 3


def test_the_cluster_is_described(bench: Bench) -> None:
    """Its nodes with what they have, and the engine's facts."""
    standing = bench.backend.describe()
    assert standing.state == "ready"
    assert [(node.name, node.cpus, node.gpus) for node in standing.nodes] == [("n0", 2, 0), ("n1", 2, 2)]
    assert standing.engine["Ray"]


def test_a_node_that_is_gone_takes_its_jobs_with_it(rig: RayRig) -> None:
    """Its jobs end with that reason, others go on; a node that comes back in time keeps them."""
    rig.patience_s = 15.0
    bench = Bench(rig.backend, rig.shared)
    rig.cluster.join("n2", cpus=1, resources={"third": 1})
    there = ResourceSpec(cpus=0.5, instance_type="third")
    bench.follow(bench.submit("true", resources=there), timeout=60)
    kept = bench.running("echo up; sleep 25; exit 3", resources=there)
    rig.cluster.kill_node("n2")
    seen = eventually(lambda: (o := bench.look(kept)).phase is JobPhase.UNKNOWN and o, timeout=30)
    assert "n2" in seen.sentence
    rig.cluster.join("n2", cpus=1, resources={"third": 1})
    assert bench.follow(kept, timeout=60).exit.exit_code == 3

    lost = bench.running("echo up; sleep 600", resources=there)
    other = bench.running("echo up; sleep 20; exit 2", resources=ON_N0)
    rig.cluster.kill_node("n2")
    course = bench.follow(lost, timeout=60)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.NODE_LOST)
    assert "n2" in course.exit.reason
    assert bench.follow(other, timeout=60).exit.exit_code == 2


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
