"""Online deployments: a model, or a scoring script, in replicas that answer requests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part, TextOr
from lapisml.documents.fields import (
    Amount,
    Choice,
    Count,
    FilledText,
    Flag,
    MappingOf,
    Name,
    Refused,
    Text,
    Texts,
    Version,
    Whole,
)
from lapisml.documents.kinds.deployments import ModelDeployment
from lapisml.documents.kinds.endpoints import NetworkAccess
from lapisml.documents.kinds.environment import InlineEnvironment
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import NOT_SUPPORTED, describe, fault, read_filled, resolved

_MOUNT = "the model's folder is the value of AZUREML_MODEL_DIR; a path of its own needs a container"
_OWN_SERVER = "an image with a server of its own is not started here; write a scoring script under `code_configuration`"
_TARGET_ONLY = ("min_instances", "max_instances", "polling_interval", "target_utilization_percentage")
_TO_ZERO = "1 or more; a deployment that may go to zero has `scale_settings` with `min_instances: 0`"


def _share(value: Any) -> float:
    value = resolved(value)
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        raise fault(describe(value), "a number from 0 to 1") from None
    if not 0 <= found <= 1:
        raise fault(f"{str(value)[:80]} is out of range", "a number from 0 to 1")
    return found


Share = Annotated[float, PlainValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
"""A number from 0 to 1."""


class RequestSettings(Part):
    """How long requests may take, and how many at once."""

    request_timeout_ms: Count | None = Field(None, description="milliseconds for scoring; 5000 when left out")
    max_concurrent_requests_per_instance: Count | None = Field(
        None, description="requests at once in each replica; 1 when left out"
    )
    max_queue_wait_ms: Amount | None = Field(
        None, description="milliseconds that a request may wait for its turn; 500 when left out"
    )


class Probe(Part):
    """How a replica is asked whether it is well."""

    initial_delay: Amount | None = Field(None, description="seconds in which no answer is no bad one; 10 when left out")
    period: Count | None = Field(None, description="seconds between questions; 10 when left out")
    timeout: Count | None = Field(None, description="seconds for an answer; 2 when left out")
    success_threshold: Count | None = Field(None, description="good answers in turn that count; 1 when left out")
    failure_threshold: Count | None = Field(None, description="bad answers in turn that count; 30 when left out")


class ScaleSettings(Part):
    """How many replicas."""

    type: Annotated[str, Choice("default", "target_utilization")] = Field(
        description="default: always `instance_count`; target_utilization: by load"
    )
    min_instances: Amount | None = Field(None, description="replicas at least; at 0 the first request starts one")
    max_instances: Count | None = Field(None, description="replicas at most")
    polling_interval: Count | None = Field(None, description="seconds between looks at the load; 1 when left out")
    target_utilization_percentage: Annotated[int, Whole(1, 100)] | None = Field(
        None, description="how busy replicas should be; 70 when left out"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse bounds that nothing scales between, and more replicas at least than at most."""
        if self.type == "default":
            for key in _TARGET_ONLY:
                if getattr(self, key) is not None:
                    found = f"`{key}` has no meaning for type default"
                    yield (key,), fault(found, "type: target_utilization", at="key")
        low, high = self.min_instances, self.max_instances
        if low is not None and low > (1 if high is None else high):
            found = f"{low} is more than max_instances, {1 if high is None else high}"
            yield ("min_instances",), fault(found, "a whole number of at most max_instances")


class CollectedData(Part):
    """The data asset that a collection becomes."""

    name: Name | None = Field(None, description="name of the data asset")
    version: Version | None = Field(None, description="its version")
    path: FilledText | None = Field(None, description="where it is written: azureml://datastores/<name>/paths/<path>")
    data_id: Text | None = Field(None, description="kept for Azure: id of the data asset")


class Collection(Part):
    """Data that is collected under one name."""

    enabled: Flag = Field(description="whether it is collected")
    data: (
        Annotated[str | CollectedData, TextOr(CollectedData, read_filled, "text, or a mapping with `path`")] | None
    ) = Field(None, description="the data asset that it becomes")
    sampling_rate: Share | None = Field(None, description="part of the requests, 0 to 1, in place of the collector's")
    client_id: Text | None = Field(None, description="kept for Azure: identity that writes")


