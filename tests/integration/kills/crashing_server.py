"""A real server that kills itself with SIGKILL at one exact place, named by the file ``<home>/crash.json``.

Run as ``python -m tests.integration.kills.crashing_server``. The file says where:

* ``{"move": ["Running", "Finalizing"], "job": name, "when": "uncommitted" | "committed"}``: when that job makes
  that move, before or after the transaction that records it is committed;
* ``{"call": "module:Class.method", "job": name, "when": "before" | "after"}``: around a call that has the
  job's name among its arguments.

The file is removed first, so that the place is met once. Nothing of the server knows of this.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

_ORDER = Path(os.environ["LAPIS_HOME"]) / "crash.json"


def _order() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_ORDER.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _die() -> None:
    _ORDER.unlink(missing_ok=True)
    os.kill(os.getpid(), signal.SIGKILL)


def crash_in_moves() -> None:
    """Watch every move of a job and every end of a write transaction."""
    from lapisml.server.features.jobs import store
    from lapisml.server.platform.database import Database

    due: list[bool] = []
    move, write = store.move, Database.write

    def watched_move(connection: Any, job: Any, step: Any, **values: Any) -> bool:
        done = move(connection, job, step, **values)
        order = _order()
        if done and order.get("job") == job.name and order.get("move") == [job.status.value, step.to.value]:
            if order["when"] == "uncommitted":
                _die()
            due.append(True)
        return done

    @contextmanager
    def watched_write(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with write(*args, **kwargs) as connection:
            yield connection
        if due:
            _die()

    store.move = watched_move
    Database.write = watched_write  # type: ignore[method-assign]


def crash_in_calls(target: str) -> None:
    """Watch the calls of one function or method, ``module:name`` or ``module:Class.name``."""
    module_name, _, path = target.partition(":")
    owner: Any = import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _watched(target, getattr(owner, name)))


def _watched(target: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def watched(*args: Any, **kwargs: Any) -> Any:
        order = _order()
        meant = order.get("call") == target and _names(order.get("job", ""), [*args, *kwargs.values()])
        if meant and order["when"] == "before":
            _die()
        result = call(*args, **kwargs)
        if meant:
            _die()
        return result

    return watched


def _names(job: str, values: list[Any]) -> bool:
    """Say whether one of `values` is the job: its name, or something that carries it."""
    carried = [getattr(v, "name", None) for v in values] + [getattr(v, "job", None) for v in values]
    carried += [v.get("name") for v in values if isinstance(v, dict)]
    return job in [v for v in [*values, *carried] if isinstance(v, str)]


if __name__ == "__main__":
    crash_in_moves()
    for call in json.loads(os.environ.get("CRASH_CALLS", "[]")):
        crash_in_calls(call)
    sys.argv = ["lapisml.server"]
    runpy.run_module("lapisml.server", run_name="__main__")
