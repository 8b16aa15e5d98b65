"""``azureml_user.parallel_run.EntryScript`` for scripts that ask it for a logger or a folder."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import types
from typing import Any


def provide(plan: dict[str, Any], number: int) -> None:
    """Make ``azureml_user.parallel_run`` importable, unless the environment has one."""
    if importlib.util.find_spec("azureml_user") is not None:
        return
    package, module = types.ModuleType("azureml_user"), types.ModuleType("azureml_user.parallel_run")
    package.__path__ = []
    module.EntryScript = _class(plan, number)  # type: ignore[attr-defined]
    package.parallel_run = module  # type: ignore[attr-defined]
    sys.modules.update({"azureml_user": package, "azureml_user.parallel_run": module})


def _class(plan: dict[str, Any], number: int) -> type:
    logger = logging.getLogger("EntryScript")
    logger.setLevel(logging.getLevelName(plan["logging_level"]))
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s|%(levelname)s|%(process)d|%(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    folder = os.path.join(plan["scratch"], f"worker.{number}")

    class EntryScript:
        """The one object of this worker."""

        _only: Any = None

        def __new__(cls) -> Any:
            if cls._only is None:
                cls._only = super().__new__(cls)
            return cls._only

        @property
        def logger(self) -> logging.Logger:
            """Writes to this worker's log."""
            return logger

        @property
        def log_dir(self) -> str:
            """Folder of the logs."""
            return str(plan["logs"])

        @property
        def working_dir(self) -> str:
            """The folder with the code."""
            return str(plan["work"])

        @property
        def input_dir(self) -> str:
            """Where the input lies."""
            return str(plan["input_path"])

        @property
        def output_dir(self) -> str | None:
            """Where the output lies, if there is one."""
            return plan["output_folder"]  # type: ignore[no-any-return]

        @property
        def temp_dir(self) -> str:
            """A folder of this worker's own, which ends with the job."""
            os.makedirs(folder, exist_ok=True)
            return folder

    return EntryScript
