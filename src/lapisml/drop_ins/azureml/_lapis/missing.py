"""Saying what to use instead of what a stand-in does not have."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any, Callable, Dict

OPT_OUT = "Install the real package in the job's environment to use it"

PACKAGES = {
    "azureml.automl": "AutoML of version 1 is not part of Lapis",
    "azureml.data": "give data to the job as inputs and read the paths that it gets",
    "azureml.dataprep": "read tables with mltable or pandas",
    "azureml.datadrift": "Lapis has no monitors yet",
    "azureml.exceptions": "errors of the stand-ins are those of Python",
    "azureml.explain": "use the shap or interpret packages, and log what they make with mlflow.log_artifact",
    "azureml.featurestore": "Lapis keeps documents of feature stores and computes no features: compute them in a job",
    "azureml.interpret": "use the shap or interpret packages, and log what they make with mlflow.log_artifact",
    "azureml.opendatasets": "give the data to the job as an input",
    "azureml.pipeline": "write a pipeline job: lapisml.dsl.pipeline, or YAML of type pipeline",
    "azureml.tensorboard": "Lapis shows metrics itself; mlflow.log_metric logs them",
    "azureml.train": "write a command or sweep job: lapisml.command(...), .sweep(...)",
    "azureml.widgets": "`lapis job stream` follows a job",
}
"""Package → what does its work here."""


class NotOfferedError(ImportError):
    """A stand-in lacks what was asked for; the message says what to use instead."""


def not_offered(name: str, instead: str) -> NotOfferedError:
    """Make the error that says what to use in place of `name`."""
    return NotOfferedError(f"Lapis's stand-in for azureml has no {name}: {instead}. {OPT_OUT}.")


def module_getattr(module: str, instead: Dict[str, str], default: str) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a module: `instead` says by name, `default` for all others, what to use."""

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_offered(f"{module}.{name}", instead.get(name, default))

    return missing


class _Explaining(MetaPathFinder):
    """Stands last: what no other finder found is explained."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Raise for packages of the cloud that are not there; see `MetaPathFinder`."""
        del path, target
        known = PACKAGES.get(".".join(fullname.split(".")[:2]))
        if known is not None:
            raise ModuleNotFoundError(str(not_offered(fullname, known)), name=fullname)


def explain() -> None:
    """Explain imports of ``azureml.…`` that find nothing, from now on."""
    if not any(isinstance(finder, _Explaining) for finder in sys.meta_path):
        sys.meta_path.append(_Explaining())
