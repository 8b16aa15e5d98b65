"""``az account``: the subscription that ids are made with, and access tokens."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lapisml.azshim.shared import TENANT, accepted, command, flag, named, note, state, subscription, switch
from lapisml.cli.azure import access_token
from lapisml.cli.context import open_transport
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError

MANAGEMENT = "https://management.core.windows.net/"
_RESOURCES = {
    "aad-graph": "https://graph.windows.net/",
    "arm": MANAGEMENT,
    "batch": "https://batch.core.windows.net/",
    "data-lake": "https://datalake.azure.net/",
    "media": "https://rest.media.azure.net",
    "ms-graph": "https://graph.microsoft.com/",
    "oss-rdbms": "https://ossrdbms-aad.database.windows.net",
}


def account(args: Namespace) -> dict[str, Any]:
    """Give the account in the form of ``az account show``."""
    meant = subscription(args)
    user = state().read().get("user") or {}
    return {
        "environmentName": state().read().get("cloud") or "AzureCloud",
        "homeTenantId": TENANT,
        "id": meant["id"],
        "isDefault": True,
        "managedByTenants": [],
        "name": meant["name"],
        "state": "Enabled",
        "tenantId": TENANT,
        "user": {"name": user.get("name") or _person(), "type": user.get("type") or "user"},
    }


def _person() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        return "lapis"


def _set(args: Namespace) -> None:
    meant = named(args.subscription, args)
    _check_known(args, meant["id"])
    with state().changing() as found:
        found["subscription"] = meant


def _check_known(args: Namespace, identifier: str) -> None:
    """Ask the server, when one runs, whether it takes this subscription."""
    try:
        open_transport(args, start=False).get(f"/subscriptions/{identifier}", **{"api-version": "2022-12-01"})
    except LapisError as error:
        if "could not be found" in error.message:
            sentence = f"The subscription of '{args.subscription}' doesn't exist in cloud 'AzureCloud'."
            raise LapisError(
                ErrorCode.CONFLICT, sentence, "The server takes the one of LAPIS_AZURE_SUBSCRIPTION."
            ) from None


def _get_access_token(args: Namespace) -> dict[str, Any]:
    """Ask the server for a token, in the form that `azure.identity.AzureCliCredential` reads."""
    return access_token(args, _resource(args)) | {"subscription": subscription(args)["id"]}


def _resource(args: Namespace) -> str:
    given = [args.resource, args.scope and args.scope[0], args.resource_type and _RESOURCES[args.resource_type]]
    found = [str(one) for one in given if one]
    if len(found) > 1:
        raise LapisError(ErrorCode.USAGE, "Give one of --resource, --scope and --resource-type.")
    return found[0].removesuffix("/.default") if found else MANAGEMENT


def _list_locations(_args: Namespace) -> list[dict[str, Any]]:
    return [
        {
            "displayName": "Local",
            "name": "local",
            "regionalDisplayName": "Local",
            "metadata": {"geographyGroup": "Local", "regionType": "Physical"},
        }
    ]


def _clear(args: Namespace) -> None:
    with state().changing() as found:
        for name in ("subscription", "user"):
            found.pop(name, None)
        found["signed_out"] = True
    note(args, "Commands fail until the next 'az login'.")


_WHICH = ("--subscription", "--name", "-n", "-s")
_ONE = flag(*_WHICH, dest="subscription", metavar="ID", help="name or id of a subscription")

COMMANDS: dict[str, Verb] = {
    "account show": command("show the account", account, _ONE, switch("--sdk-auth"), own_subscription=True),
    "account list": command("list the account", lambda args: [account(args)], switch("--all", "--refresh")),
    "account set": command(
        "choose the subscription that ids are made with",
        _set,
        flag(*_WHICH, dest="subscription", required=True, metavar="ID", help="name or id of a subscription"),
        own_subscription=True,
    ),
    "account clear": command("forget the account; as logout", _clear),
    "account list-locations": command("list the one location", _list_locations, switch("--include-extended-locations")),
    "account get-access-token": command(
        "print a token for the server",
        _get_access_token,
        _ONE,
        flag("--resource", metavar="URI", help="what it is for; the management address when left out"),
        flag("--scope", nargs="+", metavar="URI", help="as --resource, ending in /.default"),
        flag("--resource-type", choices=sorted(_RESOURCES), help="a known resource"),
        accepted("--tenant/-t"),
        own_subscription=True,
    ),
}
