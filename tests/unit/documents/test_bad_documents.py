"""Every kind of document with each kind of fault: refused, with the place, the path and the nearest word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import load_document
from tests.unit.documents.samples import DOCUMENTS, kind_of, write

FIRST_KEY_TYPO = {
    "data": ("path", "pth"),
    "environment": ("conda_file", "conda_fil"),
    "model": ("path", "paht"),
    "component": ("command", "comand"),
    "component/pipeline": ("jobs", "jobss"),
    "component/parallel": ("mini_batch_size", "mini_batchsize"),
    "component/spark": ("entry", "entri"),
    "job": ("environment", "enviroment"),
    "job/pipeline": ("settings", "setings"),
    "job/sweep": ("search_space", "searchspace"),
    "job/parallel": ("input_data", "imput_data"),
    "job/spark": ("py_files", "pyfiles"),
    "schedule": ("trigger", "triger"),
    "compute/amlcompute": ("max_instances", "max_instance"),
    "compute/computeinstance": ("size", "sizee"),
    "datastore/azure_blob": ("container_name", "container_nam"),
    "datastore/azure_file": ("file_share_name", "file_share"),
    "datastore/azure_data_lake_gen1": ("store_name", "storename"),
    "datastore/azure_data_lake_gen2": ("filesystem", "file_system"),
    "datastore/local": ("path", "pat"),
    "datastore/s3": ("bucket", "buckett"),
    "datastore/gcs": ("bucket", "bukcet"),
    "datastore/hdfs": ("host", "hots"),
    "workspace": ("location", "loction"),
    "online-endpoint": ("auth_mode", "authmode"),
    "online-deployment/managed": ("request_settings", "request_setting"),
    "online-deployment/kubernetes": ("scale_settings", "scale_setings"),
    "batch-endpoint": ("defaults", "default"),
    "batch-deployment/model": ("code_configuration", "code_config"),
    "batch-deployment/pipeline": ("settings", "setting"),
}
REQUIRED = {
    "data": "path",
    "environment": "name",
    "model": "path",
    "component": "command",
    "component/pipeline": "jobs",
    "component/parallel": "task",
    "component/spark": "entry",
    "job": "command",
    "job/pipeline": "jobs",
    "job/sweep": "objective",
    "job/parallel": "input_data",
    "job/spark": "entry",
    "schedule": "create_job",
    "compute/amlcompute": "name",
    "compute/computeinstance": "name",
    "datastore/azure_blob": "container_name",
    "datastore/azure_file": "file_share_name",
    "datastore/azure_data_lake_gen1": "store_name",
    "datastore/azure_data_lake_gen2": "filesystem",
    "datastore/local": "name",
    "datastore/s3": "bucket",
    "datastore/gcs": "bucket",
    "datastore/hdfs": "host",
    "workspace": "name",
    "online-endpoint": "name",
    "online-deployment/managed": "endpoint_name",
    "online-deployment/kubernetes": "endpoint_name",
    "batch-endpoint": "name",
    "batch-deployment/model": "endpoint_name",
    "batch-deployment/pipeline": "component",
}
PATHS = {
    "data": ("./data/diabetes.csv", "./data/diabets.csv", "path", "./data/diabetes.csv"),
    "environment": ("./conda.yml", "./cond.yml", "conda_file", "./conda.yml"),
    "model": ("./model", "./modell", "path", "./model"),
    "component": ("./src", "./scr", "code", "./src"),
    "component/pipeline": ("./src", "./srcs", "jobs.score.code", "./src"),
    "component/parallel": ("./src", "./srcs", "task.code", "./src"),
    "component/spark": ("./src", "./srcs", "code", "./src"),
    "job": ("./src", "./srcs", "code", "./src"),
    "job/pipeline": ("./parts/train.yml", "./parts/trian.yml", "jobs.train.component", "./parts/train.yml"),
    "job/sweep": ("./src", "./srcs", "trial.code", "./src"),
    "job/parallel": ("./conda.yml", "./cond.yml", "task.environment.conda_file", "./conda.yml"),
    "job/spark": ("./data/diabetes.csv", "./data/diabets.csv", "inputs.data.path", "./data/diabetes.csv"),
    "schedule": ("./parts/nightly.yml", "./parts/nightl.yml", "create_job.job", "./parts/nightly.yml"),
    "online-deployment/managed": ("./model", "./modl", "model.path", "./model"),
    "online-deployment/kubernetes": ("./src", "./scr", "code_configuration.code", "./src"),
    "batch-deployment/model": ("./conda.yml", "./cond.yml", "environment.conda_file", "./conda.yml"),
    "batch-deployment/pipeline": ("./parts/pipeline.yml", "./parts/pipelin.yml", "component", "./parts/pipeline.yml"),
}


def refused(path: Path, case: str, code: ErrorCode = ErrorCode.DOCUMENT_INVALID) -> list[Problem]:
    with pytest.raises(LapisError) as caught:
        load_document(path, kind=kind_of(case)).validated()
    assert caught.value.code is code
    assert caught.value.problems
    for problem in caught.value.problems:
        assert "can't be read:" not in problem.message, "pydantic's own words reached the person"
    return caught.value.problems


def place_of(path: Path, snippet: str, skip: int = 0) -> tuple[str, int, int]:
    """Return where a snippet stands in a file, `skip` characters into it."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if snippet in line:
            return str(path), number, line.index(snippet) + 1 + skip
    raise AssertionError(snippet)


