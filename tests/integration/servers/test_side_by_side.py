"""Several servers behind one address do what one does; what only one machine has, the others ask it for."""

from __future__ import annotations

import base64
import os
import uuid
from pathlib import Path

import pytest
import yaml

from lapisml import __version__
from tests.conftest import ServerFactory
from tests.integration.jobs.client import Api
from tests.integration.pipelines.test_pipelines import chain, children, pipeline, submit
from tests.integration.sweeps.trials import parameters, script, sweep
from tests.support.cli import run_lapis
from tests.support.cluster import TOKEN, Cluster
from tests.support.live import LiveReader
from tests.support.polling import eventually
from tests.support.processes import tail
from tests.support.server import LapisServer

pytestmark = pytest.mark.postgres


def test_commands_through_the_balancer(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "src").mkdir(parents=True)
    for number in range(6):
        (folder / "src" / f"m{number}.py").write_text(f"print({number})\n")
    document = {"command": "python m1.py && cat m*.py", "code": "./src", "environment": {"image": "python"}}
    (folder / "job.yml").write_text(yaml.safe_dump(document))
    env = {"LAPIS_URL": cluster.balancer.url, "LAPIS_TOKEN": TOKEN}

    def lapis(*words: str) -> str:
        return run_lapis(*words, home=tmp_path / "user", cwd=folder, env=env, check=True).stdout.strip()

    name = lapis("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv")
    assert "print(5)" in lapis("job", "stream", "-n", name)
    for server in cluster.servers:
        api = Api(_of(cluster, server))
        assert api.job(name)["status"] == "Completed"
        assert b"print(5)" in api.log(name), "each server reads the log of an ended job"
    assert all(cluster.balancer.passed[server.port] for server in cluster.servers), "both took requests"


def test_the_log_of_a_job_that_runs_on_another_machine(cluster: Cluster) -> None:
    one, two = (Api(_of(cluster, server)) for server in cluster.servers)
    go = cluster.folder / "go"
    names = [one.submit(f"echo hello $PWD; while [ ! -e {go} ]; do sleep 0.05; done; echo bye") for _ in range(2)]
    for name in names:
        eventually(lambda name=name: b"hello" in one.log(name), 60, what="the log on one server")
        assert one.printed(name) == two.printed(name)
        listed = [api.call("GET", f"/jobs/{name}/logs")[1]["value"] for api in (one, two)]
        assert [[f["path"] for f in files] for files in listed].count([f["path"] for f in listed[0]]) == 2
    go.touch()
    for name in names:
        two.wait(name, "Completed")
        eventually(lambda name=name: one.printed(name).endswith(b"bye\n"), 10, what="the end of the log")


def test_a_pipeline_goes_on_when_the_server_that_drives_it_dies(cluster: Cluster) -> None:
    api = Api(cluster.client)
    go = cluster.folder / "go"
    jobs = chain(uuid.uuid4().hex)
    jobs["prepare"]["command"] += f"; while [ ! -e {go} ]; do sleep 0.05; done"
    name = submit(api, pipeline(jobs, inputs={"rate": 0.1}, settings={"force_rerun": True}))
    eventually(lambda: "prepare" in children(api, name), 60, what="the first step")
    child = f"{name}--prepare"
    api.wait(child, "Running")
    runs_at = next(n for n, s in enumerate(cluster.servers) if (s.home / "runs" / "default" / child).exists())
    cluster.servers[1 - runs_at].kill9()
    go.touch()
    assert api.wait(name, "Completed", timeout=120)["status_reason"] == "All 3 steps completed."


def test_a_sweep_goes_on_whichever_server_drives_it(cluster: Cluster) -> None:
    api = Api(cluster.client)
    body = "log('accuracy', float(sys.argv[1]))\ntime.sleep(0.5)\n"
    command = f"{script(cluster.folder, body)} ${{{{search_space.rate}}}}"
    name = f"s-{uuid.uuid4().hex[:10]}"
    space = {"rate": {"type": "choice", "values": [n / 10 for n in range(8)]}}
    document = sweep(command, space, sampling_algorithm="grid", limits={"max_total_trials": 8})
    status, made = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), made
    for server in [*cluster.servers, cluster.servers[0]]:
        _wait_for_more(api, name)
        server.kill9()
        server.start()
    api.wait(name, "Completed", timeout=180)
    trials = children(api, name)
    assert sorted(parameters(trial)["rate"] for trial in trials.values()) == space["rate"]["values"]
    assert {trial["status"] for trial in trials.values()} == {"Completed"}


