"""Which run a version of a model was measured by, and what a job left that could become one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.server.features.assets.records import AssetKind, JobOutput, ListQuery
from lapisml.server.features.studio.models import ModelPages
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.service import TrackingService
from tests.support.assets import ARTIFACTS, World, open_world

MLMODEL = {"MLmodel": b"flavors: {python_function: {}}"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}") as made:
        yield made


@pytest.fixture
def tracking(world: World) -> Iterator[TrackingService]:
    made = TrackingService(world.database, world.clock)
    yield made
    made.close()


@pytest.fixture
def pages(world: World, tracking: TrackingService) -> ModelPages:
    return ModelPages(world.database, world.assets, tracking, world.storage)


def run(world: World, tracking: TrackingService, run_id: str, *points: tuple[str, float]) -> None:
    tracking.runs.create(Caller(world.ws.id, world.ws.name, "ann"), "0", run_id=run_id)
    tracking.log_about(world.ws, run_id, [(key, value, 1, 0) for key, value in points])


def test_a_pipelines_model_was_measured_by_the_trial_that_left_its_files(
    world: World, tracking: TrackingService, pages: ModelPages
) -> None:
    run(world, tracking, "pipeline")
    run(world, tracking, "pipeline--train--2", ("loss", 0.25))
    path = "azureml://datastores/workspaceblobstore/paths/azureml/pipeline--train--2/model/"
    world.put(path, MLMODEL)
    document = {"name": "m", "path": path, "type": "mlflow_model"}
    world.assets.create(world.ws, AssetKind.MODELS, document, "ann", job_name="pipeline")
    (found,) = pages.measured(world.ws, ListQuery("m"), with_signature=False)["value"]
    assert found["run"] is not None
    assert (found["job_name"], found["run"]["run_id"], found["run"]["metrics"]) == (
        "pipeline", "pipeline--train--2", {"loss": 0.25}
    )  # fmt: skip


def test_a_version_without_a_job_has_no_run(world: World, pages: ModelPages) -> None:
    document = {"name": "m", "path": "s3://bucket/m", "type": "custom_model"}
    world.assets.create(world.ws, AssetKind.MODELS, document, "ann")
    (found,) = pages.measured(world.ws, ListQuery("m"), with_signature=True)["value"]
    assert (found["run"], found["signature"]) == (None, None)


def test_outputs_and_folders_with_a_model_are_offered(world: World, pages: ModelPages) -> None:
    root = f"{ARTIFACTS}/ExperimentRun/dcid.j/"
    for folder in ("model", "best/forest", "one/two/too-deep"):
        world.put(f"{root}{folder}/", MLMODEL)
    world.put(f"{root}plots", {"a.png": b"x"})
    uri = "azureml://datastores/workspaceblobstore/paths/azureml/j/out/"
    world.assets.record_outputs(
        world.ws, [JobOutput("j", "out", "custom_model", uri), JobOutput("j", "data", "uri_folder", uri)]
    )
    found = pages.candidates(world.ws, "j")
    assert [(one["label"], one["type"]) for one in found] == [
        ("out", "custom_model"), ("model", "mlflow_model"), ("best/forest", "mlflow_model")
    ]  # fmt: skip
    assert pages.candidates(world.ws, "nothing") == []
    for one in found[1:]:
        document = {"name": "m", "path": one["path"]}
        assert world.assets.create(world.ws, AssetKind.MODELS, document, "ann").job_name == "j"
