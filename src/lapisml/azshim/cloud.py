"""``az cloud``: one cloud, under whatever of its names a script chooses."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lapisml.azshim.shared import accepted, command, flag, state
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError

NAMES = ("AzureCloud", "AzureChinaCloud", "AzureUSGovernment")


def _cloud(name: str) -> dict[str, Any]:
    return {"isActive": True, "name": name, "profile": "latest"}


def _show(args: Namespace) -> dict[str, Any]:
    return _cloud(_named(args.name) if args.name else str(state().read().get("cloud") or NAMES[0]))


def _list(_args: Namespace) -> list[dict[str, Any]]:
    return [_cloud(str(state().read().get("cloud") or NAMES[0]))]


def _set(args: Namespace) -> None:
    name = _named(args.name)
    with state().changing() as found:
        found["cloud"] = name


def _named(asked: str) -> str:
    for name in NAMES:
        if name.lower() == asked.lower():
            return name
    raise LapisError(ErrorCode.NOT_FOUND, f"The cloud '{asked}' is not registered.", f"Known: {', '.join(NAMES)}")


_NAME = flag("--name", "-n", metavar="NAME", help="name of a cloud")

COMMANDS: dict[str, Verb] = {
    "cloud show": command("show the cloud", _show, _NAME),
    "cloud list": command("list the cloud", _list),
    "cloud set": command(
        "call the cloud so",
        _set,
        flag("--name", "-n", required=True, metavar="NAME", help="name of a cloud"),
        accepted("--profile"),
    ),
}
