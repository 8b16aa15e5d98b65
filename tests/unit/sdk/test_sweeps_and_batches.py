"""Sweeps, mini-batch jobs and Spark jobs from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lapisml.parallel
import lapisml.sweep
from lapisml import Input, Output, command, dsl, parallel_run_function, spark
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.entities import CommandJob, Environment, ParallelJob, SparkJob, SweepJob
from lapisml.parallel import RetrySettings, RunFunction
from lapisml.sdk.submission import submission_of
from lapisml.sweep import (
    BanditPolicy,
    Choice,
    GridSamplingAlgorithm,
    LogUniform,
    Objective,
    RandomSamplingAlgorithm,
    SweepJobLimits,
    TruncationSelectionPolicy,
    Uniform,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("pass")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train() -> CommandJob:
    made: CommandJob = command(
        command="train ${{inputs.data}} --rate ${{inputs.rate}} --kind ${{inputs.kind}} --out ${{outputs.model}}",
        environment="azureml:e:1",
        code="./src",
        inputs={"data": Input(type="uri_folder", path="azureml:d:1"), "rate": 0.1, "kind": "a"},
        outputs={"model": Output(type="uri_folder")},
        compute="cpu-cluster",
        environment_variables={"A": "b"},
        instance_count=2,
    )
    return made


def test_a_sweep_of_a_command_is_a_job(train: CommandJob, folder: Path) -> None:
    sweep = train(rate=Uniform(0.01, 0.9), kind=Choice(["a", "b"])).sweep(
        primary_metric="loss", goal="Minimize", max_total_trials=4, max_concurrent_trials=2, timeout=60
    )
    sweep.early_termination = BanditPolicy(slack_factor=0.1, evaluation_interval=2)
    sweep.experiment_name, sweep.display_name = "e", "d"
    sweep.set_limits(trial_timeout=9)
    document = sweep.to_dict()
    assert document == {
        "experiment_name": "e",
        "display_name": "d",
        "type": "sweep",
        "compute": "cpu-cluster",
        "trial": {
            "type": "command",
            "command": "train ${{inputs.data}} --rate ${{search_space.rate}} --kind ${{search_space.kind}}"
            " --out ${{outputs.model}}",
            "code": str(folder / "src"),
            "environment": "azureml:e:1",
            "environment_variables": {"A": "b"},
            "resources": {"instance_count": 2},
        },
        "sampling_algorithm": "random",
        "search_space": {
            "rate": {"type": "uniform", "min_value": 0.01, "max_value": 0.9},
            "kind": {"type": "choice", "values": ["a", "b"]},
        },
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "early_termination": {"type": "bandit", "evaluation_interval": 2, "slack_factor": 0.1},
        "limits": {"max_concurrent_trials": 2, "max_total_trials": 4, "timeout": 60, "trial_timeout": 9},
        "inputs": {"data": {"type": "uri_folder", "path": "azureml:d:1"}},
        "outputs": {"model": {"type": "uri_folder"}},
    }
    submission_of(sweep, "job").check()


def test_a_sweep_takes_the_place_of_its_command_in_a_pipeline(train: CommandJob) -> None:
    @dsl.pipeline
    def tuned(data: Any) -> Any:
        base = train(data=data, rate=LogUniform(-3, 0))
        best = base.sweep(
            primary_metric="loss",
            goal="minimize",
            sampling_algorithm=RandomSamplingAlgorithm(seed=3, rule="sobol"),
            early_termination_policy=TruncationSelectionPolicy(truncation_percentage=20, evaluation_interval=1),
            max_total_trials=3,
        )
        return {"model": best.outputs.model}

    job = tuned(data=Input(type="uri_folder", path="azureml:d:2"))
    document = job.to_dict()
    assert list(document["jobs"]) == ["best"]
    best = document["jobs"]["best"]
    assert best["inputs"] == {"data": "${{parent.inputs.data}}", "kind": "a"}
    assert best["outputs"] == {"model": "${{parent.outputs.model}}"}
    assert best["sampling_algorithm"] == {"type": "random", "seed": 3, "rule": "sobol"}
    assert best["trial"]["inputs"]["rate"] == {"type": "number", "default": 0.1}
    assert document["outputs"] == {"model": {"type": "uri_folder"}}
    submission_of(job, "job").check()


def test_a_sweep_job_from_its_parts(train: CommandJob) -> None:
    job = SweepJob(
        trial=train,
        search_space={"rate": Choice([0.1, 1])},
        objective=Objective("Maximize", "acc"),
        limits=SweepJobLimits(max_total_trials=2),
        sampling_algorithm=GridSamplingAlgorithm(),
        inputs={"data": Input(type="uri_folder", path="azureml:d:1")},
    )
    job.set_limits(max_concurrent_trials=1)
    document = job.to_dict()
    assert document["limits"] == {"max_total_trials": 2, "max_concurrent_trials": 1}
    assert document["objective"] == {"goal": "maximize", "primary_metric": "acc"}
    assert document["trial"]["command"].startswith("train")
    assert "compute" not in document["trial"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda c: c(rate=0.2).sweep(primary_metric="m", goal="minimize"), "Nothing is to be searched over"),
        (lambda c: c(rate=Uniform(0, 1)).to_dict(), "Input `rate` of step `command` is a search space"),
        (
            lambda c: c().sweep(primary_metric="m", goal="minimize", search_space={"rat": Uniform(0, 1)}),
            "has no input `rat`; did you mean `rate`?",
        ),
        (
            lambda c: c(rate=Uniform(0, 1)).sweep(primary_metric="m", goal="minimize").set_limits(trials=3),
            "`limits` of a sweep step has no key `trials`",
        ),
        (
            lambda c: (
                c(rate=Uniform(0, 1)).sweep(primary_metric="m", goal="minimize").sweep(primary_metric="", goal="")
            ),
            "A sweep step can't be swept",
        ),
    ],
)
def test_sweeps_that_make_no_sense_are_refused(train: CommandJob, make: Any, said: str) -> None:
    with pytest.raises(LapisError) as caught:
        make(train)
    assert caught.value.code is ErrorCode.USAGE
    assert said in str(caught.value)


def test_a_search_space_that_is_wrong_is_refused_with_its_path(train: CommandJob) -> None:
    sweep = train(rate=Uniform(2, 1)).sweep(primary_metric="m", goal="minimize", max_total_trials=1)
    with pytest.raises(LapisError, match=r"search_space\.rate\.max_value"):
        submission_of(sweep, "job").check()


def test_a_mini_batch_job_is_a_job_and_a_step(folder: Path) -> None:
    batch = parallel_run_function(
        name="score",
        inputs={"data": Input(type="uri_folder", path="azureml:d:1")},
        outputs={"scores": Output(type="uri_file")},
        input_data="${{inputs.data}}",
        mini_batch_size="5",
        retry_settings=RetrySettings(max_retries=2, timeout=60),
        instance_count=2,
        task=RunFunction(
            code="./src",
            entry_script="main.py",
            append_row_to="${{outputs.scores}}",
            environment=Environment(image="python"),
        ),
    )
    assert isinstance(batch, ParallelJob)
    document = batch.to_dict()
    assert document["task"]["environment"] == {"image": "python"}
    assert document["retry_settings"] == {"max_retries": 2, "timeout": 60}
    submission_of(batch, "job").check()

    @dsl.pipeline
    def scored(data: Any) -> None:
        batch(data=data)

    step = scored(data=Input(type="uri_folder", path="azureml:d:2")).to_dict()["jobs"]["score"]
    assert step["type"] == "parallel"
    assert step["component"]["task"]["code"] == str(folder / "src")
    assert step["component"]["inputs"] == {"data": {"type": "uri_folder"}}
    assert step["inputs"] == {"data": "${{parent.inputs.data}}"}


def test_a_spark_job_is_a_job_and_a_step(folder: Path) -> None:
    count = spark(
        code="./src",
        entry={"file": "main.py"},
        args="--data ${{inputs.data}}",
        inputs={"data": Input(type="uri_file", path="azureml:d:1", mode="direct")},
        driver_cores=1,
        driver_memory="1g",
        resources={"instance_type": "x", "runtime_version": "3.4"},
    )
    assert isinstance(count, SparkJob)
    assert count.to_dict()["conf"] == {"spark.driver.cores": 1, "spark.driver.memory": "1g"}
    submission_of(count, "job").check()
    step = count().document()
    assert step["resources"] == {"instance_type": "x", "runtime_version": "3.4"}
    assert step["component"]["entry"] == {"file": "main.py"}


def test_the_names_stand_where_azure_has_them() -> None:
    assert set(lapisml.sweep.__all__) >= {"Choice", "Uniform", "QLogNormal", "Randint", "SweepJob", "BanditPolicy"}
    assert all(hasattr(lapisml.sweep, name) for name in lapisml.sweep.__all__)
    assert all(hasattr(lapisml.parallel, name) for name in lapisml.parallel.__all__)


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="instance_cout"):
        parallel_run_function(task=RunFunction(), instance_cout=2)
