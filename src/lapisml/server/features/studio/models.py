"""What pages of models show beside the models themselves: runs, signatures, deployments, and what could become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import TypedDict

from lapisml.core.errors import LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets import mlmodel
from lapisml.server.features.assets.mlmodel import SignatureBody
from lapisml.server.features.assets.records import AssetKind, AssetRecord, ListQuery
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.batch_endpoints import uses as batch_uses
from lapisml.server.features.endpoints import uses as online_uses
from lapisml.server.features.tracking.limits import json_number
from lapisml.server.features.tracking.records import Caller, RunData
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.openapi import Page
from lapisml.server.platform.wire import timestamp

_MOST_FOLDERS = 200
_MODEL_TYPES = ("mlflow_model", "custom_model", "triton_model")


class ModelRunBody(TypedDict):
    """The run that made a version. A metric that is no finite number is a text: ``NaN``, ``Infinity``."""

    run_id: str
    name: str
    status: str
    start_time: str | None
    end_time: str | None
    metrics: dict[str, float | str]
    params: dict[str, str]


class DeployedBody(TypedDict):
    """A deployment of a version.

    Attributes:
        kind: ``online`` or ``batch``.
        state: of an online deployment; None for batch.
        serving: it answers with this version now; else it will once it is ready.
        traffic: percent of the endpoint's requests; of batch: 100 for the default deployment.
    """

    version: str
    kind: str
    endpoint: str
    deployment: str
    state: str | None
    serving: bool
    traffic: int


class MeasuredBody(TypedDict):
    """A version with the run that made it, and on request its signature.

    Attributes:
        job_name: the job that it is known to come from.
        run: what it was measured by: that job's run, or the step's or trial's of it that left the files.
    """

    version: str
    type: str
    description: str
    created_at: str | None
    created_by: str
    job_name: str | None
    stage: str | None
    aliases: list[str]
    archived: bool
    run: ModelRunBody | None
    signature: SignatureBody | None


class CandidateBody(TypedDict):
    """What a job left that can be registered as a model.

    Attributes:
        label: what people know it by: the output's name, or the folder among the artifacts.
        path: what registers it.
    """

    label: str
    path: str
    type: str


class ModelPages:
    """Puts together what is known of models in several features."""

    def __init__(self, database: Database, assets: AssetService, tracking: TrackingService, storage: Storage) -> None:
        self._database = database
        self._assets = assets
        self._tracking = tracking
        self._storage = storage

    def measured(self, workspace: Workspace, query: ListQuery, with_signature: bool) -> Page[MeasuredBody]:
        """Give a page of the versions of the model that `query` names, the newest first.

        Raises:
            LapisError: NotFound.
        """
        self._assets.containers.get(workspace, AssetKind.MODELS, str(query.name))
        page = self._assets.list(workspace, AssetKind.MODELS, query)
        return {"value": self._all_measured(workspace, page.value, with_signature), "next": page.next}

    def compared(self, workspace: Workspace, name: str, versions: Sequence[str]) -> list[MeasuredBody]:
        """Give versions of a model with their signatures, in the order in which they are named.

        Raises:
            LapisError: NotFound.
        """
        records = [self._assets.get(workspace, AssetKind.MODELS, name, version) for version in versions]
        return self._all_measured(workspace, records, with_signature=True)

    def deployed(self, workspace: Workspace, name: str) -> list[DeployedBody]:
        """Give the deployments of all versions of a model."""
        online = online_uses.uses_of_model(self._database, workspace, name)
        batch = batch_uses.uses_of_model(self._database, workspace, name)
        return [
            *(_deployed("online", one.model, one.endpoint, one.deployment, one.state.value, one.is_serving, one.traffic)
              for one in online),
            *(_deployed("batch", one.model, one.endpoint, one.deployment, None, True, 100 if one.is_default else 0)
              for one in batch),
        ]  # fmt: skip

    def candidates(self, workspace: Workspace, job: str) -> list[CandidateBody]:
        """Give what a job or run left that can become a model: outputs, logged models, folders with an MLmodel."""
        found: list[CandidateBody] = [
            {"label": one.name, "path": f"azureml://jobs/{job}/outputs/{one.name}", "type": one.type}
            for one in self._assets.outputs(workspace, job)
            if one.type in _MODEL_TYPES
        ]
        caller = Caller(workspace.id, workspace.name, "")
        for model in self._tracking.models.of_run(caller, job):
            path = self._tracking.model_root(workspace, model.model_id)
            found.append({"label": model.name, "path": path, "type": "mlflow_model"})
        root = self._tracking.artifact_root(workspace, job)
        folders = self._model_folders(self._assets.content_location(workspace, root))
        logged: list[CandidateBody] = [
            {"label": folder, "path": f"{root}{folder}/", "type": "mlflow_model"} for folder in folders
        ]
        return found + logged

    def _all_measured(
        self, workspace: Workspace, records: Sequence[AssetRecord], with_signature: bool
    ) -> list[MeasuredBody]:
        runs = self._tracking.logged_by(workspace, {run for record in records for run in _runs_of(record)})
        return [
            {
                "version": record.version,
                "type": str(record.document.get("type")),
                "description": str(record.document.get("description") or ""),
                "created_at": timestamp(record.created_at),
                "created_by": record.created_by,
                "job_name": record.job_name,
                "stage": record.stage,
                "aliases": list(record.labels),
                "archived": record.archived,
                "run": _run(_most_telling([runs[run] for run in _runs_of(record) if run in runs])),
                "signature": self._signature(workspace, record) if with_signature else None,
            }
            for record in records
        ]

    def _signature(self, workspace: Workspace, record: AssetRecord) -> SignatureBody | None:
        """Give a version's signature; None for one without, and for files that can't be read."""
        if record.document.get("type") != "mlflow_model":
            return None
        try:
            location = self._assets.content_location(workspace, str(record.uri))
            return mlmodel.signature_of(self._storage, location)
        except LapisError:
            return None

    def _model_folders(self, root: StorageLocation) -> Iterator[str]:
        """Give the folders with an ``MLmodel`` file among artifacts, two levels deep."""
        waiting, looked = [""], 0
        while waiting and looked < _MOST_FOLDERS:
            folder, looked = waiting.pop(0), looked + 1
            within = self._storage.children(root.child(folder))
            if folder and any(one.path == "MLmodel" and not one.is_dir for one in within):
                yield folder
            elif folder.count("/") < 1:
                inner = [one.path for one in within if one.is_dir]
                waiting += [f"{folder}/{name}" if folder else name for name in inner]


def _deployed(
    kind: str, model: str, endpoint: str, deployment: str, state: str | None, serving: bool, traffic: int
) -> DeployedBody:
    return {
        "version": model.partition(":")[2], "kind": kind, "endpoint": endpoint, "deployment": deployment,
        "state": state, "serving": serving, "traffic": traffic,
    }  # fmt: skip


def _runs_of(record: AssetRecord) -> list[str]:
    """Give the names that may be those of runs that made a version: its job's, and those on the way to its files.

    A model that a pipeline puts out has the pipeline's name, and was measured by the step or trial that left its files.
    """
    parts = (record.source or "").split("/")
    return [record.job_name, *(part.removeprefix("dcid.") for part in parts if part)] if record.job_name else []


def _most_telling(runs: Sequence[RunData]) -> RunData | None:
    """Give the first run that measured something, else the first."""
    return next((run for run in runs if run.metrics), runs[0] if runs else None)


def _run(run: RunData | None) -> ModelRunBody | None:
    if run is None:
        return None
    return {
        "run_id": run.info.run_id,
        "name": run.info.name,
        "status": run.info.status,
        "start_time": timestamp(run.info.start_time),
        "end_time": timestamp(run.info.end_time),
        "metrics": {key: json_number(value, is_nan) for key, value, _at, _step, is_nan in run.metrics},
        "params": dict(run.params),
    }
