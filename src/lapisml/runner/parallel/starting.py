"""The supervisor's part in a mini-batch job: what the driver is told, and what it leaves behind."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, command, durable, layout, parts
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.parallel.plan import Plan
from lapisml.runner.tools import ToolError

_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.parallel.{module} import main; main()"
_SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_DEFAULT_FILES, _DEFAULT_BYTES = 1, 1 << 20
APPENDED = "parallel_run_step.txt"
"""The file within an output folder that takes the results, unless ``--append_row_file_name`` says otherwise."""
_EVALUATED = ("eval_mount", "eval_download")


def prepare(job: Job, launch: child.Launch, values: Mapping[str, str]) -> None:
    """Make a launch start the driver of a mini-batch job, or on its other machines the crew host.

    Args:
        job: the job; its ``parallel`` is set.
        launch: changed in place.
        values: ``inputs.x`` / ``outputs.y`` / ``name`` → text.

    Raises:
        JobEndError: COMMAND when the document asks for what can't be, INPUT for an input that can't be cut up.
    """
    plan = make_plan(job, launch.env, values)
    if plan.driver is not None and not job.spec["parallel"].get("secret"):
        raise JobEndError(EndReason.COMMAND, error="there is no secret by which the job's machines know each other")
    path = job.path(layout.PARALLEL)
    plan.write(path)
    follows = parts.is_follower(job.spec)
    python = None if follows else _tools_python(job, plan)
    starter = _STARTER.format(module="host" if follows else "driver")
    launch.argv = [python or sys.executable, "-I", "-c", starter, _SOURCE, path]


def make_plan(job: Job, env: Mapping[str, str], values: Mapping[str, str]) -> Plan:
    """Work out the plan of a mini-batch job; arguments and errors as `prepare`."""
    spec, asked = job.spec, job.spec["parallel"]
    name = asked["input_data"]
    given = spec["inputs"].get(name)
    if given is None:
        raise JobEndError(EndReason.COMMAND, error=f"`input_data` names '{name}', which is no data input of the job")
    path = values[f"inputs.{name}"]
    table = _table(name, given, path)
    tabular = table is not None and table.is_tabular
    arguments = _arguments(command.render(asked["program_arguments"], values, spec["optional_unset"]))
    nodes = int(spec.get("node_count") or 1)
    append_to = _appended(spec, asked["append_row_to"], values, arguments)
    if asked.get("by_model") and table is not None:
        raise JobEndError(EndReason.COMMAND, error="an mltable can't be scored without a script; give files")
    return Plan(
        entry_script="" if asked.get("by_model") else _entry_script(job, asked["entry_script"]),
        arguments=tuple(arguments),
        work=job.path(layout.WORK),
        python=env.get("LAPIS_PYTHON") or sys.executable,
        input_name=name,
        input_path=path,
        tabular=tabular,
        listed=table is not None and not tabular,
        size=_size(asked, tabular),
        partition_keys=_keys(asked, tabular),
        workers=int(asked["concurrency"]) * (1 if spec.get("part") else nodes),
        nodes=nodes,
        node=parts.number_of(spec),
        driver=_driver(spec),
        max_retries=int(asked["max_retries"]),
        timeout_s=float(asked["timeout_s"]),
        error_threshold=int(asked["error_threshold"]),
        mini_batch_error_threshold=_failed_count(asked, arguments),
        allowed_failed_percent=_number(_argument(arguments, "--allowed_failed_percent")),
        append_to=append_to,
        output_folder=_output_folder(spec, values, append_to),
        logging_level=asked["logging_level"],
        logs=job.path(layout.USER_LOGS),
        scratch=job.path(layout.MINI_BATCHES),
        verdict=job.path(layout.VERDICT),
        by_model=bool(asked.get("by_model")),
        model=_model(asked.get("model"), values),
        model_name=asked.get("model_name"),
        library=os.path.join(_SOURCE, "lapisml", "scoring"),
    )


def own_end(job: Job, end: JobEndError) -> JobEndError:
    """Say how the job ended in the driver's own words, and hand on its warnings.

    Args:
        job: a mini-batch job whose driver has ended.
        end: how the driver ended.
    """
    verdict = durable.read_json(job.path(layout.VERDICT)) or {}
    if parts.is_follower(job.spec):
        return _without_it(job, end, verdict.get("reason"))
    if end.reason is EndReason.SUCCEEDED:
        for sentence in verdict.get("warnings") or ():
            job.journal.warn(sentence)
    elif end.reason is EndReason.EXIT_CODE and verdict.get("reason"):
        return JobEndError(EndReason.MINI_BATCHES, error=str(verdict["reason"]))
    return end


def _without_it(job: Job, end: JobEndError, reason: str | None) -> JobEndError:
    """Say how a machine other than the first ended: whatever becomes of its crew, the others do its work."""
    if end.reason is not EndReason.SUCCEEDED:
        said = reason or end.sentence
        job.journal.warn(f"This machine did no more mini-batches, others did them: {said.rstrip('.')}.")
    return JobEndError(EndReason.SUCCEEDED)


def _driver(spec: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return where the driver of a job on several machines is found."""
    if not spec.get("part") or len(parts.hosts_of(spec)) < 2:
        return None
    host, port = parts.master_of(spec)
    return host, port + parts.CREW_PORT