def at(problem: Problem) -> tuple[str | None, int | None, int | None]:
    return problem.file, problem.line, problem.column


@pytest.mark.parametrize("case", DOCUMENTS)
def test_the_samples_themselves_are_valid(case: str, folder: Path) -> None:
    loaded = load_document(write(folder, DOCUMENTS[case]), kind=kind_of(case))
    document = loaded.validated().to_dict()
    assert "$schema" not in document
    assert document["tags"] == loaded.data["tags"] if "tags" in loaded.data else True


@pytest.mark.parametrize("case", DOCUMENTS)
def test_unknown_key(case: str, folder: Path) -> None:
    right, wrong = FIRST_KEY_TYPO[case]
    path = write(folder, DOCUMENTS[case].replace(f"{right}:", f"{wrong}:", 1))
    problems = refused(path, case)
    found = next(p for p in problems if "unknown key" in p.message)
    assert (found.path, found.suggestion) == (wrong, right)
    assert at(found) == place_of(path, f"{wrong}:")
    assert not any("missing" in p.message for p in problems), "a mistyped key is one problem, not two"


@pytest.mark.parametrize("case", DOCUMENTS)
def test_wrong_type(case: str, folder: Path) -> None:
    text = "".join(line for line in DOCUMENTS[case].splitlines(keepends=True) if not line.startswith("description"))
    path = write(folder, text + "description: [a, list]\n")
    (problem,) = refused(path, case)
    assert (problem.path, problem.message, problem.expected) == ("description", "it is a list", "text")
    assert at(problem) == place_of(path, "[a, list]")


@pytest.mark.parametrize("case", DOCUMENTS)
def test_missing_key(case: str, folder: Path) -> None:
    lines = DOCUMENTS[case].splitlines(keepends=True)
    key = REQUIRED[case]
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    path = write(folder, "".join(lines[:start] + lines[end:]))
    (problem,) = refused(path, case)
    assert problem.path == key
    assert problem.message == f"missing key `{key}`"
    assert problem.expected
    assert at(problem) == (str(path), 1, 1)


@pytest.mark.parametrize("case", PATHS)
def test_a_path_that_is_not_there(case: str, folder: Path) -> None:
    right, wrong, where, suggestion = PATHS[case]
    key = where.rpartition(".")[2]
    path = write(folder, DOCUMENTS[case].replace(f"{key}: {right}", f"{key}: {wrong}", 1))
    (problem,) = refused(path, case)
    assert problem.path == where
    assert problem.message.startswith("the path is not there: ")
    assert problem.suggestion == suggestion
    assert at(problem) == place_of(path, f"{key}: {wrong}", len(key) + 2)


