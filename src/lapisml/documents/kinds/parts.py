"""Parts that jobs and components share: resources, distribution, services, identity, queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Amount, AnyMapping, Choice, Count, Flag, MappingOf, Port, Text, Texts
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_SHM = re.compile(r"[1-9]\d*[bkmgBKMG]?\Z")
_LAUNCHERS = {
    "mpi": {"process_count_per_instance"},
    "pytorch": {"process_count_per_instance"},
    "tensorflow": {"parameter_server_count", "worker_count"},
    "ray": {
        "port", "address", "include_dashboard", "dashboard_port", "head_node_additional_args",
        "worker_node_additional_args",
    },
}  # fmt: skip
_SERVER_SERVICES = frozenset({"studio", "tracking"})


class Resources(Part):
    """How many machines, of what kind, and how much of them."""

    instance_count: Count | None = Field(None, description="number of nodes")
    instance_type: Text | None = Field(None, description="size of a node")
    max_instance_count: Count | None = Field(None, description="largest number of nodes")
    shm_size: Text | None = Field(None, description="shared memory of a container, for example 2g")
    docker_args: Text | None = Field(None, description="arguments for the container engine")
    locations: Texts | None = Field(None, description="where it may run")
    properties: AnyMapping | None = Field(None, description="further settings of the compute")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse an amount of shared memory that can't be read."""
        if self.shm_size is not None and not _SHM.match(self.shm_size):
            yield ("shm_size",), fault(f"`{self.shm_size[:80]}` is not an amount", "a number and b, k, m or g: 2g")


class Distribution(Part):
    """How the processes of a job on several nodes are started."""

    type: Annotated[str, Choice("pytorch", "mpi", "tensorflow", "ray")] = Field(description="the launcher")
    process_count_per_instance: Count | None = Field(None, description="processes on each node")
    parameter_server_count: Amount | None = Field(None, description="processes that hold parameters")
    worker_count: Count | None = Field(None, description="processes that train")
    port: Port | None = Field(None, description="port of the head process")
    address: Text | None = Field(None, description="address of the head process")
    include_dashboard: Flag | None = Field(None, description="whether Ray shows its page")
    dashboard_port: Port | None = Field(None, description="port of Ray's page")
    head_node_additional_args: Text | None = Field(None, description="arguments for Ray's head process")
    worker_node_additional_args: Text | None = Field(None, description="arguments for Ray's other processes")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse settings of another launcher."""
        for key in self.to_dict():
            if key != "type" and key not in _LAUNCHERS[self.type]:
                known = ", ".join(sorted(_LAUNCHERS[self.type]))
                yield (key,), fault(f"`{key}` has no meaning for {self.type}", f"type and {known}", at="key")


class Service(Part):
    """Something interactive that runs beside a job."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"endpoint", "status", "error_message"})

    type: Annotated[str, Choice("jupyter_lab", "ssh", "tensor_board", "vs_code", "custom", "RayDashboard")] | None = (
        Field(None, description="what runs")
    )
    port: Port | None = Field(None, description="port that it listens on")
    nodes: Text | None = Field(None, description="`all`, or the index of a node")
    properties: AnyMapping | None = Field(None, description="further settings")
    log_dir: Text | None = Field(None, description="folder that TensorBoard shows")
    ssh_public_keys: Text | None = Field(None, description="keys that may log in")


class JobIdentity(Part):
    """In whose name a job reaches data."""

    type: Annotated[str, Choice("user_identity", "managed", "managed_identity", "aml_token")] = Field(
        description="user_identity, managed or aml_token"
    )
    client_id: Text | None = Field(None, description="client id of a managed identity")
    object_id: Text | None = Field(None, description="object id of a managed identity")
    msi_resource_id: Text | None = Field(None, description="id of a managed identity")


class QueueSettings(Part):
    """A job's place in the queue."""

    job_tier: Annotated[str, Choice("spot", "basic", "standard", "premium", "null")] | None = Field(
        None, description="spot, basic, standard or premium"
    )
    priority: Annotated[str, Choice("low", "medium", "high")] | None = Field(None, description="low, medium or high")


class Limits(Part):
    """When a job is ended."""

    timeout: Count | None = Field(None, description="seconds")


def _own_services(value: Any) -> Any:
    """Leave out the services that the server itself adds to the record of a job."""
    if not isinstance(value, Mapping):
        return value
    return {
        name: service
        for name, service in value.items()
        if not (isinstance(service, Mapping) and str(service.get("type", "")).casefold() in _SERVER_SERVICES)
    }


Services = Annotated[dict[str, Service], MappingOf, BeforeValidator(_own_services)]
"""Name → service."""
