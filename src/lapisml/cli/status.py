"""``lapis status``: where the server is and what it runs on."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from lapisml.cli.context import open_transport, show
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder
from lapisml.sdk.session import API

NOT_RUNNING = "not running"


def describe(args: Namespace) -> dict[str, Any]:
    """Give what the server says of itself, or that none runs; none is started.

    Raises:
        LapisError: as the server says, Unauthenticated among others.
    """
    transport = open_transport(args, start=False)
    try:
        found: dict[str, Any] = transport.get(f"{API}/status")
    except LapisError as error:
        if error.code is not ErrorCode.SERVER_UNREACHABLE:
            raise
        return {"status": NOT_RUNNING, "home": str(home_folder()), "message": error.message, "hint": error.hint}
    return found


def _status(args: Namespace) -> int:
    found = describe(args)
    show(args, found)
    return 1 if found["status"] == NOT_RUNNING else 0


def run(words: Sequence[str]) -> int:
    """Run ``lapis status words…``."""
    verb = Verb("Show the server's address, profile, database and processes. Ends with 1 when none runs.", _status)
    return run_verb("lapis status", verb, words)
