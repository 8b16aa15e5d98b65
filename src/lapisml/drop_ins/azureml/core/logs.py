"""What a script logs with a run: numbers, tables, images."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._lapis import rest
from .files import RunFiles, now

_BATCH = 500


class RunLogs(RunFiles):
    """The part of a run that logs.

    Args:
        run_id: MLflow's id.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._steps: Dict[str, int] = {}

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
        body = {"run_id": self.id, "key": name, "value": number, "timestamp": now(), "step": at}
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

    def tag(self, key: str, value: Any = None) -> None:
        """Set a tag."""
        rest.call("POST", "runs/set-tag", {"run_id": self.id, "key": key, "value": "" if value is None else str(value)})

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
        at = now()
        metrics = []
        for key, step, value in points:
            number = _number(value)
            if number is None:
                raise ValueError(
                    f"'{key}' holds {value!r}, which is no number: mlflow.log_table keeps tables with text"
                )
            metrics.append({"key": key, "value": number, "timestamp": at, "step": step})
        for start in range(0, len(metrics), _BATCH):
            rest.call("POST", "runs/log-batch", {"run_id": self.id, "metrics": metrics[start : start + _BATCH]})

    def _json(self, name: str, value: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "value.json")
            with open(file, "w", encoding="utf-8") as sink:
                sink.write(value if isinstance(value, str) else json.dumps(value))
            self.upload_file(name + ".json", file)


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
