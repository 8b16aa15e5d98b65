"""``lapis az``: puts an ``az`` in front of the PATH of a project or of a build job, and takes it away again."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from lapisml.cli.context import note, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import home_folder

MARK = "# written by: lapis az install"
"""The line by which a script is known as ours; no other is ever replaced or removed."""


def az_folder(args: Namespace) -> Path:
    """Give the folder of the script: ``--folder``, else one in the home."""
    return Path(args.folder).expanduser().absolute() if args.folder else home_folder() / "az" / "bin"


def _install(args: Namespace) -> None:
    folder = az_folder(args)
    script = folder / "az"
    if script.exists() and not is_ours(script):
        sentence = f"{script} is not ours and is left as it is."
        raise LapisError(ErrorCode.ALREADY_EXISTS, sentence, "Choose another folder: lapis az install --folder FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".az.{os.getpid()}"
    part.write_text(_script(sys.executable), encoding="utf-8")
    part.chmod(0o755)
    part.replace(script)
    if args.github:
        _append_to_github_path(folder)
        note(args, f"'az' of the later steps of this job is {script}.")
    elif args.azure_devops:
        sys.stdout.write(f"##vso[task.prependpath]{folder}\n")
    else:
        sys.stdout.write(f'export PATH={shlex.quote(str(folder))}:"$PATH"\n')
        if sys.stdout.isatty():
            note(args, 'That line is for your shell: eval "$(lapis az install)"')


def _script(python: str) -> str:
    # -E and -P: neither PYTHONPATH nor a json.py in the script's folder gets between.
    return f'#!/bin/sh\n{MARK}\nexec {shlex.quote(python)} -E -P -m lapisml.azshim "$@"\n'


def _append_to_github_path(folder: Path) -> None:
    file = os.environ.get("GITHUB_PATH")
    if not file:
        sentence = "--github is for a step of GitHub Actions: GITHUB_PATH is not set."
        raise LapisError(ErrorCode.USAGE, sentence, 'Elsewhere: eval "$(lapis az install)"')
    with Path(file).open("a", encoding="utf-8") as paths:
        paths.write(f"{folder}\n")


def _uninstall(args: Namespace) -> None:
    script = az_folder(args) / "az"
    if not script.exists():
        note(args, f"There is no {script}.")
        return
    if not is_ours(script):
        raise LapisError(ErrorCode.CONFLICT, f"{script} was not written by lapis az install; it is left as it is.")
    script.unlink()
    note(args, f"{script} is removed. Shells that have run it may remember it: hash -r")


def _status(args: Namespace) -> None:
    folder = az_folder(args)
    first = shutil.which("az")
    found = {
        "installed": is_ours(folder / "az"),
        "folder": str(folder),
        "az": first,
        "is_lapis": first is not None and is_ours(Path(first)),
    }
    show(args, found)


def is_ours(script: Path) -> bool:
    """Say whether a file is an ``az`` that `_install` wrote."""
    try:
        return MARK in script.read_text(encoding="utf-8", errors="replace")[:200]
    except OSError:
        return False


def _folder(parser: ArgumentParser) -> None:
    parser.add_argument("--folder", metavar="FOLDER", help="where the script lies; default: az/bin in the home")


def _places(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--github", action="store_true", help="for the later steps of a job of GitHub Actions")
    group.add_argument("--azure-devops", action="store_true", help="for the later steps of a job of Azure Pipelines")


VERBS = {
    "install": Verb(
        'write the script, and print what to export: eval "$(lapis az install)"', _install, (_folder, _places)
    ),
    "uninstall": Verb("remove the script", _uninstall, (_folder,)),
    "status": Verb("say which az is first in the PATH", _status, (_folder,)),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis az words…``."""
    return run_noun("az", "An 'az' for scripts that were written for the cloud's command line.", VERBS, words)
