"""``lapis configure``: defaults for the flags that say which workspace is meant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from difflib import get_close_matches

from lapisml.cli.context import show
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.config import read_defaults, write_defaults
from lapisml.sdk.discovery import home_folder

NAMES = ("workspace", "group", "location", "subscription")


def _flags(parser: ArgumentParser) -> None:
    text = f"keep defaults: {', '.join(NAMES)}; NAME= forgets one"
    parser.add_argument("--defaults", "-d", nargs="+", action="extend", metavar="NAME=VALUE", help=text)
    parser.add_argument("--list-defaults", "-l", action="store_true", help="show the defaults")


def _configure(args: Namespace) -> None:
    home = home_folder()
    if not args.defaults and not args.list_defaults:
        raise LapisError(ErrorCode.USAGE, "Say what to do: --defaults workspace=NAME, or --list-defaults.")
    if args.defaults:
        write_defaults(home, dict(_pair(text) for text in args.defaults))
    if args.list_defaults:
        source = str(home / "config.json")
        show(args, [{"name": k, "source": source, "value": v} for k, v in read_defaults(home).items()])


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in NAMES:
        near = get_close_matches(name, NAMES, 1)
        hint = f"; did you mean {near[0]}?" if near and name not in NAMES else ""
        expected = f"NAME=VALUE with one of {', '.join(NAMES)}"
        raise LapisError(ErrorCode.USAGE, f"--defaults takes {expected}, not '{text}'{hint}")
    return name, value


def run(words: Sequence[str]) -> int:
    """Run ``lapis configure words…``."""
    return run_verb("lapis configure", Verb("Show or change your defaults.", _configure, (_flags,)), words)
