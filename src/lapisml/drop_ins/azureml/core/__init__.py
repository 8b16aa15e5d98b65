"""Stand-in for azureml-core: the run of the job, and what leads from it to workspace, experiment and models."""

from __future__ import annotations

from .._lapis.missing import module_getattr
from .experiment import Experiment
from .model import Model
from .run import Run
from .workspace import Workspace

VERSION = "1.0.0+lapis"

__all__ = ["Experiment", "Model", "Run", "Workspace"]

__getattr__ = module_getattr(
    "azureml.core",
    {
        "ComputeTarget": "jobs name their compute in their document: compute: azureml:NAME",
        "Dataset": "give data to the job as an input and read the path that it gets; mltable reads tables",
        "Datastore": "give data to the job as an input, or write to an output of the job",
        "Environment": "jobs name their environment in their document: environment: azureml:NAME@latest",
        "ScriptRunConfig": "submit a job: lapisml.command(...), or `lapis job create -f job.yml`",
        "Webservice": "deploy a model with `lapis online-deployment create`",
    },
    "see MLflow's client (mlflow.…) for runs and models, and lapisml.MLClient for the rest",
)
