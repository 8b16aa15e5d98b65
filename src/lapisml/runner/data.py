"""Inputs made ready before the command starts, outputs and artifacts stored after it.

What lies on this machine is used in place or moved by this process; what lies elsewhere goes through the
helper `lapisml.runner.stage`, which loads the storage backend.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import copying, durable, layout, parts
from lapisml.runner.endings import JobEndError
from lapisml.runner.tools import ToolError

Stage = Callable[[list[dict[str, Any]]], dict[str, str]]
"""Does the requests of `lapisml.runner.stage` and returns its answers: name → path."""

_COPIED = frozenset(("download", "eval_download"))
_EVALUATED = frozenset(("eval_mount", "eval_download"))


def prepare_inputs(spec: Mapping[str, Any], folder: str, stage: Stage) -> dict[str, str]:
    """Make every input ready and return name → what the command gets for it.

    Args:
        spec: the launch specification, plain form.
        folder: the job's folder.
        stage: brings what is not on this machine, and evaluates MLTable files.

    Raises:
        JobEndError: INPUT, naming the input.
    """
    values: dict[str, str] = {}
    requests = []
    for name, given in spec["inputs"].items():
        target = os.path.join(folder, layout.INPUTS, name)
        value = _local_input(name, given, target)
        if value is None:
            requests.append(_staging(name, given, target))
        values[name] = value or ""
    if requests:
        values.update(_staged(stage, requests))
    return values


def prepare_outputs(spec: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Make the place of every named output and return name → what the command gets for it.

    Raises:
        JobEndError: OUTPUT, naming the output.
    """
    values = {}
    for name, given in spec["outputs"].items():
        if given["mode"] == "direct":
            values[name] = given["uri"]
            continue
        try:
            path = _output_path(name, given, folder)
            is_file = given["type"] == "uri_file"
            os.makedirs(os.path.dirname(path) if is_file else path, exist_ok=True)
        except OSError as error:
            raise _failure(EndReason.OUTPUT, name, error) from error
        values[name] = path
    return values


def store_outputs(spec: Mapping[str, Any], folder: str, stage: Stage) -> list[str]:
    """Store what the command wrote for the outputs that were not written in place, and changed remote inputs.

    Of a job of several machines all store into the same places: what the first part stores stays, whoever comes
    first. Changed inputs are put back by the first alone, for the others' copies may never have been touched.

    Returns:
        Sentences about what was left out.

    Raises:
        JobEndError: OUTPUT, naming the output.
    """
    notes: list[str] = []
    requests = []
    keep = parts.is_follower(spec)
    for name, given in spec["outputs"].items():
        path = _output_path(name, given, folder)
        if given["mode"] == "direct" or path == _in_place(given):
            continue
        if _is_local(given["location"]):
            notes.extend(_move(name, path, _path(given["location"]), keep))
        elif os.path.exists(path):
            requests.append({"do": "put", "name": name, "location": given["location"], "path": path, "keep": keep})
    for name, given in spec["inputs"].items():
        if not keep and given["mode"] == "rw_mount" and not _is_local(given["location"]):
            path = os.path.join(folder, layout.INPUTS, name)
            requests.append({"do": "put_back", "name": name, "location": given["location"], "path": path})
    if requests:
        _stage_out(stage, requests)
    return notes


def store_artifacts(spec: Mapping[str, Any], folder: str, stage: Stage) -> list[str]:
    """Store ``outputs``, ``logs`` and the logs of the job as its artifacts.

    Returns:
        Sentences about what was left out.

    Raises:
        JobEndError: OUTPUT, naming the output ``artifacts``.
    """
    location, keep = spec["artifacts"]["location"], parts.is_follower(spec)
    produced = [(os.path.join(folder, layout.WORK, name), name) for name in (layout.OUTPUTS, layout.LOGS)]
    written = [(os.path.join(folder, name), name) for name in (layout.USER_LOGS, layout.SYSTEM_LOGS)]
    if keep:
        written = _own_logs(spec, folder)
    if not _is_local(location):
        requests = [
            {"do": "put", "name": "artifacts", "location": location, "below": name, "path": path, "keep": keep}
            for path, name in [*produced, *written]
            if os.path.isfile(path) or (os.path.isdir(path) and os.listdir(path))
        ]
        _stage_out(stage, requests)
        return []
    try:
        root = _path(location)
        left_out = [
            f"{n}/{s}"
            for p, n in produced
            if os.path.isdir(p)
            for s in copying.move_tree(p, os.path.join(root, n), keep)
        ]
        left_out += [
            f"{n}/{s}" for p, n in written if os.path.isdir(p) for s in copying.link_tree(p, os.path.join(root, n))
        ]
        _link_files([(p, os.path.join(root, n)) for p, n in written if os.path.isfile(p)])
    except OSError as error:
        raise _failure(EndReason.OUTPUT, "artifacts", error) from error
    return [_left_out("artifacts", left_out)] if left_out else []


