"""Stand-in for azureml-mlflow: tracking addresses of scheme ``azureml`` lead to the job's own tracking server."""

from __future__ import annotations

from .._lapis.missing import module_getattr

__getattr__ = module_getattr("azureml.mlflow", {}, "the stock mlflow client does this on Lapis's tracking server")
