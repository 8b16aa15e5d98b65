"""``mlflow.deployments`` for online endpoints: the target ``lapis``.

MLflow loads this module by its entry point when `get_deploy_client` is asked for such a target:

============================  ==============================================================================
``lapis``                     the server of MLFLOW_TRACKING_URI when that is a Lapis server's, else the one
                              that `MLClient()` finds
``lapis:/<workspace>``        another workspace of it
``lapis:http://host:port``    that server; a path ``/mlflow/<workspace>`` names the workspace
============================  ==============================================================================

Source of the interface: https://mlflow.org/docs/latest/ml/plugins/#deployment-plugins
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import yaml
from mlflow.deployments import BaseDeploymentClient, PredictionsResponse
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.operations.online_deployments import OnlineDeploymentOperations
from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations

if TYPE_CHECKING:
    from lapisml.sdk.client import MLClient

_ADDRESS = re.compile(r"(https?://[^/]+)(?:/mlflow/([^/]+))?/?")
_REGISTERED = re.compile(r"models:/([^/@]+)(?:/(\d+)|@([^/]+)|/(latest))")
_CODES = {
    ErrorCode.NOT_FOUND: codes.RESOURCE_DOES_NOT_EXIST,
    ErrorCode.REFERENCE_NOT_FOUND: codes.RESOURCE_DOES_NOT_EXIST,
    ErrorCode.ALREADY_EXISTS: codes.RESOURCE_ALREADY_EXISTS,
    ErrorCode.CONFLICT: codes.RESOURCE_CONFLICT,
    ErrorCode.DOCUMENT_INVALID: codes.INVALID_PARAMETER_VALUE,
    ErrorCode.USAGE: codes.INVALID_PARAMETER_VALUE,
    ErrorCode.NOT_SUPPORTED: codes.NOT_IMPLEMENTED,
    ErrorCode.FORBIDDEN: codes.PERMISSION_DENIED,
    ErrorCode.UNAUTHENTICATED: codes.UNAUTHENTICATED,
}
_CONFIG_FILES = ("deploy-config-file", "endpoint-config-file")


def target_help() -> str:
    """Say how targets and configurations are written."""
    return (
        "Targets: `lapis`, `lapis:/<workspace>`, or `lapis:http://host:port/mlflow/<workspace>`. The configuration of "
        "an endpoint or a deployment holds keys of its YAML document (auth_mode, traffic; instance_count, environment, "
        "code_configuration), or names a file with them: {'deploy-config-file': …} or {'endpoint-config-file': …}. A "
        "deployment without an endpoint gets one of its own name, with all the traffic."
    )


def run_local(name: str, model_uri: str, flavor: str | None = None, config: dict[str, Any] | None = None) -> None:
    """Deploy a model on this machine, without a server: as ``lapis online-deployment create --local`` does."""
    client = LapisDeploymentClient("lapis")
    _check_flavor(flavor)
    with _translated():
        from lapisml.sdk.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint

        folder = mlflow.artifacts.download_artifacts(model_uri)
        model = {"path": folder, "type": "mlflow_model"}
        client.endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name), local=True).result()
        document = {"name": name, "endpoint_name": name, "model": model, **_document(config)}
        deployment = ManagedOnlineDeployment(**{"instance_count": 1, **document})
        client.deployments.begin_create_or_update(deployment, local=True).result()


class LapisDeploymentClient(BaseDeploymentClient):
    """Online endpoints and deployments of a workspace under MLflow's names.

    Args:
        target_uri: see this module's text.
    """

    def __init__(self, target_uri: str) -> None:
        super().__init__(target_uri)  # type: ignore[no-untyped-call]
        session = _connect(target_uri.partition(":")[2])._session  # noqa: SLF001 - the records as they are
        self.endpoints = OnlineEndpointOperations(session)
        self.deployments = OnlineDeploymentOperations(session)

    def create_deployment(
        self,
        name: str,
        model_uri: str,
        flavor: str | None = None,
        config: dict[str, Any] | None = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Deploy a model and wait until it answers; returns the deployment.

        Args:
            name: the deployment's name.
            model_uri: ``models:/name/1``, ``models:/name@alias``, ``runs:/…``; one that is not registered yet
                becomes a version of the model ``<endpoint>-<name>``.
            flavor: taken; how the model is loaded, the model says itself.
            config: keys of the deployment's document.
            endpoint: an endpoint that exists; without one, an endpoint of the same name is made, and all its
                traffic goes to this deployment.
        """
        _check_flavor(flavor)
        with _translated():
            place = endpoint or name
            if self._find(place, name) is not None:
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"Endpoint '{place}' has a deployment '{name}' already.")
            if endpoint is None:
                self._ensure_endpoint(name)
            made = self._deploy(place, name, {"instance_count": 1, **_document(config)}, model_uri)
            if endpoint is None:
                self._change_endpoint(name, {"traffic": {name: 100}})
            return made

    def update_deployment(
        self,
        name: str,
        model_uri: str | None = None,
        flavor: str | None = None,
        config: dict[str, Any] | None = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Give a deployment another model or other settings; what answers now goes on until that is ready."""
        _check_flavor(flavor)
        with _translated():
            document = self._document_of(endpoint or name, name)
            return self._deploy(endpoint or name, name, {**document, **_document(config)}, model_uri)

    def delete_deployment(self, name: str, config: dict[str, Any] | None = None, endpoint: str | None = None) -> None:
        """Delete a deployment, once or again.

        Without an endpoint, the endpoint of the same name goes with it. One that takes traffic of an endpoint that
        stays is not deleted: give its traffic to others first.
        """
        _document(config)
        with _translated():
            if self._find(endpoint or name, name) is None:
                return
            if endpoint is None:
                self.endpoints.begin_delete(name).result()
            else:
                self.deployments.begin_delete(name, endpoint).result()

    def list_deployments(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """List the deployments of an endpoint, or of all of them."""
        with _translated():
            names = [endpoint] if endpoint else [one["name"] for one in self.endpoints.list()]
            return [one for name in names for one in self.deployments.list(name)]

    def get_deployment(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """Describe a deployment."""
        with _translated():
            return dict(self.deployments.get(name, endpoint or name))

    def predict(
        self, deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None
    ) -> PredictionsResponse:
        """Ask an endpoint.

        Args:
            deployment_name: the deployment that is to answer; else the traffic rules choose.
            inputs: a DataFrame, an array, a list, or the request as it is sent.
            endpoint: the endpoint; without one, that of the deployment's name.
        """
        if endpoint is None and deployment_name is None:
            raise MlflowException.invalid_parameter_value("Name an endpoint or a deployment.")
        with _translated():
            place = endpoint or deployment_name or ""
            text = self.endpoints.invoke(place, deployment_name=deployment_name, input_data=_request(inputs))
        answer = json.loads(text)
        is_whole = isinstance(answer, dict) and "predictions" in answer
        return PredictionsResponse(answer if is_whole else {"predictions": answer})

    def predict_stream(
        self, deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None
    ) -> Any:
        """Refuse: endpoints answer at once."""
        del deployment_name, inputs, endpoint
        raise MlflowException("Online endpoints do not stream their answers.", codes.NOT_IMPLEMENTED)

    def create_endpoint(self, name: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create an endpoint."""
        with _translated():
            if any(one["name"] == name for one in self.endpoints.list()):
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"There is an endpoint '{name}' already.")
            return self._put_endpoint(name, _document(config))

    def update_endpoint(self, endpoint: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
        """Change an endpoint: traffic, mirrored traffic, tags."""
        with _translated():
            return self._change_endpoint(endpoint, _document(config))

    def delete_endpoint(self, endpoint: str) -> None:
        """Delete an endpoint with its deployments."""
        with _translated():
            self.endpoints.begin_delete(endpoint).result()

    def list_endpoints(self) -> list[dict[str, Any]]:
        """List the endpoints."""
        with _translated():
            return list(self.endpoints.list())

    def get_endpoint(self, endpoint: str) -> dict[str, Any]:
        """Describe an endpoint."""
        with _translated():
            return dict(self.endpoints.get(endpoint))

    def _ensure_endpoint(self, name: str) -> None:
        if all(one["name"] != name for one in self.endpoints.list()):
            self._put_endpoint(name, {})

    def _change_endpoint(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        found = self.endpoints.get(name)
        return self._put_endpoint(name, {**_known(found, "ManagedOnlineEndpoint"), **changes})

    def _put_endpoint(self, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
        from lapisml.sdk.entities import ManagedOnlineEndpoint

        entity = ManagedOnlineEndpoint(**{**document, "name": name})
        return dict(self.endpoints.begin_create_or_update(entity).result())

    def _deploy(self, endpoint: str, name: str, document: Mapping[str, Any], model_uri: str | None) -> dict[str, Any]:
        from lapisml.sdk.entities import ManagedOnlineDeployment

        model = {} if model_uri is None else {"model": self._model(model_uri, f"{endpoint}-{name}")}
        entity = ManagedOnlineDeployment(**{**document, **model, "name": name, "endpoint_name": endpoint})
        return dict(self.deployments.begin_create_or_update(entity).result())

    def _document_of(self, endpoint: str, name: str) -> dict[str, Any]:
        return _known(self.deployments.get(name, endpoint), "ManagedOnlineDeployment")

    def _find(self, endpoint: str, name: str) -> dict[str, Any] | None:
        try:
            return dict(self.deployments.get(name, endpoint))
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    @staticmethod
    def _model(model_uri: str, name: str) -> str:
        """Return a reference to a registered model; a model that is not registered becomes one."""
        match = _REGISTERED.fullmatch(model_uri)
        if match is not None:
            registered, version, alias, latest = match.groups()
            return f"azureml:{registered}:{version}" if version else f"azureml:{registered}@{alias or latest}"
        if model_uri.startswith("azureml:"):
            return model_uri
        made = mlflow.register_model(model_uri, name)
        return f"azureml:{made.name}:{made.version}"


def _connect(place: str) -> MLClient:
    """Connect to what stands behind ``lapis:``."""
    from lapisml.sdk.client import MLClient

    named = _ADDRESS.fullmatch(place)
    followed = None if os.environ.get("LAPIS_URL") else _ADDRESS.fullmatch(mlflow.get_tracking_uri() or "")
    match = named or (followed if followed and followed.group(2) else None)
    workspace = None if named else place.strip("/") or None
    if match is None:
        return MLClient(workspace_name=workspace, show_progress=False)
    token = os.environ.get("MLFLOW_TRACKING_TOKEN") or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    return MLClient(token, workspace_name=workspace or match.group(2), url=match.group(1), show_progress=False)


@contextmanager
def _translated() -> Iterator[None]:
    """Within the block, give errors the type and codes of MLflow."""
    try:
        yield
    except LapisError as error:
        raise MlflowException(str(error), _CODES.get(error.code, codes.INTERNAL_ERROR)) from error


def _document(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the keys of a document that a configuration holds, its file read."""
    found: dict[str, Any] = {}
    for key, value in (config or {}).items():
        if key not in _CONFIG_FILES:
            found[key] = value
            continue
        content = yaml.safe_load(Path(value).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise MlflowException.invalid_parameter_value(f"The file {value} holds no mapping.")
        found |= content
    return found


def _known(record: Mapping[str, Any], entity: str) -> dict[str, Any]:
    """Return what of a record is its document."""
    from lapisml.sdk import entities

    keys = getattr(entities, entity).keys()
    return {key: value for key, value in record.items() if key in keys and value is not None}


def _request(inputs: Any) -> Any:
    """Give the request for inputs: tables and arrays in the form of ``input_data``."""
    if hasattr(inputs, "to_dict") and hasattr(inputs, "columns"):
        return {"input_data": json.loads(inputs.to_json(orient="split"))}
    if hasattr(inputs, "tolist"):
        return {"input_data": inputs.tolist()}
    return {"input_data": inputs} if isinstance(inputs, list) else inputs


def _check_flavor(flavor: str | None) -> None:
    if flavor not in (None, "python_function"):
        raise MlflowException.invalid_parameter_value(f"The flavor is python_function, not '{flavor}'.")
