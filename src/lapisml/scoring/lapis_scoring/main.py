"""A replica's course: read the plan, load what it names, answer until it is told to end."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import traceback
from typing import NoReturn

from . import copies
from .collector import Collector, Payloads
from .engine import Engine
from .errors import LoadError
from .plan import Plan, read
from .threads import Pin, can_spread

NOT_LOADED = 3
"""Exit code of a replica that could not load; the last line of its log says why."""


def main(plan_path: str, number: int, descriptor: int, control: int = -1) -> None:
    """Serve.

    Args:
        plan_path: the plan's file.
        number: which replica of its deployment this is.
        descriptor: the listening socket.
        control: socket on which the keeper asks for copies of this process, each of them a replica; -1 for none.
    """
    for inherited in (descriptor, control):
        if inherited >= 0:
            os.set_inheritable(inherited, False)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    try:
        plan = read(plan_path)
        copied = control >= 0 and can_spread(plan.threads)
        pin = Pin(1 if copied else plan.threads)
        _prepare(plan, number)
        collector = Collector(plan, _instance(plan, number))
        engine = _load(plan, collector)
        _describe(plan, engine)
    except BaseException as error:  # noqa: BLE001 - whatever loading raises is why there is no replica
        _refuse(error)
    from .loop import Loop

    if control >= 0:
        number, descriptor = copies.serve(control, copies.Place(number, descriptor), _obstacle(copied))
        collector.instance = _instance(plan, number)
    if copied:
        pin.spread(plan.threads)
    told = Payloads(collector).keep if collector.payloads else None
    Loop(socket.socket(fileno=descriptor), engine, plan, told).run()
    collector.close()


def _instance(plan: Plan, number: int) -> str:
    return f"{plan.revision}-{number}-{os.getpid()}"


def _obstacle(copied: bool) -> str | None:
    return None if copied else "the environment has no threadpoolctl, by which copies get their threads"


def _prepare(plan: Plan, number: int) -> None:
    os.environ["AZUREML_PROCESS_NAME"] = f"replica_{number}"
    if plan.model_dir:
        os.environ["AZUREML_MODEL_DIR"] = plan.model_dir
    if plan.code:
        os.chdir(plan.code)
        os.environ.setdefault("AML_APP_ROOT", plan.code)
    if plan.code and plan.script:
        os.environ.setdefault("AZUREML_ENTRY_SCRIPT", os.path.relpath(plan.script, plan.code))
    log = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=log)


def _load(plan: Plan, collector: Collector) -> Engine:
    if plan.kind == "script":
        from .script_engine import ScriptEngine

        return ScriptEngine(plan, collector)
    from .model_engine import ModelEngine

    return ModelEngine(plan, collector)


def _describe(plan: Plan, engine: Engine) -> None:
    if plan.swagger:
        part = f"{plan.swagger}.{os.getpid()}"
        with open(part, "w", encoding="utf-8") as file:
            json.dump(engine.swagger(), file)
        os.replace(part, plan.swagger)


def _refuse(error: BaseException) -> NoReturn:
    if not isinstance(error, LoadError) or error.__cause__ is not None:
        traceback.print_exception(type(error), error, error.__traceback__)
    text = " ".join(str(error).split())
    said = text if isinstance(error, LoadError) else f"{type(error).__name__}: {text}" if text else type(error).__name__
    sys.stdout.flush()
    sys.stderr.write(f"lapis: {said}\n")
    sys.stderr.flush()
    os._exit(NOT_LOADED)
