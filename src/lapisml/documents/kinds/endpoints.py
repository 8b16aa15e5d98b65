"""Endpoints: the addresses that deployments answer under."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice, MappingOf, Text, Whole
from lapisml.documents.kinds.compute import Identity
from lapisml.documents.kinds.deployments import Served, ServedName
from lapisml.documents.kinds.jobs import ComputeName
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_WHOLE_TRAFFIC = 100
_MOST_MIRRORED = 50
_BATCH_AUTH = "a batch endpoint is invoked with the token of the workspace; write aad_token"

Percentages = Annotated[dict[ServedName, Annotated[int, Whole(0, _WHOLE_TRAFFIC)]], MappingOf]
"""Name of a deployment → percentage of the requests."""

NetworkAccess = Annotated[str, Choice("enabled", "disabled")]


class OnlineEndpoint(Served):
    """An address that answers each request at once."""

    KIND: ClassVar[str] = "online-endpoint"
    NOUN: ClassVar[str] = "online endpoint"

    auth_mode: Annotated[str, Choice("key", "aml_token", "aad_token")] = Field(
        "key", description="key, aml_token or aad_token: what a request shows; key when left out"
    )
    traffic: Percentages | None = Field(None, description="deployment and its percentage of the requests")
    mirror_traffic: Percentages | None = Field(
        None, description="a deployment and the percentage of the requests that it gets a copy of, at most 50"
    )
    compute: ComputeName | None = Field(
        None, description="an attached compute, whose machines keep the replicas; this machine when left out"
    )
    identity: Identity | None = Field(None, description="kept for Azure; replicas run as the server's user")
    public_network_access: NetworkAccess | None = Field(None, description="kept for Azure; enabled or disabled")
    location: Text | None = Field(None, description="kept for Azure: region")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse percentages that share out too little or too much, and more than one mirror."""
        yield from traffic_faults(self.traffic or {})
        mirror = self.mirror_traffic or {}
        if sum(map(bool, mirror.values())) > 1:
            yield ("mirror_traffic",), fault("it names several deployments", "one deployment")
        for name, percentage in mirror.items():
            if percentage > _MOST_MIRRORED:
                expected = f"a whole number from 0 to {_MOST_MIRRORED}"
                yield ("mirror_traffic", name), fault(f"{percentage} is out of range", expected)


def traffic_faults(traffic: dict[str, int]) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield a fault when percentages share out neither all of the requests nor none."""
    total = sum(traffic.values())
    if total not in (0, _WHOLE_TRAFFIC):
        yield ("traffic",), fault(f"the percentages sum to {total}", f"a sum of {_WHOLE_TRAFFIC}, or of 0")


class EndpointDefaults(Part):
    """What an invocation that does not say gets."""

    deployment_name: ServedName | None = Field(None, description="the deployment")


class BatchEndpoint(Served):
    """An address that takes whole sets of data and answers with a job."""

    KIND: ClassVar[str] = "batch-endpoint"
    NOUN: ClassVar[str] = "batch endpoint"

    auth_mode: Annotated[str, Choice("aad_token", refused={"key": _BATCH_AUTH, "aml_token": _BATCH_AUTH})] = Field(
        "aad_token", description="aad_token: an invocation shows the token of the workspace"
    )
    defaults: EndpointDefaults | None = Field(None, description="what an invocation that does not say gets")
    identity: Identity | None = Field(None, description="kept for Azure; jobs run as the server's user")
    location: Text | None = Field(None, description="kept for Azure: region")
