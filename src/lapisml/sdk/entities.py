"""Entities: the documents themselves under azure.ai.ml's names, with what the server knows around them.

An entity is a document; its attributes are the keys of the YAML. One that came from the server has the record's
facts as further attributes (``status``, ``id``, ``creation_context``, ``services`` …).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, PrivateAttr, ValidationError

from lapisml.documents.base import Document
from lapisml.documents.faults import faults_of, problems_of, refuse
from lapisml.documents.fields import Choice, Name
from lapisml.documents.kinds import (
    command_job,
    component,
    compute,
    data,
    datastore,
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
from lapisml.sdk.dsl.pipeline_job import PipelineJob, PipelineSettings
from lapisml.sdk.dsl.values import plain
from lapisml.sdk.inputs import Input, Output
from lapisml.sdk.records import View, viewed
from lapisml.sdk.schedules import CronTrigger, RecurrencePattern, RecurrenceTrigger, as_texts
from lapisml.sdk.searching import Objective, SweepJobLimits


class Entity(Document):
    """What all entities have in common.

    Args:
        values: keys of the document.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """

    model_config = ConfigDict(defer_build=True)  # most programs use few of the entities

    _record: dict[str, Any] | None = PrivateAttr(None)
    _base_path: Path | None = PrivateAttr(None)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            faults = faults_of(error)
            raise refuse(self.NOUN, values.get("name"), problems_of(faults), faults) from None

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Make the entity of a record that the server gave."""
        keys = cls.keys()
        made = cls(**{key: value for key, value in record.items() if key in keys and value is not None})
        made._record = record
        if "services" in record:
            made.__dict__["services"] = viewed(record["services"])
        return made

    @property
    def record(self) -> View | None:
        """All that the server gave, None for an entity that was made here."""
        return None if self._record is None else viewed(self._record)

    @property
    def base_path(self) -> Path:
        """The folder that relative paths start from: that of the YAML file, else the working folder."""
        return self._base_path or Path.cwd()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self._record is not None and name in self._record:
            return viewed(self._record[name])
        return super().__getattr__(name)  # type: ignore[misc]

    def __str__(self) -> str:
        return json.dumps(self._record if self._record is not None else self.to_dict(), indent=2, default=str)

    __repr__ = __str__


class Data(data.Data, Entity):
    """A data asset."""


class Model(model.Model, Entity):
    """A model."""


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


class AzureBlobDatastore(datastore.AzureBlob, Entity):
    """A container of Azure Blob storage."""

    type: Annotated[str, Choice("azure_blob")] = Field("azure_blob")


class AzureFileDatastore(datastore.AzureFile, Entity):
    """An Azure file share."""

    type: Annotated[str, Choice("azure_file")] = Field("azure_file")


class AzureDataLakeGen1Datastore(datastore.AzureDataLakeGen1, Entity):
    """An Azure Data Lake of the first generation."""

    type: Annotated[str, Choice("azure_data_lake_gen1")] = Field("azure_data_lake_gen1")


class AzureDataLakeGen2Datastore(datastore.AzureDataLakeGen2, Entity):
    """A file system of Azure Data Lake Storage Gen2."""

    type: Annotated[str, Choice("azure_data_lake_gen2")] = Field("azure_data_lake_gen2")


class LocalDatastore(datastore.Local, Entity):
    """A folder on the server's machine."""

    type: Annotated[str, Choice("local")] = Field("local")


class S3Datastore(datastore.S3, Entity):
    """A bucket of S3 or of a store that speaks S3."""

    type: Annotated[str, Choice("s3")] = Field("s3")


class GcsDatastore(datastore.Gcs, Entity):
    """A bucket of Google Cloud Storage."""

    type: Annotated[str, Choice("gcs")] = Field("gcs")


class HdfsDatastore(datastore.Hdfs, Entity):
    """A folder of a Hadoop file system."""

    type: Annotated[str, Choice("hdfs")] = Field("hdfs")


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
    """A managed identity."""

    type: Annotated[str, Choice("managed", "managed_identity")] = Field("managed")


Job = CommandJob | PipelineJob | SweepJob | ParallelJob | SparkJob
Component = CommandComponent | PipelineComponent | ParallelComponent | SparkComponent
Compute = AmlCompute | ComputeInstance
AccountKeyConfiguration = SasTokenConfiguration = StorageCredentials
ServicePrincipalConfiguration = CertificateConfiguration = LakeCredentials
AccessKeyConfiguration = S3Credentials
IdentityConfiguration = Identity
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


def entity_of(kind: str, record: dict[str, Any]) -> Any:
    """Make the entity of a record; a record of a kind without one becomes a `View`."""
    by_type = ENTITIES.get(kind, {})
    found = by_type.get(str(record.get("type", ""))) or by_type.get("")
    return viewed(record) if found is None else found.from_record(record)


__all__ = [
    "AccessKeyConfiguration",
    "AccountKeyConfiguration",
    "AmlCompute",
    "AmlComputeSshSettings",
    "AzureBlobDatastore",
    "AzureDataLakeGen1Datastore",
    "AzureDataLakeGen2Datastore",
    "AzureFileDatastore",
    "BuildContext",
    "CertificateConfiguration",
    "CommandComponent",
    "CommandJob",
    "CommandJobLimits",
    "Component",
    "Compute",
    "ComputeInstance",
    "ComputeInstanceSshSettings",
    "CronTrigger",
    "Data",
    "Environment",
    "GcsCredentials",
    "GcsDatastore",
    "HdfsDatastore",
    "IdentityConfiguration",
    "InlineEnvironment",
    "Input",
    "Job",
    "JobIdentity",
    "JobResourceConfiguration",
    "JobSchedule",
    "JobService",
    "LakeCredentials",
    "LocalDatastore",
    "ManagedIdentityConfiguration",
    "Model",
    "MpiDistribution",
    "NetworkSettings",
    "Objective",
    "Output",
    "ParallelComponent",
    "ParallelJob",
    "PipelineComponent",
    "PipelineJob",
    "PipelineJobSettings",
    "PyTorchDistribution",
    "QueueSettings",
    "RayDistribution",
    "RecurrencePattern",
    "RecurrenceTrigger",
    "ResourceConfiguration",
    "S3Credentials",
    "S3Datastore",
    "SasTokenConfiguration",
    "Schedule",
    "ServicePrincipalConfiguration",
    "SparkComponent",
    "SparkJob",
    "StorageCredentials",
    "SweepJob",
    "SweepJobLimits",
    "TensorFlowDistribution",
    "UserIdentityConfiguration",
    "Workspace",
    "entity_of",
]
