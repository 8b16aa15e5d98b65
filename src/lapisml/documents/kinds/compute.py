"""Computes: clusters and instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import RECORD_KEYS, Document, Part
from lapisml.documents.fields import (
    Amount,
    AnyMapping,
    Choice,
    Count,
    FilledText,
    Flag,
    Int,
    ListOf,
    Port,
    Secret,
    Text,
    Texts,
    Variables,
)
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault


class AssignedIdentity(Part):
    """An identity that somebody made."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"principal_id", "tenant_id"})

    resource_id: Text | None = Field(None, description="id of the identity")
    client_id: Text | None = Field(None, description="client id of the identity")
    object_id: Text | None = Field(None, description="object id of the identity")


IdentityType = Choice("system_assigned", "user_assigned", "system_assigned,user_assigned", "none")


class Identity(Part):
    """In whose name nodes reach data."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"principal_id", "tenant_id"})

    type: Annotated[str, IdentityType] = Field(description="system_assigned, user_assigned or none")
    user_assigned_identities: Annotated[list[AssignedIdentity], ListOf] | None = Field(
        None, description="the identities"
    )


class SshSettings(Part):
    """Who may log in to a node."""

    admin_username: Text | None = Field(None, description="name of the administrator")
    admin_password: Secret | None = Field(None, repr=False, description="password of the administrator; not kept")
    ssh_key_value: Text | None = Field(None, description="public key of the administrator")
    ssh_port: Port | None = Field(None, description="port")


class NetworkSettings(Part):
    """The network of the nodes."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"public_ip_address", "private_ip_address"})

    vnet_name: Text | None = Field(None, description="name of the virtual network")
    subnet: Text | None = Field(None, description="name of the subnet")


class Compute(Document):
    """What all computes have."""

    KIND: ClassVar[str] = "compute"
    NOUN: ClassVar[str] = "compute"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "provisioning_errors state last_operation services os_image_metadata node_state_counts current_node_count "
        "target_node_count allocation_state".split()
    )

    location: Text | None = Field(None, description="region")
    size: Text | None = Field(None, description="size of a node")
    network_settings: NetworkSettings | None = Field(None, description="the network of the nodes")
    ssh_settings: SshSettings | None = Field(None, description="who may log in")
    ssh_public_access_enabled: Flag | None = Field(None, description="whether one may log in from outside")
    enable_node_public_ip: Flag | None = Field(None, description="whether nodes have a public address")
    identity: Identity | None = Field(None, description="in whose name nodes reach data")
    resource_id: Text | None = Field(None, description="id of what is attached")


class AmlCompute(Compute):
    """A cluster whose nodes come and go with the jobs."""

    NOUN: ClassVar[str] = "compute cluster"

    type: Annotated[str, Choice("amlcompute")] = Field(description="amlcompute")
    tier: Annotated[str, Choice("dedicated", "low_priority")] | None = Field(
        None, description="dedicated or low_priority"
    )
    min_instances: Amount | None = Field(None, description="nodes that are always there")
    max_instances: Count | None = Field(None, description="largest number of nodes")
    idle_time_before_scale_down: Amount | None = Field(None, description="seconds that an idle node stays")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse more nodes at least than at most."""
        low, high = self.min_instances, self.max_instances
        if low is not None and high is not None and low > high:
            found = f"{low} is more than max_instances, {high}"
            yield ("min_instances",), fault(found, f"a whole number from 0 to {high}")


class Pattern(Part):
    """Hours, minutes and week days."""

    hours: Annotated[list[Int], ListOf] | None = Field(None, description="hours")
    minutes: Annotated[list[Int], ListOf] | None = Field(None, description="minutes")
    week_days: Texts | None = Field(None, description="days of the week")


class Trigger(Part):
    """When something happens."""

    type: Annotated[str, Choice("cron", "recurrence")] = Field(description="cron or recurrence")
    start_time: Text | None = Field(None, description="from when on")
    time_zone: Text | None = Field(None, description="name of the time zone")
    expression: Text | None = Field(None, description="five fields of cron")
    frequency: Annotated[str, Choice("minute", "hour", "day", "week", "month")] | None = Field(
        None, description="minute, hour, day, week or month"
    )
    interval: Count | None = Field(None, description="how many of them")
    schedule: Pattern | None = Field(None, description="hours, minutes and week days")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a trigger without what its type needs."""
        for key in ("expression",) if self.type == "cron" else ("frequency",):
            if getattr(self, key) is None:
                yield (key,), fault(f"missing key `{key}`", self._meaning(key), at="missing")


class StartStop(Part):
    """Starts or stops an instance at set times."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"schedule_id", "provisioning_state"})

    trigger: Trigger = Field(description="when")
    action: Annotated[str, Choice("start", "stop")] = Field(description="start or stop")
    state: Annotated[str, Choice("enabled", "disabled")] | None = Field(None, description="enabled or disabled")


class Schedules(Part):
    """Set times of an instance."""

    compute_start_stop: Annotated[list[StartStop], ListOf] | None = Field(None, description="when to start and stop")


class Script(Part):
    """A script that runs on an instance."""

    path: Text | None = Field(None, description="path of the script")
    command: Text | None = Field(None, description="arguments")
    timeout_minutes: Count | None = Field(None, description="minutes")


class SetupScripts(Part):
    """Scripts of an instance."""

    creation_script: Script | None = Field(None, description="runs once")
    startup_script: Script | None = Field(None, description="runs at every start")


class AppImage(Part):
    """The image of an application."""

    reference: FilledText = Field(description="name of the image")


class AppEndpoint(Part):
    """Ports of an application."""

    target: Port = Field(description="port within")
    published: Port = Field(description="port outside")


class AppMount(Part):
    """A folder of an application."""

    source: FilledText = Field(description="folder outside")
    target: FilledText = Field(description="folder within")


class CustomApplication(Part):
    """An application of an instance."""

    name: FilledText = Field(description="name of the application")
    type: Annotated[str, Choice("docker")] | None = Field(None, description="docker")
    image: AppImage | None = Field(None, description="the image")
    endpoints: Annotated[list[AppEndpoint], ListOf] | None = Field(None, description="ports")
    environment_variables: Variables | None = Field(None, description="variable and value")
    bind_mounts: Annotated[list[AppMount], ListOf] | None = Field(None, description="folders")


class AssignedUser(Part):
    """Whose an instance is."""

    user_tenant_id: Text | None = Field(None, description="tenant of the person")
    user_object_id: Text | None = Field(None, description="id of the person")


class ComputeInstance(Compute):
    """A workstation of one person."""

    NOUN: ClassVar[str] = "compute instance"

    type: Annotated[str, Choice("computeinstance")] = Field(description="computeinstance")
    create_on_behalf_of: AssignedUser | None = Field(None, description="whose it is")
    schedules: Schedules | None = Field(None, description="when it starts and stops")
    idle_time_before_shutdown: Text | None = Field(None, description="for example PT30M")
    idle_time_before_shutdown_minutes: Count | None = Field(None, description="minutes that it stays idle")
    custom_applications: Annotated[list[CustomApplication], ListOf] | None = Field(None, description="applications")
    setup_scripts: SetupScripts | None = Field(None, description="scripts that set it up")
    enable_sso: Flag | None = Field(None, description="whether one login is enough")
    enable_root_access: Flag | None = Field(None, description="whether its user may become root")
    enable_os_patching: Flag | None = Field(None, description="whether the system is patched")
    release_quota_on_stop: Flag | None = Field(None, description="whether a stopped instance gives up its quota")
    properties: AnyMapping | None = Field(None, description="further facts")
