"""Gathers what the surfaces for clients of Azure work with."""

from __future__ import annotations

from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.parts import Backends, Features, LateFeatures, Platform
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.pending import Pending, PendingUploads
from lapisml.server.surfaces.blob.shared_pending import SharedPendingUploads
from lapisml.server.surfaces.blob.signing import BlobSigner


def gather(
    platform: Platform, backends: Backends, features: Features, jobs: JobsPart, late: LateFeatures
) -> AzureServices:
    """Give every service that a surface may call."""
    p, f, settings = platform, features, platform.settings
    return AzureServices(
        url=p.url,
        subscription=settings.azure_subscription,
        group=settings.azure_resource_group,
        max_body=settings.max_body_mb * 2**20,
        clock=p.clock,
        identity=f.identity,
        workspaces=f.workspaces,
        datastores=f.datastores,
        storage=backends.storage,
        assets=f.assets,
        registries=f.registries.service,
        sharing=f.registries.sharing,
        connections=f.connections,
        feature_sets=f.feature_sets,
        content=f.content,
        uploads=f.uploads,
        computes=f.computes,
        tracking=f.tracking,
        jobs=jobs.service,
        job_logs=jobs.logs,
        job_outputs=jobs.outputs,
        schedules=late.schedules.service,
        endpoints=late.endpoints.endpoints,
        deployments=late.endpoints.deployments,
        deployment_logs=late.endpoints.logs,
        batch_endpoints=late.batch_endpoints.service,
        pending=_pending(platform, backends, features),
        signer=BlobSigner(p.vault, p.clock),
    )


def _pending(platform: Platform, backends: Backends, features: Features) -> Pending:
    files = features.datastores.files
    if files.base is None:
        return PendingUploads(files.folder, platform.clock)
    return SharedPendingUploads(files, backends.storage, platform.clock)
