"""Flags that several verbs share, and what they mean for a document or a list."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from lapisml.cli.parsing import AddArguments, add_scope, refuse
from lapisml.core.errors import ErrorCode, LapisError


def scope(parser: ArgumentParser) -> None:
    """Add ``-w``, ``-g``, ``--subscription``."""
    add_scope(parser)


def asset_scope(parser: ArgumentParser) -> None:
    """Add the flags of `scope`, and ``--registry-name`` for a registry in the workspace's place."""
    add_scope(parser, refuse_registry=False)
    parser.add_argument("--registry-name", metavar="NAME", help="a registry in the workspace's place")


def source_scope(parser: ArgumentParser) -> None:
    """Add the flags of `scope` where ``--registry-name`` says something else."""
    add_scope(parser, refuse_registry=False)


def name(required: bool = True, text: str = "its name") -> AddArguments:
    """Make ``--name/-n``."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("--name", "-n", required=required, metavar="NAME", help=text)

    return add


def version(parser: ArgumentParser) -> None:
    """Add ``--version/-v``."""
    parser.add_argument("--version", "-v", metavar="VERSION", help="its version")


def label(parser: ArgumentParser) -> None:
    """Add ``--label/-l``."""
    parser.add_argument("--label", "-l", metavar="LABEL", help="a label of it, such as latest")


def file(required: bool = False) -> AddArguments:
    """Make ``--file/-f``."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("--file", "-f", required=required, metavar="YAML", help="its document")

    return add


def sets(parser: ArgumentParser) -> None:
    """Add ``--set``: values over those of the document."""
    parser.add_argument(
        "--set", nargs="+", action="extend", metavar="PATH=VALUE", help="set values: a.b=1 list[0].c=x; may be repeated"
    )


def edits(parser: ArgumentParser) -> None:
    """Add ``--set``, ``--remove`` and ``--add`` for updates."""
    sets(parser)
    parser.add_argument(
        "--remove", nargs="+", action="append", metavar="PATH", help="remove keys, or PATH INDEX of a list"
    )
    parser.add_argument("--add", nargs="+", action="append", metavar="PATH", help="add to a list: PATH VALUE")


def yes(parser: ArgumentParser) -> None:
    """Add ``--yes/-y``."""
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")


def no_wait(parser: ArgumentParser) -> None:
    """Add ``--no-wait``: operations of Lapis are done, or go on by themselves, when the command returns."""
    parser.add_argument("--no-wait", action="store_true", help="return at once (Lapis does so anyway)")


def archived(parser: ArgumentParser) -> None:
    """Add ``--archived-only`` and ``--include-archived``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--archived-only", action="store_true", help="archived ones only")
    group.add_argument("--include-archived", action="store_true", help="archived ones too")


def max_results(parser: ArgumentParser) -> None:
    """Add ``--max-results/-r``."""
    parser.add_argument("--max-results", "-r", type=_positive, metavar="N", help="at most N of them")


def tag(parser: ArgumentParser) -> None:
    """Add ``--tag``."""
    parser.add_argument("--tag", metavar="KEY[=VALUE]", help="those with this tag only")


def values(*specs: tuple[str, str], tags: bool = True) -> AddArguments:
    """Make flags that set a key of the document: (``--idle-time``, help); the key is the flag with ``_``.

    Args:
        specs: flag and help; several spellings with ``/`` between.
        tags: add ``--tags k=v …`` too.
    """

    def add(parser: ArgumentParser) -> None:
        for spelled, text in specs:
            parser.add_argument(*spelled.split("/"), metavar="VALUE", help=text)
        if tags:
            parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")

    return add


def refusing(**sentences: str) -> AddArguments:
    """Make flags of ``az ml`` that are refused: ``vnet_name="…"`` for ``--vnet-name``."""

    def add(parser: ArgumentParser) -> None:
        for word, sentence in sentences.items():
            flag = "--" + word.replace("_", "-")
            refuse(parser, flag, f"{flag}: {sentence}")

    return add


def given(args: Namespace, *names: str) -> dict[str, Any]:
    """Collect the values of flags that were given, by key; ``tags`` become a dict."""
    found = {key: getattr(args, key, None) for key in names}
    if getattr(args, "tags", None) is not None:
        found["tags"] = dict(_pair(text) for text in args.tags)
    return {key: value for key, value in found.items() if value is not None}


def list_view(args: Namespace) -> str:
    """Give the `ListViewType` that the flags ask for."""
    return "ArchivedOnly" if args.archived_only else "All" if args.include_archived else "ActiveOnly"


def confirm(args: Namespace, question: str) -> None:
    """Ask on a terminal unless ``--yes`` was given.

    Raises:
        LapisError: Usage, when the answer is no, or nobody can be asked.
    """
    if args.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise LapisError(ErrorCode.USAGE, f"{question} Nobody can be asked here: add --yes.")
    sys.stderr.write(f"{question} (y/n): ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise LapisError(ErrorCode.USAGE, "Nothing was changed.")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    return key, value if equals else ""


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def file_for_update(parser: ArgumentParser) -> None:
    """Add ``--file/-f``: its keys go over those of what is updated."""
    parser.add_argument("--file", "-f", metavar="YAML", help="document with the keys to change")
