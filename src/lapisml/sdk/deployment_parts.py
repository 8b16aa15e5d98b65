"""Parts of deployments and endpoints under azure.ai.ml's names: made in Python, each fault told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError

from lapisml.documents.base import Part
from lapisml.documents.faults import faults_of, problems_of, refuse
from lapisml.documents.fields import Choice
from lapisml.documents.kinds import batch_deployment, deployments, endpoints, online_deployment
from lapisml.sdk.records import reference_of

Text = str | os.PathLike[str] | None


class MadePart(Part):
    """A part of a document that is made by hand.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """

    NOUN: ClassVar[str]

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{key: in_document(value) for key, value in values.items()})
        except ValidationError as error:
            faults = faults_of(error)
            raise refuse(self.NOUN, None, problems_of(faults), faults) from None


def in_document(value: Any) -> Any:
    """Give what a document holds for a value: a reference or a mapping for an asset, text for constants and paths."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    kind = getattr(value, "KIND", None)
    if kind in ("model", "environment", "component"):
        return _asset(kind, value)
    if kind == "job" and value.record is not None:
        return f"azureml:{value.record['name']}"
    return value


def _asset(kind: str, asset: Any) -> Any:
    """Name an asset that the server knows; put one that was only made here in place."""
    from lapisml.sdk.dsl.definition import absolute

    record = asset.record
    if record is not None and record.get("version"):
        return reference_of(record)
    document = {key: value for key, value in asset.to_dict().items() if key != "auto_delete_setting"}
    if kind == "model":
        if "type" not in asset.model_fields_set:
            document.pop("type", None)  # its files tell
        return {key: value for key, value in document.items() if key not in ("stage", "datastore")} | {
            "path": absolute("model", {"path": document["path"]}, asset.base_path)["path"]
        }
    if kind == "environment":
        document.pop("properties", None)
    return absolute(kind, document, asset.base_path)


class CodeConfiguration(MadePart, deployments.CodeConfiguration):
    """The scoring script: ``code``, a folder, and ``scoring_script``, a path in it."""

    NOUN: ClassVar[str] = "part code_configuration"

    def __init__(self, code: Text = None, scoring_script: Text = None) -> None:
        super().__init__(code=code, scoring_script=scoring_script)


class OnlineRequestSettings(MadePart, online_deployment.RequestSettings):
    """How long requests may take (milliseconds), and how many at once."""

    NOUN: ClassVar[str] = "part request_settings"

    def __init__(
        self,
        max_concurrent_requests_per_instance: int | None = None,
        request_timeout_ms: int | None = None,
        max_queue_wait_ms: int | None = None,
    ) -> None:
        super().__init__(
            max_concurrent_requests_per_instance=max_concurrent_requests_per_instance,
            request_timeout_ms=request_timeout_ms,
            max_queue_wait_ms=max_queue_wait_ms,
        )


class ProbeSettings(MadePart, online_deployment.Probe):
    """How a replica is asked: ``initial_delay, period, timeout`` in seconds, and both thresholds."""

    NOUN: ClassVar[str] = "probe"


class OnlineScaleSettings(MadePart, online_deployment.ScaleSettings):
    """How many replicas; see the two kinds of it."""

    NOUN: ClassVar[str] = "part scale_settings"


class DefaultScaleSettings(OnlineScaleSettings):
    """Always ``instance_count`` replicas."""

    type: Annotated[str, Choice("default")] = Field("default")


class TargetUtilizationScaleSettings(OnlineScaleSettings):
    """As many replicas as the load needs; ``polling_interval`` is in seconds."""

    type: Annotated[str, Choice("target_utilization")] = Field("target_utilization")


class DataAsset(MadePart, online_deployment.CollectedData):
    """The data asset that a collection becomes: ``name, version, path, data_id``."""

    NOUN: ClassVar[str] = "data asset"


class DeploymentCollection(MadePart, online_deployment.Collection):
    """Data that is collected under one name: ``enabled, data, client_id, sampling_rate``."""

    NOUN: ClassVar[str] = "collection"


class RequestLogging(MadePart, online_deployment.RequestLogging):
    """What the log of requests holds besides: ``capture_headers``."""

    NOUN: ClassVar[str] = "part request_logging"


class DataCollector(MadePart, online_deployment.DataCollector):
    """Inputs and outputs that are kept: ``collections, rolling_rate, sampling_rate, request_logging``."""

    NOUN: ClassVar[str] = "data collector"

    def __init__(self, collections: Mapping[str, Any], **values: Any) -> None:
        super().__init__(collections=collections, **values)


class ResourceSettings(MadePart, online_deployment.ResourceAmounts):
    """Amounts in the words of Kubernetes."""

    NOUN: ClassVar[str] = "amount of resources"

    def __init__(self, cpu: str | None = None, memory: str | None = None, gpu: str | None = None) -> None:
        super().__init__(cpu=cpu, memory=memory, gpu=gpu)


class ResourceRequirementsSettings(MadePart, online_deployment.ResourceRequirements):
    """What a container would be given."""

    NOUN: ClassVar[str] = "part resources"

    def __init__(self, requests: ResourceSettings | None = None, limits: ResourceSettings | None = None) -> None:
        super().__init__(requests=requests, limits=limits)


class BatchRetrySettings(MadePart, batch_deployment.BatchRetrySettings):
    """What happens when a mini-batch fails: ``max_retries, timeout`` (seconds)."""

    NOUN: ClassVar[str] = "part retry_settings"


class ModelBatchDeploymentSettings(MadePart, batch_deployment.BatchSettings):
    """How data is parted, what may fail, what becomes of the results; keys as under ``settings``."""

    NOUN: ClassVar[str] = "part settings"


class BatchEndpointDefaults(MadePart, endpoints.EndpointDefaults):
    """What an invocation that does not say gets: ``deployment_name``."""

    NOUN: ClassVar[str] = "part defaults"