def _own_logs(spec: Mapping[str, Any], folder: str) -> list[tuple[str, str]]:
    """Return the logs of a part that is not the first, and under which names they are stored."""
    found: list[str] = []
    for top in (layout.USER_LOGS, layout.SYSTEM_LOGS):
        if os.path.isdir(os.path.join(folder, top)):
            found += [f"{top}/{entry.relative}" for entry in copying.files_below(os.path.join(folder, top), [])]
    return [(os.path.join(folder, own), shown) for own, shown in parts.log_names(parts.number_of(spec), found).items()]


def _link_files(pairs: list[tuple[str, str]]) -> None:
    for source, target in pairs:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        copying.link_file(source, target)
    copying.sync_files([target for _source, target in pairs])


def sorted_roots(spec: Mapping[str, Any], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the input folders, whose listings a job's Python gives sorted."""
    return tuple(values[name] for name in spec["inputs"] if os.path.isdir(values[name]))


def _local_input(name: str, given: Mapping[str, Any], target: str) -> str | None:
    """Return what the command gets for an input that lies on this machine; None when it must be staged."""
    mode, location = given["mode"], given["location"]
    if mode == "direct":
        return str(given["uri"])
    if location is None:
        raise JobEndError(EndReason.INPUT, name=name, error="it has no location")
    if not _is_local(location) or (mode in _EVALUATED and given["type"] == "mltable"):
        return None
    try:
        path = _path(location)
        os.stat(path)
        return _copied(path, target) if mode in _COPIED else path
    except OSError as error:
        raise _failure(EndReason.INPUT, name, error) from error


def _copied(path: str, target: str) -> str:
    copying.remove_tree(target)
    if os.path.isdir(path):
        copying.copy_tree(path, target)
        return target
    os.makedirs(target)
    copy = os.path.join(target, os.path.basename(path))
    copying.copy_file(path, copy)
    return copy


def _staging(name: str, given: Mapping[str, Any], target: str) -> dict[str, Any]:
    evaluated = given["mode"] in _EVALUATED and given["type"] == "mltable"
    return {
        "do": "evaluate" if evaluated else "get",
        "name": name,
        "location": given["location"],
        "path": target,
        "copy": given["mode"] in _COPIED,
    }


def _staged(stage: Stage, requests: list[dict[str, Any]]) -> dict[str, str]:
    try:
        return stage(requests)
    except ToolError as error:
        raise JobEndError(EndReason.INPUT, name=error.name or requests[0]["name"], error=str(error)) from error


def _stage_out(stage: Stage, requests: list[dict[str, Any]]) -> None:
    if not requests:
        return
    try:
        stage(requests)
    except ToolError as error:
        raise JobEndError(EndReason.OUTPUT, name=error.name or requests[0]["name"], error=str(error)) from error


def _output_path(name: str, given: Mapping[str, Any], folder: str) -> str:
    in_place = _in_place(given)
    if in_place is not None:
        return in_place
    own = os.path.join(folder, layout.NAMED_OUTPUTS, name)
    if given["type"] != "uri_file":
        return own
    return os.path.join(own, os.path.basename(given["location"]["path"].rstrip("/")) or name)


def _in_place(given: Mapping[str, Any]) -> str | None:
    """Return where an output is written directly: on this machine, unless the mode is ``upload``."""
    if given["mode"] == "upload" or not _is_local(given["location"]):
        return None
    return _path(given["location"])


def _move(name: str, source: str, target: str, keep: bool) -> list[str]:
    try:
        if os.path.isdir(source):
            left_out = copying.move_tree(source, target, keep)
            return [_left_out(name, left_out)] if left_out else []
        if os.path.exists(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if keep and not copying.place_new(source, target):
                return []
            if not keep:
                copying.copy_file(source, target)
            copying.sync_files([target])
    except OSError as error:
        raise _failure(EndReason.OUTPUT, name, error) from error
    return []


def _is_local(location: Mapping[str, Any] | None) -> bool:
    return location is not None and location["protocol"] == "file"


def _path(location: Mapping[str, Any]) -> str:
    """Return a local location's path.

    Raises:
        PermissionError: a link leads it out of its root.
    """
    path, root = location["path"].rstrip("/") or "/", location.get("root")
    if root:
        real, top = os.path.realpath(path), os.path.realpath(root)
        if real != top and not real.startswith(top.rstrip("/") + "/"):
            raise PermissionError(f"{os.path.basename(path)} leads out of its datastore")
    return str(path)


def _failure(reason: EndReason, name: str, error: OSError) -> JobEndError:
    if durable.is_full(error):
        return JobEndError(EndReason.DISK_FULL, held=f"'{name}'", where=" (while it was written)")
    if isinstance(error, FileNotFoundError):
        return JobEndError(reason, name=name, error=f"there is no {error.filename}")
    return JobEndError(reason, name=name, error=str(error))


def _left_out(name: str, paths: list[str]) -> str:
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return f"Output '{name}': left out what is no regular file or leads out of its folder: {shown}."
