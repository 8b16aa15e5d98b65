"""The Python SDK: the documents and HTTP, under the names of ``azure.ai.ml``. Each name is loaded on first use."""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lapisml.core.errors import ErrorCode, LapisError
    from lapisml.sdk import constants, dsl, entities
    from lapisml.sdk.builders import command, spark
    from lapisml.sdk.client import MLClient
    from lapisml.sdk.endpoint_loaders import (
        load_batch_deployment,
        load_batch_endpoint,
        load_model_batch_deployment,
        load_online_deployment,
        load_online_endpoint,
        load_pipeline_component_batch_deployment,
    )
    from lapisml.sdk.entities import (
        MpiDistribution,
        PyTorchDistribution,
        RayDistribution,
        TensorFlowDistribution,
        UserIdentityConfiguration,
    )
    from lapisml.sdk.inputs import Input, Output
    from lapisml.sdk.loaders import (
        load_component,
        load_compute,
        load_connection,
        load_data,
        load_datastore,
        load_environment,
        load_job,
        load_model,
        load_registry,
        load_schedule,
        load_workspace,
        load_workspace_connection,
    )
    from lapisml.sdk.mini_batches import parallel_run_function

_PLACES = {
    "MLClient": "sdk.client",
    "command": "sdk.builders",
    "spark": "sdk.builders",
    "parallel_run_function": "sdk.mini_batches",
    "Input": "sdk.inputs",
    "Output": "sdk.inputs",
    "MpiDistribution": "sdk.entities",
    "PyTorchDistribution": "sdk.entities",
    "RayDistribution": "sdk.entities",
    "TensorFlowDistribution": "sdk.entities",
    "UserIdentityConfiguration": "sdk.entities",
    "load_batch_deployment": "sdk.endpoint_loaders",
    "load_batch_endpoint": "sdk.endpoint_loaders",
    "load_component": "sdk.loaders",
    "load_compute": "sdk.loaders",
    "load_connection": "sdk.loaders",
    "load_data": "sdk.loaders",
    "load_datastore": "sdk.loaders",
    "load_environment": "sdk.loaders",
    "load_job": "sdk.loaders",
    "load_model": "sdk.loaders",
    "load_model_batch_deployment": "sdk.endpoint_loaders",
    "load_online_deployment": "sdk.endpoint_loaders",
    "load_online_endpoint": "sdk.endpoint_loaders",
    "load_pipeline_component_batch_deployment": "sdk.endpoint_loaders",
    "load_registry": "sdk.loaders",
    "load_schedule": "sdk.loaders",
    "load_workspace": "sdk.loaders",
    "load_workspace_connection": "sdk.loaders",
}
_MODULES = ("constants", "dsl", "entities")
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
    "dsl",
    "entities",
    "load_batch_deployment",
    "load_batch_endpoint",
    "load_component",
    "load_compute",
    "load_connection",
    "load_data",
    "load_datastore",
    "load_environment",
    "load_job",
    "load_model",
    "load_model_batch_deployment",
    "load_online_deployment",
    "load_online_endpoint",
    "load_pipeline_component_batch_deployment",
    "load_registry",
    "load_schedule",
    "load_workspace",
    "load_workspace_connection",
    "parallel_run_function",
    "spark",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"lapisml.sdk.{name}")
    if name in _CORE:
        return getattr(import_module("lapisml.core.errors"), name)
    if name in _PLACES:
        return getattr(import_module(f"lapisml.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'lapisml.sdk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
