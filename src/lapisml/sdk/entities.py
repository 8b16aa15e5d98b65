"""Entities: the documents themselves under azure.ai.ml's names, with what the server knows around them.

An entity is a document; its attributes are the keys of the YAML. One that came from the server has the record's
facts as further attributes (``status``, ``id``, ``creation_context``, ``services`` …).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lapisml.documents.fields import Choice, Name
from lapisml.documents.kinds import (
    command_job,
    component,
    compute,
    data,
    environment,
    model,
    parallel,
    pipeline,
    schedule,
    spark,
    sweep,
    workspace,
)
from lapisml.documents.kinds.compute import Identity, NetworkSettings, SshSettings
from lapisml.documents.kinds.datastore import GcsCredentials, LakeCredentials, S3Credentials, StorageCredentials
from lapisml.documents.kinds.environment import BuildContext, InlineEnvironment
from lapisml.documents.kinds.parts import Distribution, JobIdentity, Limits, QueueSettings, Resources, Service
from lapisml.sdk.calls import JobStepMaker, StepMaker
from lapisml.sdk.datastores import (
    AzureBlobDatastore,
    AzureDataLakeGen1Datastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    GcsDatastore,
    HdfsDatastore,
    LocalDatastore,
    S3Datastore,
)
from lapisml.sdk.dsl.pipeline_job import PipelineJob, PipelineSettings
from lapisml.sdk.dsl.values import plain
from lapisml.sdk.entity import Entity
from lapisml.sdk.entity_places import LATER, SERVED
from lapisml.sdk.inputs import Input, Output
from lapisml.sdk.records import viewed
from lapisml.sdk.schedules import CronTrigger, RecurrencePattern, RecurrenceTrigger, as_texts
from lapisml.sdk.searching import Objective, SweepJobLimits

if TYPE_CHECKING:
    from lapisml.sdk.connections import (
        AadCredentialConfiguration,
        ApiKeyConfiguration,
        APIKeyConnection,
        AzureAISearchConnection,
        AzureAIServicesConnection,
        AzureBlobStoreConnection,
        AzureContentSafetyConnection,
        AzureOpenAIConnection,
        AzureSpeechServicesConnection,
        MicrosoftOneLakeConnection,
        NoneCredentialConfiguration,
        OpenAIConnection,
        PatTokenConfiguration,
        Registry,
        SerpConnection,
        ServerlessConnection,
        UsernamePasswordConfiguration,
        WorkspaceConnection,
    )
    from lapisml.sdk.credentials import EndpointAuthKeys, EndpointAuthToken
    from lapisml.sdk.deployment_parts import (
        BatchEndpointDefaults,
        BatchRetrySettings,
        CodeConfiguration,
        DataAsset,
        DataCollector,
        DefaultScaleSettings,
        DeploymentCollection,
        ModelBatchDeploymentSettings,
        OnlineRequestSettings,
        OnlineScaleSettings,
        ProbeSettings,
        RequestLogging,
        ResourceRequirementsSettings,
        ResourceSettings,
        TargetUtilizationScaleSettings,
    )
    from lapisml.sdk.endpoints import (
        BatchDeployment,
        BatchEndpoint,
        KubernetesOnlineDeployment,
        KubernetesOnlineEndpoint,
        ManagedOnlineDeployment,
        ManagedOnlineEndpoint,
        ModelBatchDeployment,
        OnlineDeployment,
        OnlineEndpoint,
        PipelineComponentBatchDeployment,
    )


class Data(data.Data, Entity):
    """A data asset."""


class Model(model.Model, Entity):
    """A model; without a name it can stand within a deployment."""

    name: Name | None = Field(None, description="a name")  # type: ignore[assignment]


class Environment(environment.Environment, Entity):
    """An environment; without a name it can stand within a job."""

    name: Name | None = Field(None, description="a name")  # type: ignore[assignment]


class CommandComponent(StepMaker, component.CommandComponent, Entity):
    """A command component: called, it is a step."""


class PipelineComponent(StepMaker, pipeline.PipelineComponent, Entity):
    """A pipeline component: called, it is a step."""


class ParallelComponent(StepMaker, parallel.ParallelComponent, Entity):
    """A component that calls a function for each mini-batch: called, it is a step."""


class SparkComponent(StepMaker, spark.SparkComponent, Entity):
    """A Spark component: called, it is a step."""


class CommandJob(JobStepMaker, command_job.CommandJob, Entity):
    """A command job: called, it is a step, or a job with other inputs."""


class ParallelJob(JobStepMaker, parallel.ParallelJob, Entity):
    """A job that calls a function for each mini-batch: called, it is a step."""


class SparkJob(JobStepMaker, spark.SparkJob, Entity):
    """A Spark job: called, it is a step."""


class SweepJob(sweep.SweepJob, Entity):
    """A sweep."""

    def __init__(self, **values: Any) -> None:
        trial = values.get("trial")
        if isinstance(trial, CommandJob):  # a command job as the trial: what a document has of it
            kept = ("command", "code", "environment", "environment_variables", "distribution", "resources")
            values["trial"] = {key: value for key, value in trial.to_dict().items() if key in kept}
        super().__init__(**{key: plain(value) if key != "inputs" else value for key, value in values.items()})

    def set_limits(self, **limits: int) -> None:
        """Set ``max_total_trials, max_concurrent_trials, timeout, trial_timeout``; the rest stays."""
        kept = {} if self.limits is None else plain(self.limits)
        self.limits = SweepJobLimits(**{**kept, **limits})  # type: ignore[assignment]


class Workspace(workspace.Workspace, Entity):
    """A workspace."""


class AmlCompute(compute.AmlCompute, Entity):
    """A compute cluster."""

    type: Annotated[str, Choice("amlcompute")] = Field("amlcompute")


class ComputeInstance(compute.ComputeInstance, Entity):
    """A compute instance."""

    type: Annotated[str, Choice("computeinstance")] = Field("computeinstance")


class PyTorchDistribution(Distribution):
    """Processes started for PyTorch."""

    type: Annotated[str, Choice("pytorch")] = Field("pytorch")


class JobSchedule(schedule.Schedule, Entity):
    """A schedule: ``name, trigger, create_job, display_name, description, tags, properties``.

    Args:
        values: keys of the document; `create_job` may be a job that was made here, or the name of one.
    """

    def __init__(self, **values: Any) -> None:
        super().__init__(**as_texts(values))


class MpiDistribution(Distribution):
    """Processes started by MPI."""

    type: Annotated[str, Choice("mpi")] = Field("mpi")


class TensorFlowDistribution(Distribution):
    """Processes started for TensorFlow."""

    type: Annotated[str, Choice("tensorflow")] = Field("tensorflow")


class RayDistribution(Distribution):
    """Processes started by Ray."""

    type: Annotated[str, Choice("ray")] = Field("ray")


class UserIdentityConfiguration(JobIdentity):
    """The submitting person's identity."""

    type: Annotated[str, Choice("user_identity")] = Field("user_identity")


