"""From the text of a reference to one version, and from any ``azureml:`` form to where the content lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from sqlalchemy import bindparam, select, update

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import AssetRef, JobOutputUri, ModelsUri, Reference, RunUri
from lapisml.server.features.assets.records import AssetKind, AssetRecord, JobOutput
from lapisml.server.features.assets.store import insert_missing
from lapisml.server.features.assets.tables import job_outputs
from lapisml.server.features.datastores.service import ARTIFACTS, datastore_uri
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

ARTIFACT_OUTPUT = "artifacts"
"""The output that every job has without declaring it: its artifact folder."""


class Finder(Protocol):
    """Finds versions; `AssetService` is one."""

    def get(self, workspace: Workspace, kind: AssetKind, name: str, version: str) -> AssetRecord:
        """Return a version."""
        ...

    def by_label(self, workspace: Workspace, kind: AssetKind, name: str, label: str) -> AssetRecord:
        """Return the version that a label points at."""
        ...

    def by_stage(self, workspace: Workspace, name: str, stage: str) -> AssetRecord | None:
        """Return a model's newest version in a stage."""
        ...


def find(finder: Finder, workspace: Workspace, kind: AssetKind, reference: Reference, text: str) -> AssetRecord:
    """Return the version that a reference names.

    Raises:
        LapisError: ReferenceNotFound when it names nothing, or nothing of this kind.
    """
    if isinstance(reference, ModelsUri) and kind is AssetKind.MODELS:
        return _model(finder, workspace, reference, text)
    if not isinstance(reference, AssetRef):
        sentence = f"'{text}' does not name {_A[kind]}."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, f"Its form: azureml:<name>:<version>, {_LABEL}.")
    if reference.version is None and reference.label is None:
        hint = f"Say which: azureml:{reference.name}@latest, or azureml:{reference.name}:<version>."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{text}' names no version of '{reference.name}'.", hint)
    return _told(text, lambda: _by_reference(finder, workspace, kind, reference))


def artifact_uri(job: str) -> str:
    """Return the URI of the artifact folder of a job or run."""
    return datastore_uri(ARTIFACTS, f"ExperimentRun/dcid.{job}/")


_OF_JOB = (
    select(job_outputs.c.name, job_outputs.c.type, job_outputs.c.uri)
    .where(job_outputs.c.workspace_id == bindparam("workspace"), job_outputs.c.job_name == bindparam("job"))
    .order_by(job_outputs.c.id)
)
_AGAIN = update(job_outputs).where(
    job_outputs.c.workspace_id == bindparam("workspace"),
    job_outputs.c.job_name == bindparam("job"),
    job_outputs.c.name == bindparam("output"),
)


class OutputTable:
    """What jobs put out, by job and name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, workspace: Workspace, outputs: Iterable[JobOutput]) -> None:
        """Write outputs, replacing what was recorded under their names."""
        with self._database.write() as connection:
            for output in outputs:
                which = {"workspace": workspace.id, "job": output.job, "output": output.name}
                values = {"type": output.type, "uri": output.uri}
                if connection.execute(_AGAIN, {**which, **values}).rowcount == 0:
                    row = {"workspace_id": workspace.id, "job_name": output.job, "name": output.name, **values}
                    insert_missing(connection, job_outputs, row)

    def of_job(self, workspace: Workspace, job: str) -> list[JobOutput]:
        """Read what was recorded of a job, in the order in which it was recorded first."""
        which = {"workspace": workspace.id, "job": job}
        with self._database.read() as connection:
            return [JobOutput(job, name, kind, uri) for name, kind, uri in connection.execute(_OF_JOB, which)]

    def uri(self, workspace: Workspace, reference: JobOutputUri | RunUri) -> str:
        """Return the datastore URI of an output of a job, or of an artifact of a run.

        Raises:
            LapisError: ReferenceNotFound for an output that the job does not have.
        """
        job, name = _job_and_output(reference)
        found = {output.name: output.uri for output in self.of_job(workspace, job)}
        base = found.get(name, artifact_uri(job) if name == ARTIFACT_OUTPUT else None)
        if base is None:
            names = ", ".join(sorted({ARTIFACT_OUTPUT, *found}))
            hint = f"Known outputs: {names}. They can be read once the job has ended."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"Job '{job}' has no output '{name}'.", hint)
        return f"{base.rstrip('/')}/{reference.path}" if reference.path else base


def below(uri: str, path: str) -> str:
    """Return the URI of `path` below `uri`."""
    return f"{uri.rstrip('/')}/{path}" if path else uri


def _by_reference(finder: Finder, workspace: Workspace, kind: AssetKind, reference: AssetRef) -> AssetRecord:
    if reference.version is not None:
        return finder.get(workspace, kind, reference.name, reference.version)
    return finder.by_label(workspace, kind, reference.name, reference.label or "latest")


def _model(finder: Finder, workspace: Workspace, reference: ModelsUri, text: str) -> AssetRecord:
    kind, name = AssetKind.MODELS, reference.name
    if reference.alias is not None:
        alias = reference.alias
        return _told(text, lambda: finder.by_label(workspace, kind, name, alias))
    version = reference.version or "latest"
    if version.lower() == "latest":
        return _told(text, lambda: finder.by_label(workspace, kind, name, "latest"))
    staged = finder.by_stage(workspace, name, version) if not version.isdigit() else None
    return staged or _told(text, lambda: finder.get(workspace, kind, name, version))


def _job_and_output(reference: JobOutputUri | RunUri) -> tuple[str, str]:
    if isinstance(reference, RunUri):
        return reference.run_id, ARTIFACT_OUTPUT
    return reference.job, reference.output


def _told(text: str, look: Callable[[], AssetRecord]) -> AssetRecord:
    """Call `look`; what it does not find becomes an error that names the reference."""
    try:
        return look()
    except LapisError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        sentence = f"'{text}' can't be resolved: {error.message}"
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, error.hint) from error


_LABEL = "azureml:<name>@<label>"
_A = {
    AssetKind.DATA: "a data asset",
    AssetKind.MODELS: "a model",
    AssetKind.ENVIRONMENTS: "an environment",
    AssetKind.COMPONENTS: "a component",
}
