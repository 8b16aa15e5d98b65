"""What every step of a job's course needs at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from lapisml.runner import durable, layout
from lapisml.runner.journal import Journal
from lapisml.runner.tools import Line, run

_PLAIN = ("file", "lapis", "http", "https")


class Job:
    """One job on this machine.

    Attributes:
        folder: its folder.
        spec: the launch specification, plain form.
        journal: where its course is written down.
        umask: what the command's files are made with; our own are the owner's alone.
    """

    def __init__(self, folder: str, spec: dict[str, Any], umask: int = 0o022) -> None:
        self.folder = folder
        self.spec = spec
        self.umask = umask
        self.journal = Journal(folder, spec.get("wake_socket"), spec["job"])

    def path(self, name: str) -> str:
        """Return the path of something in the job's folder."""
        return os.path.join(self.folder, name)

    def read(self, name: str) -> Any:
        """Return the content of a JSON file in the job's folder, None when it is not there."""
        return durable.read_json(self.path(name))

    def cancel_request(self) -> dict[str, Any] | None:
        """Return the recorded request to end this job, if there is one."""
        path = self.path(layout.CANCEL)
        return (durable.read_json(path) or {}) if os.path.exists(path) else None

    def is_canceled(self) -> bool:
        """Say whether somebody asked for this job's end."""
        return os.path.exists(self.path(layout.CANCEL))

    def tell_user(self, sentence: str) -> None:
        """Write a line into the user's log."""
        durable.append_bytes(self.path(layout.STD_LOG), f"[lapis] {sentence}\n".encode())

    def stage(self, requests: list[dict[str, Any]], should_stop: Callable[[], bool] | None = None) -> dict[str, str]:
        """Have data moved between stores; see `lapisml.runner.stage`.

        Args:
            should_stop: says that it is to be given up; None: when somebody asked for the job's end.

        Raises:
            ToolError, StoppedError: as `lapisml.runner.tools.run`, and as `tools_python`.
        """
        answers: dict[str, str] = {}

        def take(line: Line) -> None:
            if "waiting" in line:
                self.journal.record(self.journal.phase, str(line["waiting"]))
            elif "progress" in line:
                durable.append_bytes(self.path(layout.RUNNER_LOG), f"{line['progress']}\n".encode())
                if line["of"] != "artifacts":
                    self.tell_user(str(line["progress"]))
            elif "path" in line:
                answers[line["name"]] = line["path"]

        asked = {"storage": self.spec["storage"], "requests": requests}
        python = self.tools_python() if any(map(_needs_tools, requests)) else None
        run("stage", asked, take, should_stop or self.is_canceled, self.path(layout.RUNNER_LOG), python)
        return answers

    def tools_python(self) -> str | None:
        """Return the interpreter that helpers run on, made now if need be; None means this one.

        Raises:
            ToolError, StoppedError: as `lapisml.runner.toolbox.make_ready`.
        """
        wanted = self.spec.get("toolbox")
        if wanted is None:
            return None
        from lapisml.runner import toolbox  # only on other machines

        def take(line: Line) -> None:
            if "log" in line:
                durable.append_bytes(self.path(layout.ENVIRONMENT_LOG), f"{line['log']}\n".encode())

        os.makedirs(self.path(layout.SYSTEM_LOGS), exist_ok=True)
        return toolbox.make_ready(wanted, take, self.is_canceled, self.path(layout.RUNNER_LOG))


def _needs_tools(request: dict[str, Any]) -> bool:
    """Say whether a request needs more than the standard library: object stores, and files that are YAML."""
    return request["do"] == "evaluate" or request["location"]["protocol"] not in _PLAIN
