"""From a revision to what its keeper is started with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.launch import LaunchSpec, ServingSpec
from lapisml.ports.serving import Places
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.records import AssetKind, reference_of_key
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.endpoints.certificates import pem_of
from lapisml.server.features.endpoints.parts import accelerates, limits_of, probe_of
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.resolving import collector_folder
from lapisml.server.features.endpoints.share_places import ANY
from lapisml.server.features.endpoints.share_store import Share, key_of
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.workspaces.service import Workspace

_MODEL = "model"


class ServingLauncher:
    """Builds the launch specifications of revisions.

    Args:
        serving_home: the folder that gateway, keepers and server share.
        accelerate: False serves every model itself and no faster form of it.
    """

    def __init__(
        self, launcher: Launcher, assets: AssetService, storage: Storage, serving_home: Path, accelerate: bool
    ) -> None:
        self._launcher = launcher
        self._assets = assets
        self._storage = storage
        self._serving_home = serving_home
        self._places = Places(serving_home)
        self._accelerate = accelerate

    def specification(self, workspace: Workspace, revision: Revision) -> LaunchSpec:
        """Resolve everything that a revision needs to run.

        Raises:
            LapisError: a reference no longer leads anywhere, or the environment can't be honoured.
        """
        document, launcher = revision.document, self._launcher
        code = document.get("code_configuration") or {}
        variables = {key: str(value) for key, value in (document.get("environment_variables") or {}).items()}
        inputs, model_name = {}, ""
        if revision.model is not None:
            model = self._assets.resolve(
                workspace, AssetKind.MODELS, reference_of_key(AssetKind.MODELS, revision.model)
            )
            declared = {"path": str(model.uri), "type": str(model.document.get("type") or "custom_model")}
            inputs[_MODEL] = launcher.input(workspace, _MODEL, declared)
            model_name = str(model.uri).rstrip("/").rpartition("/")[2]
        return LaunchSpec(
            workspace=workspace.name,
            job=revision.job,
            submit_key=revision.key,
            command="",
            artifacts=launcher.artifacts(workspace, revision.job),
            home=str(launcher.settings.home),
            inputs=inputs,
            code=launcher.code(workspace, code.get("code")),
            environment=launcher.environment(workspace, document.get("environment")),
            environment_variables=variables,
            serving=self._serving(workspace, revision, model_name),
            storage=launcher.settings.storage,
            wake_socket=str(launcher.settings.wake_socket),
        )

    def share(self, workspace: Workspace, revision: Revision, share: Share, *, queues: bool) -> LaunchSpec:
        """Resolve everything that another machine needs to keep its part of a revision.

        Args:
            queues: whether the compute gives its machines out itself.

        Raises:
            LapisError: as `specification`; StorageFull when the certificate can't be kept.
        """
        whole = self.specification(workspace, revision)
        assert whole.serving is not None
        try:
            self._places.make()
            pem = pem_of(self._places.certificate(revision.id), revision.id)
        except OSError as error:
            raise LapisError(ErrorCode.STORAGE_FULL, f"The certificate can't be kept: {error}.") from error
        return replace(
            whole,
            job=share.job,
            submit_key=key_of(share),
            artifacts=self._launcher.artifacts(workspace, share.job),
            nodes=() if queues else (share.node,),
            machine=share.name if queues and share.name != ANY else None,
            serving=replace(whole.serving, serving_home="", scale=share.scale, accelerate=False, door=pem),
        )

    def _serving(self, workspace: Workspace, revision: Revision, model_name: str) -> ServingSpec:
        document = revision.document
        script = (document.get("code_configuration") or {}).get("scoring_script")
        return ServingSpec(
            endpoint=revision.endpoint,
            deployment=revision.deployment,
            revision=revision.id,
            kind="script" if script else "mlflow",
            model_input=_MODEL if revision.model is not None else None,
            model_name=model_name,
            scoring_script=str(script).removeprefix("./") if script else None,
            serving_home=str(self._serving_home),
            scale=revision.scale,
            liveness=probe_of(document, "liveness"),
            readiness=probe_of(document, "readiness"),
            accelerate=self._accelerate and accelerates(document),
            collect=self._collect(workspace, document.get("data_collector")),
            **limits_of(document),
        )

    def _collect(self, workspace: Workspace, settings: dict[str, Any] | None) -> dict[str, Any]:
        if not settings:
            return {}
        folder = collector_folder(self._assets, self._storage, workspace)
        keys = ("collections", "sampling_rate", "rolling_rate", "request_logging")
        return {
            "folder": str(folder) if folder is not None else None,
            **{key: settings[key] for key in keys if settings.get(key) is not None},
        }
