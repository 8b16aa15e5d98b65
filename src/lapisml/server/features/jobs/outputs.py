"""What jobs put out: recorded for lineage, registered when the document names an asset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lapisml.core.lifecycle import COMPOSITE
from lapisml.documents.expressions import referenced
from lapisml.server.features.assets.records import AssetKind, JobOutput
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.places import ARTIFACTS, artifacts_uri, output_type, output_uri
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.workspaces.service import Workspace

_MODEL_TYPES = frozenset({"mlflow_model", "custom_model", "triton_model"})
REUSED = "Reused"
"""The code of a step that completed without having run: its outputs are another job's."""
_MADE_BY = "lapis.job_output"


def declared_outputs(document: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Give every named output of a job document: those it declares and those only its command mentions."""
    declared: dict[str, dict[str, Any] | None] = dict(document.get("outputs") or {})
    task = document.get("task") or {}
    texts = (document.get("command"), document.get("args"), task.get("program_arguments"), task.get("append_row_to"))
    for name in referenced(" ".join(str(text) for text in texts if text), "outputs"):
        declared.setdefault(name, None)
    return declared


class JobOutputs:
    """Lists, records and registers outputs."""

    def __init__(self, assets: AssetService) -> None:
        self._assets = assets

    def all_of(self, workspace: Workspace, job: JobRecord) -> list[JobOutput]:
        """Give the outputs of a job, ``artifacts`` first, whether it is over or not."""
        if job.type in COMPOSITE or job.status_code == REUSED:
            return self.recorded(workspace, job.name)
        found = [JobOutput(job.name, ARTIFACTS, "uri_folder", artifacts_uri(job.name))]
        for name, declared in declared_outputs(job.document).items():
            found.append(JobOutput(job.name, name, output_type(declared), output_uri(job.name, name, declared)))
        return found

    def recorded(self, workspace: Workspace, job: str) -> list[JobOutput]:
        """Give what was recorded as outputs of a job: for a pipeline or a sweep, outputs of its children."""
        return self._assets.outputs(workspace, job)

    def record_these(self, workspace: Workspace, outputs: Iterable[JobOutput]) -> None:
        """Record outputs of jobs, in place of what was recorded under their names."""
        self._assets.record_outputs(workspace, outputs)

    def record(self, workspace: Workspace, job: JobRecord) -> None:
        """Make the outputs of a job known to references such as ``azureml://jobs/<job>/outputs/<name>``."""
        self._assets.record_outputs(workspace, self.all_of(workspace, job))

    def register(self, workspace: Workspace, job: JobRecord) -> None:
        """Register the outputs that the document gives an asset's name; a second time does nothing.

        Raises:
            LapisError: Conflict when name and version are taken by other content.
        """
        for output in self.all_of(workspace, job):
            declared = (job.document.get("outputs") or {}).get(output.name) or {}
            if declared.get("name"):
                self._register(workspace, job, output, declared)

    def _register(self, workspace: Workspace, job: JobRecord, output: JobOutput, declared: dict[str, Any]) -> None:
        kind = AssetKind.MODELS if output.type in _MODEL_TYPES else AssetKind.DATA
        mark = f"{job.name}/{output.name}"
        made = self._assets.made_by(workspace, kind, job.name)
        if any((record.document.get("properties") or {}).get(_MADE_BY) == mark for record in made):
            return
        document = {"name": declared["name"], "type": output.type, "path": output.uri, "properties": {_MADE_BY: mark}}
        if declared.get("version"):
            document["version"] = str(declared["version"])
        self._assets.create(workspace, kind, document, by=job.created_by, job_name=job.name)