class ManagedIdentityConfiguration(JobIdentity):
    """A managed identity, of a job or among those of a compute or an endpoint.

    Args:
        resource_id: in place of `msi_resource_id`.
        values: ``client_id, object_id``; ``principal_id`` is known to Azure only.
    """

    type: Annotated[str, Choice("managed", "managed_identity")] = Field("managed")

    def __init__(self, resource_id: str | None = None, **values: Any) -> None:
        values.pop("principal_id", None)
        super().__init__(**{"msi_resource_id": resource_id, **values})

    @property
    def resource_id(self) -> str | None:
        """Id of the identity."""
        return self.msi_resource_id


class IdentityConfiguration(Identity):
    """The identity of a compute or an endpoint: ``type, user_assigned_identities``."""

    def __init__(self, **values: Any) -> None:
        given = values.pop("user_assigned_identities", None)
        super().__init__(**values, user_assigned_identities=given and [_assigned(one) for one in given])


def _assigned(given: Any) -> Any:
    if not isinstance(given, ManagedIdentityConfiguration):
        return given
    return {key: getattr(given, key) for key in ("resource_id", "client_id", "object_id")}


Job = CommandJob | PipelineJob | SweepJob | ParallelJob | SparkJob
Component = CommandComponent | PipelineComponent | ParallelComponent | SparkComponent
Compute = AmlCompute | ComputeInstance
AccountKeyConfiguration = SasTokenConfiguration = StorageCredentials
ServicePrincipalConfiguration = CertificateConfiguration = LakeCredentials
AccessKeyConfiguration = S3Credentials
ComputeInstanceSshSettings = AmlComputeSshSettings = SshSettings
CommandJobLimits = Limits
JobResourceConfiguration = ResourceConfiguration = Resources
JobService = Service
PipelineJobSettings = PipelineSettings
Schedule = JobSchedule

