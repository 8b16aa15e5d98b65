"""Where the files of a new model version come from: MLflow's ways to name a source, checked and translated."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import JobOutputUri, PlainUri, RunUri, parse
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea, Locator
from lapisml.server.surfaces.mlflow.artifact_paths import ArtifactPath, check_relative, parse_artifact_uri
from lapisml.server.surfaces.mlflow.call import Call

JobFolder = Callable[[Workspace, str], Path]
"""Returns the folder of a job on this machine; it need not exist."""

_PROXY = "/api/2.0/mlflow-artifacts/artifacts/"
_JOBS_OWN_PARTS = ("work", "named_outputs")
"""What of a job's folder its code writes; beside it lie files of the runner."""

_STAGING = "azureml://datastores/workspaceblobstore/paths/azureml/registering"


@dataclass(frozen=True, slots=True)
class Source:
    """A source that may be registered.

    Attributes:
        path: the ``azureml:`` or plain address of the files, for the assets' service.
        job_name: the run that the files came from, None when that is not known.
        staged: a copy that was made for this and is to be removed after the registration.
    """

    path: str
    job_name: str | None = None
    staged: StorageLocation | None = None


class Sources:
    """Reads sources.

    Args:
        area: says who may read which artifacts.
        locator: turns ``azureml://`` addresses into places.
        job_folder: where a job's own files lie on this machine.
    """

    def __init__(
        self,
        tracking: TrackingService,
        area: ArtifactArea,
        locator: Locator,
        storage: Storage,
        job_folder: JobFolder,
    ) -> None:
        self._tracking = tracking
        self._area = area
        self._locator = locator
        self._storage = storage
        self._job_folder = job_folder

    def read(self, call: Call, source: str) -> Source:
        """Check a source and say where its files lie.

        Raises:
            LapisError: NotFound, Forbidden, PathNotAllowed, Usage, NotSupported.
        """
        artifact = _artifact(source, call.workspace.name)
        if artifact is not None:
            return self._artifacts(call, artifact)
        if _logged_model_id(source):
            return self._artifacts(call, ArtifactPath("models", _logged_model_id(source), "", ""))
        local = _local_path(source)
        if local is not None:
            return self._local(call, local)
        return self._other(call, source)

    def translated(self, workspace: Workspace, source: str) -> str:
        """Write a source as the assets keep it, for comparing; unchanged when it is kept as it is."""
        artifact = _artifact(source, workspace.name)
        model_id = _logged_model_id(source)
        if model_id:
            artifact = ArtifactPath("models", model_id, "", "")
        if artifact is None or artifact.kind == "registered":
            return source
        return self._address(workspace, artifact)

    def forget(self, source: Source) -> None:
        """Remove what was copied for a registration."""
        if source.staged is not None:
            self._storage.delete(source.staged)

    def _artifacts(self, call: Call, artifact: ArtifactPath) -> Source:
        if artifact.kind == "registered":
            if artifact.rest:
                raise _unusable("Register a version as a whole.")
            return Source(f"models:/{artifact.owner}/{artifact.version}")
        address = self._address(call.workspace, artifact)
        if artifact.kind == "models":
            model = self._area.check_model_readable(call, artifact.owner)
            return Source(address, model.source_run_id)
        self._tracking.runs.info(call.caller, artifact.owner)
        return Source(address, artifact.owner)

    def _address(self, workspace: Workspace, artifact: ArtifactPath) -> str:
        root_of = self._tracking.artifact_root if artifact.kind == "runs" else self._tracking.model_root
        root = root_of(workspace, artifact.owner)
        return f"{root}{artifact.rest}/" if artifact.rest else root

    def _local(self, call: Call, path: Path) -> Source:
        """Copy a model folder of this machine that the sender may read, and nothing else."""
        real = self._reachable(call, path)
        if not (real / "MLmodel").is_file():
            raise _unusable(f"There is no MLflow model (a folder with an MLmodel file) at {path.name!r}.")
        address = f"{_STAGING}/{secrets.token_hex(8)}/{real.name}/"
        target = self._locator.resolve(call.workspace, address)
        self._storage.copy(StorageLocation("file", str(real), root=str(real)), target)
        return Source(address, call.caller.job, self._locator.resolve(call.workspace, address))

    def _reachable(self, call: Call, path: Path) -> Path:
        """Return a folder of this machine, links resolved: a job's own folder, or one that may be named.

        Raises:
            LapisError: PathNotAllowed.
        """
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            raise _unusable("The path cannot be resolved.") from None
        if call.caller.job is not None:
            own = self._job_folder(call.workspace, call.caller.job).resolve()
            if any(real.is_relative_to(own / part) for part in _JOBS_OWN_PARTS):
                return real
        return Path(self._locator.resolve(call.workspace, real.as_uri()).path)

    def _other(self, call: Call, source: str) -> Source:
        reference = parse(source)
        if isinstance(reference, RunUri):
            check_relative(reference.path)
            self._tracking.runs.info(call.caller, reference.run_id)
            return Source(source, reference.run_id)
        if source.startswith("models:/") or isinstance(reference, PlainUri):
            return Source(source)
        if not source.startswith("azureml:"):
            raise _unusable("A source is an address such as runs:/<run>/<path>, models:/<name>/<version> or s3://….")
        own = isinstance(reference, JobOutputUri) and reference.job == call.caller.job
        if call.caller.job is not None and not own:
            raise LapisError(ErrorCode.FORBIDDEN, "A job may register what it and its runs made, nothing else.")
        return Source(source, reference.job if isinstance(reference, JobOutputUri) else None)


def _artifact(source: str, workspace: str) -> ArtifactPath | None:
    """Read an artifact address of this server: ``mlflow-artifacts:…`` or its form with this server's host."""
    if source.startswith(("http://", "https://")):
        before, mark, path = urlsplit(source).path.partition(_PROXY)
        if mark and before.endswith(f"/mlflow/{workspace}"):
            return parse_artifact_uri(f"mlflow-artifacts:/{unquote(path)}")
        return None
    return parse_artifact_uri(source)


def _logged_model_id(source: str) -> str:
    """Return the id in ``models:/m-…``, "" for another form."""
    name = source.removeprefix("models:/") if source.startswith("models:/") else ""
    return name if name.startswith("m-") and "/" not in name and "@" not in name else ""


def _local_path(source: str) -> Path | None:
    if source.startswith("/"):
        return Path(source)
    if source.startswith("file:"):
        parsed = urlsplit(source)
        if parsed.netloc not in ("", "localhost") or not parsed.path.startswith("/"):
            raise _unusable("A file: address has the form file:///absolute/path.")
        return Path(unquote(parsed.path))
    return None


def _unusable(reason: str) -> LapisError:
    return LapisError(ErrorCode.PATH_NOT_ALLOWED, f"Invalid model version source. {reason}")
