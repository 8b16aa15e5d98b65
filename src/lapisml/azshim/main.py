"""Entry point of ``az``: finds the command, loads its module only, and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module

from lapisml.azshim.state import State
from lapisml.cli.main import guarded
from lapisml.cli.parsing import Verb, run_verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder

MODULES = {
    "login": "session",
    "logout": "session",
    "account": "account",
    "cloud": "cloud",
    "config": "config",
    "configure": "config",
    "extension": "extension",
    "group": "group",
    "provider": "provider",
    "role": "role",
    "storage": "storage",
    "version": "version",
}
"""First word → module of this package; its ``COMMANDS`` maps all words of a command to a `Verb`."""

_WITHOUT_LOGIN = ("login", "logout", "cloud", "config", "configure", "extension", "version")

NOT_SIGNED_IN = "Please run 'az login' to setup account."

NOT_FOUND_CODE = 3
"""Exit code of ``az`` for what does not exist."""


def main(words: Sequence[str] | None = None) -> int:
    """Run ``az`` with `words` (default: the process's) and return the exit code.

    0: done; 1: refused or failed; 2: wrong usage, or not a command of this ``az``; 3: what was named is not there;
    130: interrupted. ``az ml`` gives the codes of ``lapis``.
    """
    given = list(sys.argv[1:] if words is None else words)
    return guarded(lambda: _run(given), given)


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0
    if words[0] in ("--version", "-v"):
        words = ["version", "--as-text"]
    if words[0] not in _WITHOUT_LOGIN and (words[0] == "ml" or words[0] in MODULES):
        _require_login()
    if words[0] == "ml":
        from lapisml.azshim import ml

        return ml.run(words[1:])
    if words[0] not in MODULES:
        return _refuse(words)
    commands: Mapping[str, Verb] = import_module(f"lapisml.azshim.{MODULES[words[0]]}").COMMANDS
    return _run_command(commands, words)


def _require_login() -> None:
    if State(home_folder()).read().get("signed_out"):
        raise LapisError(ErrorCode.UNAUTHENTICATED, NOT_SIGNED_IN)


def _run_command(commands: Mapping[str, Verb], words: list[str]) -> int:
    from lapisml.azshim.ml import with_default_output

    leading = _leading(words)
    for count in range(len(leading), 0, -1):
        verb = commands.get(" ".join(leading[:count]))
        if verb is not None:
            return _guard_not_found(verb, leading[:count], with_default_output(words[count:]))
    if "--help" in words or "-h" in words:
        sys.stdout.write(_group_help(commands, " ".join(leading)))
        return 0
    return _refuse(words, list(commands))


def _guard_not_found(verb: Verb, name: Sequence[str], rest: Sequence[str]) -> int:
    try:
        return run_verb("az " + " ".join(name), verb, rest)
    except LapisError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        sys.stderr.write(f"ERROR: {error}\n")
        return NOT_FOUND_CODE


def _leading(words: Sequence[str]) -> list[str]:
    found = []
    for word in words:
        if word.startswith("-"):
            break
        found.append(word)
    return found


def _refuse(words: Sequence[str], known: Sequence[str] = ()) -> int:
    from lapisml.azshim.elsewhere import reason

    name = " ".join(_leading(words)[:4]) or words[0]
    near = get_close_matches(name, known, 1, 0.75) or get_close_matches(words[0], (*MODULES, "ml"), 1, 0.75)
    hint = f" Did you mean 'az {near[0]}'?" if near and near[0] != words[0] else ""
    sys.stderr.write(f"ERROR: 'az {name}' is not a command of this az. {reason(words)}{hint}\n  see: az --help\n")
    return 2


def _help() -> str:
    lines = [
        "az, as Lapis offers it to scripts: 'az ml' works on your own server; the commands around it answer for it.",
        "",
        "usage: az COMMAND … [--output FORM] [--query JMESPATH]",
        "",
        "  ml         jobs, data, models, endpoints … (the same as: lapis …)",
    ]
    about = {
        "login": "check the server and its token (logout ends it)",
        "account": "show, list, set, get-access-token, list-locations, clear",
        "cloud": "show, list, set",
        "configure": "--defaults workspace=NAME group=NAME …, --list-defaults",
        "config": "get, set, unset",
        "extension": "add, remove, update, list, show: 'ml' is built in",
        "group": "create, show, list, exists, delete",
        "provider": "register, show, list",
        "role": "assignment create, list, delete",
        "storage": "blob upload, upload-batch, download, list …; account show, keys list",
        "version": "the versions",
    }
    lines += [f"  {name.ljust(10)} {text}" for name, text in about.items()]
    return "\n".join([*lines, "", "Anything else ends with exit code 2. More: https://github.com/lapisml/lapis", ""])


def _group_help(commands: Mapping[str, Verb], prefix: str) -> str:
    shown = {name: verb.help for name, verb in commands.items() if name.startswith(prefix)}
    width = max((len(name) for name in shown), default=0)
    return "".join(f"  az {name.ljust(width)}  {text}\n" for name, text in shown.items())
