"""Each document kind once in good order, and the ways to spoil it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Kind:
    """One kind of document.

    Attributes:
        noun: the command's noun.
        good: a valid document; ``./here`` is a folder and ``./file.txt`` a file beside it.
        required: a key without which it is not valid.
        wrong: a key → a value of the wrong type.
        misspelt: a misspelt key → the word that was meant.
        path: key with a local path, dotted; None where the kind has none.
        references: key → a reference to something that does not exist.
        expression: key whose text may hold expressions.
    """

    noun: str
    good: str
    required: str
    wrong: tuple[str, object]
    misspelt: tuple[str, str]
    path: str | None = None
    references: dict[str, object] = field(default_factory=dict)
    expression: str | None = None


KINDS = {
    "data": Kind(
        "data",
        "name: bad-data\ntype: uri_file\npath: ./file.txt\ndescription: text\n",
        "path",
        ("tags", [1, 2]),
        ("descripton", "description"),
        "path",
        {"path": "azureml://datastores/nowhere/paths/a.csv"},
    ),
    "datastore": Kind(
        "datastore",
        "name: baddatastore\ntype: azure_blob\naccount_name: account\ncontainer_name: box\n",
        "container_name",
        ("credentials", "letmein"),
        ("acount_name", "account_name"),
    ),
    "environment": Kind(
        "environment",
        "name: bad-environment\nimage: python\nconda_file: ./conda.yml\n",
        "name",
        ("tags", "text"),
        ("conda_fil", "conda_file"),
        "conda_file",
    ),
    "model": Kind(
        "model",
        "name: bad-model\ntype: custom_model\npath: ./file.txt\n",
        "path",
        ("properties", [1]),
        ("tag", "tags"),
        "path",
        {"path": "azureml://jobs/no_such_job/outputs/artifacts/paths/model/"},
    ),
    "component": Kind(
        "component",
        "type: command\nname: bad_component\ncommand: echo ${{inputs.word}}\ncode: ./here\n"
        "inputs:\n  word:\n    type: string\nenvironment:\n  image: python\n",
        "command",
        ("inputs", "text"),
        ("enviroment", "environment"),
        "code",
        {"environment": "azureml:no-such-environment:1"},
        "command",
    ),
    "compute": Kind(
        "compute",
        "name: badcompute\ntype: amlcompute\nmin_instances: 0\nmax_instances: 2\n",
        "name",
        ("max_instances", "many"),
        ("max_instance", "max_instances"),
    ),
    "job": Kind(
        "job",
        "type: command\ncommand: echo ${{inputs.word}}\ncode: ./here\ninputs:\n  word: hello\n"
        "environment:\n  image: python\ncompute: azureml:serverless\n",
        "command",
        ("environment_variables", [1, 2]),
        ("experiment_nam", "experiment_name"),
        "code",
        {
            "environment": "azureml:no-such-environment@latest",
            "compute": "azureml:no-such-cluster",
            "inputs.word": "azureml:no-such-data:7",
        },
        "command",
    ),
    "pipeline": Kind(
        "job",
        "type: pipeline\ninputs:\n  word: hello\njobs:\n  a:\n    command: echo ${{inputs.word}}\n    code: ./here\n"
        "    inputs:\n      word: ${{parent.inputs.word}}\n    environment:\n      image: python\n"
        "  b:\n    component: ./part.yml\n    inputs:\n      word: x\n    compute: azureml:serverless\n",
        "jobs",
        ("jobs.a.limits", "text"),
        ("setings", "settings"),
        "jobs.b.component",
        {
            "jobs.a.environment": "azureml:no-such-environment@latest",
            "jobs.b.component": "azureml:no-such-component@latest",
            "jobs.b.compute": "azureml:no-such-cluster",
            "settings": {"default_compute": "azureml:no-such-cluster"},
        },
        "jobs.a.command",
    ),
    "sweep": Kind(
        "job",
        "type: sweep\ntrial:\n  command: echo ${{inputs.word}} ${{search_space.rate}}\n  code: ./here\n"
        "  environment:\n    image: python\ninputs:\n  word: hello\nsearch_space:\n  rate: [1, 2]\n"
        "objective:\n  goal: minimize\n  primary_metric: loss\nlimits:\n  max_total_trials: 2\n",
        "objective",
        ("search_space", {"rate": {"type": "uniform", "min_value": "low", "max_value": 1}}),
        ("sampling_algoritm", "sampling_algorithm"),
        "trial.code",
        {"trial": "azureml:no-such-component:1", "compute": "azureml:no-such-cluster"},
        "trial.command",
    ),
    "parallel": Kind(
        "job",
        "type: parallel\ninputs:\n  word: hello\n  rows:\n    type: uri_folder\n    path: ./here\n"
        "input_data: ${{inputs.rows}}\ntask:\n  type: run_function\n  code: ./here\n  entry_script: main.py\n"
        "  program_arguments: --word ${{inputs.word}}\n  environment:\n    image: python\n",
        "task",
        ("mini_batch_size", "many"),
        ("input_dat", "input_data"),
        "task.code",
        {"compute": "azureml:no-such-cluster"},
        "task.program_arguments",
    ),
    "pipeline component": Kind(
        "component",
        "type: pipeline\nname: bad_pipeline\ninputs:\n  word:\n    type: string\njobs:\n  a:\n"
        "    command: echo ${{inputs.word}}\n    code: ./here\n    environment:\n      image: python\n"
        "    inputs:\n      word: ${{parent.inputs.word}}\n",
        "jobs",
        ("jobs.a.inputs", ["word"]),
        ("output", "outputs"),
        "jobs.a.code",
        expression="jobs.a.command",
    ),
    "schedule": Kind(
        "schedule",
        "name: bad-schedule\ntrigger:\n  type: cron\n  expression: 0 1 * * *\ncreate_job:\n  type: command\n"
        "  command: echo ${{inputs.word}}\n  code: ./here\n  inputs:\n    word: hello\n  environment:\n"
        "    image: python\n",
        "trigger",
        ("trigger", {"type": "cron", "expression": "often"}),
        ("descriptio", "description"),
        "create_job.code",
        {"create_job": "azureml:no_such_job"},
        "create_job.command",
    ),
    "workspace": Kind(
        "workspace",
        "name: bad-workspace\ndescription: text\n",
        "name",
        ("tags", "text"),
        ("descriptio", "description"),
    ),
    "online endpoint": Kind(
        "online-endpoint",
        "name: bad-endpoint\nauth_mode: key\n",
        "name",
        ("traffic", {"blue": "most"}),
        ("auth_mod", "auth_mode"),
    ),
    "online deployment": Kind(
        "online-deployment",
        "name: bad-deployment\nendpoint_name: bad-endpoint\nmodel:\n  path: ./file.txt\ncode_configuration:\n"
        "  code: ./here\n  scoring_script: main.py\nenvironment:\n  conda_file: ./conda.yml\n",
        "endpoint_name",
        ("request_settings", {"request_timeout_ms": "soon"}),
        ("instance_coun", "instance_count"),
        "code_configuration.code",
    ),
    "batch endpoint": Kind(
        "batch-endpoint",
        "name: bad-batch\ndescription: text\n",
        "name",
        ("defaults", "forest"),
        ("default", "defaults"),
    ),
    "batch deployment": Kind(
        "batch-deployment",
        "name: bad-batch-deployment\nendpoint_name: bad-batch\nmodel:\n  path: ./file.txt\ncode_configuration:\n"
        "  code: ./here\n  scoring_script: main.py\nenvironment:\n  conda_file: ./conda.yml\n",
        "endpoint_name",
        ("settings", {"mini_batch_size": 0}),
        ("resource", "resources"),
        "environment.conda_file",
    ),
    "batch deployment of a pipeline": Kind(
        "batch-deployment",
        "type: pipeline\nname: bad-pipeline-deployment\nendpoint_name: bad-batch\ncomponent:\n  type: pipeline\n"
        "  inputs:\n    word:\n      type: string\n  jobs:\n    a:\n      command: echo ${{inputs.word}}\n"
        "      code: ./here\n      environment:\n        image: python\n"
        "      inputs:\n        word: ${{parent.inputs.word}}\n",
        "endpoint_name",
        ("settings", {"force_rerun": "often"}),
        ("setings", "settings"),
        "component.jobs.a.code",
        expression="component.jobs.a.command",
    ),
}


PART = "type: command\ncommand: echo ${{inputs.word}}\ninputs: {word: {type: string}}\nenvironment: {image: python}\n"


def lay_out(folder: Path) -> None:
    """Make the files that the good documents name."""
    (folder / "here").mkdir(parents=True)
    (folder / "here" / "main.py").write_text("print(1)\n")
    (folder / "file.txt").write_text("text\n")
    (folder / "conda.yml").write_text("dependencies: [python]\n")
    (folder / "part.yml").write_text(PART)


def changed(kind: Kind, key: str, value: object) -> str:
    """Return the good document with `key` (dotted) set to `value`."""
    document = yaml.safe_load(kind.good)
    place = document
    *outer, last = key.split(".")
    for part in outer:
        place = place[part]
    place[last] = {"type": "uri_file", "path": value} if key.startswith("inputs.") else value
    return yaml.safe_dump(document, sort_keys=False)


def without(kind: Kind, key: str) -> str:
    """Return the good document without `key`."""
    document = yaml.safe_load(kind.good)
    del document[key]
    return yaml.safe_dump(document, sort_keys=False)
