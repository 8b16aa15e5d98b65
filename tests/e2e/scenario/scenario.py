"""The main scenario as a user types it, over a home of its own; the tests look at what it left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from tests.support.cli import run_lapis
from tests.support.processes import REPOSITORY

DOCUMENTS = Path(__file__).parent / "diabetes"
TRAINING_CODE = REPOSITORY / "examples" / "train-a-model" / "src"


@dataclass
class Scenario:
    """One home, one working folder, and every command that was typed with what came back.

    Attributes:
        home: LAPIS_HOME.
        folder: working folder with the documents, the code and the data.
        env: settings of the server that the first command starts.
        done: name of the step → finished command.
    """

    home: Path
    folder: Path
    env: dict[str, str]
    done: dict[str, CompletedProcess[str]] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """The job's name, as ``job create --query name -o tsv`` printed it."""
        return self.done["job create"].stdout.strip()

    def type(self, step: str, *words: str, check: bool = True) -> CompletedProcess[str]:
        """Type ``lapis words…`` in the working folder and keep the result as `step`."""
        done = run_lapis(*words, home=self.home, cwd=self.folder, env=self.env, timeout=300, check=check)
        self.done[step] = done
        return done


def prepare(folder: Path, data: Path) -> None:
    """Lay out documents, code and data as a user has them."""
    shutil.copytree(DOCUMENTS, folder)
    shutil.copytree(TRAINING_CODE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(data, folder / "diabetes.csv")


def play(scenario: Scenario) -> None:
    """Type the commands of the scenario, one after the other; the first one starts the server."""
    cluster = "--type amlcompute --min-instances 0 --max-instances 4".split()
    scenario.type("data create", *"data create -f dataset.yml -n diabetes".split())
    scenario.type("environment create", *"environment create -f train-env.yml".split())
    scenario.type("compute create", *"compute create -n cpu-cluster".split(), *cluster)
    create = "job create -f job.yml --set experiment_name=diabetes --query name -o tsv"
    scenario.type("job create", *create.split())
    job = scenario.job
    scenario.type("job stream", *f"job stream -n {job}".split())
    scenario.type("job status", *f"job show -n {job} --query status -o tsv".split())
    path = f"azureml://jobs/{job}/outputs/artifacts/paths/model/"
    scenario.type("model create", *f"model create -f model.yml --path {path} -n diabetes".split())
    scenario.type("model list", *"model list -n diabetes".split())
    scenario.type("job download", *f"job download -n {job}".split())
    scenario.type("tracking uri", *"workspace show --query mlflow_tracking_uri -o tsv".split())
    scenario.type("token", *"auth token".split())