@pytest.mark.parametrize("case", ["component", "job"])
def test_an_expression_that_nothing_declares(case: str, folder: Path) -> None:
    path = write(folder, DOCUMENTS[case].replace("${{inputs.rate}}", "${{inputs.rat}}", 1))
    (problem,) = refused(path, case)
    assert problem.path == "command"
    assert problem.message == "`${{inputs.rat}}`: there is no input `rat`"
    assert problem.suggestion == "rate"
    assert at(problem) == place_of(path, "${{inputs.rat}}")


def test_an_expression_in_an_output_that_means_nothing(folder: Path) -> None:
    text = DOCUMENTS["job"].replace(
        "  report:\n", "  report:\n    path: azureml://datastores/d/paths/${{nam}}/${{name}}/${{default_datastore}}\n"
    )
    (problem,) = refused(write(folder, text), "job")
    assert problem.path == "outputs.report.path"
    assert "${{nam}}" in problem.message


@pytest.mark.parametrize("case", DOCUMENTS)
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("name: a\n  path: b\n", 2, 7),
        ("name: [a\nb: c\n", 2, 2),
        ("name: 'a\n", 2, 1),
        ("\tname: a\n", 1, 1),
        ("name: a\nname: b\n", 2, 1),
        ("", 1, 1),
        ("just text\n", 1, 1),
    ],
)
def test_text_that_is_no_document(case: str, text: str, line: int, column: int, folder: Path) -> None:
    path = write(folder, text)
    problems = refused(path, case)
    assert (str(path), line, column) in [at(problem) for problem in problems]


def test_every_problem_at_once_in_the_order_of_the_text(folder: Path) -> None:
    path = write(
        folder,
        "command: echo ${{inputs.a}}\n"
        "code: ./nowhere\n"
        "inputs:\n"
        "  b: {typ: uri_file, path: 'azureml:d:1'}\n"
        "environment: {image: x, os_type: windws}\n"
        "resources: {instance_count: none}\n"
        "nonsense: 1\n",
    )
    problems = refused(path, "job")
    found = ["command", "code", "inputs.b.typ", "environment.os_type", "resources.instance_count", "nonsense"]
    assert [p.path for p in problems] == found
    assert [p.line for p in problems] == [1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (("timeout: 600", "timeout: soon"), "limits.timeout", "whole number"),
        (("timeout: 600", "timeout: 0"), "limits.timeout", "out of range"),
        (("timeout: 600", "timeout: true"), "limits.timeout", "true or false"),
        (("instance_count: 1", "instance_count: 1.5"), "resources.instance_count", "whole number"),
        (("rate: 0.01", "rate: {a: 1}"), "inputs.rate.a", "unknown key"),
        (("rate: 0.01", "rate:"), "inputs.rate", "no value"),
        (("rate: 0.01", "rate: [1]"), "inputs.rate", "a list"),
        (("rate: 0.01", "rate: {type: integer, value: 1.5}"), "inputs.rate.value", "whole number"),
        (("rate: 0.01", "rate: {type: integer}"), "inputs.rate.value", "missing key"),
        (("rate: 0.01", "rate: {type: uri_file}"), "inputs.rate.path", "missing key"),
        (("rate: 0.01", "rate: {path: 'azureml:a:b:c:d'}"), "inputs.rate.path", "not a reference"),
        (("rate: 0.01", "rate: {path: 'azureml://datastores/d/paths/../x'}"), "inputs.rate.path", "leaves the place"),
        (("rate: 0.01", "rate: {path: x, path_on_compute: y}"), "inputs.rate.path_on_compute", "not supported"),
        (("  report:", "  re port:"), "outputs", "can't be used in an expression"),
        (("    type: uri_folder\nenv", "    path: ./here\nenv"), "outputs.report.path", "can't be written"),
        (
            ("    type: uri_folder\nenv", "    path: azureml://registries/r/datastores/d/paths/x\nenv"),
            "outputs.report.path",
            "can't be written",
        ),
        (("    type: uri_folder\nenv", "    mode: download\nenv"), "outputs.report.mode", "not known here"),
        (("    type: uri_folder\nenv", "    version: 1\nenv"), "outputs.report.version", "needs a name"),
        (("compute: azureml:cpu-cluster", "compute: './x y'"), "compute", "can't name a compute"),
        (("azureml:train-env@latest", "12 monkeys"), "environment", "can't name an environment"),
        (("azureml:train-env@latest", "{name: x}"), "environment", "nothing says"),
        (("azureml:train-env@latest", "[a]"), "environment", "a list"),
        (("azureml:train-env@latest", "{image: a, build: {path: src}}"), "environment.build", "not both"),
        (("azureml:train-env@latest", "{conda_file: {a: 1}}"), "environment.conda_file", "`dependencies`"),
        (("  SEED: 0", "  SEED: [0]"), "environment_variables.SEED", "a list"),
        (("experiment_name: diabetes", "experiment_name: ''"), "experiment_name", "empty"),
        (("display_name: logistic", "name: a/b"), "name", "not a name"),
        (("display_name: logistic", "name: a..b"), "name", "not a name"),
        (("display_name: logistic", "distribution: {type: mpi, worker_count: 2}"), "distribution.worker_count", "mpi"),
        (("display_name: logistic", "queue_settings: {job_tier: cheap}"), "queue_settings.job_tier", "not known"),
        (("display_name: logistic", "services: {a: {type: notebook}}"), "services.a.type", "not known"),
        (("display_name: logistic", "identity: {type: root}"), "identity.type", "not known"),
        (("code: ./src", "code: https://github.com/a/b"), "code", "not fetched"),
        (("code: ./src", "code: ./data/nothing/"), "code", "not there"),
    ],
)
def test_faults_of_a_job(change: tuple[str, str], path: str, words: str, folder: Path) -> None:
    text = DOCUMENTS["job"].replace(*change, 1).replace("echo ${{inputs.rate}}", "echo")
    assert change[1] in text
    file = write(folder, text)
    with pytest.raises(LapisError) as caught:
        load_document(file, kind="job").validated()
    problem = next(p for p in caught.value.problems if p.path == path)
    assert words in problem.message + str(problem.expected)
    assert problem.line is not None


