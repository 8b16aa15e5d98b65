"""The shapes that public Azure ML repositories use, one document each; all of them are accepted as they are.

Every shape is compiled as well, so that what loads can also be run as a pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lapisml.documents import load_dict, load_document
from lapisml.documents.local_paths import local_text, path_fields, replaced
from lapisml.documents.pipelines import compile_pipeline
from lapisml.documents.registry import parse

ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
UPLOAD = "azureml://datastores/workspaceblobstore/paths/x"

COMPONENT = {
    "type": "command",
    "name": "score_data",
    "version": "01",
    "command": "python score.py --in ${{inputs.data}} $[[--rate ${{inputs.rate}}]] --out ${{outputs.scores}}",
    "environment": ENVIRONMENT,
    "inputs": {
        "data": {"type": "uri_folder"},
        "rate": {"type": "number", "default": "1e-3", "optional": True},
        "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
        "many": {"type": "integer", "min": 1, "max": 9, "default": 3},
        "flag": {"type": "boolean", "default": False},
    },
    "outputs": {"scores": {"type": "uri_folder", "mode": "rw_mount"}},
}
BASE: dict[str, Any] = {"command": "echo", "environment": ENVIRONMENT}
DATA = {"type": "uri_folder", "path": "azureml:rows@latest"}


def registered(reference: str) -> Mapping[str, Any]:
    """Give the component behind any reference."""
    return COMPONENT


def accepted(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Load a document from a file, as the command does, then take it in as the server does, and compile it."""
    (folder / "document.yml").write_text(yaml.safe_dump(dict(document), sort_keys=False))
    made = load_document(folder / "document.yml", kind="job").validated().to_dict()
    sent = replaced(made, {path: _address(role) for path, value, role in path_fields("job", made) if local_text(value)})
    taken = parse("job", sent).to_dict()
    assert taken == sent
    if taken["type"] == "pipeline":
        compile_pipeline(taken, registered)
    return made


