"""Stand-in for azureml-fsspec: files of the job's inputs and outputs under their ``azureml://`` addresses."""

from __future__ import annotations

from .._lapis.missing import module_getattr
from .spec import AzureMachineLearningFileSystem

__all__ = ["AzureMachineLearningFileSystem"]

__getattr__ = module_getattr("azureml.fsspec", {}, "fsspec has file systems for other places")