@pytest.mark.parametrize(
    ("case", "text", "path", "words"),
    [
        ("compute", "name: a\ntype: amlcompute\nmin_instances: 5\nmax_instances: 2\n", "min_instances", "more than"),
        ("compute", "name: a\ntype: amlcompte\n", "type", "not known"),
        ("compute", "name: a\n", "", "missing key `type`"),
        ("datastore", "name: a\ntype: local\npath: data\n", "path", "not an absolute path"),
        ("datastore", "name: a\ntype: s3\nbucket: b\ncredentials: {access_key_id: x}\n",
         "credentials.secret_access_key", "missing key"),
        ("datastore", "name: a\ntype: azure_blob\naccount_name: a\ncontainer_name: b\n"
         "credentials: {account_key: x, sas_token: y}\n", "credentials", "different ways"),
        ("data", "name: a\ntype: uri_folder\npath: data/diabetes.csv\n", "path", "this is a file"),
        ("data", "name: a\ntype: uri_file\npath: data\n", "path", "this is a folder"),
        ("data", "name: a\ntype: mltable\npath: data\n", "path", "no file MLTable"),
        ("data", "name: a\ntype: uri_flie\npath: data\n", "type", "not known"),
        ("data", "name: a\nversion: a b\npath: data\n", "version", "not a version"),
        ("data", "name: a\nversion: {a: 1}\npath: data\n", "version", "a mapping"),
        ("environment", "name: a\n", "", "nothing says"),
        ("environment", "name: a\nchannels: [b]\ndependencies: [c]\n", "channels", "unknown key"),
        ("environment", "name: a\nimage: b\nos_type: windows\n", "os_type", "not supported"),
        ("environment", "name: a\nbuild: {dockerfile_path: x}\n", "build.path", "missing key"),
        ("environment", "name: a\nbuild: {path: conda.yml}\n", "build.path", "this is a file"),
        ("environment", "name: a\nconda_file: src\n", "conda_file", "not a file"),
        ("model", "name: a\ntype: onnx\npath: model\n", "type", "not known"),
        ("component", "name: a\ncommand: b\nenvironment: c\ninputs: {x: {type: string, min: 1}}\n",
         "inputs.x.min", "no meaning"),
        ("component", "name: a\ncommand: b\nenvironment: c\ninputs: {x: {type: integer, default: many}}\n",
         "inputs.x.default", "whole number"),
        ("component", "name: a\ncommand: b\nenvironment: c\ninputs: {x: {type: integer, default: 9, max: 3}}\n",
         "inputs.x.default", "out of range"),
        ("component", "name: a\ncommand: b\nenvironment: c\ninputs: {x: {type: string, enum: [red], default: rad}}\n",
         "inputs.x.default", "not allowed"),
        ("component", "name: a\ncommand: b\nenvironment: c\ninputs: {x: {typ: string}}\n", "inputs.x.typ", "unknown"),
    ],
)  # fmt: skip
def test_faults_of_other_kinds(case: str, text: str, path: str, words: str, folder: Path) -> None:
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, text), kind=case).validated()
    problem = next(p for p in caught.value.problems if p.path == path)
    assert words in problem.message
    assert problem.line is not None


