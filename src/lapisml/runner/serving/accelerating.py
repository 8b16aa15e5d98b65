"""The faster form of a model: made beside the replicas that already answer, then served in their place.

A helper of low priority builds the environment, converts the model, checks it against the original and measures both
(`lapisml.runner.serving.conversion`, `lapis_scoring.accelerate`). Nothing of that can keep the model itself from
being served: whatever goes wrong is the reason why it is served as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lapisml.runner import durable, jobenv
from lapisml.runner.overlay import overlay
from lapisml.runner.serving.copier import Copier
from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.replica import Form

SWITCH = "LAPIS_ACCELERATE"
"""Environment variable of a deployment; ``0`` serves the model itself."""

_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.serving.conversion import main; main()"
_SOURCE = str(Path(__file__).resolve().parents[3])
_NO = ("0", "false", "no", "off")
_SHOWN = ("reason", "batch_from", "checked", "seconds", "sizes")


class Acceleration:
    """Has the faster form made, and says how far that is.

    Args:
        plan: the keeper's plan.
        env: the variables of replicas.
        threads: says how many threads a replica may use.
        tell: takes sentences for the keeper's log.

    Attributes:
        facts: `RevisionRecord.acceleration`.
    """

    def __init__(
        self, plan: Plan, env: Mapping[str, str], threads: Callable[[], int], tell: Callable[[str], None]
    ) -> None:
        self._plan, self._env, self._threads, self._tell = plan, env, threads, tell
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._answer: dict[str, Any] = {}
        wanted = plan.accelerate and env.get(SWITCH, "1").strip().lower() not in _NO
        self._is_due = wanted and plan.model_path is not None
        self.facts: dict[str, Any] = {"state": "pending" if self._is_due else "off", "reason": ""}

    @property
    def pid(self) -> int:
        """The process that makes the faster form, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def descriptors(self) -> list[int]:
        """Return what to wait on."""
        return [self._output()] if self._process is not None else []

    def turn(self) -> Form | None:
        """Go on; give the faster form at the moment at which there is one."""
        if self._is_due:
            self._is_due = False
            self._start()
        if self._process is None or not self._read():
            return None
        code = self._process.wait()
        self._forget()
        if "folder" not in self._answer:
            self.give_up(str(self._answer.get("error") or f"its conversion ended with status {code}"))
            return None
        try:
            return self._form(Path(self._answer["folder"]), self._answer["ready"])
        except (OSError, ValueError, KeyError) as error:
            self.give_up(f"what was made can't be used: {error}")
            return None

    def give_up(self, reason: str) -> None:
        """Serve the model itself from now on.

        Args:
            reason: why, without a full stop.
        """
        if self.facts["state"] != "refused":
            self.facts = {"state": "refused", "reason": reason}
            self._tell(f"The model is served as it is: {reason.rstrip('.')}.")

    def taken_over(self) -> None:
        """Note that all replicas are of the faster form."""
        if self.facts["state"] == "pending":
            self.facts = {**self.facts, "state": "on"}
            self._tell("All replicas serve the faster form.")

    def close(self) -> None:
        """End what is under way."""
        self._is_due = False
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._forget()

    def _start(self) -> None:
        plan = self._plan
        asked = {
            "threads": self._threads(),
            "model_path": plan.model_path,
            "cache": f"{plan.home}/accelerated",
            "python": plan.python,
            "environment": plan.environment,
            "env": dict(self._env),
        }
        try:
            with open(f"{plan.folder}/conversion.log", "ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-c", _STARTER, _SOURCE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=_own_environment(self._env),
                    start_new_session=True,
                )
            assert self._process.stdin is not None
            with self._process.stdin as request:
                request.write(json.dumps(asked).encode())
            os.set_blocking(self._output(), False)
        except OSError as error:
            self.close()
            self.give_up(f"its conversion could not be started: {error}")

    def _output(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def _read(self) -> bool:
        """Take in what the helper says; True when it has ended."""
        while True:
            try:
                data = os.read(self._output(), 1 << 16)
            except BlockingIOError:
                return False
            if not data:
                return True
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if "log" not in said:
            self._answer = said
            return
        with contextlib.suppress(OSError), open(f"{self._plan.folder}/conversion.log", "ab") as log:
            log.write(f"{said['log']}\n".encode())

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _form(self, folder: Path, ready: dict[str, Any] | None) -> Form | None:
        report = json.loads((folder / "report.json").read_bytes())
        if not report["accelerated"]:
            self.give_up(str(report["reason"]))
            return None
        self.facts = {"state": "pending", **{name: report.get(name) for name in _SHOWN}}
        own = Path(self._plan.folder)
        for name in ("model.onnx", "report.json"):
            _bring(folder / name, own / name)
        env, python = dict(self._env), self._plan.python
        if ready is not None:
            made = overlay(dict(ready), own / "env")
            env, python = made.apply(env), made.python
            env["AZUREML_CONDA_ENVIRONMENT_PATH"] = str(ready["prefix"])
        faster = {"model": f"{own}/model.onnx", "report": f"{own}/report.json", "batch_from": report.get("batch_from")}
        path = f"{own}/accelerated.json"
        durable.write_json(path, self._plan.of_replica(self._threads(), faster))
        return Form("accelerated", path, python, env, self._plan.work, Copier())


def _own_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a tool of Lapis's own: the host's, without what leads into the model's environment."""
    kept = jobenv.from_host(env)
    folders = kept.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(d for d in folders if not os.path.exists(os.path.join(d, "..", "pyvenv.cfg")))
    return kept


def _bring(source: Path, target: Path) -> None:
    """Have a file here as well, without a copy where that can be."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())
