"""A run outside a job: it prints what is logged."""

from __future__ import annotations

import sys
from typing import Any

from .._lapis.missing import not_offered

_SILENT = ("tag", "set_tags", "add_properties", "flush", "complete", "fail", "cancel", "upload_file", "upload_folder")
_PRINTING = (
    "log", "log_list", "log_row", "log_table", "log_image", "log_confusion_matrix", "log_accuracy_table",
    "log_predictions", "log_residuals",
)  # fmt: skip


class OfflineRun:
    """What ``Run.get_context()`` gives where there is no job; its id begins with ``OfflineRun``."""

    id = "OfflineRun"

    def __getattr__(self, name: str) -> Any:
        if name in _PRINTING:
            return lambda key="", *values, **named: print_logged(key, *values, **named)
        if name in _SILENT:
            return lambda *_, **__: None
        raise AttributeError(str(not_offered(f"Run.{name} outside a job", "submit the script as a job")))


def print_logged(key: str, *values: Any, **named: Any) -> None:
    """Print what was logged on standard output."""
    shown = ", ".join([*map(str, values), *(f"{name}={value}" for name, value in named.items())])
    sys.stdout.write(f"Attempted to log {key}: {shown}\n")
