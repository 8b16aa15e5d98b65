"""Azure ML's packages that scoring scripts import, for environments that lack them or can't use them here."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

_OURS = {
    "azureml.contrib.services": "aml_request",
    "azureml.contrib.services.aml_request": "aml_request",
    "azureml.contrib.services.aml_response": "aml_response",
    "azureml.ai.monitoring": "monitoring",
    "azureml.ai.monitoring.context": "monitoring",
}
"""Always ours: Azure ML's own speak to processes that are not here."""

_LACKING = {
    "inference_schema.schema_decorators": "schema",
    "inference_schema.schema_util": "schema",
    "inference_schema.parameter_types.abstract_parameter_type": "parameter_types",
    "inference_schema.parameter_types.numpy_parameter_type": "parameter_types",
    "inference_schema.parameter_types.pandas_parameter_type": "parameter_types",
    "inference_schema.parameter_types.standard_py_parameter_type": "parameter_types",
}
"""Ours when the environment has none."""

_PACKAGES = ("azureml", "azureml.contrib", "azureml.ai", "inference_schema", "inference_schema.parameter_types")


def provide() -> None:
    """Make the packages importable; an environment that has inference-schema keeps its own."""
    sys.meta_path.insert(0, _Finder(_OURS, ()))
    sys.meta_path.append(_Finder(_LACKING, _PACKAGES))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules of this package under other names."""

    def __init__(self, modules: dict[str, str], packages: Sequence[str]) -> None:
        self._modules = modules
        self._packages = packages

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002 - the protocol
        if fullname in self._modules:
            loader = _Loader(self._modules[fullname])
            return importlib.machinery.ModuleSpec(fullname, loader, is_package=not fullname.endswith(_LEAVES))
        if fullname in self._packages:
            return importlib.machinery.ModuleSpec(fullname, _Loader(None), is_package=True)
        return None


_LEAVES = ("aml_request", "aml_response", "context", "schema_decorators", "schema_util", "parameter_type")


class _Loader(importlib.abc.Loader):
    """Fills a module with the names of one of ours."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def create_module(self, spec: Any) -> None:  # noqa: ARG002 - the protocol
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        if self._name is None:
            return
        ours = importlib.import_module(f"{__name__}.{self._name}")
        module.__dict__.update({name: value for name, value in vars(ours).items() if not name.startswith("__")})
        module.__doc__ = ours.__doc__
