"""The user's script: loaded once, with the functions that mini-batch jobs call."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from . import entry_script


class ScriptError(Exception):
    """The script is not one for mini-batches; the text says why."""


class MiniBatchContext:
    """What ``run(mini_batch, mini_batch_context)`` is told beside the data.

    Attributes:
        minibatch_index: place of the mini-batch in the input, from 0.
        partition_key_value: column → value with partition keys, else None.
        global_row_index_lower_bound, global_row_index_upper_bound: first item and the one after the last, within
            the input; None with partition keys.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        first = request["first_row"]
        self.minibatch_index = request["index"]
        self.partition_key_value = request["keys"]
        self.global_row_index_lower_bound = first
        self.global_row_index_upper_bound = None if first is None else first + request["items"]

    def __repr__(self) -> str:
        return f"MiniBatchContext({vars(self)})"


class Script:
    """The entry script.

    Args:
        plan: the driver's plan.
        number: which worker this is.

    Raises:
        ScriptError: it has no ``run``. Whatever the script raises while it is imported.
    """

    def __init__(self, plan: dict[str, Any], number: int) -> None:
        path = plan["entry_script"]
        sys.argv = [path, *plan["arguments"]]
        for folder in (plan["work"], os.path.dirname(path)):
            if folder in sys.path:
                sys.path.remove(folder)
            sys.path.insert(0, folder)
        level = logging.getLevelName(plan["logging_level"])
        logging.basicConfig(level=max(level, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s %(message)s")
        entry_script.provide(plan, number)
        module = _load(path)
        self._init = _function(module, "init")
        self._run = _function(module, "run")
        self._shutdown = _function(module, "shutdown")
        if self._run is None:
            raise ScriptError(f"{os.path.basename(path)} has no function run(mini_batch).")
        self._with_context = _takes_two(self._run)

    def init(self) -> None:
        """Call ``init()``, when there is one."""
        if self._init is not None:
            self._init()

    def run(self, mini_batch: Any, request: dict[str, Any]) -> Any:
        """Call ``run()``, with the context when it takes one."""
        assert self._run is not None
        return self._run(mini_batch, MiniBatchContext(request)) if self._with_context else self._run(mini_batch)

    def shutdown(self) -> None:
        """Call ``shutdown()``, when there is one."""
        if self._shutdown is not None:
            self._shutdown()


def _load(path: str) -> Any:
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ScriptError(f"{os.path.basename(path)} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _function(module: Any, name: str) -> Callable[..., Any] | None:
    found = getattr(module, name, None)
    return found if callable(found) else None


def _takes_two(run: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)
