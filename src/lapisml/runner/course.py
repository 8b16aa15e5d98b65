"""A job's course up to the start of its command: code, environment, inputs, and then the fork."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, command, copying, data, durable, jobenv, layout, parts, processes, tools
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.relay_link import RelayLink

_BASH = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash")


def prepare(job: Job, relay: RelayLink | None) -> child.Launch:
    """Make ready all that the command needs.

    Raises:
        JobEndError: it can't be made ready.
        StoppedError: the job was cancelled meanwhile.
    """
    job.journal.record("preparing", wake=False)
    for name in (layout.USER_LOGS, layout.SYSTEM_LOGS, layout.NAMED_OUTPUTS):
        os.makedirs(job.path(name), exist_ok=True)
    _unpack_code(job)
    ready = _environment(job)
    if any(given["location"] and given["location"]["protocol"] != "file" for given in job.spec["inputs"].values()):
        job.journal.record("preparing", "Preparing: bringing the inputs.", detail={"step": "Inputs"})
    inputs = data.prepare_inputs(job.spec, job.folder, job.stage)
    outputs = data.prepare_outputs(job.spec, job.folder)
    text = command.render(job.spec["command"], _values(job, inputs, outputs), job.spec["optional_unset"])
    variables = _variables(job, relay, ready, inputs, outputs)
    launch = child.Launch(job.folder, [_bash(), "-c", text], variables, job.path(layout.STD_LOG), job.umask)
    if job.spec.get("distribution"):
        # Only a job of several processes pays for these modules.
        if job.spec["distribution"]["type"] == "ray":
            from lapisml.runner.distributed import ray

            ray.prepare(job, launch)
        else:
            from lapisml.runner.distributed import launcher

            launcher.prepare(job, launch)
    elif job.spec.get("part") and not job.spec.get("parallel"):
        parts.link_log(job.folder, parts.number_of(job.spec), len(parts.hosts_of(job.spec)))
    if job.spec.get("spark"):
        from lapisml.runner import spark

        spark.prepare(job, launch, _values(job, inputs, outputs))
    if job.spec.get("parallel"):
        # Likewise for mini-batch jobs.
        from lapisml.runner.parallel import starting

        starting.prepare(job, launch, _values(job, inputs, outputs))
    if job.spec.get("serving"):
        from lapisml.runner.serving import starting as keeping

        keeping.prepare(job, launch, _values(job, inputs, outputs))
    return launch


def start(job: Job, launch: child.Launch, relay: RelayLink | None, close_in_child: list[int]) -> dict[str, Any]:
    """Start the command, once it is written down who runs it; return the content of ``process.json``.

    Raises:
        JobEndError: COMMAND, when no process could be made.
    """
    job.journal.record("starting", wake=False)
    try:
        gate = child.prepare_child(launch, close_in_child)
    except OSError as error:
        raise JobEndError(EndReason.COMMAND, error=str(error)) from error
    known = who_runs(job, relay, processes.identity(gate.wrapper), processes.identity(gate.child))
    gate.open()
    job.journal.record("running", "", detail={"pid": gate.child})
    return known


def who_runs(job: Job, relay: RelayLink | None, wrapper: Any = None, child: Any = None) -> dict[str, Any]:
    """Write ``process.json`` and return its content."""
    known = {
        "supervisor": processes.identity(os.getpid()),
        "wrapper": wrapper,
        "child": child,
        "relay_port": relay.port if relay is not None else None,
    }
    durable.write_json(job.path(layout.PROCESS), known)
    return known


def _unpack_code(job: Job) -> None:
    work, code = job.path(layout.WORK), job.spec["code"]
    copying.remove_tree(work)
    if code is not None:
        # Only a job with code pays for these modules.
        from lapisml.core.errors import ErrorCode, LapisError
        from lapisml.runner.snapshots import SnapshotStore

        try:
            SnapshotStore(code["root"]).materialize(code["digest"], work)
        except LapisError as error:
            reasons = {ErrorCode.INTEGRITY: EndReason.CODE_INTEGRITY, ErrorCode.STORAGE_FULL: EndReason.DISK_FULL}
            reason = reasons.get(error.code, EndReason.CODE)
            raise JobEndError(reason, error=error.message, where=" (while the code was unpacked)") from error
    for name in (layout.OUTPUTS, layout.LOGS):
        os.makedirs(os.path.join(work, name), exist_ok=True)


def _environment(job: Job) -> dict[str, Any] | None:
    """Return the content of the environment's ``ready.json``, once it is built; None without an environment."""
    wanted = job.spec["environment"]
    if wanted is None:
        return None
    ready = _lookup(wanted)
    if ready is None:
        ready = _build(job, wanted)
    if not parts.is_follower(job.spec):  # one of a job's machines says it for all
        for sentence in ready.get("warnings") or ():
            job.journal.warn(sentence)
    return ready