def _address(role: str) -> str:
    return f"azureml://codes/{'0' * 64}" if role == "code" else UPLOAD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("src", "data", "docker-context", "env"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.py").write_text("print()\n")
    (tmp_path / "conda.yml").write_text(
        "name: e\nchannels: [conda-forge]\ndependencies: [python=3.10, pip: [mlflow]]\n"
    )
    (tmp_path / "env" / "env.yml").write_text("name: e\nimage: python\nconda_file: ../conda.yml\n")
    (tmp_path / "data" / "iris.csv").write_text("a,b\n")
    (tmp_path / "component.yml").write_text(yaml.safe_dump({**COMPONENT, "code": "./src"}))
    nested = {"type": "pipeline", "name": "nested-with-hyphens", "inputs": {"data": {"type": "uri_folder"}},
              "outputs": {"scores": {"type": "uri_folder", "mode": "upload"}},
              "jobs": {"inner": {"type": "command", "component": "file:./component.yml",
                                 "inputs": {"data": "${{parent.inputs.data}}"},
                                 "outputs": {"scores": "${{parent.outputs.scores}}"}}}}  # fmt: skip
    (tmp_path / "nested.yml").write_text(yaml.safe_dump(nested))
    return tmp_path


def pipeline(step: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"type": "pipeline", "jobs": {"step": step}, **keys}


@pytest.mark.parametrize(
    "component",
    ["./component.yml", "component.yml", "file:./component.yml", "azureml:score_data@latest", "azureml:score_data:1",
     "azureml://registries/azureml/components/score/labels/latest",
     "azureml://registries/azureml/components/score/versions/0.0.1", COMPONENT],
)  # fmt: skip
@pytest.mark.parametrize("type_", ["command", None])
def test_forms_of_component(component: Any, type_: str | None, folder: Path) -> None:
    step = {"component": component, "inputs": {"data": DATA}} | ({"type": type_} if type_ else {})
    accepted(pipeline(step), folder)


@pytest.mark.parametrize(
    "given",
    ["text", 3, 0.5, True, "${{parent.inputs.literal}}", "azureml:rows@latest", "azureml:rows:2",
     {"type": "uri_file", "path": "./data/iris.csv"}, {"path": "./data"}, {"type": "uri_folder", "path": UPLOAD},
     {"type": "mltable", "path": "azureml://registries/azureml/data/rows/versions/1", "mode": "eval_mount"},
     {"type": "uri_file", "path": "https://example.org/iris.csv", "mode": "download"},
     {"type": "uri_file", "path": "wasbs://datasets@account.blob.core.windows.net/iris.csv"},
     {"type": "uri_folder", "path": "${{parent.inputs.data}}", "mode": "direct"},
     {"type": "mltable", "path": "${{parent.jobs.before.outputs.table}}", "mode": "direct"},
     "${{parent.jobs.before.outputs.table}}", "${{parent.inputs.data}}"],
)  # fmt: skip
def test_forms_of_a_steps_input(given: Any, folder: Path) -> None:
    step = {**BASE, "command": "echo ${{inputs.x}}", "inputs": {"x": given, "type": "an input may have this name"}}
    before = {**BASE, "command": "echo ${{outputs.table}}", "outputs": {"table": {"type": "mltable"}}}
    jobs = {"before": before, "step": step}
    accepted({"type": "pipeline", "inputs": {"data": DATA, "literal": 1}, "jobs": jobs}, folder)


@pytest.mark.parametrize(
    "given",
    ["${{parent.outputs.out}}", None, {"type": "uri_file"}, {"mode": "upload"}, {"type": "mltable", "mode": "rw_mount"},
     {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/${{name}}/x/"},
     {"type": "uri_folder", "path": "azureml://datastores/${{default_datastore}}/paths/x", "mode": "direct"},
     {"type": "mlflow_model", "path": "${{parent.outputs.out}}", "mode": "upload"},
     {"type": "mlflow_model", "name": "registered"}, {"type": "uri_folder", "mode": "mount"}],
)  # fmt: skip
def test_forms_of_a_steps_output(given: Any, folder: Path) -> None:
    step = {**BASE, "command": "echo > ${{outputs.o}}", "outputs": {"o": given}}
    accepted(pipeline(step, outputs={"out": {"type": "mlflow_model", "mode": "upload"}}), folder)


@pytest.mark.parametrize(
    "environment",
    [ENVIRONMENT, "azureml:AzureML-sklearn-1.0@latest", "azureml:own:22.02-py3", {"image": "library/python:latest"},
     {"build": {"path": "docker-context"}}, {"image": "python", "conda_file": "conda.yml"}, "file:./env/env.yml",
     {"name": "prs-env", "version": 1, "image": "python", "conda_file": "./conda.yml"}],
)  # fmt: skip
def test_forms_of_environment(environment: Any, folder: Path) -> None:
    accepted(pipeline({**BASE, "environment": environment}), folder)
    accepted(pipeline({"component": {**COMPONENT, "environment": environment}, "inputs": {"data": DATA}}), folder)


@pytest.mark.parametrize("compute", ["azureml:cpu-cluster", "cpu-cluster", "serverless", "${{parent.inputs.where}}"])
def test_forms_of_compute(compute: str, folder: Path) -> None:
    accepted(pipeline({**BASE, "compute": compute}, inputs={"where": "gpu-cluster-big"}), folder)


@pytest.mark.parametrize("code", ["src", "./src", "./src/", ".", "./", "src/file.py", None])
def test_forms_of_code(code: str | None, folder: Path) -> None:
    accepted(pipeline({**BASE, **({"code": code} if code else {})}), folder)


@pytest.mark.parametrize(
    "given",
    ["text", 3, 0.1, True, {"type": "uri_file", "path": "./data/iris.csv"}, {"path": "./data", "mode": "direct"},
     {"type": "mlflow_model", "path": "azureml://registries/azureml/models/bert/versions/9"},
     {"type": "mltable", "path": "azureml:rows:1"}, {"type": "integer", "default": 3, "min": 1},
     {"type": "string", "optional": True}, {"type": "string", "value": "a", "enum": ["a", "b"]}],
)  # fmt: skip
def test_forms_of_a_pipelines_input(given: Any, folder: Path) -> None:
    accepted(pipeline(BASE, inputs={"x": given}), folder)


def test_an_input_that_a_flag_will_give(folder: Path) -> None:
    document = pipeline(BASE, inputs={"x": {"type": "uri_folder"}})
    made = load_dict(document, kind="job", base_dir=folder).validated().to_dict()
    assert made["inputs"]["x"] == {"type": "uri_folder"}


@pytest.mark.parametrize("given", [{"type": "uri_folder"}, {"mode": "upload"}, None, {"mode": "rw_mount"},
                                   {"type": "mlflow_model", "path": UPLOAD}])  # fmt: skip
def test_forms_of_a_pipelines_output(given: Any, folder: Path) -> None:
    step = {**BASE, "command": "echo ${{outputs.o}}", "outputs": {"o": "${{parent.outputs.out}}"}}
    accepted(pipeline(step, outputs={"out": given}), folder)


@pytest.mark.parametrize(
    "distribution",
    [{"type": "pytorch", "process_count_per_instance": 1}, {"type": "mpi", "process_count_per_instance": 2},
     {"type": "tensorflow", "worker_count": 2},
     {"type": "PyTorch", "process_count_per_instance": "${{parent.inputs.n}}"}],
)  # fmt: skip
def test_distributed_steps(distribution: dict[str, Any], folder: Path) -> None:
    step = {**BASE, "distribution": distribution, "resources": {"instance_count": 2}, "limits": {"timeout": 60}}
    accepted(pipeline(step, inputs={"n": 2}), folder)


def test_interactive_steps(folder: Path) -> None:
    services = {"my_jupyter_lab": {"type": "jupyter_lab"}, "my_vscode": {"type": "vs_code"},
                "my_tensorboard": {"type": "tensor_board", "log_dir": "~/tblog"}}  # fmt: skip
    accepted(pipeline({**BASE, "services": services, "identity": {"type": "user_identity"}}), folder)


@pytest.mark.parametrize(
    "settings",
    [{"default_compute": "azureml:serverless"}, {"continue_on_step_failure": True, "force_rerun": False},
     {"default_datastore": "azureml:workspaceblobstore"}, {"default_datestore": "azureml:workspaceblobstore"}],
)  # fmt: skip
def test_settings(settings: dict[str, Any], folder: Path) -> None:
    accepted(pipeline(BASE, settings=settings), folder)


@pytest.mark.parametrize("component", ["nested.yml", "file:./nested.yml"])
def test_pipelines_within_pipelines(component: str, folder: Path) -> None:
    step = {"type": "pipeline", "component": component, "inputs": {"data": "${{parent.inputs.data}}"},
            "outputs": {"scores": {"type": "uri_folder", "mode": "mount"}}}  # fmt: skip
    after = {**BASE, "command": "ls ${{inputs.x}}", "inputs": {"x": "${{parent.jobs.nested.outputs.scores}}"}}
    accepted({"type": "pipeline", "inputs": {"data": DATA}, "jobs": {"nested": step, "after": after}}, folder)


def test_a_pipeline_job_that_is_a_component(folder: Path) -> None:
    document = {"type": "pipeline", "component": "./nested.yml", "compute": "azureml:batch-cluster",
                "inputs": {"data": DATA}, "outputs": {"scores": {"mode": "upload"}}}  # fmt: skip
    accepted(document, folder)


TASK = {"type": "run_function", "code": "./src", "entry_script": "file.py",
        "environment": {"name": "prs-env", "version": 1, "image": "python", "conda_file": "./conda.yml"},
        "program_arguments": "--model ${{inputs.model}} --resource_monitor_interva 20",
        "append_row_to": "${{outputs.rows}}"}  # fmt: skip
PARALLEL = {
    "type": "parallel", "compute": "azureml:cpu-cluster", "task": TASK, "input_data": "${{inputs.data}}",
    "inputs": {"data": {"type": "mltable", "path": "./data", "mode": "direct"}, "model": {"path": "./data"}},
    "outputs": {"rows": {"type": "uri_file", "mode": "rw_mount"}},
    "max_concurrency_per_instance": 2, "logging_level": "DEBUG", "retry_settings": {"max_retries": 2, "timeout": 60},
    "resources": {"instance_count": 2}, "mini_batch_error_threshold": 5,
    "environment_variables": {"AZUREML_PARALLEL_EXAMPLE": "2a_yaml"},
}  # fmt: skip


@pytest.mark.parametrize(
    "batching",
    [{"mini_batch_size": "5", "error_threshold": 5}, {"mini_batch_size": 1}, {"mini_batch_size": "10kb"},
     {"partition_keys": ["Store", "Brand"], "error_threshold": -1}],
)  # fmt: skip
def test_parallel_steps_and_jobs(batching: dict[str, Any], folder: Path) -> None:
    accepted(pipeline({**PARALLEL, **batching}), folder)
    accepted({**PARALLEL, **batching}, folder)


SPARK = {
    "type": "spark", "code": "./src", "entry": {"file": "file.py"}, "args": "--in ${{inputs.data}}",
    "inputs": {"data": {"type": "uri_file", "path": "./data/iris.csv", "mode": "direct"}},
    "conf": {"spark.driver.cores": 2, "spark.driver.memory": "1g", "spark.executor.instances": 1},
    "resources": {"instance_type": "Standard_E8S_V3", "runtime_version": 3.4}, "identity": {"type": "managed"},
}  # fmt: skip


@pytest.mark.parametrize(
    "more", [{}, {"py_files": ["utils.zip"]}, {"jars": ["a.jar"], "files": ["my_files.txt"]}, {"executor_cores": 2}]
)
def test_spark_steps_and_jobs(more: dict[str, Any], folder: Path) -> None:
    accepted(pipeline({**SPARK, **more}), folder)
    accepted({**SPARK, **more}, folder)


SPACES: list[dict[str, Any]] = [
    {"type": "choice", "values": ["gbdt", "dart"]}, {"type": "choice", "values": [1, 2.5, True]},
    {"type": "uniform", "min_value": 0.01, "max_value": 0.9}, {"type": "loguniform", "min_value": -6, "max_value": -1},
    {"type": "quniform", "min_value": 1, "max_value": 9, "q": 2}, {"type": "normal", "mu": 0, "sigma": 1},
    {"type": "qloguniform", "min_value": 0, "max_value": 3, "q": 1}, {"type": "lognormal", "mu": 0, "sigma": 1},
    {"type": "qnormal", "mu": 0, "sigma": 1, "q": 0.5}, {"type": "qlognormal", "mu": 0, "sigma": 1, "q": 1},
    {"type": "randint", "upper": 10},
]  # fmt: skip


def sweep(**keys: Any) -> dict[str, Any]:
    trial = {"code": "src", "command": "python file.py --a ${{search_space.a}} --x ${{inputs.x}}",
             "environment": ENVIRONMENT}  # fmt: skip
    return {
        "type": "sweep", "trial": trial, "inputs": {"x": {"type": "uri_file", "path": "./data/iris.csv"}},
        "sampling_algorithm": "random", "search_space": {"a": SPACES[0]},
        "objective": {"goal": "minimize", "primary_metric": "test-multi_logloss"},
        "limits": {"max_total_trials": 20, "max_concurrent_trials": 10, "timeout": 7200}, **keys,
    }  # fmt: skip


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space["type"]))
def test_search_spaces(space: dict[str, Any], folder: Path) -> None:
    accepted(sweep(search_space={"a": space}), folder)
    accepted(pipeline(sweep(search_space={"a": space})), folder)


