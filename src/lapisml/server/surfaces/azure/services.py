"""What the nouns of this surface may call."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.content import ContentService
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.upload_request import Uploads
from lapisml.server.features.batch_endpoints.service import BatchEndpointService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.connections.service import ConnectionService
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.endpoints.deployments import DeploymentService
from lapisml.server.features.endpoints.logs import DeploymentLogs
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.feature_sets.service import FeatureSetService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.outputs import JobOutputs
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.registries.service import RegistryService
from lapisml.server.features.registries.sharing import Sharing
from lapisml.server.features.schedules.service import ScheduleService
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.surfaces.blob.pending import Pending
from lapisml.server.surfaces.blob.signing import BlobSigner


@dataclass(frozen=True)
class AzureServices:
    """Every service that a noun may call, and a few facts about the server.

    Attributes:
        url: the server's own public address (the native and MLflow's surface), no slash at its end.
        subscription, group: the only ones that exist; empty: whatever a client says.
        max_body: most bytes of a JSON body.
        pending: folders of uploads that are not a code or an asset yet.
        signer: signs addresses of blobs.
    """

    url: str
    subscription: str
    group: str
    max_body: int
    clock: Clock
    identity: IdentityService
    workspaces: WorkspaceService
    datastores: DatastoreService
    storage: Storage
    assets: AssetService
    registries: RegistryService
    sharing: Sharing
    connections: ConnectionService
    feature_sets: FeatureSetService
    content: ContentService
    uploads: Uploads
    computes: ComputeService
    tracking: TrackingService
    jobs: JobService
    job_logs: JobLogs
    job_outputs: JobOutputs
    schedules: ScheduleService
    endpoints: EndpointService
    deployments: DeploymentService
    deployment_logs: DeploymentLogs
    batch_endpoints: BatchEndpointService
    pending: Pending
    signer: BlobSigner
