"""The random pipelines that other tests run: their commands give what is computed for them."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lapisml.documents import expressions
from lapisml.documents.pipelines import ParentValues, compile_pipeline, pipeline_outputs, step_document
from tests.support.random_pipelines import RandomPipeline, random_edits, random_pipeline
from tests.unit.pipelines_graph.documents import ENVIRONMENT, Shelf


def run(pipeline: RandomPipeline, folder: Path) -> dict[str, str]:
    """Run the steps one after the other, without any server, and give what they wrote."""
    graph = compile_pipeline(pipeline.document(folder / "inputs", ENVIRONMENT), Shelf())
    finished: dict[str, str] = {}
    for name in graph.order:
        document = step_document(graph, name, ParentValues(), finished)
        finished[name] = name
        target = folder / name / "out"
        (target.parent if pipeline.step(name).is_file else target).mkdir(parents=True)
        values: dict[str, Any] = {"outputs.out": str(target)}
        for key, given in document["inputs"].items():
            place = given["path"] if isinstance(given, dict) else str(given)
            if place.startswith("azureml://jobs/"):
                _, _, _, job, _, output = place.split("/")
                place = str(folder / job / output)
            values[f"inputs.{key}"] = place
        subprocess.run(["bash", "-ec", expressions.render(document["command"], values)], check=True)
    outputs = pipeline_outputs(graph, finished)
    return {
        name: (folder / job / output / pipeline.result_file(name)).read_text()
        for name, (job, output) in outputs.items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_commands_give_what_is_computed(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    pipeline = random_pipeline(rng)
    for place, (_, state) in enumerate([("begin", pipeline), *random_edits(rng, pipeline, 2)]):
        assert run(state, tmp_path / str(place)) == state.results()


def test_edits_are_of_every_sort_and_keep_the_pipeline_whole() -> None:
    rng = random.Random(1)
    seen = set()
    for _ in range(20):
        pipeline = random_pipeline(rng)
        for name, state in random_edits(rng, pipeline, 20):
            seen.add(name)
            assert set(state.results()) == {step.name for step in state.steps}
    assert len(seen) == 13


def test_what_can_be_reused() -> None:
    rng = random.Random(3)
    pipeline = random_pipeline(rng)
    deterministic = {step.name for step in pipeline.steps if step.is_deterministic}
    assert pipeline.reusable([]) == set()
    assert pipeline.reusable([pipeline]) == deterministic
    changed = dict(random_edits(random.Random(5), pipeline, 40)).get("change a command", pipeline)
    assert changed.reusable([changed]) <= {step.name for step in changed.steps}