@pytest.mark.parametrize(
    "keys",
    [{"sampling_algorithm": "grid"}, {"sampling_algorithm": "bayesian"},
     {"sampling_algorithm": {"type": "random", "seed": 1, "rule": "sobol"}},
     {"early_termination": {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 2, "delay_evaluation": 6}},
     {"early_termination": {"type": "bandit", "slack_amount": 1}}, {"early_termination": {"type": "median_stopping"}},
     {"early_termination": {"type": "truncation_selection", "truncation_percentage": 20}},
     {"outputs": {"model": None}}],
)  # fmt: skip
def test_sweeps(keys: dict[str, Any], folder: Path) -> None:
    accepted(sweep(**keys), folder)


def test_a_sweep_step_over_a_component(folder: Path) -> None:
    search = sweep(trial="./component.yml", search_space={"rate": SPACES[2]}, inputs={"data": DATA, "flag": True})
    after = {**BASE, "command": "ls ${{inputs.m}}", "inputs": {"m": "${{parent.jobs.sweep_step.outputs.scores}}"}}
    jobs = {"sweep_step": {**search, "outputs": {"scores": None}}, "after": after}
    accepted({"type": "pipeline", "jobs": jobs}, folder)


def test_outputs_and_inputs_that_nothing_declares(folder: Path) -> None:
    train = {"type": "command", "component": "./component.yml", "inputs": {"data": DATA, "test_split_ratio": 0.2}}
    inputs = {"a": "${{parent.jobs.train.outputs.artifacts}}", "b": "${{parent.jobs.train.outputs.model_output_json}}"}
    report = {**BASE, "command": "cat ${{inputs.a}}/outputs/world.txt ${{inputs.b}}", "inputs": inputs}
    accepted({"type": "pipeline", "jobs": {"train": train, "report": report}}, folder)


