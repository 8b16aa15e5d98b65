"""The run of the job, over MLflow's protocol."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._lapis import rest
from .._lapis.missing import not_offered
from .experiment import Experiment
from .files import now
from .logs import RunLogs
from .workspace import Workspace

_PROPERTY = "azureml.property."
_NAME, _PARENT = "mlflow.runName", "mlflow.parentRunId"
_STATES = {
    "RUNNING": "Running",
    "SCHEDULED": "Queued",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Canceled",
}
_INSTEAD = {
    "input_datasets": "read the paths that the job's inputs have",
    "output_datasets": "write to the paths that the job's outputs have",
    "get_environment": "jobs name their environment in their document",
    "submit_child": "mlflow.start_run(nested=True) makes a run below this one; a pipeline job starts jobs",
}


class Run(RunLogs):
    """A run of an experiment.

    Args:
        experiment: its experiment; None: the one that the run itself names.
        run_id: MLflow's id, which is the job's name.
    """

    def __init__(self, experiment: Optional[Experiment], run_id: str, **_: Any) -> None:
        super().__init__(run_id)
        self._experiment = experiment

    @classmethod
    def get_context(cls, allow_offline: bool = True, **_: Any) -> Any:
        """Give the run of the job; outside a job one that prints what is logged.

        Raises:
            RuntimeError: outside a job, when `allow_offline` is false.
        """
        run_id = os.environ.get("MLFLOW_RUN_ID") or os.environ.get("AZUREML_RUN_ID")
        if run_id and rest.server():
            return _of_job(run_id)
        if not allow_offline:
            raise RuntimeError("This is no job of Lapis: AZUREML_RUN_ID or MLFLOW_TRACKING_URI is not set.")
        from .offline import OfflineRun

        return OfflineRun()

    @property
    def experiment(self) -> Experiment:
        """Its experiment."""
        if self._experiment is None:
            number = str(self._info()["experiment_id"])
            found = rest.call("GET", "experiments/get", experiment_id=number)["experiment"]
            self._experiment = Experiment(Workspace(), str(found["name"]), number)
        return self._experiment

    @property
    def parent(self) -> Optional[Run]:
        """The run above it, None for none."""
        above = self.get_tags().get(_PARENT)
        return Run(self._experiment, above) if above else None

    @property
    def display_name(self) -> str:
        """Its name for people."""
        return str(self._info().get("run_name") or "")

    @display_name.setter
    def display_name(self, name: str) -> None:
        rest.call("POST", "runs/update", {"run_id": self.id, "run_name": name})

    name = display_name

    @property
    def tags(self) -> Dict[str, str]:
        """Its tags."""
        return self.get_tags()

    @property
    def properties(self) -> Dict[str, str]:
        """What `add_properties` has set."""
        return self.get_properties()

    @property
    def status(self) -> str:
        """Its state in the words of Azure."""
        return self.get_status()

    def get_status(self) -> str:
        """Read its state in the words of Azure: ``Running``, ``Completed``, ``Failed``, ``Canceled``, ``Queued``."""
        return _STATES.get(str(self._info().get("status")), "Running")

    def get_details(self) -> Dict[str, Any]:
        """Give id, state, times (ms since the epoch), tags and properties."""
        info = self._info()
        return {
            "runId": self.id,
            "status": self.get_status(),
            "startTimeUtc": info.get("start_time"),
            "endTimeUtc": info.get("end_time"),
            "tags": self.get_tags(),
            "properties": self.get_properties(),
        }

    # --- tags and properties

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def get_tags(self) -> Dict[str, str]:
        """Read the tags."""
        return {k: v for k, v in self._tags().items() if not k.startswith(_PROPERTY)}

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys."""
        for key in tags:
            rest.call("POST", "runs/delete-tag", {"run_id": self.id, "key": key})

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Set properties."""
        self.set_tags({_PROPERTY + key: value for key, value in properties.items()})

    def get_properties(self) -> Dict[str, str]:
        """Read the properties."""
        return {k[len(_PROPERTY) :]: v for k, v in self._tags().items() if k.startswith(_PROPERTY)}

    def register_model(
        self,
        model_name: str,
        model_path: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        **_: Any,
    ) -> Any:
        """Register artifacts of the run as a version of a model: those at `model_path`, by default the model's name.

        Returns:
            The `Model`.
        """
        from .model import registered

        source = f"{self._artifacts().rstrip('/')}/{(model_path or model_name).strip('/')}"
        words = {str(k): str(v) for k, v in {**(properties or {}), **(tags or {})}.items()}
        return registered(self.experiment.workspace, model_name, source, self.id, words, description)

    # --- runs below, and the end

    def child_run(self, name: Optional[str] = None, **_: Any) -> Run:
        """Start a run below this one; ``complete()`` ends it."""
        return started(self.experiment, name, self.id)

    def get_children(self, **_: Any) -> List[Run]:
        """List the runs below this one."""
        wanted = f"tags.`{_PARENT}` = '{self.id}'"
        body = {"experiment_ids": [self.experiment.id], "filter": wanted, "max_results": 1000}
        return [
            Run(self._experiment, one["info"]["run_id"])
            for one in rest.call("POST", "runs/search", body).get("runs") or []
        ]

    def complete(self, **_: Any) -> None:
        """End a run that the script has started; the job's own ends with its command."""
        self._end("FINISHED")

    def fail(self, error_details: Any = None, error_code: Any = None, **_: Any) -> None:
        """Mark a run that the script has started as failed; the job's own fails when its command does."""
        del error_code
        if error_details is not None:
            self.tag("azureml.error", str(error_details)[:5000])
        self._end("FAILED")

    def cancel(self) -> None:
        """End a run that the script has started as canceled."""
        self._end("KILLED")

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.complete()
        else:
            self.fail(error)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(str(not_offered(f"Run.{name}", _INSTEAD.get(name, "mlflow.MlflowClient() works on runs"))))

    def __repr__(self) -> str:
        return f"Run(Id: {self.id})"

    # --- below the surface

    def _end(self, status: str) -> None:
        if self.id == os.environ.get("AZUREML_RUN_ID"):
            return
        rest.call("POST", "runs/update", {"run_id": self.id, "status": status, "end_time": now()})

    def _tags(self) -> Dict[str, str]:
        return {str(one["key"]): str(one["value"]) for one in self._run()["data"].get("tags") or []}


@lru_cache(maxsize=None)
def _of_job(run_id: str) -> Run:
    """Give the one object for the job's run, which counts the steps of its curves."""
    return Run(None, run_id)


def started(experiment: Experiment, name: Optional[str], parent: Optional[str]) -> Run:
    """Start a run of an experiment, below `parent` when there is one."""
    tags = [{"key": _PARENT, "value": parent}] if parent else []
    body = {"experiment_id": experiment.id, "start_time": now(), "tags": tags, "run_name": name or ""}
    made = rest.call("POST", "runs/create", body)["run"]
    return Run(experiment, str(made["info"]["run_id"]))


def get_run(experiment: Experiment, run_id: str, **_: Any) -> Run:
    """Give a run of an experiment."""
    return Run(experiment, run_id)
