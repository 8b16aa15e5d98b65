"""The shape of a command: verbs as data, one parser built for the one verb that was asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from lapisml.core.errors import ErrorCode, LapisError

FORMS = ("json", "jsonc", "yaml", "yamlc", "table", "tsv", "none")
"""Forms of output; see `lapisml.cli.output`."""

Args = argparse.Namespace
AddArguments = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Verb:
    """One verb of a noun.

    Attributes:
        help: one line.
        run: does the work; its return value is the exit code, None for 0.
        arguments: functions that add the verb's own flags.
        is_refused: it only says why it can't be done; its flags are not looked at, and help leaves it out.
    """

    help: str
    run: Callable[[Args], int | None]
    arguments: Sequence[AddArguments] = ()
    is_refused: bool = False


def refused(sentence: str) -> Verb:
    """Make a verb that ``az ml`` has and Lapis refuses, whatever its flags, with the reason."""

    def run(_args: Args) -> int:
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)

    return Verb(f"not supported: {sentence}", run, is_refused=True)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one message, names the nearest flag, and ends with 2."""

    def error(self, message: str) -> NoReturn:
        """Print `message` with the way to the help, and end."""
        sys.stderr.write(f"{self.prog}: {message}\n  see: {self.prog} --help\n")
        sys.exit(2)

    def parse(self, words: Sequence[str]) -> Args:
        """Parse `words`; anything not understood is an error that names the nearest flag."""
        known = [option for action in self._actions for option in action.option_strings]
        strange = [word for word in words if word.startswith("--") and not _is_flag(word, known)]
        if strange:
            self._refuse_unknown(strange[0], known)
        args, extra = self.parse_known_args(list(words))
        if extra:
            self._refuse_unknown(next((word for word in extra if word.startswith("-")), extra[0]), known)
        return args

    def _refuse_unknown(self, flag: str, known: Sequence[str]) -> NoReturn:
        near = get_close_matches(flag.partition("=")[0], known, 1)
        self.error(f"unrecognized argument '{flag}'" + (f"; did you mean {near[0]}?" if near else ""))


def _is_flag(word: str, known: Sequence[str]) -> bool:
    return word == "--" or any(option.startswith(word.partition("=")[0]) for option in known)


def run_noun(noun: str, about: str, verbs: Mapping[str, Verb], words: Sequence[str]) -> int:
    """Run the verb that `words` begins with.

    Args:
        noun: as typed after ``lapis``.
        about: one line for the help.
        verbs: name → verb.
        words: what follows the noun.
    """
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_noun_help(noun, about, verbs))
        return 0 if words else 2
    verb = verbs.get(words[0])
    if verb is None:
        near = get_close_matches(words[0], verbs, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        sys.stderr.write(f"lapis {noun}: there is no verb '{words[0]}'{hint}\n  see: lapis {noun} --help\n")
        return 2
    return run_verb(f"lapis {noun} {words[0]}", verb, words[1:])


def run_verb(prog: str, verb: Verb, words: Sequence[str]) -> int:
    """Parse the flags of one verb and run it."""
    if verb.is_refused:
        return verb.run(Args()) or 0
    parser = Parser(prog=prog, description=verb.help)
    for add in verb.arguments:
        add(parser)
    add_common(parser)
    args = parser.parse(words)
    args.output_was_given = args.output is not None
    args.output = args.output or "json"
    return verb.run(args) or 0


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every command of ``az ml`` has."""
    group = parser.add_argument_group("common")
    form_help = "json (default), jsonc, yaml, yamlc, table, tsv or none"
    group.add_argument("--output", "-o", choices=FORMS, metavar="FORM", help=form_help)
    group.add_argument("--query", metavar="JMESPATH", help="what to show of the result (https://jmespath.org)")
    group.add_argument("--only-show-errors", action="store_true", help="no notes on stderr, only errors")
    group.add_argument("--debug", "--verbose", action="store_true", help="show each request and each error's origin")


def add_scope(parser: argparse.ArgumentParser, *, refuse_registry: bool = True) -> None:
    """Add the flags that say which workspace is meant.

    Args:
        refuse_registry: False where the verb has a meaning for ``--registry-name``.
    """
    group = parser.add_argument_group("workspace")
    group.add_argument(
        "--workspace-name", "-w", metavar="NAME", help="workspace; else config.json, `lapis configure`, default"
    )
    add_cloud_scope(parser, group, refuse_registry=refuse_registry)


def add_cloud_scope(parser: argparse.ArgumentParser, group: Any = None, *, refuse_registry: bool = True) -> None:
    """Add the flags for what a cloud has above a workspace; there is one of each here, so they change nothing."""
    for flags in (("--resource-group", "-g"), ("--subscription",)):
        (group or parser).add_argument(*flags, metavar="NAME", help="accepted; a Lapis server has just one")
    if refuse_registry:
        sentence = "only models, data, environments and components live in registries."
        refuse(parser, "--registry-name", f"--registry-name: {sentence}")


def refuse(parser: argparse.ArgumentParser, flag: str, sentence: str, *more: str) -> None:
    """Add a flag that ``az ml`` has and Lapis refuses with `sentence`."""
    parser.add_argument(flag, *more, action=_Refused, nargs="*", help=argparse.SUPPRESS, sentence=sentence)


class _Refused(argparse.Action):
    def __init__(self, *args: Any, sentence: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sentence = sentence

    def __call__(self, *_: Any) -> NoReturn:
        raise LapisError(ErrorCode.NOT_SUPPORTED, self._sentence)


def _noun_help(noun: str, about: str, verbs: Mapping[str, Verb]) -> str:
    shown = [(name, verb.help) for name, verb in verbs.items() if not verb.is_refused]
    width = max(len(name) for name, _ in shown)
    lines = [f"  {name.ljust(width)}  {text}" for name, text in shown]
    head = f"usage: lapis {noun} VERB [flags]\n\n{about}\n\nverbs:\n"
    return head + "\n".join(lines) + f"\n\nflags of a verb: lapis {noun} VERB --help\n"
