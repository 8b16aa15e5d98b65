"""The run of the job, over MLflow's protocol."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._lapis import rest
from .._lapis.missing import not_offered
from .experiment import Experiment
from .workspace import Workspace

_PROPERTY = "azureml.property."
_NAME, _PARENT = "mlflow.runName", "mlflow.parentRunId"
_BATCH = 500
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


class Run:
    """A run of an experiment.

    Args:
        experiment: its experiment; None: the one that the run itself names.
        run_id: MLflow's id, which is the job's name.
    """

    def __init__(self, experiment: Optional[Experiment], run_id: str, **_: Any) -> None:
        self.id = run_id
        self._experiment = experiment
        self._steps: Dict[str, int] = {}

    @classmethod
    def get_context(cls, allow_offline: bool = True, **_: Any) -> Any:
        """Give the run of the job; outside a job one that prints what is logged.

        Raises:
            RuntimeError: outside a job, when `allow_offline` is false.
        """
        run_id = os.environ.get("MLFLOW_RUN_ID") or os.environ.get("AZUREML_RUN_ID")
        if run_id and rest.server():
            return cls(None, run_id)
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

    # --- logging

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Log a number as a metric, anything else as a tag.

        Args:
            name: its key.
            value: a number, a truth value, or text.
            description: not kept.
            step: where on its curve the number lies; counted from 0 by itself when left out.
        """
        del description
        number = _number(value)
        if number is None:
            self.tag(name, str(value))
            return
        at = self._next_step(name) if step is None else step
        body = {"run_id": self.id, "key": name, "value": number, "timestamp": _now(), "step": at}
        rest.call("POST", "runs/log-metric", body)

    def log_list(self, name: str, value: Sequence[Any], description: str = "") -> None:
        """Log numbers as one curve; see `log`."""
        del description
        self._points((name, step, one) for step, one in enumerate(value, self._steps.get(name, 0)))
        self._steps[name] = self._steps.get(name, 0) + len(value)

    def log_row(self, name: str, description: str = "", **values: Any) -> None:
        """Log a row of a table: its numbers become points of the curves ``<name>/<column>``."""
        del description
        step = self._next_step(name)
        self._points((f"{name}/{column}", step, value) for column, value in values.items())

    def log_table(self, name: str, value: Mapping[str, Any], description: str = "") -> None:
        """Log a table, column → values: the curves ``<name>/<column>``."""
        del description
        for column, values in value.items():
            many = values if isinstance(values, (list, tuple)) else [values]
            self._points((f"{name}/{column}", step, one) for step, one in enumerate(many))

    def log_image(self, name: str, path: Optional[str] = None, plot: Any = None, description: str = "") -> None:
        """Keep an image, a file or a figure of matplotlib, as the artifact ``<name>.png`` (or the file's ending)."""
        del description
        if path is not None:
            self.upload_file(name + os.path.splitext(path)[1], path)
            return
        if plot is None:
            raise ValueError("log_image needs a path or a plot")
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "image.png")
            plot.savefig(file)
            self.upload_file(name + ".png", file)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Keep a confusion matrix as the artifact ``<name>.json``."""
        del description
        self._json(name, value)

    log_accuracy_table = log_predictions = log_residuals = log_confusion_matrix

    def flush(self, timeout_seconds: Optional[int] = None) -> None:
        """Nothing to wait for: what is logged is kept when the call returns."""

    def get_metrics(self, name: Optional[str] = None, **_: Any) -> Dict[str, Any]:
        """Read metrics: key → value, or a list of all values where there are several."""
        latest = [str(one["key"]) for one in self._run()["data"].get("metrics") or []]
        found: Dict[str, Any] = {}
        for key in latest if name is None else [one for one in latest if one == name]:
            values = [one["value"] for one in self._history(key)]
            found[key] = values[0] if len(values) == 1 else values
        return found

    # --- tags and properties

    def tag(self, key: str, value: Any = None) -> None:
        """Set a tag."""
        rest.call("POST", "runs/set-tag", {"run_id": self.id, "key": key, "value": "" if value is None else str(value)})

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

    # --- files

    def upload_file(self, name: str, path_or_stream: Any, **_: Any) -> None:
        """Keep a file, given by its path or open for reading, as the artifact `name`."""
        if isinstance(path_or_stream, (str, os.PathLike)):
            rest.upload(self._artifacts(), name, os.fspath(path_or_stream))
            return
        with tempfile.NamedTemporaryFile() as file:
            data = path_or_stream.read()
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            rest.upload(self._artifacts(), name, file.name)

    def upload_folder(self, name: str, path: str, **_: Any) -> None:
        """Keep the files of a folder as artifacts below `name`."""
        for folder, _folders, files in os.walk(path):
            for file in sorted(files):
                whole = os.path.join(folder, file)
                below = os.path.relpath(whole, path).replace(os.sep, "/")
                rest.upload(self._artifacts(), f"{name.rstrip('/')}/{below}", whole)

    def download_file(self, name: str, output_file_path: Optional[str] = None, **_: Any) -> None:
        """Fetch an artifact to a file, by default one of its name here, or into a folder that is there."""
        target = output_file_path or name.rpartition("/")[2]
        if os.path.isdir(target):
            target = os.path.join(target, name.rpartition("/")[2])
        rest.download(self._artifacts(), name, target)

    def download_files(self, prefix: str = "", output_directory: Optional[str] = None, **_: Any) -> None:
        """Fetch the artifacts whose names begin with `prefix` into a folder, by default this one."""
        for name in self.get_file_names():
            if name.startswith(prefix or ""):
                rest.download(self._artifacts(), name, os.path.join(output_directory or ".", name))

    def get_file_names(self) -> List[str]:
        """List the artifacts."""
        return list(rest.listed(self._artifacts()))

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
        rest.call("POST", "runs/update", {"run_id": self.id, "status": status, "end_time": _now()})

    def _run(self) -> Dict[str, Any]:
        return dict(rest.call("GET", "runs/get", run_id=self.id)["run"])

    def _info(self) -> Dict[str, Any]:
        return dict(self._run()["info"])

    def _tags(self) -> Dict[str, str]:
        return {str(one["key"]): str(one["value"]) for one in self._run()["data"].get("tags") or []}

    def _artifacts(self) -> str:
        return str(self._info()["artifact_uri"])

    def _history(self, key: str) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = []
        token = None
        while True:
            query: Dict[str, Any] = {"run_id": self.id, "metric_key": key, **({"page_token": token} if token else {})}
            answer = rest.call("GET", "metrics/get-history", **query)
            found += answer.get("metrics") or []
            token = answer.get("next_page_token")
            if not token:
                return sorted(found, key=lambda one: (one.get("step") or 0, one["timestamp"]))

    def _next_step(self, name: str) -> int:
        step = self._steps.get(name, 0)
        self._steps[name] = step + 1
        return step

    def _points(self, points: Any) -> None:
        now = _now()
        metrics = []
        for key, step, value in points:
            number = _number(value)
            if number is None:
                raise ValueError(
                    f"'{key}' holds {value!r}, which is no number: mlflow.log_table keeps tables with text"
                )
            metrics.append({"key": key, "value": number, "timestamp": now, "step": step})
        for start in range(0, len(metrics), _BATCH):
            rest.call("POST", "runs/log-batch", {"run_id": self.id, "metrics": metrics[start : start + _BATCH]})

    def _json(self, name: str, value: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "value.json")
            with open(file, "w", encoding="utf-8") as sink:
                sink.write(value if isinstance(value, str) else json.dumps(value))
            self.upload_file(name + ".json", file)


def started(experiment: Experiment, name: Optional[str], parent: Optional[str]) -> Run:
    """Start a run of an experiment, below `parent` when there is one."""
    tags = [{"key": _PARENT, "value": parent}] if parent else []
    body = {"experiment_id": experiment.id, "start_time": _now(), "tags": tags, "run_name": name or ""}
    made = rest.call("POST", "runs/create", body)["run"]
    return Run(experiment, str(made["info"]["run_id"]))


def get_run(experiment: Experiment, run_id: str, **_: Any) -> Run:
    """Give a run of an experiment."""
    return Run(experiment, run_id)


def _number(value: Any) -> Any:
    """Give a number as JSON has it; None for what is none. Numbers of NumPy count."""
    if isinstance(value, str):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if number != number:
        return "NaN"
    return number if abs(number) <= sys.float_info.max else ("Infinity" if number > 0 else "-Infinity")


def _now() -> int:
    return int(time.time() * 1000)
