"""``az provider``: nothing needs to be registered on one's own server, so every provider is."""

from __future__ import annotations

import re
from argparse import Namespace
from typing import Any

from lapisml.azshim.shared import accepted, command, flag, subscription, switch
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError

_OWN = ("Microsoft.MachineLearningServices", "Microsoft.Resources", "Microsoft.Storage")
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9]*\.[A-Za-z0-9.]+\Z")


def _record(args: Namespace, name: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription(args)['id']}/providers/{name}",
        "namespace": name,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [],
    }


def _check(args: Namespace) -> str:
    name = str(args.namespace)
    if not _NAMESPACE.match(name):
        raise LapisError(ErrorCode.NOT_FOUND, f"(InvalidResourceNamespace) '{name}' is no namespace such as {_OWN[0]}.")
    return name


def _show(args: Namespace) -> dict[str, Any]:
    return _record(args, _check(args))


def _register(args: Namespace) -> None:
    _check(args)


_NAMED = flag("--namespace", "-n", required=True, metavar="NAME", help=f"such as {_OWN[0]}")

COMMANDS: dict[str, Verb] = {
    "provider register": command(
        "nothing to do: it is registered", _register, _NAMED,
        switch("--wait", "--accept-terms", "--consent-to-permissions/-c"),
        accepted("--management-group-id/-m"),
    ),
    "provider show": command("show that it is registered", _show, _NAMED, accepted("--expand")),
    "provider list": command(
        "list those that Lapis answers for", lambda args: [_record(args, name) for name in _OWN], accepted("--expand")
    ),
}  # fmt: skip