@pytest.mark.parametrize(("given", "declared"), [("uri_file", "uri_folder"), ("uri_folder", "mltable"),
                                                 ("mlflow_model", "uri_folder")])  # fmt: skip
def test_types_that_do_not_quite_fit(given: str, declared: str, folder: Path) -> None:
    component = {**COMPONENT, "inputs": {"data": {"type": declared}}, "command": "ls ${{inputs.data}}"}
    step = {"component": component, "inputs": {"data": "${{parent.inputs.data}}"}}
    accepted(pipeline(step, inputs={"data": {"type": given, "path": UPLOAD}}), folder)


def test_names_with_hyphens(folder: Path) -> None:
    step = {**BASE, "command": "echo ${{inputs.the-data}} ${{outputs.the-output}}",
            "inputs": {"the-data": "${{parent.inputs.the-data}}"},
            "outputs": {"the-output": "${{parent.outputs.the-output}}"}}  # fmt: skip
    document = {"type": "pipeline", "inputs": {"the-data": 1}, "outputs": {"the-output": None},
                "jobs": {"the-step": step}}  # fmt: skip
    accepted(document, folder)


@pytest.mark.parametrize(
    "create_job",
    ["./job.yml", "azureml:simple-pipeline-job", {"type": "pipeline", "job": "./job.yml"},
     {"type": "pipeline", "job": "azureml:simple-pipeline-job", "inputs": {"x": "${{name}}"}, "tags": {"a": "b"},
      "settings": {"continue_on_step_failure": True, "default_compute": "azureml:cpu-cluster"}},
     {"type": "command", "job": "./command.yml", "environment_variables": {"A": "b"}}, sweep(), pipeline(BASE)],
)  # fmt: skip
@pytest.mark.parametrize(
    "trigger",
    [{"type": "cron", "expression": "0 * * * *", "start_time": "2022-07-10T10:00:00",
      "time_zone": "Pacific Standard Time"},
     {"type": "cron", "expression": "15 10 * * 1"}, {"type": "recurrence", "frequency": "hour", "interval": 1},
     {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"hours": [4, 5], "minutes": [0, 30]}},
     {"type": "recurrence", "frequency": "week", "interval": 2, "end_time": "2030-01-01",
      "schedule": {"hours": 3, "minutes": 15, "week_days": ["monday", "Friday"]}, "time_zone": "Europe/Berlin"},
     {"type": "recurrence", "frequency": "month", "interval": 1,
      "schedule": {"hours": [0], "minutes": [0], "month_days": [1, 31]}}],
)  # fmt: skip
def test_schedules(create_job: Any, trigger: dict[str, Any], folder: Path) -> None:
    (folder / "job.yml").write_text(yaml.safe_dump(pipeline(BASE, inputs={"x": "y"})))
    (folder / "command.yml").write_text(yaml.safe_dump(BASE))
    document = {"name": "every_hour", "trigger": trigger, "create_job": create_job}
    loaded = load_dict(document, kind="schedule", base_dir=folder)
    made = loaded.validated().to_dict()
    sent = replaced(made, {p: _address(role) for p, value, role in path_fields("schedule", made) if local_text(value)})
    assert parse("schedule", sent).to_dict() == sent
