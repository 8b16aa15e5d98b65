"""``lapis studio``: open the web page."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from lapisml.cli import flags
from lapisml.cli.context import note, open_transport, show
from lapisml.cli.parsing import Verb, run_verb
from lapisml.cli.web import open_page
from lapisml.sdk.config import choose_workspace
from lapisml.sdk.discovery import home_folder
from lapisml.sdk.pages import page_address, sign_in_address


def _studio(args: Namespace) -> None:
    address = open_transport(args).address
    page = page_address(address.url, choose_workspace(home_folder(), args.workspace_name))
    if args.output_was_given or args.query:
        show(args, {"studio_url": page, "sign_in_url": sign_in_address(page, address.token)})
        return
    if sys.stdout.isatty() and open_page(args, page):
        note(args, f"Opened {page} in the browser.")
        return
    sys.stdout.write(sign_in_address(page, address.token) + "\n")


def run(words: Sequence[str]) -> int:
    """Run ``lapis studio words…``."""
    about = "Open the web page, signed in; without a terminal or a browser, print the address that signs in."
    return run_verb("lapis studio", Verb(about, _studio, (flags.scope,)), words)
