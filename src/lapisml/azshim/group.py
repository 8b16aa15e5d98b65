"""``az group``: a server takes any resource group; what a script creates is remembered, to be shown again."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lapisml.azshim.config import default_of
from lapisml.azshim.shared import (
    TAGS,
    accepted,
    command,
    first_workspace,
    flag,
    note,
    state,
    subscription,
    switch,
    tags_of,
)
from lapisml.cli.context import open_transport
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder
from lapisml.sdk.transport import segment

_LOCATION = "local"


def _record(args: Namespace, name: str, kept: dict[str, Any] | None) -> dict[str, Any]:
    kept = kept or {}
    return {
        "id": f"/subscriptions/{subscription(args)['id']}/resourceGroups/{name}",
        "location": kept.get("location") or _LOCATION,
        "managedBy": None,
        "name": name,
        "properties": {"provisioningState": "Succeeded"},
        "tags": kept.get("tags") or {},
        "type": "Microsoft.Resources/resourceGroups",
    }


def _known() -> dict[str, dict[str, Any] | None]:
    """Give name → what is kept of it; None for one that a script deleted."""
    return dict(state().read().get("groups") or {})


def _create(args: Namespace) -> dict[str, Any]:
    with state().changing() as found:
        kept = {"location": args.location, "tags": tags_of(args)}
        found.setdefault("groups", {})[args.name] = kept
    return _record(args, args.name, kept)


def _show(args: Namespace) -> dict[str, Any]:
    known = _known()
    args.name = args.name or default_of("group", home_folder())
    if not args.name:
        raise LapisError(ErrorCode.USAGE, "Say which group: --name NAME, or az configure --defaults group=NAME.")
    if not _exists(args):
        raise LapisError(
            ErrorCode.NOT_FOUND, f"(ResourceGroupNotFound) Resource group '{args.name}' could not be found."
        )
    return _record(args, args.name, known.get(args.name))


def _exists(args: Namespace) -> bool:
    """Say whether there is such a group: any that no script has deleted, unless the server takes just one."""
    known = _known()
    if args.name in known and known[args.name] is None:
        return False
    address = f"/subscriptions/{subscription(args)['id']}/resourceGroups/{segment(args.name)}"
    try:
        open_transport(args, start=False).get(address, **{"api-version": "2022-09-01"})
    except LapisError as error:
        return "could not be found" not in error.message  # a server that does not run has no objection
    return True


def _list(args: Namespace) -> list[dict[str, Any]]:
    known = _known()
    workspace = first_workspace(args)
    own = str(workspace["resource_group"]) if workspace else "lapis"
    names = dict.fromkeys([own, *known])
    found = [_record(args, name, known.get(name)) for name in names if known.get(name, {}) is not None]
    return [one for one in found if _has_tag(one, args.tag)]


def _has_tag(record: dict[str, Any], asked: str | None) -> bool:
    key, equals, value = (asked or "").partition("=")
    return not asked or (key in record["tags"] and (not equals or record["tags"][key] == value))


def _delete(args: Namespace) -> None:
    if not _exists(args):
        raise LapisError(
            ErrorCode.NOT_FOUND, f"(ResourceGroupNotFound) Resource group '{args.name}' could not be found."
        )
    with state().changing() as found:
        found.setdefault("groups", {})[args.name] = None
    note(
        args,
        "The name is forgotten. Workspaces stay: delete one with 'az ml workspace delete -n NAME --all-resources'.",
    )


_OPTIONS = ("--name", "--resource-group", "-n", "-g")
_NAME = flag(*_OPTIONS, dest="name", required=True, metavar="NAME", help="its name")
_NAME_OR_DEFAULT = flag(*_OPTIONS, dest="name", metavar="NAME", help="its name; else the default group")

COMMANDS: dict[str, Verb] = {
    "group create": command(
        "remember a group",
        _create,
        _NAME,
        flag("--location", "-l", metavar="NAME", help="shown again"),
        TAGS,
        accepted("--managed-by"),
    ),
    "group show": command("show a group", _show, _NAME_OR_DEFAULT),
    "group list": command("list the groups", _list, flag("--tag", metavar="KEY[=VALUE]", help="those with this tag")),
    "group exists": command("say whether there is such a group", _exists, _NAME),
    "group delete": command(
        "forget a group", _delete, _NAME, switch("--yes/-y", "--no-wait"), accepted("--force-deletion-types/-f")
    ),
    "group wait": command(
        "return at once",
        lambda _: None,
        _NAME,
        switch("--created", "--exists", "--updated", "--deleted"),
        accepted("--interval", "--timeout", "--custom"),
    ),
}
