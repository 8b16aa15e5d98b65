"""``lapis down``: stop the server; jobs go on."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from lapisml.cli.context import note, open_transport
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.autostart import running, stop
from lapisml.sdk.discovery import environment_address, home_folder
from lapisml.sdk.session import API


def _down(args: Namespace) -> None:
    home = home_folder()
    if environment_address(home) is not None and running(home) is None:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The server that LAPIS_URL names is stopped where it runs.")
    record = running(home)
    if record is None:
        note(args, f"No server runs over {home}.")
        return
    jobs = _running_jobs(args)
    stop(home, record)
    sentence = f"The server at {record.url} has stopped."
    if jobs:
        goes = "job goes on; its end is" if jobs == 1 else "jobs go on; their ends are"
        sentence += f" {jobs} {goes} recorded when a server starts again."
    sys.stdout.write(sentence + "\n")


def _running_jobs(args: Namespace) -> int:
    try:
        status = open_transport(args, start=False).get(f"{API}/status")
    except LapisError:
        return 0  # a server that gives no answer is stopped all the same
    return int(status["running_jobs"])


def run(words: Sequence[str]) -> int:
    """Run ``lapis down words…``."""
    return run_verb("lapis down", Verb("Stop the server; jobs go on.", _down), words)
