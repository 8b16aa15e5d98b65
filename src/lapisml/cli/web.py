"""Opening the web page: ``--web``, and ``lapis studio``.

The address that a browser is started with is seen by everybody on the machine who lists processes, so it holds no
token: the browser is given a file that only the person may read, which leads to the address that signs in.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from lapisml.cli.context import note, open_transport
from lapisml.cli.parsing import AddArguments


def flag(*short: str) -> AddArguments:
    """Make ``--web``."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("--web", *short, action="store_true", help="open its page in the browser")

    return add


def tell_page(args: Namespace, address: str) -> None:
    """Say after ``--web`` where a page is, and open it when somebody is there to look."""
    if args.web:
        note(args, f"Web View: {address}")
        if sys.stdout.isatty():
            open_page(args, address)


def tell_page_of(args: Namespace, *words: str) -> None:
    """Do as `tell_page` for what lies in the workspace that is meant.

    Args:
        words: a noun as in the API's addresses, a name, a version.
    """
    if not args.web:
        return
    if getattr(args, "local", False):
        note(args, "It runs here without a server, so it has no page.")
        return
    from lapisml.sdk.config import choose_workspace
    from lapisml.sdk.discovery import home_folder
    from lapisml.sdk.pages import page_address

    workspace = choose_workspace(home_folder(), getattr(args, "workspace_name", None))
    tell_page(args, page_address(open_transport(args).address.url, workspace, *words))


def open_page(args: Namespace, address: str) -> bool:
    """Open a page in the person's browser, signed in; say whether a browser was found."""
    import html
    import os
    import webbrowser

    from lapisml.sdk.discovery import home_folder
    from lapisml.sdk.pages import sign_in_address

    target = html.escape(sign_in_address(address, open_transport(args).address.token), quote=True)
    folder = home_folder() / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    page = folder / "open.html"
    page.unlink(missing_ok=True)
    with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={target}"><a href="{target}">Studio</a>')
    return webbrowser.open(page.as_uri())
