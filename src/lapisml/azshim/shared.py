"""What several commands of ``az`` share: their server, the subscription, tags, ids of resources."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from lapisml.azshim.state import State
from lapisml.cli.context import open_transport, show
from lapisml.cli.parsing import AddArguments, Verb
from lapisml.core.errors import LapisError
from lapisml.sdk.discovery import home_folder

NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""What ids hold when neither a script nor the server chose a subscription."""

TENANT = "00000000-0000-0000-0000-000000000000"


def command(
    text: str, run: Callable[[Namespace], Any], *arguments: AddArguments, own_subscription: bool = False
) -> Verb:
    """Make a command whose result, when there is one, is printed in the form that its flags ask for.

    Args:
        text: one line of help.
        run: gives the result; None prints nothing.
        arguments: add its flags.
        own_subscription: its flags hold ``--subscription`` already, which every command of ``az`` takes.
    """

    def shown(args: Namespace) -> None:
        result = run(args)
        if result is not None:
            show(args, result)

    return Verb(text, shown, arguments if own_subscription else (*arguments, _subscription))


def _subscription(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--subscription", metavar="ID", help="name or id of the subscription; one is as good as another"
    )


def flag(*options: str, **settings: Any) -> AddArguments:
    """Make one flag, as ``add_argument`` takes it."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument(*options, **settings)

    return add


def accepted(*options: str) -> AddArguments:
    """Make flags that change nothing here, with or without values."""

    def add(parser: ArgumentParser) -> None:
        for option in options:
            parser.add_argument(*option.split("/"), nargs="*", metavar="VALUE", help="accepted; changes nothing here")

    return add


def switch(*options: str) -> AddArguments:
    """Make flags without a value that change nothing here."""

    def add(parser: ArgumentParser) -> None:
        for option in options:
            parser.add_argument(*option.split("/"), action="store_true", help="accepted; changes nothing here")

    return add


def note(args: Namespace, sentence: str) -> None:
    """Tell the person something on stderr, unless only errors are wanted."""
    if not args.only_show_errors:
        sys.stderr.write(sentence + "\n")


def state() -> State:
    """Give what is remembered between commands."""
    return State(home_folder())


def first_workspace(args: Namespace) -> dict[str, Any] | None:
    """Read a workspace of the server, None when no server answers; none is started for it."""
    try:
        found = open_transport(args, start=False).get("/api/v1/workspaces", limit=1)["value"]
    except LapisError:
        return None
    return dict(found[0]) if found else None


def subscription(args: Namespace) -> dict[str, str]:
    """Give ``id`` and ``name`` of the subscription: the flag's, the script's choice, the server's own."""
    asked = getattr(args, "subscription", None)
    chosen: dict[str, str] = named(asked, args) if asked else state().read().get("subscription") or {}
    return {"id": chosen.get("id") or server_subscription(args), "name": chosen.get("name") or "Lapis"}


def named(asked: str, args: Namespace) -> dict[str, str]:
    """Give the subscription that a script names by its id or by its name."""
    from uuid import UUID

    try:
        return {"id": str(UUID(asked)), "name": "Lapis"}
    except ValueError:
        return {"id": server_subscription(args), "name": asked}


def server_subscription(args: Namespace) -> str:
    """Give the id that the server uses in the ids it makes itself."""
    try:
        found = open_transport(args, start=False).get("/api/v1/azure")["subscription_id"]
    except LapisError:
        found = os.environ.get("LAPIS_AZURE_SUBSCRIPTION")
    return str(found or NO_SUBSCRIPTION)


def tags_of(args: Namespace) -> dict[str, str]:
    """Give what ``--tags k=v …`` says."""
    pairs = (text.partition("=") for text in args.tags or [])
    return {key: value for key, _, value in pairs}


TAGS = flag("--tags", nargs="*", metavar="KEY=VALUE", help="its tags")
GROUP = flag("--resource-group", "-g", metavar="NAME", help="the resource group")
