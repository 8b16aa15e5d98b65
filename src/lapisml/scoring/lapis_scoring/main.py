"""A replica's course: read the plan, load what it names, answer until it is told to end."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import traceback
from typing import NoReturn

from .collector import Collector, Payloads
from .engine import Engine
from .errors import LoadError
from .plan import Plan, read

NOT_LOADED = 3
"""Exit code of a replica that could not load; the last line of its log says why."""

THREADS = (
    "OMP_NUMTHREADS",
    "OPENBLAS_NUMTHREADS",
    "MKL_NUMTHREADS",
    "NUMEXPR_NUMTHREADS",
    "VECLIB_MAXIMUMTHREADS",
    "LOKY_MAX_CPU_COUNT",
    "TF_NUM_INTRAOPTHREADS",
    "TF_NUM_INTEROPTHREADS",
)
"""What numeric libraries read when they are loaded: replicas share the cores, so none takes them all."""


def main(plan_path: str, number: int, descriptor: int) -> None:
    """Serve.

    Args:
        plan_path: the plan's file.
        number: which replica of its deployment this is.
        descriptor: the listening socket.
    """
    os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    try:
        plan = read(plan_path)
        _prepare(plan, number)
        collector = Collector(plan, f"{plan.revision}-{number}-{os.getpid()}")
        engine = _load(plan, collector)
        _describe(plan, engine)
    except BaseException as error:  # noqa: BLE001 - whatever loading raises is why there is no replica
        _refuse(error)
    from .loop import Loop

    told = Payloads(collector).keep if collector.payloads else None
    Loop(socket.socket(fileno=descriptor), engine, plan, told).run()
    collector.close()


def _prepare(plan: Plan, number: int) -> None:
    for name in THREADS:
        os.environ.setdefault(name, str(plan.threads))
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
