"""``lapis job why``: what of a step changed, where its result was taken from, what a job waits for."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.output import use_color
from lapisml.cli.parsing import Verb


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("job", nargs="?", metavar="NAME", help="the job's name; -n NAME says the same")
    parser.add_argument("--name", "-n", metavar="NAME", help="the job's name")


def _why(args: Namespace) -> None:
    from lapisml.core.errors import ErrorCode, LapisError
    from lapisml.sdk.operations.jobs import JobOperations

    name = args.name or args.job
    if name is None:
        raise LapisError(ErrorCode.USAGE, "Say which job: lapis job why NAME")
    found = JobOperations(open_session(args)).why(name)
    if args.output_was_given or args.query:
        show(args, found)
        return
    color = use_color(sys.stdout)
    for line, is_detail in lines(found):
        sys.stdout.write(f"\x1b[2m{line}\x1b[0m\n" if color and is_detail else f"{line}\n")


def lines(found: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give the lines that a person reads, each with whether it is a detail.

    Args:
        found: the record of an explanation, as the server gives it.
    """
    yield f"{found['name']}  {found['status']}", False
    if found["status"] != "Completed" and found["status_reason"] not in ("", None, found["status"]):
        yield str(found["status_reason"]), False
    if found["type"] != "pipeline":
        yield found["reason"], False
        yield from _changes(found["changes"], "  ")
    width = max((len(step["step"]) for step in found["steps"]), default=0)
    state = max((len(step["status"]) for step in found["steps"]), default=0)
    for step in found["steps"]:
        yield f"  {step['step'].ljust(width)}  {step['status'].ljust(state)}  {step['reason']}", False
        yield from _changes(step["changes"], " " * (width + state + 6))


def _changes(changes: list[dict[str, Any]], indent: str) -> Iterator[tuple[str, bool]]:
    for change in changes:
        yield f"{indent}{change['text']}", True


VERB = Verb("say why a step ran or was reused, and what a job waits for", _why, (_arguments, flags.scope))
