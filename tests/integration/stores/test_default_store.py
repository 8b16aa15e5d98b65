"""A whole workspace in a bucket: what goes to the server's folder without the setting goes there with it."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.endpoints.conftest import Client
from tests.integration.jobs.client import Api
from tests.integration.pipelines.test_pipelines import chain, children, pipeline, submit
from tests.integration.stores.conftest import World
from tests.integration.sweeps.trials import script, sweep

ENVIRONMENT = {"image": "python"}


def test_a_job_with_code_and_data_of_the_users_machine(world: World) -> None:
    folder = world.folder / "job"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.py").write_text(
        "import os, sys\nprint(open(os.path.join(sys.argv[1], 'deep', 'a.txt')).read())\n"
        "open(os.path.join(sys.argv[2], 'b.txt'), 'w').write('made')\n"
        "open('outputs/c.txt', 'w').write('kept')\n"
    )
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "deep" / "a.txt").write_text("from afar")
    document = {
        "command": "python main.py ${{inputs.data}} ${{outputs.made}}", "code": "./src", "environment": ENVIRONMENT,
        "inputs": {"data": {"type": "uri_folder", "path": "./data"}},
        "outputs": {"made": {"type": "uri_folder", "name": "made-there"}},
    }  # fmt: skip
    (folder / "job.yml").write_text(yaml.safe_dump(document))
    name = world.lapis("job", "create", "-f", str(folder / "job.yml"), "--query", "name", "-o", "tsv")
    job = world.api.wait(name, "Completed")
    assert job["status"] == "Completed"
    assert b"from afar" in world.api.log(name)
    kept = world.bucket.paths("default")
    assert f"workspaceblobstore/azureml/{name}/made/b.txt" in kept
    artifacts = f"workspaceartifactstore/ExperimentRun/dcid.{name}"
    assert {f"{artifacts}/outputs/c.txt", f"{artifacts}/user_logs/std_log.txt"} <= set(kept)
    assert any(path.startswith("workspaceblobstore/LocalUpload/") and path.endswith("deep/a.txt") for path in kept)
    assert any(path.startswith("snapshots/manifests/") for path in kept)
    assert not [path for path in kept if path.startswith("uploads/")], "nothing is left waiting"
    assert world.kept_here() == []
    shutil.rmtree(world.server.home / "runs" / "default" / name)
    assert b"from afar" in world.api.log(name), "the log comes from the bucket when the folder is gone"
    shown = world.lapis("data", "show", "-n", "made-there", "--version", "1", "--query", "path", "-o", "tsv")
    assert shown.endswith(f"azureml/{name}/made/")
    world.lapis("job", "download", "-n", name, "--all", "--download-path", str(folder / "got"))
    assert {p.name for p in (folder / "got").rglob("*.txt")} >= {"b.txt", "c.txt", "std_log.txt"}


def test_the_same_upload_again_sends_nothing_and_code_is_shown(world: World) -> None:
    folder = world.folder / "again"
    folder.mkdir()
    (folder / "x.csv").write_text("a,b\n1,2\n")
    for version in ("1", "2"):
        words = ("--version", version, "--path", str(folder), "--type", "uri_folder")
        world.lapis("data", "create", "-n", "table", *words)
    uris = {world.lapis("data", "show", "-n", "table", "--version", v, "--query", "path", "-o", "tsv") for v in "12"}
    assert len(uris) == 1
    (uri,) = uris
    status, listed = world.api.call("GET", f"/content/children?uri={uri}")
    assert (status, [entry["name"] for entry in listed["value"]]) == (200, ["x.csv"])
    status, table = world.api.call("GET", f"/content/table?uri={uri}&path=x.csv")
    assert (status, table["rows"]) == (200, [["1", "2"]]), table
    job = world.api.submit("true", code=_code(world, b"print(1)\n"))
    world.api.wait(job, "Completed")
    reference = world.api.job(job)["code"]
    status, listed = world.api.call("GET", f"/content/children?uri={reference}")
    assert (status, [entry["name"] for entry in listed["value"]]) == (200, ["m.py"])


def test_code_that_is_not_on_this_machine_is_brought(world: World) -> None:
    code = _code(world, f"print({uuid.uuid4().hex!r})\n".encode())
    shutil.rmtree(world.server.home / "storage" / "default" / "snapshots", ignore_errors=True)
    job = world.api.submit("python m.py", code=code)
    world.api.wait(job, "Completed")
    assert len(world.api.printed(job)) == 33


def test_a_sweep(world: World) -> None:
    body = "log('accuracy', float(sys.argv[1]))\nopen('outputs/rate.txt', 'w').write(sys.argv[1])\n"
    command = script(world.folder, body) + " ${{search_space.rate}}"
    name = f"s-{uuid.uuid4().hex[:10]}"
    space = {"rate": {"type": "choice", "values": [0.1, 0.2, 0.3, 0.4]}}
    status, body_ = world.api.call("PUT", f"/jobs/{name}", {"document": sweep(command, space)})
    assert status in (200, 201), body_
    world.api.wait(name, "Completed", timeout=120)
    best = world.api.job(name)["properties"]["best_child_run_id"]
    kept = world.bucket.paths(f"default/workspaceartifactstore/ExperimentRun/dcid.{best}")
    assert "outputs/rate.txt" in kept


def test_a_pipeline_and_its_reuse(world: World) -> None:
    mark = uuid.uuid4().hex
    document = pipeline(chain(mark), inputs={"rate": 0.1})
    first = submit(world.api, document)
    world.api.wait(first, "Completed", timeout=120)
    assert world.api.printed(f"{first}--evaluate") == f"{mark}\n0.1\n{mark}\n".encode()
    second = submit(world.api, document)
    world.api.wait(second, "Completed", timeout=120)
    assert {child["status_code"] for child in children(world.api, second).values()} == {"Reused"}
    world.bucket.system.pipe_file(
        f"{world.bucket.base}/default/workspaceblobstore/azureml/{first}--prepare/data/a.txt", b"spoilt\n"
    )
    third = submit(world.api, document)
    world.api.wait(third, "Completed", timeout=120)
    assert children(world.api, third)["prepare"]["status_code"] != "Reused", "its output is not what it was"


def test_models_and_the_artifacts_of_mlflows_client(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"{world.server.url}/mlflow/default")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", world.server.token)
    run = client.create_run(client.create_experiment(f"e-{uuid.uuid4().hex[:8]}"))
    client.log_text(run.info.run_id, "a" * 100_000, "deep/notes.txt")
    client.log_text(run.info.run_id, "flavors: {}\n", "model/MLmodel")
    assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["deep", "model"]
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="deep/notes.txt", tracking_uri=f"{world.server.url}/mlflow/default"
    )
    assert len(Path(path).read_text()) == 100_000
    kept = world.bucket.paths("default")
    assert [path for path in kept if path.endswith("deep/notes.txt") and run.info.run_id in path]
    folder = world.folder / "plain-model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\0" * 10)
    world.lapis("model", "create", "-n", "weights", "--type", "custom_model", "--path", str(folder))
    world.lapis("model", "download", "-n", "weights", "--version", "1", "--download-path", str(world.folder / "got"))
    assert [p.read_bytes() for p in (world.folder / "got").rglob("weights.bin")] == [b"\0" * 10]
    job = world.api.submit("ls $AZUREML_MODEL_DIR ${{inputs.m}}", inputs={"m": {"path": "azureml:weights:1"}})
    world.api.wait(job, "Completed")
    assert b"weights.bin" in world.api.log(job)
    assert world.kept_here() == []


def test_a_batch_endpoint_scores(world: World) -> None:
    folder = world.folder / "batch"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "score.py").write_text(
        "import os\ndef init(): pass\ndef run(files): return [open(file).read().upper() for file in files]\n"
    )
    (folder / "data").mkdir()
    for word in ("one", "two"):
        (folder / "data" / f"{word}.txt").write_text(word)
    world.lapis("model", "create", "-n", "nothing", "--type", "custom_model", "--path", str(folder / "data"))
    world.api.call("PUT", "/batch-endpoints/upper", {"name": "upper"})
    document: dict[str, Any] = {
        "name": "main", "endpoint_name": "upper", "type": "model", "model": "azureml:nothing@latest",
        "compute": "azureml:local", "environment": ENVIRONMENT,
        "code_configuration": {"code": str(folder / "code"), "scoring_script": "score.py"},
        "settings": {"mini_batch_size": 1, "output_action": "append_row", "output_file_name": "all.csv"},
    }  # fmt: skip
    (folder / "deployment.yml").write_text(yaml.safe_dump(document))
    world.lapis("batch-deployment", "create", "-f", str(folder / "deployment.yml"), "--set-default")
    name = world.lapis(
        "batch-endpoint", "invoke", "-n", "upper", "--input", str(folder / "data"), "--query", "name", "-o", "tsv"
    )
    job = world.api.wait(name, "Completed", timeout=120)
    assert job["status"] == "Completed"
    world.lapis("job", "download", "-n", name, "--output-name", "score", "--download-path", str(folder / "got"))
    (found,) = (folder / "got").rglob("all.csv")
    assert sorted(found.read_text().split()) == ["ONE", "TWO"]
    assert world.kept_here() == []


def test_a_workspace_goes_with_its_files(world: World) -> None:
    world.lapis("workspace", "create", "-n", "brief")
    world.lapis("data", "create", "-w", "brief", "-n", "t", "--path", str(_file(world)), "--type", "uri_file")
    assert [path for path in world.bucket.paths("brief") if path.endswith("one.txt")]
    world.lapis("workspace", "delete", "-n", "brief", "--all-resources", "--permanently-delete", "--yes")
    assert world.bucket.paths("brief") == []


def test_the_datastore_says_where_it_lies(world: World) -> None:
    shown = json.loads(world.lapis("datastore", "show", "-n", "workspaceblobstore", "-o", "json"))
    assert f"{world.bucket.base}/default/workspaceblobstore" in shown["description"]
    secrets = [value for key, value in world.bucket.credentials.items() if key not in ("endpoint", "region")]
    assert not any(secret in json.dumps(shown) for secret in secrets)
    assert not any(secret in world.server.log.read_text() for secret in secrets)


def _file(world: World) -> Any:
    path = world.folder / "one.txt"
    path.write_text("1")
    return path


def _code(world: World, content: bytes) -> str:
    """Upload a folder with one file and give the reference of the snapshot."""
    folder = world.folder / f"code-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    (folder / "m.py").write_bytes(content)
    document = {"command": "true", "code": str(folder), "environment": ENVIRONMENT}
    (folder.parent / "code.yml").write_text(yaml.safe_dump(document))
    name = world.lapis("job", "create", "-f", str(folder.parent / "code.yml"), "--query", "name", "-o", "tsv")
    return str(Api(world.server).job(name)["code"])


def test_an_online_deployment_serves_a_model_of_the_bucket(world: World) -> None:
    client = Client(world.server)
    folder = world.folder / "served"
    folder.mkdir()
    (folder / "word.txt").write_text("from the bucket")
    world.lapis("model", "create", "-n", "word", "--type", "custom_model", "--path", str(folder))
    body = (
        "import glob, os\ndef init():\n    global word\n"
        "    word = open(glob.glob(os.environ['AZUREML_MODEL_DIR'] + '/**/word.txt', recursive=True)[0]).read()\n"
        "def run(data): return word\n"
    )
    client.put_endpoint("words")
    client.deploy("blue", "words", script=body, model="azureml:word:1")
    client.put_endpoint("words", traffic={"blue": 100})
    assert client.score("words").body == "from the bucket"
    collector = {"data_collector": {"collections": {"model_inputs": {"enabled": "true"}}}}
    status, refused = client.send("PUT", "online-endpoints/words/deployments/other", client.document(body, **collector))
    assert status == 422, refused
    assert "lies in an object store here" in json.dumps(refused)
    client.ok("DELETE", "online-endpoints/words")
    assert world.kept_here() == []


def test_a_build_context_and_a_table_of_the_bucket(world: World) -> None:
    folder = world.folder / "context"
    (folder / "deep").mkdir(parents=True)
    (folder / "Dockerfile").write_text(
        "FROM python:3.11\nCOPY deep/requirements.txt /r.txt\nRUN pip install -r /r.txt\n"
    )
    (folder / "deep" / "requirements.txt").write_text("pip\n")
    (world.folder / "environment.yml").write_text("name: built\nbuild: {path: ./context}\n")
    world.lapis("environment", "create", "-f", str(world.folder / "environment.yml"))
    world.api.wait(world.api.submit("true", environment="azureml:built@latest"), "Completed")
    contexts = world.server.home / "contexts"
    assert [p.read_text() for p in contexts.rglob("requirements.txt")] == ["pip\n"]
    table = world.folder / "mltable"
    table.mkdir()
    (table / "MLTable").write_text("paths: [{file: ./a.csv}]\ntransformations: [{read_delimited: {delimiter: ','}}]\n")
    (table / "a.csv").write_text("a,b\n1,2\n")
    words = ("-n", "shown", "--version", "1", "--path", str(table), "--type", "mltable")
    world.lapis("data", "create", *words)
    uri = world.lapis("data", "show", "-n", "shown", "--version", "1", "--query", "path", "-o", "tsv")
    status, shown = world.api.call("GET", f"/content/profile?uri={uri}")
    assert (status, [column["name"] for column in shown.get("columns", [])]) == (200, ["a", "b"]), shown
