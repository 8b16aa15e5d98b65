"""From a job document to a launch specification: everything looked up, at the moment the job starts.

Inputs are resolved here and not at submission, since what a datastore path holds may be written meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.expressions import optional_names
from lapisml.documents.references import CodeRef, parse
from lapisml.ports.environments import BuildContext, EnvironmentBuilder, EnvironmentDefinition, Resolution
from lapisml.ports.launch import (
    ArmSpec,
    ArtifactsSpec,
    CodeSpec,
    EnvironmentSpec,
    InputSpec,
    LaunchSpec,
    OutputSpec,
    TrackingSpec,
)
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs.contexts import bring_context
from lapisml.server.features.jobs.distribution import distribution_of
from lapisml.server.features.jobs.outputs import declared_outputs
from lapisml.server.features.jobs.parallel import crew_secret, cut_up_by_path, parallel_of
from lapisml.server.features.jobs.places import artifacts_uri, output_type, output_uri
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.resources import resources_of
from lapisml.server.features.jobs.spark import by_path, spark_of
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.wire import RESOURCE_GROUP, SUBSCRIPTION_ID

UNLIMITED_TOKEN_LIFETIME_S = 30 * 24 * 3600
"""How long the token of a job without a time limit is good for, seconds."""


@dataclass(frozen=True)
class LaunchSettings:
    """What the installation decides for every launch.

    Attributes:
        home: LAPIS_HOME.
        resolution: how strictly environments are honoured.
        builder: import string of the environment builder that the runner loads.
        builder_options: its keyword arguments.
        storage: import string of the storage backend that the runner loads.
        wake_socket: the unix datagram socket of this server.
        drop_ins: whether jobs are offered stand-ins for packages that their environments lack.
        crew_key: of which the secrets are made by which the machines of a mini-batch job know each other.
    """

    home: Path
    resolution: Resolution
    builder: str
    builder_options: dict[str, Any]
    storage: str
    wake_socket: Path
    drop_ins: bool = True
    crew_key: bytes = field(default=b"", repr=False)


class Launcher:
    """Builds launch specifications."""

    def __init__(
        self,
        settings: LaunchSettings,
        assets: AssetService,
        tracking: TrackingService,
        identity: IdentityService,
        builder: EnvironmentBuilder,
        storage: Storage,
        computes: ComputeService,
    ) -> None:
        self.settings = settings
        self._assets = assets
        self._tracking = tracking
        self._identity = identity
        self.builder = builder
        self._storage = storage
        self._computes = computes

    def specification(self, workspace: Workspace, job: JobRecord) -> LaunchSpec:
        """Resolve everything that a job needs.

        Raises:
            LapisError: a reference no longer leads anywhere, or the environment can't be honoured.
        """
        document = job.document
        values, data = _split_inputs(document.get("inputs") or {})
        timeout = (document.get("limits") or {}).get("timeout")
        settings = self.settings
        task = document.get("task") or document  # what a mini-batch job runs stands one level deeper
        template = str(document.get("command") or document.get("args") or task.get("program_arguments") or "")
        specification = LaunchSpec(
            workspace=workspace.name,
            job=job.name,
            submit_key=job.submit_key,
            command=str(document.get("command") or ""),
            artifacts=self.artifacts(workspace, job.name),
            home=str(settings.home),
            literals=values,
            optional_unset=[name for name in optional_names(template) if name not in {*values, *data}],
            inputs={name: self.input(workspace, name, declared) for name, declared in data.items()},
            outputs=self._outputs(workspace, job),
            code=self.code(workspace, task.get("code")),
            environment=self.environment(workspace, task.get("environment")),
            tracking=self._tracking_spec(workspace, job, timeout),
            arm=ArmSpec(SUBSCRIPTION_ID, RESOURCE_GROUP, workspace.name),
            environment_variables={**self._offers(), **_variables(document)},
            timeout_s=float(timeout) if timeout else None,
            node_count=job.wanted_nodes,
            distribution=distribution_of(document),
            spark=spark_of(document),
            parallel=parallel_of(document, crew_secret(settings.crew_key, job)),
            resources=resources_of(document, self._computes.wish(workspace, job.compute)),
            nodes=tuple(job.nodes or ()),
            parent=job.parent_name,
            storage=settings.storage,
            wake_socket=str(settings.wake_socket),
        )
        return cut_up_by_path(by_path(specification))

    def _offers(self) -> dict[str, str]:
        return {} if self.settings.drop_ins else {"LAPIS_DROP_INS": "0"}

    def artifacts(self, workspace: Workspace, job: str) -> ArtifactsSpec:
        """Say where the artifacts of a job go."""
        uri = artifacts_uri(job)
        return ArtifactsSpec(uri, self._assets.location(workspace, uri).to_json())

    def input(self, workspace: Workspace, name: str, declared: dict[str, Any]) -> InputSpec:
        """Look up an input that is data.

        Args:
            declared: its entry in the document, with `path`.

        Raises:
            LapisError: ReferenceNotFound, PathNotAllowed.
        """
        path = str(declared["path"])
        kind = AssetKind.MODELS if str(declared.get("type", "")).endswith("_model") else AssetKind.DATA
        try:
            resolved = self._assets.resolve_uri(workspace, path, kind)
            location = self._assets.location(workspace, resolved)
        except LapisError as error:
            raise LapisError(error.code, f"Input '{name}': {error.message}", error.hint) from error
        kind_of_data = str(declared.get("type") or "uri_folder")
        return InputSpec(kind_of_data, resolved, location.to_json(), declared.get("mode"))

    def _outputs(self, workspace: Workspace, job: JobRecord) -> dict[str, OutputSpec]:
        found = {}
        for name, declared in declared_outputs(job.document).items():
            uri = output_uri(job.name, name, declared)
            location = self._assets.location(workspace, uri).to_json()
            found[name] = OutputSpec(output_type(declared), uri, location, (declared or {}).get("mode"))
        return found

    def code(self, workspace: Workspace, code: str | None) -> CodeSpec | None:
        """Turn a reference to a code snapshot into what the runner takes.

        Raises:
            LapisError: ReferenceNotFound; NotFound for a snapshot that is gone; StorageUnreachable.
        """
        if code is None:
            return None
        reference = parse(code)
        if not isinstance(reference, CodeRef):
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{code}' is not a code snapshot.")
        return CodeSpec(reference.digest, str(self._assets.shelf.bring(workspace, reference.digest)))

    def environment(self, workspace: Workspace, environment: str | dict[str, Any] | None) -> EnvironmentSpec | None:
        """Turn a reference or an inline environment into what the runner takes.

        Raises:
            LapisError: as `environment_definition`.
        """
        if environment is None:
            return None
        definition = self.environment_definition(workspace, environment)
        settings = self.settings
        root = settings.home / "environments"
        key = self.builder.key(definition)
        return EnvironmentSpec(definition.to_json(), settings.builder, str(root), key, settings.builder_options)

    def environment_definition(self, workspace: Workspace, environment: str | dict[str, Any]) -> EnvironmentDefinition:
        """Turn a reference or an inline environment into what the builder takes.

        Raises:
            LapisError: NotFound, ReferenceNotFound; StorageUnreachable for a build context in a lost store.
        """
        if isinstance(environment, str):
            record = self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, environment)
            document = {**record.document, "name": record.name, "version": record.version}
        else:
            document = environment
        requirements = document.get("requirements")
        return EnvironmentDefinition(
            name=document.get("name"),
            version=document.get("version"),
            image=document.get("image"),
            conda=document.get("conda_file"),
            requirements=tuple(requirements) if requirements is not None else None,
            build=self._build_context(workspace, document.get("build")),
            resolution=self.settings.resolution,
        )

    def _build_context(self, workspace: Workspace, build: dict[str, Any] | None) -> BuildContext | None:
        if build is None:
            return None
        location = self._assets.location(workspace, str(build["path"]))
        folder = self._storage.local_path(location)
        if folder is None:
            folder = bring_context(self._storage, location, self.settings.home / "contexts")
        return BuildContext(folder, str(build.get("dockerfile_path") or "Dockerfile"))

    def _tracking_spec(self, workspace: Workspace, job: JobRecord, timeout: float | None) -> TrackingSpec:
        lifetime = int(timeout) if timeout else UNLIMITED_TOKEN_LIFETIME_S
        if timeout and job.engine is not None:  # it may wait there, and its limit counts from its start
            lifetime += UNLIMITED_TOKEN_LIFETIME_S
        return TrackingSpec(
            server_file=str(self.settings.home / "run" / "server.json"),
            path=f"/mlflow/{workspace.name}",
            token=self._identity.issue_job_token(workspace.name, job.name, lifetime),
            run_id=job.name,
            experiment_id=self._tracking.experiment_by_name(workspace, job.experiment_name).experiment_id,
            experiment_name=job.experiment_name,
        )


def _split_inputs(inputs: dict[str, Any]) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Part inputs into literal values, as text, and data."""
    values: dict[str, str] = {}
    data: dict[str, dict[str, Any]] = {}
    for name, given in inputs.items():
        if isinstance(given, dict) and given.get("path") is not None:
            data[name] = given
        elif isinstance(given, dict):
            if given.get("value", given.get("default")) is not None:
                values[name] = str(given.get("value", given.get("default")))
        elif given is not None:
            values[name] = str(given)
    return values, data


def _variables(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in (document.get("environment_variables") or {}).items()}
