"""``lapis down``: stop the server; jobs go on."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from lapisml.cli.context import note
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.autostart import running, stop
from lapisml.sdk.discovery import Address, ServerRecord, home_folder, read_token
from lapisml.sdk.session import API
from lapisml.sdk.transport import Transport


def _down(args: Namespace) -> None:
    home = home_folder()
    record = running(home)
    if record is None:
        if os.environ.get("LAPIS_URL"):
            raise LapisError(ErrorCode.NOT_SUPPORTED, "The server that LAPIS_URL names is stopped where it runs.")
        note(args, f"No server runs over {home}.")
        return
    jobs = _running_jobs(home, record)
    stop(home, record)
    sentence = f"The server at {record.url} has stopped."
    if jobs:
        goes = "job goes on; its end is" if jobs == 1 else "jobs go on; their ends are"
        sentence += f" {jobs} {goes} recorded when a server starts again."
    sys.stdout.write(sentence + "\n")


def _running_jobs(home: Path, record: ServerRecord) -> int:
    transport = Transport(lambda _: Address(record.url, read_token(home) or ""))
    try:
        return int(transport.get(f"{API}/status").get("running_jobs", 0))
    except LapisError:
        return 0  # a server that gives no answer is stopped all the same


def run(words: Sequence[str]) -> int:
    """Run ``lapis down words…``."""
    return run_verb("lapis down", Verb("Stop the server; jobs go on.", _down), words)
