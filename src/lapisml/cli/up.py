"""``lapis up``: start the server."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from lapisml.cli.context import note, open_transport, show
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.autostart import run_in_foreground, running, start_in_background
from lapisml.sdk.discovery import Address, home_folder
from lapisml.sdk.pages import sign_in_address

_SETTINGS = {
    "host": "address to listen on; default 127.0.0.1",
    "port": "port to listen on; default the last one, else 8787, else a free one",
    "database-url": "sqlite:///file or postgresql://user:password@host/name; default <home>/lapis.db",
    "profile": "embedded (default) or server",
    "environment-resolution": "exact (default), compatible or host: how pins of environments are honoured",
    "public-url": "address under which users reach the server",
    "allowed-hosts": "further names of the server in requests, with commas between",
    "allowed-origins": "further web origins, with commas between",
    "tls-cert": "PEM file with the certificate chain",
    "tls-key": "PEM file with its private key",
    "uri-rewrites": "JSON object: prefix of addresses → replacement",
    "local-slots": "jobs at once on `local` and `serverless`; default the number of CPUs",
    "log-level": "debug, info (default), warning or error",
}


def _settings(parser: ArgumentParser) -> None:
    parser.add_argument("--detach", "-d", action="store_true", help="start it in the background and return")
    for name, text in _SETTINGS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=text)
    parser.add_argument("--behind-tls-proxy", action="store_true", help="a proxy in front ends TLS")


def _up(args: Namespace) -> int:
    home = home_folder()
    variables = _variables(args)
    record = running(home)
    if record is None and not args.detach:
        return run_in_foreground(home, variables, lambda address: _announce(args, address))
    if record is not None and (variables or not args.detach):
        hint = "Look at it: lapis status. To start it anew: lapis down"
        raise LapisError(ErrorCode.CONFLICT, f"A server runs over {home} already, at {record.url}.", hint)
    if record is None:
        start_in_background(home, variables, lambda sentence: note(args, sentence))
    from lapisml.cli.status import describe

    found = describe(args)
    _tell_studio(args, open_transport(args, start=False).address)
    show(args, found)
    return 0


def _announce(args: Namespace, address: Address) -> None:
    note(args, f"Lapis is ready at {address.url}. Stop it with Ctrl-C; running jobs go on.")
    _tell_studio(args, address)


def _tell_studio(args: Namespace, address: Address) -> None:
    """Show a person the address that signs in; a log file is shown none, for it holds the token."""
    if sys.stderr.isatty():
        note(args, f"Studio: {sign_in_address(f'{address.url}/studio', address.token)}")


def _variables(args: Namespace) -> dict[str, str]:
    given = {name: getattr(args, name.replace("-", "_")) for name in _SETTINGS}
    found = {_variable(name): str(value) for name, value in given.items() if value is not None}
    return found | ({_variable("behind-tls-proxy"): "1"} if args.behind_tls_proxy else {})


def _variable(name: str) -> str:
    return "LAPIS_" + name.upper().replace("-", "_")


def run(words: Sequence[str]) -> int:
    """Run ``lapis up words…``."""
    return run_verb("lapis up", Verb("Start the server over LAPIS_HOME.", _up, (_settings,)), words)
