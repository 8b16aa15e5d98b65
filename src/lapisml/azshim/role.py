"""``az role assignment``: remembered and shown again; on one's own server they open and close nothing."""

from __future__ import annotations

from argparse import Namespace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lapisml.azshim.shared import GROUP, accepted, command, flag, note, state, subscription, switch
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError

_NOTHING = "Role assignments are remembered but open nothing: whoever holds the server's token may do everything."


def _scope(args: Namespace) -> str:
    if args.scope:
        return str(args.scope)
    base = f"/subscriptions/{subscription(args)['id']}"
    return f"{base}/resourceGroups/{args.resource_group}" if args.resource_group else base


def _who(args: Namespace) -> str | None:
    found = args.assignee_object_id or args.assignee
    return None if found is None else str(found)


def _create(args: Namespace) -> dict[str, Any]:
    who, scope = _who(args), _scope(args)
    if who is None:
        raise LapisError(
            ErrorCode.USAGE, "Say who: --assignee, or --assignee-object-id with --assignee-principal-type."
        )
    name = args.name or str(uuid5(NAMESPACE_URL, "\n".join((scope, who, args.role))))
    kind = args.assignee_principal_type
    record = {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "principalId": who,
        "principalName": who,
        "principalType": kind if isinstance(kind, str) else "ServicePrincipal",
        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{uuid5(NAMESPACE_URL, args.role)}",
        "roleDefinitionName": args.role,
        "scope": scope,
        "type": "Microsoft.Authorization/roleAssignments",
    }
    with state().changing() as found:
        others = [one for one in found.get("roles") or [] if one["id"] != record["id"]]
        found["roles"] = [*others, record]
    note(args, _NOTHING)
    return record


def _list(args: Namespace) -> list[dict[str, Any]]:
    return [one for one in state().read().get("roles") or [] if _is_meant(args, one)]


def _is_meant(args: Namespace, record: dict[str, Any]) -> bool:
    who = _who(args)
    scope = _scope(args) if args.scope or args.resource_group else None
    wanted = ((who, "principalId"), (args.role, "roleDefinitionName"))
    if any(value is not None and record[key] != value for value, key in wanted):
        return False
    if scope is None:
        return True
    below = record["scope"].startswith(scope.rstrip("/") + "/")
    return bool(record["scope"] == scope or (args.all and below))


def _delete(args: Namespace) -> None:
    with state().changing() as found:
        kept = [one for one in found.get("roles") or [] if not _is_deleted(args, one)]
        found["roles"] = kept
    note(args, _NOTHING)


def _is_deleted(args: Namespace, record: dict[str, Any]) -> bool:
    return record["id"] in args.ids if args.ids else _is_meant(args, record)


_WHO = (
    flag("--assignee", metavar="ID", help="who: a user, group or service principal"),
    flag("--assignee-object-id", metavar="ID", help="who, by the id of its object"),
    flag("--scope", metavar="ID", help="on what: an id of a resource"),
    GROUP,
)
_ROLE = flag("--role", metavar="NAME", help="which role")

COMMANDS: dict[str, Verb] = {
    "role assignment create": command(
        "remember an assignment", _create, *_WHO, flag("--role", required=True, metavar="NAME", help="which role"),
        flag("--assignee-principal-type", metavar="TYPE", help="User, Group, ServicePrincipal or ForeignGroup"),
        flag("--name", "-n", metavar="GUID", help="its name"),
        accepted("--description", "--condition", "--condition-version"),
    ),
    "role assignment list": command(
        "list what is remembered", _list, *_WHO, _ROLE, flag("--all", action="store_true", help="below the scope too"),
        switch("--include-inherited", "--include-groups", "--include-classic-administrators"),
    ),
    "role assignment delete": command(
        "forget assignments", _delete, *_WHO, _ROLE, flag("--ids", nargs="+", metavar="ID", help="which, by their ids"),
        flag("--all", action="store_true", help="below the scope too"), switch("--yes/-y", "--include-inherited"),
    ),
}  # fmt: skip