ENTITIES: dict[str, dict[str, type[Entity] | type[PipelineJob]]] = {
    "data": {"": Data},
    "model": {"": Model},
    "environment": {"": Environment},
    "component": {
        "": CommandComponent,
        "pipeline": PipelineComponent,
        "parallel": ParallelComponent,
        "spark": SparkComponent,
    },
    "job": {
        "": CommandJob,
        "pipeline": PipelineJob,
        "sweep": SweepJob,
        "parallel": ParallelJob,
        "spark": SparkJob,
    },
    "schedule": {"": JobSchedule},
    "workspace": {"": Workspace},
    "compute": {"amlcompute": AmlCompute, "computeinstance": ComputeInstance},
    "datastore": {
        "azure_blob": AzureBlobDatastore,
        "azure_file": AzureFileDatastore,
        "azure_data_lake_gen1": AzureDataLakeGen1Datastore,
        "azure_data_lake_gen2": AzureDataLakeGen2Datastore,
        "local": LocalDatastore,
        "s3": S3Datastore,
        "gcs": GcsDatastore,
        "hdfs": HdfsDatastore,
    },
}
"""Kind of document → its ``type`` (empty: whatever it is) → entity."""


def __getattr__(name: str) -> Any:
    module = next((module for module, names in LATER.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module 'lapisml.sdk.entities' has no attribute {name!r}")
    return getattr(import_module(f"lapisml.sdk.{module}"), name)


def entity_class(kind: str, document: Mapping[str, Any]) -> type[Entity] | type[PipelineJob] | None:
    """Choose the entity of a document, None for a kind without one."""
    type_ = str(document.get("type", ""))
    if kind in SERVED:
        if kind == "online-endpoint" and document.get("compute"):  # Azure's managed endpoints name no compute
            type_ = "kubernetes"
        made: type[Entity] = __getattr__(SERVED[kind].get(type_, SERVED[kind][""]))
        return made
    by_type = ENTITIES.get(kind, {})
    return by_type.get(type_) or by_type.get("")


def entity_of(kind: str, record: dict[str, Any]) -> Any:
    """Make the entity of a record; a record of a kind without one becomes a `View`."""
    found = entity_class(kind, record)
    return viewed(record) if found is None else found.from_record(record)


__all__ = [
    "APIKeyConnection", "AadCredentialConfiguration", "AccessKeyConfiguration", "AccountKeyConfiguration",
    "AmlCompute", "AmlComputeSshSettings", "ApiKeyConfiguration", "AzureAISearchConnection",
    "AzureAIServicesConnection", "AzureBlobDatastore", "AzureBlobStoreConnection", "AzureContentSafetyConnection",
    "AzureDataLakeGen1Datastore", "AzureDataLakeGen2Datastore", "AzureFileDatastore", "AzureOpenAIConnection",
    "AzureSpeechServicesConnection", "BatchDeployment", "BatchEndpoint", "BatchEndpointDefaults",
    "BatchRetrySettings", "BuildContext", "CertificateConfiguration", "CodeConfiguration", "CommandComponent",
    "CommandJob", "CommandJobLimits", "Component", "Compute", "ComputeInstance", "ComputeInstanceSshSettings",
    "CronTrigger", "Data", "DataAsset", "DataCollector", "DefaultScaleSettings", "DeploymentCollection",
    "EndpointAuthKeys", "EndpointAuthToken", "Environment", "GcsCredentials", "GcsDatastore", "HdfsDatastore",
    "IdentityConfiguration", "InlineEnvironment", "Input", "Job", "JobIdentity", "JobResourceConfiguration",
    "JobSchedule", "JobService", "KubernetesOnlineDeployment", "KubernetesOnlineEndpoint", "LakeCredentials",
    "LocalDatastore", "ManagedIdentityConfiguration", "ManagedOnlineDeployment", "ManagedOnlineEndpoint",
    "MicrosoftOneLakeConnection", "Model", "ModelBatchDeployment", "ModelBatchDeploymentSettings",
    "MpiDistribution", "NetworkSettings", "NoneCredentialConfiguration", "Objective", "OnlineDeployment",
    "OnlineEndpoint", "OnlineRequestSettings", "OnlineScaleSettings", "OpenAIConnection", "Output",
    "ParallelComponent", "ParallelJob", "PatTokenConfiguration", "PipelineComponent",
    "PipelineComponentBatchDeployment", "PipelineJob", "PipelineJobSettings", "ProbeSettings",
    "PyTorchDistribution", "QueueSettings", "RayDistribution", "RecurrencePattern", "RecurrenceTrigger", "Registry",
    "RequestLogging", "ResourceConfiguration", "ResourceRequirementsSettings", "ResourceSettings", "S3Credentials",
    "S3Datastore", "SasTokenConfiguration", "Schedule", "SerpConnection", "ServerlessConnection",
    "ServicePrincipalConfiguration", "SparkComponent", "SparkJob", "StorageCredentials", "SweepJob",
    "SweepJobLimits", "TargetUtilizationScaleSettings", "TensorFlowDistribution", "UserIdentityConfiguration",
    "UsernamePasswordConfiguration", "Workspace", "WorkspaceConnection", "entity_of",
]  # fmt: skip
