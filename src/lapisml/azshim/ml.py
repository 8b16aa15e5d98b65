"""``az ml …``: the commands of ``lapis``, with the defaults that ``az`` keeps."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module

from lapisml.azshim.config import default_of, setting
from lapisml.azshim.elsewhere import ML
from lapisml.cli.main import NOUNS
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder

_IDS = "--ids"


def run(words: Sequence[str]) -> int:
    """Run ``az ml words…`` and return the exit code."""
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_help())
        return 0
    noun = words[0]
    if noun not in NOUNS:
        return _refuse(noun)
    workspace = default_of("workspace", home_folder())
    if workspace and not os.environ.get("LAPIS_WORKSPACE"):
        os.environ["LAPIS_WORKSPACE"] = workspace  # what `az configure` says stands above a config.json nearby
    code: int = import_module(f"lapisml.cli.{noun.replace('-', '_')}").run(with_default_output(with_ids(words[1:])))
    return code


def with_default_output(words: Sequence[str]) -> list[str]:
    """Add the form of output that ``az config set core.output=…`` or AZURE_CORE_OUTPUT names when `words` name none."""
    form = setting("core", "output", home_folder())
    if not form or any(_names_output(word) for word in words):
        return list(words)
    return [*words, "--output", form]


def with_ids(words: Sequence[str]) -> list[str]:
    """Put names in place of ``--ids /subscriptions/…``.

    Raises:
        LapisError: Usage, when it is no id of a resource in a workspace, or more than one.
    """
    if _IDS not in words:
        return list(words)
    at = list(words).index(_IDS)
    values = [*_until_flag(words[at + 1 :])]
    if len(values) != 1:
        raise LapisError(ErrorCode.USAGE, f"{_IDS} takes one id of a resource, not {len(values)}.")
    return [*words[:at], *id_flags(values[0]), *words[at + 1 + len(values) :]]


def id_flags(identifier: str) -> list[str]:
    """Give the flags that name what a resource id names: workspace, name, version, endpoint.

    Raises:
        LapisError: Usage, when it is no id of a workspace or of something in one.
    """
    parts = [part for part in identifier.split("/") if part]
    pairs = dict(zip((part.lower() for part in parts[::2]), parts[1::2], strict=False))
    if "workspaces" not in pairs or len(parts) % 2:
        raise LapisError(ErrorCode.USAGE, f"'{identifier}' is no id of a workspace or of something in one.")
    below = list(_below_workspace(parts))
    if not below:
        return ["--name", pairs["workspaces"]]
    found = ["--workspace-name", pairs["workspaces"]]
    names = [("--endpoint-name" if len(below) == 2 and below[1][0] == "deployments" else "--name", below[0][1])]
    for kind, name in below[1:]:
        names.append(("--version" if kind == "versions" else "--name", name))
    return [*found, *(word for pair in names for word in pair)]


def _below_workspace(parts: Sequence[str]) -> Sequence[tuple[str, str]]:
    lowered = [part.lower() for part in parts]
    after = parts[lowered.index("workspaces") + 2 :]
    return [(kind.lower(), name) for kind, name in zip(after[::2], after[1::2], strict=False)]


def _until_flag(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word.startswith("-"):
            break
        found.append(word)
    return found


def _names_output(word: str) -> bool:
    if word.startswith("--"):
        flag = word.partition("=")[0]
        return len(flag) > len("--") and "--output".startswith(flag)
    return word.startswith("-o")


def _refuse(noun: str) -> int:
    reason = ML.get(noun)
    near = get_close_matches(noun, NOUNS, 1)
    hint = f" Did you mean '{near[0]}'?" if near and reason is None else ""
    sys.stderr.write(
        f"ERROR: 'az ml {noun}' is not a command here. {reason or ''}{hint}".rstrip() + "\n  see: az ml -h\n"
    )
    return 2


def _help() -> str:
    width = max(map(len, NOUNS))
    nouns: Mapping[str, str] = NOUNS
    lines = "".join(f"  {name.ljust(width)}  {text}\n" for name, text in nouns.items())
    return f"usage: az ml NOUN VERB [flags]\n\n{lines}\nflags of a verb: az ml NOUN VERB --help\n"
