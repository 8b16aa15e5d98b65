"""``lapis auth``: the access token."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from lapisml.cli.context import open_transport, show
from lapisml.cli.parsing import Verb, run_noun


def _token(args: Namespace) -> None:
    address = open_transport(args).address
    if args.output_was_given or args.query:
        show(args, {"token": address.token, "url": address.url})
    else:
        sys.stdout.write(address.token + "\n")


VERBS = {"token": Verb("print the token, for scripts: Authorization: Bearer $(lapis auth token)", _token)}


def run(words: Sequence[str]) -> int:
    """Run ``lapis auth words…``."""
    return run_noun("auth", "Access to the server.", VERBS, words)
