"""The supervisor's part in serving a model: what the keeper is told, and what it leaves behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, copying, durable, layout
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.serving import doors
from lapisml.runner.serving.plan import Plan

_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.serving.keeper import main; main()"
_PLAN = "plan.json"
_MODEL = "model"


def prepare(job: Job, launch: child.Launch, values: Mapping[str, str]) -> None:
    """Make a launch start the keeper of a revision.

    Args:
        job: the job; its ``serving`` is set.
        launch: changed in place.
        values: ``inputs.x`` / ``outputs.y`` / ``name`` → text.

    Raises:
        JobEndError: COMMAND when the scoring script is not there, INPUT when the model can't be laid out.
    """
    folder = job.path(layout.SERVING)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    plan = make_plan(job, launch.env, values)
    path = os.path.join(folder, _PLAN)
    plan.write(path)
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    launch.argv = [sys.executable, "-I", "-c", _STARTER, source, path]


def make_plan(job: Job, env: Mapping[str, str], values: Mapping[str, str]) -> Plan:
    """Work out the plan of a keeper; arguments and errors as `prepare`."""
    spec, asked = job.spec, job.spec["serving"]
    model_dir, model_path = _model(job, asked, values)
    return Plan(
        endpoint=asked["endpoint"],
        deployment=asked["deployment"],
        revision=asked["revision"],
        kind=asked["kind"],
        serving_home=asked["serving_home"] or os.path.join(job.path(layout.SERVING), "home"),
        job=spec["job"],
        wake_socket=spec.get("wake_socket"),
        python=env.get("LAPIS_PYTHON") or sys.executable,
        work=job.path(layout.WORK),
        model_dir=model_dir,
        model_path=model_path,
        script=_script(job, asked["scoring_script"]) if asked["scoring_script"] else None,
        max_concurrent=max(1, int(asked["max_concurrent"])),
        timeout_s=float(asked["timeout_s"]),
        max_queue_wait_s=float(asked["max_queue_wait_s"]),
        accelerate=bool(asked["accelerate"]) and asked["kind"] == "mlflow",
        folder=job.path(layout.SERVING),
        logs=job.path(layout.USER_LOGS),
        home=spec["home"],
        verdict=job.path(layout.VERDICT),
        scale=asked["scale"],
        liveness=asked["liveness"],
        readiness=asked["readiness"],
        collect=asked["collect"],
        environment=spec["environment"],
        door=asked.get("door"),
        state_log=job.path(doors.STATE_LOG) if asked.get("door") else None,
    )


def own_end(job: Job, end: JobEndError) -> JobEndError:
    """Say in the keeper's own words why the revision could not be served.

    Args:
        job: a job that serves, whose keeper has ended.
        end: how the keeper ended.
    """
    verdict = durable.read_json(job.path(layout.VERDICT)) or {}
    if end.reason is EndReason.EXIT_CODE and verdict.get("reason"):
        return JobEndError(EndReason.SERVING, error=str(verdict["reason"]))
    return end


def _model(job: Job, asked: Mapping[str, Any], values: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Lay the model out as scripts look for it: below ``AZUREML_MODEL_DIR``, under its own name."""
    name = asked["model_input"]
    if name is None:
        return None, None
    given = values.get(f"inputs.{name}")
    if given is None:
        raise JobEndError(EndReason.INPUT, name=name, error="it is the model, and no such input was given")
    folder = job.path(os.path.join(layout.SERVING, _MODEL))
    path = os.path.join(folder, os.path.basename(asked["model_name"].rstrip("/")) or _MODEL)
    try:
        os.makedirs(folder, exist_ok=True)
        copying.remove_tree(path)
        # No symbolic link: MLflow refuses files of a model that lie outside of the folder that it was given.
        put = copying.link_tree if os.path.isdir(given) else copying.link_file
        put(given, path)
    except OSError as error:
        raise JobEndError(EndReason.INPUT, name=name, error=str(error)) from error
    return folder, path


def _script(job: Job, relative: str) -> str:
    root = os.path.realpath(job.path(layout.WORK))
    path = os.path.realpath(os.path.join(root, relative))
    if not path.startswith(root + os.sep) or not os.path.isfile(path):
        raise JobEndError(EndReason.COMMAND, error=f"there is no scoring script '{relative}' in the code")
    return path
