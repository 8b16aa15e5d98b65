"""Random pipelines, edited again and again: whatever is reused, every result is that of a full run."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest

from tests.integration.jobs.client import Api
from tests.integration.pipelines.test_pipelines import ENVIRONMENT, children, submit
from tests.support.random_pipelines import RandomPipeline, random_edits, random_pipeline
from tests.support.server import LapisServer

STORE = "workspaceblobstore"
EDITS = 6


@pytest.mark.parametrize("seed", range(4))
def test_results_are_those_of_a_full_run(shared_server: LapisServer, seed: int) -> None:
    rng, api = random.Random(seed), Api(shared_server)
    root = shared_server.home / "storage/default" / STORE
    mark = uuid.uuid4().hex
    first = random_pipeline(rng)
    history: list[RandomPipeline] = []
    for edit, pipeline in [("begin", first), *random_edits(rng, first, EDITS)]:
        name = submit(api, document(pipeline, root, mark))
        api.wait(name, "Completed")
        outputs = {o["name"]: o["uri"] for o in api.call("GET", f"/jobs/{name}/outputs")[1]["value"]}
        found = {step: text(root, outputs[step], pipeline.result_file(step)) for step in pipeline.results()}
        assert found == pipeline.results(), edit
        reused = {step for step, child in children(api, name).items() if child["status_code"] == "Reused"}
        assert pipeline.reusable(history) <= reused, edit
        assert all(pipeline.step(step).is_deterministic for step in reused), edit
        history.append(pipeline)


def document(pipeline: RandomPipeline, root: Path, mark: str) -> dict[str, object]:
    """Give the document with its files in the datastore, where the same path may hold other content than before."""
    made = pipeline.document(root / mark, ENVIRONMENT)
    for given in made["inputs"].values():
        if isinstance(given, dict):
            given["path"] = f"azureml://datastores/{STORE}/paths/{mark}/{Path(given['path']).name}"
    return made


def text(root: Path, uri: str, file: str) -> str:
    """Read a result from the datastore."""
    return (root / uri.partition("/paths/")[2] / file).read_text()
