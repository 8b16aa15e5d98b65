"""What a command works with: the session of its workspace, notes for the person, the document it was given."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.autostart import autostart_allowed, locate
from lapisml.sdk.config import choose_workspace
from lapisml.sdk.discovery import home_folder
from lapisml.sdk.progress import no_progress, suitable_progress
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport


def note(args: argparse.Namespace, sentence: str) -> None:
    """Tell the person something on stderr, unless only errors are wanted."""
    if not args.only_show_errors:
        sys.stderr.write(sentence + "\n")


def open_transport(args: argparse.Namespace, *, start: bool | None = None) -> Transport:
    """Make the connection to the server; one is started when a request is sent and none runs.

    Args:
        args: the command's flags.
        start: whether a server may be started; None: as LAPIS_AUTOSTART says.
    """
    allowed = autostart_allowed() if start is None else start
    return Transport(
        lambda may: locate(home_folder(), start=may and allowed, notify=lambda line: note(args, line)),
        trace=_trace if args.debug else None,
    )


def open_session(args: argparse.Namespace, workspace: str | None = None) -> Session:
    """Make the session of the registry or the workspace that is meant; see `choose_workspace`.

    Raises:
        LapisError: Usage when both are named.
    """
    asked = workspace or getattr(args, "workspace_name", None)
    registry = getattr(args, "registry_name", None)
    progress = no_progress if args.only_show_errors else suitable_progress()
    if registry is not None:
        if asked is not None:
            raise LapisError(ErrorCode.USAGE, "Give either --workspace-name or --registry-name, not both.")
        return Session(open_transport(args), "", progress, registry)
    return Session(open_transport(args), choose_workspace(home_folder(), asked), progress)


def show(args: argparse.Namespace, result: Any, columns: tuple[str, ...] | None = None) -> None:
    """Print a result in the form that the flags ask for."""
    from lapisml.cli.output import show as print_result

    print_result(result, args.output, args.query, columns)


def _trace(line: str) -> None:
    sys.stderr.write(f"DEBUG: {line}\n")
