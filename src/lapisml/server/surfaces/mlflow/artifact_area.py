"""Where artifacts lie, who may touch them, and what a listing shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import ARTIFACTS, LoggedModel, RunInfo
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.mlflow.artifact_paths import ArtifactPath, check_relative, parse_artifact_path
from lapisml.server.surfaces.mlflow.call import Call


class Locator(Protocol):
    """Turns addresses of data into places; the datastores' service does."""

    def resolve(self, workspace: Workspace, uri: str) -> StorageLocation:
        """Return where an ``azureml://`` address leads."""
        ...


class RegisteredFiles(Protocol):
    """Knows the files of registered models."""

    def files(self, workspace: Workspace, name: str, version: str) -> StorageLocation:
        """Return where the files of a version lie.

        Raises:
            LapisError: NotFound.
        """
        ...

    def holds(self, workspace: Workspace, model_id: str) -> bool:
        """Say whether a registered version was made from this logged model."""
        ...


class ArtifactArea:
    """Artifacts of one server.

    A model that a run logs has its files in a folder of its own, which never changes again. When it is
    complete, the run's artifacts get the same files under the model's name (`mirror`), because jobs' users
    look for them there; the latest model of a name wins. MLflow's client lists a run's models by itself, so
    listings leave these copies out.
    """

    def __init__(
        self, tracking: TrackingService, locator: Locator, storage: Storage, registered: RegisteredFiles
    ) -> None:
        self._tracking = tracking
        self._locator = locator
        self._storage = storage
        self._registered = registered

    def readable(self, call: Call, path: str) -> StorageLocation:
        """Return where an address leads, for reading.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden.
        """
        target = parse_artifact_path(path)
        self._check_readable(call, target)
        return self._root(call.workspace, target).child(target.rest)

    def writable(self, call: Call, path: str) -> StorageLocation:
        """Return where an address leads, for writing or deleting.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden; Usage when the run was deleted.
        """
        target = parse_artifact_path(path)
        if target.kind == "registered":
            raise LapisError(ErrorCode.FORBIDDEN, "The files of a registered model's version do not change.")
        if target.kind == "models":
            self._tracking.models.check_changeable(call.caller, target.owner)
        elif target.kind == "traces":
            self._tracking.traces.info(call.caller, target.owner)
        else:
            run = self._tracking.runs.info(call.caller, target.owner)
            if run.deleted_at is not None:
                raise invalid(f"The run {run.run_id} must be in the 'active' state. Current state is deleted.")
        return self._root(call.workspace, target).child(target.rest)

    def entries(self, call: Call, path: str) -> list[ObjectInfo]:
        """List what lies directly at an address; a file's address gives nothing.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden.
        """
        target = parse_artifact_path(path)
        self._check_readable(call, target)
        return self._listing(call, target)

    def run_entries(self, call: Call, run_id: str, path: str) -> tuple[RunInfo, list[ObjectInfo]]:
        """List what lies directly at a path of a run's artifacts.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden; NotSupported when clients keep them by themselves.
        """
        run = self._tracking.runs.info(call.caller, run_id)
        if not run.artifact_uri.startswith(ARTIFACTS):
            raise LapisError(
                ErrorCode.NOT_SUPPORTED, f"The artifacts of this run lie at {run.artifact_uri}: list them there."
            )
        return run, self._listing(call, ArtifactPath("runs", run_id, "", check_relative(path)))

    def parts(self, workspace: Workspace) -> StorageLocation:
        """Return the folder of uploads that come in parts."""
        return self._locator.resolve(workspace, "azureml://datastores/workspaceartifactstore/paths/.parts/").child("")

    def forget_traces(self, workspace: Workspace, trace_ids: Iterable[str]) -> None:
        """Delete the files of traces that are no more."""
        for trace_id in trace_ids:
            self._storage.delete(self._root(workspace, ArtifactPath("traces", trace_id, "", "")))

    def mirror(self, call: Call, model: LoggedModel) -> None:
        """Show a complete model's files in the artifacts of the run that logged it, under the model's name."""
        if not model.source_run_id:
            return
        run = self._tracking.runs.info(call.caller, model.source_run_id)
        if not run.artifact_uri.startswith(ARTIFACTS):
            return
        files = self._root(call.workspace, ArtifactPath("models", model.model_id, "", ""))
        shown = self._root(call.workspace, ArtifactPath("runs", run.run_id, "", "")).child(model.name)
        for older in self._tracking.models.of_run(call.caller, run.run_id):
            if older.name == model.name and older.model_id != model.model_id:
                self._unmirror(self._root(call.workspace, ArtifactPath("models", older.model_id, "", "")), shown)
        if self._storage.info(files) is not None:
            self._storage.copy(files, shown, link=True)

    def _unmirror(self, files: StorageLocation, shown: StorageLocation) -> None:
        for entry in list(self._storage.walk(files)):
            self._storage.delete(shown.child(entry.path))

    def _check_readable(self, call: Call, target: ArtifactPath) -> None:
        if target.kind == "runs":
            self._tracking.runs.info(call.caller, target.owner)
        elif target.kind == "traces":
            self._tracking.traces.info(call.caller, target.owner)
        elif target.kind == "models":
            self.check_model_readable(call, target.owner)

    def check_model_readable(self, call: Call, model_id: str) -> LoggedModel:
        """Check that the caller may read a logged model: a job its own and those that are registered.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        model = self._tracking.models.get(call.caller, model_id, allow_deleted=True)
        own = call.caller.owns(model.source_run_id or "", model.owner_job)
        if not own and not self._registered.holds(call.workspace, model_id):
            raise LapisError(
                ErrorCode.FORBIDDEN, "A job may read the models that it made and registered ones, no other."
            )
        return model

    def _root(self, workspace: Workspace, target: ArtifactPath) -> StorageLocation:
        if target.kind == "registered":
            return self._registered.files(workspace, target.owner, target.version).child("")
        roots = {
            "runs": self._tracking.artifact_root,
            "models": self._tracking.model_root,
            "traces": self._tracking.trace_root,
        }
        return self._locator.resolve(workspace, roots[target.kind](workspace, target.owner)).child("")

    def _listing(self, call: Call, target: ArtifactPath) -> list[ObjectInfo]:
        root = self._root(call.workspace, target)
        entries = self._storage.children(root.child(target.rest))
        if target.kind != "runs" or not entries:
            return entries
        models = {m.name: m.model_id for m in self._tracking.models.of_run(call.caller, target.owner)}
        if not models:
            return entries
        if target.rest:
            return self._without_mirrored(call, models, target.rest, entries)
        return [e for e in entries if not (e.is_dir and e.path in models) or self._has_own(call, root, models, e.path)]

    def _has_own(self, call: Call, root: StorageLocation, models: dict[str, str], name: str) -> bool:
        """Say whether a folder that bears a model's name holds something beside the model's files."""
        return bool(self._without_mirrored(call, models, name, self._storage.children(root.child(name))))

    def _without_mirrored(
        self, call: Call, models: dict[str, str], path: str, entries: list[ObjectInfo]
    ) -> list[ObjectInfo]:
        name, _, rest = path.partition("/")
        if name not in models:
            return entries
        files = self._root(call.workspace, ArtifactPath("models", models[name], "", ""))
        mirrored = {entry.path for entry in self._storage.children(files.child(rest))}
        return [entry for entry in entries if entry.path not in mirrored]
