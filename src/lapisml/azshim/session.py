"""``az login`` and ``az logout``."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lapisml.azshim.account import account
from lapisml.azshim.shared import accepted, command, flag, note, state, switch
from lapisml.cli.context import open_transport
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError


def _login(args: Namespace) -> list[dict[str, Any]]:
    """Check that the server takes the token at hand; what the flags hold is no credential of Lapis."""
    transport = open_transport(args)
    transport.get("/api/v1/workspaces", limit=1)
    with state().changing() as found:
        found["signed_out"] = False
        found["user"] = {
            "name": args.username or ("systemAssignedIdentity" if args.identity else None),
            "type": "servicePrincipal" if args.service_principal or args.identity else "user",
        }
    if args.password or args.federated_token:
        note(args, "The token of this Lapis home (or LAPIS_TOKEN) is used; names and passwords given to login are not.")
    note(args, f"Signed in to {transport.address.url}.")
    return [account(args)]


def _logout(_args: Namespace) -> None:
    with state().changing() as found:
        if found.get("signed_out"):
            raise LapisError(ErrorCode.UNAUTHENTICATED, "There are no active accounts.")
        found["signed_out"] = True
        found.pop("user", None)


COMMANDS: dict[str, Verb] = {
    "login": command(
        "check the server and its token",
        _login,
        flag("--username", "-u", metavar="NAME", help="shown by account show"),
        flag("--password", "-p", metavar="SECRET", help="not used: the token is LAPIS_TOKEN or the one of LAPIS_HOME"),
        flag("--federated-token", metavar="TOKEN", help="not used, as --password"),
        flag("--service-principal", action="store_true", help="shown by account show"),
        flag("--identity", "-i", action="store_true", help="shown by account show"),
        accepted("--tenant/-t", "--scope", "--certificate", "--client-id", "--object-id", "--resource-id"),
        switch("--use-device-code", "--allow-no-subscriptions", "--use-cert-sn-issuer"),
    ),
    "logout": command("end it: commands fail until the next login", _logout, accepted("--username")),
}
