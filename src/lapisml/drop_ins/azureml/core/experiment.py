"""The experiment of a run."""

from __future__ import annotations

from typing import Any, Iterator, Optional

from .._lapis import rest
from .._lapis.missing import not_offered
from .workspace import Workspace


class Experiment:
    """An experiment of the workspace.

    Args:
        workspace: the job's.
        name: its name.
        experiment_id: MLflow's id; looked up, or made, when it is needed and left out.
    """

    def __init__(self, workspace: Workspace, name: str, experiment_id: Optional[str] = None, **_: Any) -> None:
        self.workspace = workspace
        self.name = name
        self._id = experiment_id

    @property
    def id(self) -> str:
        """MLflow's id."""
        if self._id is None:
            try:
                found = rest.call("GET", "experiments/get-by-name", experiment_name=self.name)
                self._id = str(found["experiment"]["experiment_id"])
            except rest.TrackingError as error:
                if error.code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                self._id = str(rest.call("POST", "experiments/create", {"name": self.name})["experiment_id"])
        return self._id

    def get_runs(self, **_: Any) -> Iterator[Any]:
        """Yield the runs, newest first."""
        from .run import Run

        token = None
        while True:
            body = {"experiment_ids": [self.id], "max_results": 1000, "page_token": token}
            answer = rest.call("POST", "runs/search", {key: value for key, value in body.items() if value})
            for one in answer.get("runs") or []:
                yield Run(self, one["info"]["run_id"])
            token = answer.get("next_page_token")
            if not token:
                return

    def start_logging(self, *, display_name: Optional[str] = None, **_: Any) -> Any:
        """Start a run of its own; ``complete()`` ends it."""
        from .run import started

        return started(self, display_name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        instead = "submit jobs with lapisml.MLClient(...).jobs.create_or_update or `lapis job create`"
        raise AttributeError(str(not_offered(f"Experiment.{name}", instead)))