def _refusal(case: str) -> Callable[[str, Path], LapisError]:
    def refuse(text: str, folder: Path) -> LapisError:
        with pytest.raises(LapisError) as caught:
            load_document(write(folder, text), kind=case or None).validated()
        return caught.value

    return refuse


@pytest.mark.parametrize(
    ("case", "text", "words"),
    [
        ("job", "type: automl\n", "AutoML jobs"),
        ("job", "$schema: https://x/latest/automlJob.schema.json\n", "AutoML jobs"),
        ("component", "type: sweep\n", "sweep components"),
        ("component", "type: flow_parallel\n", "prompt flow"),
        ("schedule", "create_monitor: {}\nname: a\ntrigger: {type: cron, expression: 1 1 * * *}\n", "monitors"),
        ("schedule", "import_data: {}\nname: a\ntrigger: {type: cron, expression: 1 1 * * *}\n", "data imports"),
        ("compute", "type: kubernetes\nname: a\n", "Kubernetes"),
        ("compute", "type: kubernetes\nname: a\n", "Kubernetes clusters"),
        ("compute", "type: synapsespark\nname: a\n", "Synapse"),
        ("datastore", "type: one_lake\nname: a\n", "OneLake"),
        ("", "$schema: https://x/latest/serverlessEndpoint.schema.json\n", "serverless endpoints"),
        ("", "$schema: https://x/latest/modelPackage.schema.json\n", "model packages"),
        ("", "$schema: https://x/latest/monitorSchedule.schema.json\n", "monitors"),
        ("", "$schema: https://x/latest/featureStore.schema.json\n", "feature stores"),
        ("", "type: automl\n", "AutoML jobs"),
    ],
)
def test_kinds_that_are_known_and_not_delivered(case: str, text: str, words: str, folder: Path) -> None:
    error = _refusal(case)(text, folder)
    assert error.code is ErrorCode.NOT_SUPPORTED
    (problem,) = error.problems
    assert words in problem.message
    assert problem.line == 1


def test_a_document_of_another_kind_than_the_command(folder: Path) -> None:
    error = _refusal("job")(DOCUMENTS["data"], folder)
    assert error.code is ErrorCode.DOCUMENT_INVALID
    assert "a data asset" in error.problems[0].message
    assert error.problems[0].path == "$schema"


def test_secrets_never_stand_in_a_message(folder: Path) -> None:
    text = (
        "name: a\ntype: azure_blob\naccount_name: a\ncontainer_name: b\n"
        "credentials: {account_key: [canary-1], sas_token: {canary-2: canary-3}, client_secrt: canary-4}\n"
    )
    error = _refusal("datastore")(text, folder)
    shown = str(error) + repr(error.to_json())
    assert "canary-1" not in shown
    assert "canary-3" not in shown
    assert "canary-4" not in shown


def test_secrets_never_stand_in_a_repr(folder: Path) -> None:
    text = DOCUMENTS["datastore/s3"].replace("XXXX", "canary")
    document = load_document(write(folder, text), kind="datastore").validated()
    assert "canary" not in repr(document)
    assert document.to_dict()["credentials"]["secret_access_key"] == "canary"
