"""Makes the accelerated form of an MLflow model, as a process of its own in the model's environment.

Takes a request as JSON: ``{"model_path", "folder", "threads"}``. Leaves ``report.json`` in the folder, and
``model.onnx`` beside it when the graph may stand in for the model; exit code 0 for both.
"""

from __future__ import annotations

import json
import os
import sys

from ..threads import VARIABLES
from .report import RefusedError, Report

_NICE = 10
"""The model's replicas answer meanwhile; they come first."""


def main(request_path: str) -> None:
    """Do it; whatever the model raises while it is loaded ends the process, with its traceback on stderr."""
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    os.nice(_NICE)
    threads = max(1, int(request.get("threads") or 1))
    for name in VARIABLES:
        os.environ[name] = str(threads)
    report = accelerate(request["model_path"], request["folder"], threads)
    sys.stdout.write("{}: {}\n".format("accelerated" if report.accelerated else "refused", report.reason))


def accelerate(model_path: str, folder: str, threads: int = 1) -> Report:
    """Make the accelerated form of the MLflow model at a path, and return what was found.

    Args:
        model_path: the model's folder.
        folder: takes the files; made if missing.
        threads: how many a replica's libraries may use.

    Raises:
        LoadError: the model can't be loaded.
    """
    from .. import flavours, readers, signature
    from .make import make
    from .of_model import Bridge, form_of

    os.makedirs(folder, mode=0o700, exist_ok=True)
    file = signature.ModelFile(signature.find(model_path))
    model = flavours.load(file, threads)
    try:
        form = form_of(file, model)
    except RefusedError as refusal:
        return _refused(str(refusal), folder)
    bridge = Bridge(form, file, model, readers.choose(file, model))
    return make(model.native, form, bridge.original(), bridge.example(), folder)


def _refused(reason: str, folder: str) -> Report:
    report = Report(False, reason)
    report.write(folder)
    return report
