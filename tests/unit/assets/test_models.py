"""Models: what their files say, the copy that outlives the run, registry names, stages and search."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind, AssetRecord, JobOutput, SearchClause
from tests.support.assets import ARTIFACTS, World

MODELS = AssetKind.MODELS
MLMODEL = b"""artifact_path: model
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7, env: {conda: conda.yaml}}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.5.0}
run_id: 0123abcd
utc_time_created: 2026-01-01 00:00:00.0
"""
FILES = {"MLmodel": MLMODEL, "model.pkl": b"\x80\x04canary", "sub/conda.yaml": b"name: x"}
MODEL_OF_JOB = "azureml://jobs/calm_fern/outputs/artifacts/paths/model/"


def make(world: World, name: str = "diabetes", path: str = MODEL_OF_JOB, **keys: Any) -> AssetRecord:
    return world.assets.create(world.ws, MODELS, {"name": name, "path": path, **keys}, "ann")


def run_leaves_a_model(world: World, job: str = "calm_fern", folder: str = "model") -> str:
    root = f"{ARTIFACTS}/ExperimentRun/dcid.{job}/{folder}"
    world.put(root, FILES)
    return root


def refused(code: ErrorCode, act: Any, *args: Any, **keys: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act(*args, **keys)
    assert caught.value.code is code
    return caught.value


def test_a_model_of_a_job(plain: World) -> None:
    run_leaves_a_model(plain)
    record = make(plain)
    assert (record.version, record.job_name, record.document["type"]) == ("1", "calm_fern", "mlflow_model")
    assert set(record.document["flavors"]) == {"python_function", "sklearn"}
    assert record.document["flavors"]["sklearn"]["sklearn_version"] == "1.5.0"
    assert record.source == MODEL_OF_JOB
    location = plain.assets.location(plain.ws, "azureml:diabetes:1", MODELS)
    assert {e.path for e in plain.storage.walk(location)} == set(FILES)
    assert [r.version for r in plain.assets.made_by(plain.ws, MODELS, "calm_fern")] == ["1"]


def test_it_outlives_the_run_and_costs_no_space(plain: World) -> None:
    root = plain.datastores.resolve(plain.ws, run_leaves_a_model(plain))
    location = plain.assets.location(plain.ws, make(plain).document["path"])
    ours, theirs = plain.storage.local_path(location), plain.storage.local_path(root)
    assert ours is not None
    assert theirs is not None
    assert (ours / "model.pkl").samefile(theirs / "model.pkl")
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.calm_fern/model", {"model.pkl": b"overwritten"})
    plain.storage.delete(root)
    assert (ours / "model.pkl").read_bytes() == FILES["model.pkl"]


def test_the_same_twice_keeps_one_copy(plain: World) -> None:
    run_leaves_a_model(plain)
    first = make(plain, version="1")
    assert make(plain, version="1").id == first.id
    folder = plain.home / "storage/default/workspaceblobstore/azureml/models/diabetes"
    assert len(list(folder.iterdir())) == 1
    make(plain)
    assert len(list(folder.iterdir())) == 2
    plain.assets.delete_version(plain.ws, MODELS, "diabetes", "2")
    assert len(list(folder.iterdir())) == 1
    plain.assets.delete_container(plain.ws, MODELS, "diabetes")
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "path",
    ["azureml://jobs/calm_fern/outputs/artifacts/model", "runs:/calm_fern/model",
     f"{ARTIFACTS}/ExperimentRun/dcid.calm_fern/model/", "azureml://jobs/calm_fern/outputs/mine"],
)  # fmt: skip
def test_every_way_to_say_where(plain: World, path: str) -> None:
    root = run_leaves_a_model(plain)
    plain.assets.record_outputs(plain.ws, [JobOutput("calm_fern", "mine", "mlflow_model", root)])
    record = make(plain, path=path)
    assert (record.job_name, record.document["type"]) == ("calm_fern", "mlflow_model")


def test_what_is_not_there(plain: World) -> None:
    run_leaves_a_model(plain)
    for path in (
        "azureml://jobs/calm_fern/outputs/artifacts/paths/modle/", "azureml://jobs/other/outputs/artifacts/paths/model/",
        "azureml://jobs/calm_fern/outputs/nothing", "azureml://datastores/nothing/paths/x", "azureml:other:1",
    ):  # fmt: skip
        refused(ErrorCode.REFERENCE_NOT_FOUND, make, plain, path=path)
    refused(ErrorCode.NOT_FOUND, plain.assets.containers.get, plain.ws, MODELS, "diabetes")
    refused(ErrorCode.DOCUMENT_INVALID, make, plain, path="./model")
    refused(ErrorCode.PATH_NOT_ALLOWED, make, plain, path="azureml://jobs/j/outputs/artifacts/paths/../../../x")
    record = plain.assets.create(
        plain.ws, MODELS, {"name": "later", "path": "runs:/x/model"}, "ann", must_exist=False
    )  # fmt: skip
    assert record.document["path"] == f"{ARTIFACTS}/ExperimentRun/dcid.x/model"


def test_other_types(plain: World) -> None:
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.j/m", {"weights.bin": b"1"})
    path = "runs:/j/m"
    assert make(plain, path=path).document["type"] == "custom_model"
    assert make(plain, path="runs:/j/m/weights.bin").document["path"].endswith("/weights.bin")
    assert make(plain, path=path, type="triton_model").document["type"] == "triton_model"
    refused(ErrorCode.DOCUMENT_INVALID, make, plain, path=path, type="mlflow_model")


def test_models_in_remote_stores_stay_there(plain: World) -> None:
    for path in ("wasbs://c@account.blob.core.windows.net/m", "s3://bucket/m", "https://example.com/m.pkl"):
        record = make(plain, path=path, type="custom_model")
        assert (record.document["path"], record.document["type"]) == (path, "custom_model")


@pytest.mark.parametrize(
    "content",
    [b"flavors: [", b"- a", b"\xff\xfe\x00", b"a: &x 1\nb: *x", b"!!python/object/apply:os.system ['touch /tmp/pwned']",
     b"a: " + b"[" * 5000, b"x: y\n" * 300_000],
)  # fmt: skip
def test_hostile_mlmodel_files(plain: World, content: bytes) -> None:
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.j/m", {"MLmodel": content})
    refused(ErrorCode.DOCUMENT_INVALID, make, plain, path="runs:/j/m")


def test_a_link_out_of_the_store_is_not_followed(plain: World) -> None:
    run_leaves_a_model(plain)
    folder = plain.storage.local_path(plain.assets.location(plain.ws, "runs:/calm_fern/model"))
    assert folder is not None
    (folder / "secret").symlink_to("/etc/passwd")
    refused(ErrorCode.PATH_NOT_ALLOWED, make, plain)
    assert not list((plain.home / "storage/default/workspaceblobstore").rglob("secret"))


def test_models_can_be_taken_from_a_folder_of_the_machine(plain: World) -> None:
    outside = plain.home.parent / "rai"
    (outside / "m").mkdir(parents=True)
    (outside / "m" / "MLmodel").write_bytes(MLMODEL)
    assert make(plain, path=f"file://{outside}/m").job_name == "0123abcd"
    refused(ErrorCode.PATH_NOT_ALLOWED, make, plain, path=f"file://{plain.home}/storage")
    refused(ErrorCode.PATH_NOT_ALLOWED, make, plain, path=f"file://{plain.home}/secret.key")
    (outside / "link").symlink_to(plain.home)
    refused(ErrorCode.PATH_NOT_ALLOWED, make, plain, path=f"file://{outside}/link/lapis.db")


def test_aliases_stages_and_renaming(world: World) -> None:
    run_leaves_a_model(world)
    containers = world.assets.containers
    containers.create(world.ws, MODELS, "diabetes", "ann", "about it", {"team": "x"})
    refused(ErrorCode.ALREADY_EXISTS, containers.create, world.ws, MODELS, "diabetes", "bob")
    for _ in range(3):
        make(world)
    found = containers.get(world.ws, MODELS, "diabetes")
    assert (found.description, found.tags, found.latest) == ("about it", {"team": "x"}, "3")
    containers.set_label(world.ws, MODELS, "diabetes", "champion", "2")
    containers.set_stage(world.ws, "diabetes", "1", "Production")
    containers.set_stage(world.ws, "diabetes", "3", "Production", archive_others=True)
    versions = containers.versions(world.ws, MODELS, "diabetes")
    assert [(r.version, r.stage) for r in versions] == [("3", "Production"), ("2", None), ("1", "Archived")]
    resolve = world.assets.resolve
    assert resolve(world.ws, MODELS, "models:/diabetes@champion").version == "2"
    assert resolve(world.ws, MODELS, "models:/diabetes/production").version == "3"
    assert resolve(world.ws, MODELS, "models:/diabetes/1").version == "1"
    assert resolve(world.ws, MODELS, "azureml:diabetes@champion").version == "2"
    make(world, "taken")
    refused(ErrorCode.ALREADY_EXISTS, containers.rename, world.ws, MODELS, "diabetes", "taken")
    containers.rename(world.ws, MODELS, "diabetes", "sugar")
    assert resolve(world.ws, MODELS, "azureml:sugar@champion").document["name"] == "sugar"
    refused(ErrorCode.NOT_FOUND, containers.get, world.ws, MODELS, "diabetes")


def clause(field: str, operator: str, value: Any, key: str | None = None) -> SearchClause:
    return SearchClause(field, operator, value, key)


_SEARCHES: list[tuple[list[SearchClause], list[str]]] = [
    ([], ["Iris", "diabetes", "iris"]),
    ([clause("name", "=", "iris")], ["iris"]),
    ([clause("name", "!=", "iris")], ["Iris", "diabetes"]),
    ([clause("name", "LIKE", "I%")], ["Iris"]),
    ([clause("name", "LIKE", "%i%")], ["Iris", "diabetes", "iris"]),
    ([clause("name", "LIKE", "*")], []),
    ([clause("name", "ILIKE", "IR_S")], ["Iris", "iris"]),
    ([clause("name", "IN", ["iris", "Iris"])], ["Iris", "iris"]),
    ([clause("tag", "=", "red", "colour")], ["diabetes"]),
    ([clause("tag", "LIKE", "%e%", "colour"), clause("name", "LIKE", "i%")], ["iris"]),
]


def test_search_of_names(world: World) -> None:
    containers = world.assets.containers
    for name, colour in (("iris", "blue"), ("Iris", "x"), ("diabetes", "red")):
        containers.create(world.ws, MODELS, name, "ann", tags={"colour": colour})
    for clauses, expected in _SEARCHES:
        found = containers.search(world.ws, MODELS, clauses).value
        assert sorted(c.name for c in found) == expected, clauses


def test_search_of_versions(world: World) -> None:
    for job in ("j1", "j2"):
        run_leaves_a_model(world, job)
        for _ in range(2):
            make(world, path=f"runs:/{job}/model", tags={"of": job})
    search = world.assets.containers.search_versions

    def found(*clauses: SearchClause, **keys: Any) -> list[str]:
        return [r.version for r in search(world.ws, MODELS, clauses, **keys).value]

    assert found() == ["4", "3", "2", "1"]
    assert found(order=[("number", False)]) == ["1", "2", "3", "4"]
    assert found(clause("run_id", "=", "j1")) == ["2", "1"]
    assert found(clause("run_id", "IN", ["j1", "j2"]), clause("tag", "=", "j2", "of")) == ["4", "3"]
    assert found(clause("source", "LIKE", "runs:/j1/%")) == ["2", "1"]
    page = search(world.ws, MODELS, [], [("number", False)], 3)
    assert [r.version for r in search(world.ws, MODELS, [], [("number", False)], 3, page.next).value] == ["4"]
    refused(ErrorCode.USAGE, found, clause("path; --", "=", "x"))
    refused(ErrorCode.USAGE, found, clause("name", "~", "x"))
    refused(ErrorCode.USAGE, found, order=[("path", False)])


def test_a_model_made_from_a_model_stands_on_its_own(plain: World) -> None:
    run_leaves_a_model(plain)
    first = make(plain)
    for path in ("azureml:diabetes:1", "models:/diabetes/1", str(first.document["path"])):
        make(plain, "copy", path=path)
    plain.assets.delete_version(plain.ws, MODELS, "diabetes", "1")
    for record in plain.assets.containers.versions(plain.ws, MODELS, "copy"):
        location = plain.assets.location(plain.ws, f"azureml:copy:{record.version}", MODELS)
        assert {e.path for e in plain.storage.walk(location)} == set(FILES)