class RequestLogging(Part):
    """What the log of requests holds besides time, status and duration."""

    capture_headers: Texts | None = Field(None, description="headers of the request")


class DataCollector(Part):
    """Inputs and outputs that are kept for monitoring."""

    collections: Annotated[dict[str, Collection], MappingOf] = Field(
        description="name (model_inputs, model_outputs, request, response or one of a script's own) and collection"
    )
    sampling_rate: Share | None = Field(None, description="part of the requests, 0 to 1; 1 when left out")
    rolling_rate: Annotated[str, Choice("minute", "hour", "day")] | None = Field(
        None, description="minute, hour or day: how often a new file is begun; hour when left out"
    )
    request_logging: RequestLogging | None = Field(None, description="what the log of requests holds besides")


class OnlineDeployment(ModelDeployment):
    """What online deployments of every type have."""

    KIND: ClassVar[str] = "online-deployment"
    NOUN: ClassVar[str] = "online deployment"

    instance_count: Amount | None = Field(None, description="replicas; 1 when left out")
    instance_type: Text | None = Field(None, description="kept for Azure: size of a machine")
    scale_settings: ScaleSettings | None = Field(None, description="how many replicas; `instance_count` when left out")
    request_settings: RequestSettings | None = Field(None, description="how long requests may take, how many at once")
    liveness_probe: Probe | None = Field(None, description="when a replica is started anew")
    readiness_probe: Probe | None = Field(None, description="when a replica gets requests")
    data_collector: DataCollector | None = Field(None, description="inputs and outputs that are kept")
    app_insights_enabled: Flag | None = Field(None, description="kept for Azure; metrics and logs are always there")
    model_mount_path: Annotated[None, Refused(_MOUNT)] = None

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a deployment that can't answer."""
        why = own_server(self.environment)
        if why is not None:
            where = ("environment", "inference_config")
            yield where, fault(f"this is not supported: {why}", kind=NOT_SUPPORTED, at="key")
        else:
            yield from super().faults()
        if self.instance_count == 0:
            yield ("instance_count",), fault("0 is out of range", _TO_ZERO)


def own_server(environment: Any) -> str | None:
    """Say why an environment can't serve: its image has a server of its own; None when it can.

    Args:
        environment: a document or its model; a reference says nothing.
    """
    given = environment.to_dict() if isinstance(environment, InlineEnvironment) else environment
    return _OWN_SERVER if isinstance(given, Mapping) and given.get("inference_config") else None


class ManagedOnlineDeployment(OnlineDeployment):
    """A deployment in the form of Azure's managed endpoints."""

    type: Annotated[str, Choice("managed")] = Field("managed", description="managed")
    egress_public_network_access: NetworkAccess | None = Field(
        None, description="kept for Azure; replicas reach what this machine reaches"
    )
    private_network_connection: Flag | None = Field(None, description="kept for Azure")


def _gpu(value: Any) -> Any:
    """Take Kubernetes' own word for graphics processors."""
    if isinstance(value, Mapping) and "nvidia.com/gpu" in value:
        rest = {key: inner for key, inner in value.items() if key != "nvidia.com/gpu"}
        return {**rest, "gpu": value["nvidia.com/gpu"]}
    return value


class ResourceAmounts(Part):
    """Amounts in the words of Kubernetes."""

    cpu: Text | None = Field(None, description="processors, for example 0.5 or 500m")
    memory: Text | None = Field(None, description="memory, for example 200Mi")
    gpu: Text | None = Field(None, description="graphics processors")

    @classmethod
    def _known(cls, data: Mapping[Any, Any]) -> Any:
        return super()._known(_gpu(data))


class ResourceRequirements(Part):
    """What a container would be given."""

    requests: ResourceAmounts | None = Field(None, description="kept for Kubernetes: at least")
    limits: ResourceAmounts | None = Field(None, description="kept for Kubernetes: at most")


class KubernetesOnlineDeployment(OnlineDeployment):
    """A deployment in the form of Azure's Kubernetes endpoints."""

    type: Annotated[str, Choice("kubernetes")] = Field("kubernetes", description="kubernetes")
    resources: ResourceRequirements | None = Field(None, description="kept for Kubernetes: what a container is given")
