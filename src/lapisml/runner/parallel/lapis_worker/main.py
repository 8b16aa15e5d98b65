"""The worker's course: load the script, ``init()``, then one ``run()`` per request, ``shutdown()`` at the end.

Requests and answers are JSON lines on a socket of their own, so that stdout and stderr are the script's.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from typing import Any

from . import batches, results
from .scorer import Scorer, ScorerError
from .script import Script

_TRACE = 6000
"""Longest traceback that travels, characters; its end is what matters."""


def main(descriptor: int, plan_path: str, number: int) -> None:
    """Serve requests until there are no more.

    Args:
        descriptor: the socket.
        plan_path: the driver's plan.
        number: which worker this is, from 0.
    """
    os.set_inheritable(descriptor, False)
    channel = Channel(socket.socket(fileno=descriptor))
    with open(plan_path, encoding="utf-8") as file:
        plan = json.load(file)
    try:
        script = Scorer(plan) if plan["by_model"] else Script(plan, number)
        script.init()
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is its failure
        channel.say(dict({"is": "broken"}, **_described(error)))
        return
    channel.say({"is": "ready"})
    for request in channel:
        if request["do"] == "end":
            break
        channel.say(_serve(script, request))
    _shut_down(script, channel)


class Channel:
    """JSON lines over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def __iter__(self) -> Channel:
        return self

    def __next__(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise StopIteration
        request: dict[str, Any] = json.loads(line)
        return request

    def say(self, message: dict[str, Any]) -> None:
        """Send a message; whatever the script printed is out before it."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                continue
        self._connection.sendall(json.dumps(message).encode() + b"\n")


def _serve(script: Script | Scorer, request: dict[str, Any]) -> dict[str, Any]:
    index = request["index"]
    try:
        if isinstance(script, Scorer):
            return dict({"is": "done", "index": index, "results": None}, **script.run(request))
        returned = script.run(batches.load(request), request)
        count = results.count(returned)
        if request["result"] is not None:
            results.write(returned, request["result"])
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the script raises is its failure
        return dict({"is": "failed", "index": index}, **_described(error))
    return {"is": "done", "index": index, "results": count}


def _shut_down(script: Script | Scorer, channel: Channel) -> None:
    try:
        script.shutdown()
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is its failure
        channel.say(dict({"is": "ended"}, **_described(error)))
        return
    channel.say({"is": "ended"})


def _described(error: BaseException) -> dict[str, str]:
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    text = str(error)
    name = type(error).__name__
    said = name if not text else text if isinstance(error, (results.ResultError, ScorerError)) else f"{name}: {text}"
    return {"error": said[:1000], "trace": trace[-_TRACE:]}