def _tools_python(job: Job, plan: Plan) -> str | None:
    """Return the interpreter that reads tables where the runner's own can't; None means the runner's own."""
    if not (plan.tabular or plan.by_model):
        return None
    try:
        return job.tools_python()
    except ToolError as error:
        raise JobEndError(EndReason.INPUT, name=plan.input_name, error=str(error)) from error


def _table(name: str, given: Mapping[str, Any], path: str) -> Any:
    """Return the content of an ``MLTable`` file, None for an input without one or with its files laid out."""
    if given["type"] != "mltable" or given["mode"] in _EVALUATED:
        return None
    # Only a table pays for this module.
    from lapisml.mltable.document import MLTableError, read

    try:
        return read(path)
    except (MLTableError, OSError) as error:
        raise JobEndError(EndReason.INPUT, name=name, error=str(error)) from error


def _arguments(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise JobEndError(EndReason.COMMAND, error=f"`program_arguments` can't be split into words: {error}") from error


def _entry_script(job: Job, relative: str) -> str:
    root = os.path.realpath(job.path(layout.WORK))
    path = os.path.realpath(os.path.join(root, relative))
    if not path.startswith(root + os.sep) or not os.path.isfile(path):
        raise JobEndError(EndReason.COMMAND, error=f"there is no entry script '{relative}' in the code")
    return path


def _size(asked: Mapping[str, Any], tabular: bool) -> int:
    size = asked["mini_batch_size"]
    if size is None:
        return _DEFAULT_BYTES if tabular else _DEFAULT_FILES
    if asked["in_bytes"] and not tabular:
        sentence = "`mini_batch_size` with a unit is for tables; for files it is their number"
        raise JobEndError(EndReason.COMMAND, error=sentence)
    return int(size)


def _keys(asked: Mapping[str, Any], tabular: bool) -> tuple[str, ...]:
    if asked["partition_keys"] and not tabular:
        raise JobEndError(EndReason.COMMAND, error="`partition_keys` are columns, and the input is no table")
    return tuple(asked["partition_keys"])


def _model(name: str | None, values: Mapping[str, str]) -> str | None:
    if name is None:
        return None
    path = values.get(f"inputs.{name}")
    if path is None:
        raise JobEndError(EndReason.COMMAND, error=f"`model` names '{name}', which is no input of the job")
    return path


def _appended(spec: Mapping[str, Any], name: str | None, values: Mapping[str, str], arguments: list[str]) -> str | None:
    if name is None:
        return None
    given = spec["outputs"].get(name)
    if given is None:
        raise JobEndError(EndReason.COMMAND, error=f"`append_row_to` names '{name}', which is no output of the job")
    if given["mode"] == "direct":
        raise JobEndError(EndReason.COMMAND, error=f"output '{name}' of mode direct can't take what run() returns")
    path = values[f"outputs.{name}"]
    if given["type"] == "uri_file":
        return path
    called = _argument(arguments, "--append_row_file_name") or APPENDED
    if os.path.basename(called) != called or called in (".", ".."):
        raise JobEndError(EndReason.COMMAND, error=f"'{called}' is not the name of a file")
    return os.path.join(path, called)


def _output_folder(spec: Mapping[str, Any], values: Mapping[str, str], append_to: str | None) -> str | None:
    if append_to is not None:
        return os.path.dirname(append_to)
    folders = [values[f"outputs.{name}"] for name, o in spec["outputs"].items() if o["mode"] != "direct"]
    return folders[0] if len(folders) == 1 and os.path.isdir(folders[0]) else None


def _failed_count(asked: Mapping[str, Any], arguments: list[str]) -> int:
    given = _number(_argument(arguments, "--allowed_failed_count"))
    return int(asked["mini_batch_error_threshold"]) if given is None else int(given)


def _argument(arguments: list[str], name: str) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith(name + "="):
            return argument.partition("=")[2]
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise JobEndError(EndReason.COMMAND, error=f"'{text}' is no number of failed mini-batches") from error
