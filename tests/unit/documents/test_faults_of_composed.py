"""What is refused in pipelines, sweeps, parallel and Spark jobs, and schedules."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_document, parse
from tests.unit.documents.samples import DOCUMENTS, kind_of, write
from tests.unit.documents.test_fuzz import outcome


def refusal(folder: Path, case: str, change: tuple[str, str]) -> LapisError:
    text = DOCUMENTS[case].replace(*change, 1)
    assert text != DOCUMENTS[case]
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, text), kind=kind_of(case)).validated()
    return caught.value


def check(folder: Path, case: str, change: tuple[str, str], path: str, words: str) -> Problem:
    error = refusal(folder, case, change)
    found = [p for p in error.problems if p.path == path]
    assert found, [(p.path, p.message) for p in error.problems]
    assert any(words in p.message for p in found), [p.message for p in found]
    assert all(p.line for p in found)
    return found[0]


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("rate: 0.5", "rate: [1]"), "jobs.train.inputs.rate", "a list"),
        (("rate: 0.5", "rate: {type: integer, value: x}"), "jobs.train.inputs.rate.value", "whole number"),
        (("rate: 0.5", "rate: {type: uri_file}"), "jobs.train.inputs.rate.path", "missing key"),
        (("rate: 0.5", "rate: {path: './a/${{parent.inputs.data}}'}"), "jobs.train.inputs.rate.path", "local path"),
        (("    type: command\n", "    type: comand\n"), "jobs.train.type", "no known type"),
        (("    type: command\n", "    type: spark\n"), "jobs.train", "its component is a command component"),
        (("    type: command\n", "    type: [a]\n"), "jobs.train.type", "a list"),
        (("    type: command\n", "    command: ls\n"), "jobs.train.command", "no `command` of its own"),
        (("    type: command\n", "    code: ./src\n"), "jobs.train.code", "no `code` of its own"),
        (("    environment:\n      conda_file: ./conda.yml\n", ""), "jobs.inline.environment", "missing key"),
        (("    command: cat ${{inputs.scores}}/*\n", ""), "jobs.inline.command", "missing key"),
        (("${{parent.inputs.nodes}}", "many"), "jobs.train.resources.instance_count", "whole number"),
        (("scores: ${{parent.outputs.scores}}", "scores: ./here"), "jobs.registered.outputs.scores", "no output"),
        (("component: azureml:score@latest", "component: azureml://codes/x"), "jobs.registered.component", "reference"),
        (("component: azureml:score@latest", "component: https://a/b"), "jobs.registered.component", "can't name"),
        (("component: azureml:score@latest", "component: azureml://datastores/a/paths/b"),
         "jobs.registered.component", "can't name"),
        (("component: azureml:score@latest", "component: []"), "jobs.registered.component", "a list"),
        (("component: azureml:score@latest", "component: {}"), "jobs.registered.component.command", "missing key"),
        (("component: azureml:score@latest", "component: {type: sweeep}"),
         "jobs.registered.component.type", "no known"),
        (("continue_on_step_failure: true", "continue_on_step_failure: maybe"),
         "settings.continue_on_step_failure", "text"),
        (("continue_on_step_failure: true", "continue_on_step_failur: true"),
         "settings.continue_on_step_failur", "unknown key"),
        (("    command: cat", "    jobs: {}\n    type: pipeline\n    command: cat"), "jobs.inline.jobs", "unknown key"),
        (("  inline:\n", "  in line:\n"), "jobs", "can't be used in an expression"),
        (("jobs:\n", "component: azureml:a:1\njobs:\n"), "component", "`jobs` or a component"),
        (("nodes: 1", "nodes: {type: integer, value: 9, max: 3}"), "inputs.nodes.value", "out of range"),
        (("nodes: 1", "nodes: {type: string, default: rad, enum: [red]}"), "inputs.nodes.default", "not allowed"),
        (("nodes: 1", "nodes: {type: integer, value: 1.5}"), "inputs.nodes.value", "whole number"),
        (("  train:\n", "  train: 3\n  other:\n"), "jobs.train", "a number"),
        (("    trial: file:./parts/train.yml\n", "    component: azureml:a:1\n"), "jobs.search.trial", "missing key"),
    ],
)  # fmt: skip
def test_faults_of_a_pipeline(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    check(folder, "job/pipeline", change, path, words)


@pytest.mark.parametrize(
    ("change", "path", "words", "suggestion"),
    [
        (("${{parent.inputs.data}}", "${{parent.inputs.dat}}"), "jobs.train.inputs.data", "no input `dat`", "data"),
        (("${{parent.inputs.data}}", "${{inputs.data}}"), "jobs.train.inputs.data", "names nothing",
         "${{parent.inputs.data}}"),
        (("${{parent.jobs.train.outputs.model}}", "${{parent.jobs.trian.outputs.model}}"),
         "jobs.registered.inputs.model", "no step `trian`", "train"),
        (("${{parent.outputs.scores}}", "${{parent.outputs.score}}"), "jobs.registered.outputs.scores",
         "no output `score`", "scores"),
        (("path: ${{parent.inputs.data}}", "path: ${{parent.inputs.datta}}"), "jobs.registered.inputs.data.path",
         "no input `datta`", "data"),
        (("compute: ${{parent.inputs.nodes}}", "compute: ${{parent.inputs.node}}"), "jobs.registered.compute",
         "no input `node`", "nodes"),
        (("instance_count: ${{parent.inputs.nodes}}", "instance_count: ${{parent.inputs.nods}}"),
         "jobs.train.resources.instance_count", "no input `nods`", "nodes"),
        (("cat ${{inputs.scores}}", "cat ${{inputs.score}}"), "jobs.inline.command", "no input `score`", "scores"),
        (("cat ${{inputs.scores}}", "cat ${{search_space.a}}"), "jobs.inline.command", "trial of a sweep", None),
        (("cat ${{inputs.scores}}", "cat ${{creation_context.trigger_time}}"), "jobs.inline.command", "schedule", None),
        (("cat ${{inputs.scores}}", "cat ${{parent.nothing}}"), "jobs.inline.command", "nothing of the pipeline", None),
        (("rate: 0.5", "rate: ${{parent.inputs.nodes"), "jobs.train.inputs.rate", "never closed", None),
    ],
)  # fmt: skip
def test_expressions_of_a_pipeline(
    change: tuple[str, str], path: str, words: str, suggestion: str | None, folder: Path
) -> None:
    problem = check(folder, "job/pipeline", change, path, words)
    assert problem.suggestion == suggestion
    text = (folder / "document.yml").read_text().splitlines()
    assert problem.line
    assert problem.column
    assert text[problem.line - 1][problem.column - 1 :].startswith("${{")


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("    type: command\n", "    type: automl\n"), "jobs.train.type", "AutoML steps"),
        (("    type: command\n", "    type: data_transfer\n"), "jobs.train.type", "data transfer steps"),
        (("    type: command\n", "    type: do_while\n"), "jobs.train.type", "loops and branches"),
        (("component: azureml:score@latest", "component: {type: automl}"), "jobs.registered.component.type", "AutoML"),
        (("settings:\n", "settings:\n  on_init: train\n"), "settings.on_init", "before or after"),
        (("settings:\n", "settings:\n  on_finalize: train\n"), "settings.on_finalize", "before or after"),
    ],
)
def test_what_is_known_and_not_delivered_in_a_pipeline(
    change: tuple[str, str], path: str, words: str, folder: Path
) -> None:
    error = refusal(folder, "job/pipeline", change)
    assert error.code is ErrorCode.NOT_SUPPORTED
    (problem,) = error.problems
    assert problem.path == path
    assert words in problem.message
    assert problem.line


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("type: loguniform", "type: logunifrm"), "search_space.rate.type", "not known"),
        (("    min_value: -6\n", ""), "search_space.rate.min_value", "missing key"),
        (("min_value: -6", "min_value: 6"), "search_space.rate.max_value", "not above"),
        (("min_value: -6", "min_value: low"), "search_space.rate.min_value", "not a number"),
        (("min_value: -6", "mu: 0\n    min_value: -6"), "search_space.rate.mu", "no meaning"),
        (("type: loguniform", "type: quniform\n    q: 0"), "search_space.rate.q", "out of range"),
        (("values: [a, b]", "values: []"), "search_space.kind.values", "empty"),
        (("values: [a, b]", "values: a"), "search_space.kind.values", "text"),
        (("type: choice\n    values: [a, b]", "type: randint\n    upper: 0"),
         "search_space.kind.upper", "out of range"),
        (("  type: random\n  seed: 7\n  rule: sobol\n", "  type: grid\n"), "search_space.rate.type", "grid"),
        (("  type: random", "  type: bayesian"), "sampling_algorithm.rule", "no meaning"),
        (("rule: sobol", "rule: sobool"), "sampling_algorithm.rule", "not known"),
        (("goal: minimize", "goal: smaller"), "objective.goal", "not known"),
        (("  primary_metric: loss\n", ""), "objective.primary_metric", "missing key"),
        (("slack_factor: 0.2", "slack_amount: 1\n  slack_factor: 0.2"), "early_termination.slack_amount", "or slack"),
        (("  slack_factor: 0.2\n", ""), "early_termination.slack_factor", "missing key"),
        (("slack_factor: 0.2", "slack_factor: -1"), "early_termination.slack_factor", "out of range"),
        (("type: bandit", "type: median_stopping"), "early_termination.slack_factor", "no meaning"),
        (("type: bandit\n  slack_factor: 0.2", "type: truncation_selection"),
         "early_termination.truncation_percentage", "missing key"),
        (("type: bandit\n  slack_factor: 0.2", "type: truncation_selection\n  truncation_percentage: 100"),
         "early_termination.truncation_percentage", "out of range"),
        (("max_total_trials: 20", "max_total_trials: 2"), "limits.max_concurrent_trials", "more than"),
        (("max_total_trials: 20", "max_total_trials: 0"), "limits.max_total_trials", "out of range"),
        (("${{search_space.rate}}", "${{search_space.rat}}"), "trial.command", "no parameter `rat`"),
        (("${{inputs.data}}", "${{inputs.rate}}"), "trial.command", "no input `rate`"),
        (("trial:\n", "trial:\n  type: pipeline\n"), "trial", "a trial is a command"),
        (("rule: sobol", "logbase: 1"), "sampling_algorithm.logbase", "can't be a base"),
        (("  environment: azureml:train-env@latest\n", ""), "trial.environment", "missing key"),
    ],
)  # fmt: skip
def test_faults_of_a_sweep(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    check(folder, "job/sweep", change, path, words)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("mini_batch_size: 10kb", "mini_batch_size: ten"), "mini_batch_size", "not a size"),
        (("mini_batch_size: 10kb", "partition_keys: []"), "partition_keys", "empty"),
        (("error_threshold: 3", "error_threshold: -2"), "error_threshold", "out of range"),
        (("logging_level: DEBUG", "logging_level: LOUD"), "logging_level", "not known"),
        (("max_retries: 2", "max_retris: 2"), "retry_settings.max_retris", "unknown key"),
        (("  entry_script: train.py\n", ""), "task.entry_script", "missing key"),
        (("--out ${{outputs.scores}}", "--out ${{outputs.score}}"), "task.program_arguments", "no output `score`"),
        (("input_data: ${{inputs.data}}", "input_data: ${{inputs.dat}}"), "input_data", "no input `dat`"),
        (("type: run_function", "type: model"), "task.entry_script", "used by itself"),
        (("type: run_function", "type: run_functon"), "task.type", "not known"),
        (("./src", "https://a/b"), "task.code", "not fetched"),
    ],
)
def test_faults_of_a_parallel_job(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    check(folder, "job/parallel", change, path, words)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("  file: train.py\n", "  class_name: A\n  file: train.py\n"), "entry", "a file or a class"),
        (("  file: train.py\n", "  {}\n"), "entry", "nothing says"),
        (("spark.driver.cores: 1", "spark.driver.cores: [1]"), "conf[\"spark.driver.cores\"]", "a list"),
        (("${{inputs.data}}", "${{inputs.dat}}"), "args", "no input `dat`"),
        (("code: ./src", "driver_cores: none\ncode: ./src"), "driver_cores", "whole number"),
        (("code: ./src", "dynamic_allocation_min_executors: 3\ndynamic_allocation_max_executors: 2\ncode: ./src"),
         "dynamic_allocation_min_executors", "more than"),
    ],
)  # fmt: skip
def test_faults_of_a_spark_job(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    check(folder, "job/spark", change, path, words)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("frequency: week", "frequency: weekly"), "trigger.frequency", "not known"),
        (("  frequency: week\n", ""), "trigger.frequency", "missing key"),
        (("frequency: week", "frequency: day"), "trigger.schedule.week_days", "no meaning"),
        (("frequency: week", "frequency: hour"), "trigger.schedule", "no meaning"),
        (("interval: 1", "interval: 0"), "trigger.interval", "out of range"),
        (("hours: [4, 10]", "hours: [4, 24]"), "trigger.schedule.hours[1]", "out of range"),
        (("hours: [4, 10]", "hours: []"), "trigger.schedule.hours", "empty"),
        (("    minutes: 30\n", ""), "trigger.schedule.minutes", "missing key"),
        (("friday", "freitag"), "trigger.schedule.week_days[1]", "not known"),
        (("type: recurrence", "type: cron"), "trigger.frequency", "no meaning"),
        (("type: recurrence", "type: cron"), "trigger.expression", "missing key"),
        (("interval: 1", "interval: 1\n  expression: 1 * * * *"), "trigger.expression", "no meaning"),
        (("2026-07-10T10:00:00", "soon"), "trigger.start_time", "not a time"),
        (("  time_zone:", "  end_time: 2026-07-10T09:00:00\n  time_zone:"), "trigger.end_time", "not after"),
        (("label: ${{name}}", "label: ${{nam}}"), "create_job.inputs.label", "names nothing"),
        (("label: ${{name}}", "label: [1]"), "create_job.inputs.label", "a list"),
        (
            ("  settings:", "  outputs: {o: {path: 'azureml://datastores/d/paths/${{nam}}'}}\n  settings:"),
            "create_job.outputs.o.path",
            "names nothing",
        ),
        (("  type: pipeline\n  job:", "  type: pipline\n  job:"), "create_job.type", "not known"),
        (("job: ./parts/nightly.yml", "job: azureml://codes/x"), "create_job.job", "reference"),
        (("job: ./parts/nightly.yml", "job: {type: pipeline}"), "create_job.job.jobs", "missing key"),
        (("job: ./parts/nightly.yml", "job: {type: automl}"), "create_job.job.type", "AutoML jobs"),
    ],
)
def test_faults_of_a_schedule(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    check(folder, "schedule", change, path, words)


@pytest.mark.parametrize(
    ("expression", "words"),
    [("* * * *", "this has 4"), ("1 2 3 4 5 6", "this has 6"), ("1 2 3 4 &", "`&` is no field")],
)
def test_cron_expressions_that_are_none(expression: str, words: str) -> None:
    trigger = {"type": "cron", "expression": expression}
    with pytest.raises(LapisError) as caught:
        parse("schedule", {"name": "a", "trigger": trigger, "create_job": "azureml:j"})
    (problem,) = caught.value.problems
    assert problem.path == "trigger.expression"
    assert words in problem.message


def test_many_faults_at_once_over_files(folder: Path) -> None:
    (folder / "parts" / "train.yml").write_text("type: command\ncomand: ls\nenvironment: e@latest\n")
    text = DOCUMENTS["job/pipeline"].replace("rate: 0.5", "rate: ${{parent.inputs.x}}").replace("settings", "setings")
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, text), kind="job").validated()
    files = [(p.file or "").rpartition("/")[2] for p in caught.value.problems]
    assert files == sorted(files), "the document's own faults come first, then those of its files"
    assert {"document.yml", "train.yml"} == set(files)


@pytest.mark.parametrize("value", [10**400, "\ud800", "\x00", float("nan"), [[]], {"a": {}}])
@pytest.mark.parametrize(
    "path", [("jobs", "a", "component"), ("jobs", "a", "type"), ("jobs", "a", "inputs", "x"), ("jobs", "a", "compute"),
             ("inputs", "x"), ("inputs", "x", "default"), ("settings", "default_compute"), ("outputs", "o", "type"),
             ("jobs", "a", "resources", "instance_count"), ("jobs", "a", "outputs", "o"), ("component",)],
)  # fmt: skip
def test_values_that_nobody_expects(path: tuple[str, ...], value: object) -> None:
    document: dict[str, object] = {
        "type": "pipeline",
        "inputs": {"x": {"type": "number"}},
        "settings": {},
        "outputs": {"o": {}},
        "jobs": {"a": {"command": "ls", "environment": "e@latest", "inputs": {}, "outputs": {}, "resources": {}}},
    }
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    made, problems = outcome(lambda: parse("job", document))
    assert (made is None) == bool(problems)
    for problem in problems:
        str(problem).encode()
    if made is not None:
        json.dumps(made.to_dict(), allow_nan=False).encode()


def test_many_mistyped_expressions_are_answered_soon() -> None:
    """Each costs a search for the nearest of many words that are all alike."""
    step = {"command": "ls", "environment": "e@latest"}
    jobs = {f"step_{i}": {**step, "inputs": {"x": f"${{{{parent.jobs.steq_{i}.outputs.o}}}}"}} for i in range(900)}
    began = time.process_time()
    with pytest.raises(LapisError) as caught:
        parse("job", {"type": "pipeline", "jobs": jobs})
    assert time.process_time() - began < 20
    assert len(caught.value.problems) == 50
    assert caught.value.problems[0].suggestion == "step_0"
