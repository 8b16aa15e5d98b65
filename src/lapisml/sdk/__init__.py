"""The Python SDK: the documents and HTTP, under the names of ``azure.ai.ml``. Each name is loaded on first use."""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lapisml.core.errors import ErrorCode, LapisError
    from lapisml.sdk import constants, entities
    from lapisml.sdk.builders import command
    from lapisml.sdk.client import MLClient
    from lapisml.sdk.entities import (
        Input,
        MpiDistribution,
        Output,
        PyTorchDistribution,
        RayDistribution,
        TensorFlowDistribution,
        UserIdentityConfiguration,
    )
    from lapisml.sdk.loaders import (
        load_component,
        load_compute,
        load_data,
        load_datastore,
        load_environment,
        load_job,
        load_model,
        load_workspace,
    )

_PLACES = {
    "MLClient": "client",
    "command": "builders",
    "Input": "entities",
    "Output": "entities",
    "MpiDistribution": "entities",
    "PyTorchDistribution": "entities",
    "RayDistribution": "entities",
    "TensorFlowDistribution": "entities",
    "UserIdentityConfiguration": "entities",
    "load_component": "loaders",
    "load_compute": "loaders",
    "load_data": "loaders",
    "load_datastore": "loaders",
    "load_environment": "loaders",
    "load_job": "loaders",
    "load_model": "loaders",
    "load_workspace": "loaders",
}
_MODULES = ("constants", "entities")
_CORE = ("ErrorCode", "LapisError")

__all__ = [
    "ErrorCode",
    "Input",
    "LapisError",
    "MLClient",
    "MpiDistribution",
    "Output",
    "PyTorchDistribution",
    "RayDistribution",
    "TensorFlowDistribution",
    "UserIdentityConfiguration",
    "command",
    "constants",
    "entities",
    "load_component",
    "load_compute",
    "load_data",
    "load_datastore",
    "load_environment",
    "load_job",
    "load_model",
    "load_workspace",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"lapisml.sdk.{name}")
    if name in _CORE:
        return getattr(import_module("lapisml.core.errors"), name)
    if name in _PLACES:
        return getattr(import_module(f"lapisml.sdk.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'lapisml.sdk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