def test_a_job_whose_server_dies_goes_on_and_is_taken_up_again(cluster: Cluster) -> None:
    api = Api(cluster.client)
    go = cluster.folder / "go"
    name = api.submit(f"echo hello; while [ ! -e {go} ]; do sleep 0.05; done; echo bye")
    api.wait(name, "Running")
    at = next(n for n, s in enumerate(cluster.servers) if (s.home / "runs" / "default" / name).exists())
    cluster.servers[at].kill9()
    job = eventually(lambda: _not_responding(api, name), 90, what="a job that says that its server is away")
    assert job["status_code"] == "ServerAway"
    assert "followed again when that server is back" in job["status_reason"]
    status, body = api.call("GET", f"/jobs/{name}/logs")
    assert (status, body["error"]["code"]) == (502, "ServerUnreachable")
    other = api.submit("echo other")
    api.wait(other, "Completed")
    go.touch()
    cluster.servers[at].start()
    api.wait(name, "Completed")
    assert api.printed(name) == b"hello\nbye\n"


def test_what_one_server_changes_is_told_to_the_pages_of_another(cluster: Cluster) -> None:
    one, two = (_of(cluster, server) for server in cluster.servers)
    reader = LiveReader(one)
    name = Api(two).submit("true")
    reader.heard(f"jobs/{name}", 20)
    reader.close()


def test_another_key_is_refused(cluster: Cluster, start_server: ServerFactory, tmp_path: Path) -> None:
    other = base64.urlsafe_b64encode(os.urandom(32)).decode()
    said = _refusal(start_server, {**cluster.env, "LAPIS_SECRET_KEY": other}, tmp_path / "third")
    assert "The secret.key of this server is not the one" in said
    assert other not in said


def test_another_place_for_files_is_refused(cluster: Cluster, start_server: ServerFactory, tmp_path: Path) -> None:
    env = {key: value for key, value in cluster.env.items() if not key.startswith("LAPIS_DEFAULT_DATASTORE")}
    said = _refusal(start_server, env, tmp_path / "third")
    assert "All servers of a database need the same LAPIS_DEFAULT_DATASTORE" in said


def test_two_homes_without_a_common_place_for_files(
    start_server: ServerFactory, tmp_path: Path, postgres_url: str
) -> None:
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    env = {"LAPIS_DATABASE_URL": postgres_url, "LAPIS_SECRET_KEY": key}
    start_server(env, tmp_path / "one")
    said = _refusal(start_server, env, tmp_path / "two")
    assert "lie in the home of another server" in said
    assert "LAPIS_DEFAULT_DATASTORE" in said
    three = tmp_path / "three"
    three.mkdir()
    (three / "storage").symlink_to(tmp_path / "one" / "storage")
    shared = start_server(env, three)
    Api(shared).wait(Api(shared).submit("true"), "Completed")


def test_a_server_of_another_version_is_named(cluster: Cluster) -> None:
    import psycopg

    url = cluster.env["LAPIS_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE servers SET version = '0.0.1', owner = 'elsewhere/b/1/1', seen_at = seen_at + 60000 WHERE url = %s",
            (cluster.servers[0].url,),
        )
    cluster.servers[1].restart()
    assert f"has 0.0.1, this one {__version__}" in (cluster.servers[1].home / "logs" / "server.log").read_text()


def _of(cluster: Cluster, server: LapisServer) -> LapisServer:
    made = cluster.client
    made.url = server.url
    return made


def _wait_for_more(api: Api, name: str) -> None:
    """Wait until a sweep has one trial more, or is over."""
    before = len(children(api, name))
    eventually(lambda: len(children(api, name)) > before or api.job(name)["status"] == "Completed", 60, what="a trial")


def _not_responding(api: Api, name: str) -> dict[str, str] | None:
    job = api.job(name)
    return job if job["status"] == "NotResponding" else None


def _refusal(start_server: ServerFactory, env: dict[str, str], home: Path) -> str:
    server = start_server(env, home, wait=False)
    eventually(lambda: server.process.poll() is not None, 60, what="a server that refuses to run")
    return tail(server.log)
