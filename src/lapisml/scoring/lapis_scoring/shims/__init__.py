"""Azure ML's packages that scoring scripts import, for environments that lack them or can't use them here."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from typing import TYPE_CHECKING, Any

_OURS = {
    "azureml.contrib.services": "aml_request",
    "azureml.contrib.services.aml_request": "aml_request",
    "azureml.contrib.services.aml_response": "aml_response",
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

_COLLECTING = ("azureml.ai.monitoring", "azureml.ai.monitoring.context")

_PACKAGES = ("azureml", "azureml.contrib", "azureml.ai", "inference_schema", "inference_schema.parameter_types")


_DROP_INS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "drop_ins"))
"""What scripts of jobs are offered as well."""


if TYPE_CHECKING:
    from collections.abc import Callable

    Fill = Callable[[types.ModuleType], None]


def provide(collecting: Fill) -> None:
    """Make the packages importable; an environment that has inference-schema, or azureml-core, keeps its own.

    Args:
        collecting: fills the module ``azureml.ai.monitoring``.
    """
    if os.environ.get("LAPIS_DROP_INS", "").lower() not in ("0", "false", "no", "off"):
        sys.path.append(_DROP_INS)  # azureml.core: Model.get_model_path above all
    ours = {name: _filling(module) for name, module in _OURS.items()}
    sys.meta_path.insert(0, _Finder({**ours, **dict.fromkeys(_COLLECTING, collecting)}))
    lacking = {name: _filling(module) for name, module in _LACKING.items()}
    sys.meta_path.append(_Finder({**lacking, **dict.fromkeys(_PACKAGES, _nothing)}))


def _filling(name: str) -> Fill:
    def fill(module: types.ModuleType) -> None:
        ours = importlib.import_module(f"{__name__}.{name}")
        module.__dict__.update({key: value for key, value in vars(ours).items() if not key.startswith("__")})
        module.__doc__ = ours.__doc__

    return fill


def _nothing(module: types.ModuleType) -> None:  # noqa: ARG001 - a package without names of its own
    return


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules by their names.

    Args:
        modules: name → what fills it.
    """

    def __init__(self, modules: dict[str, Fill]) -> None:
        self._modules = modules

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002 - the protocol
        fill = self._modules.get(fullname)
        if fill is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(fill), is_package=not fullname.endswith(_LEAVES))


_LEAVES = ("aml_request", "aml_response", "context", "schema_decorators", "schema_util", "parameter_type")


class _Loader(importlib.abc.Loader):
    """Fills a module."""

    def __init__(self, fill: Fill) -> None:
        self._fill = fill

    def create_module(self, spec: Any) -> None:  # noqa: ARG002 - the protocol
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        self._fill(module)