def _lookup(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    ready = durable.read_json(os.path.join(wanted["root"], wanted["key"], "ready.json"))
    return ready if isinstance(ready, dict) and os.path.exists(str(ready.get("python"))) else None


def _build(job: Job, wanted: Mapping[str, Any]) -> dict[str, Any]:
    name = wanted["definition"].get("name") or "the environment"
    sentence = f"Preparing: building {name}; its log is {layout.ENVIRONMENT_LOG}."
    job.journal.record("preparing", sentence, detail={"step": "Environment"})
    job.tell_user(f"Building {name}; the log is {layout.ENVIRONMENT_LOG}.")
    log, built = job.path(layout.ENVIRONMENT_LOG), {}

    def take(line: tools.Line) -> None:
        if "log" in line:
            durable.append_bytes(log, f"{line['log']}\n".encode())
        elif "ready" in line:
            built.update(line["ready"])

    request = {name: wanted[name] for name in ("builder", "options", "definition")}
    try:
        tools.run("prepare", request, take, job.is_canceled, job.path(layout.RUNNER_LOG), job.tools_python())
    except tools.ToolError as error:
        raise JobEndError(EndReason.ENVIRONMENT, error=str(error)) from error
    key = built.get("key", wanted["key"])
    if key != wanted["key"]:
        durable.write_json(job.path(layout.BUILT), {"key": key})  # it is in use, though the specification names another
    ready = _lookup({**wanted, "key": key})
    if ready is None:
        raise JobEndError(EndReason.ENVIRONMENT, error="it was built but can't be found again")
    return ready


def _values(job: Job, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> dict[str, str]:
    values = {f"inputs.{name}": value for name, value in {**job.spec["literals"], **inputs}.items()}
    values.update({f"outputs.{name}": value for name, value in outputs.items()})
    return {"name": job.spec["job"], **values}


def _variables(
    job: Job,
    relay: RelayLink | None,
    ready: dict[str, Any] | None,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
) -> dict[str, str]:
    # Light, but only this step needs it.
    from lapisml.runner.overlay import SORTED_ROOTS, overlay
    from lapisml.runner.places import place_variables

    env = jobenv.from_host(os.environ)
    roots = data.sorted_roots(job.spec, inputs)
    if ready is not None:
        env = overlay(ready, job.path(layout.OVERLAY), roots).apply(env)
        env["AZUREML_CONDA_ENVIRONMENT_PATH"] = str(ready["prefix"])
    elif roots:
        env[SORTED_ROOTS] = os.pathsep.join(roots)
    env.update(jobenv.job_variables(job.spec, job.folder, relay.port if relay is not None else None))
    env.update(jobenv.data_variables({**job.spec["literals"], **inputs}, outputs))
    env.update(place_variables(job.spec, job.folder, inputs, outputs))
    env.update(job.spec["environment_variables"])
    return jobenv.without_proxy(env, parts.hosts_of(job.spec) if job.spec.get("part") else ())


def _bash() -> str:
    for path in _BASH:
        if os.access(path, os.X_OK):
            return path
    raise JobEndError(EndReason.COMMAND, error="there is no bash on this machine")
