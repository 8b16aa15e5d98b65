"""Entry point of ``lapis``: finds the noun, loads its module only, and turns errors into messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper

from lapisml import __version__
from lapisml.core.errors import ErrorCode, LapisError

PLATFORM = {
    "up": "start the server here, or in the background with --detach",
    "down": "stop the server; jobs go on",
    "status": "show the server's address, profile, database and processes",
    "studio": "open the web page, signed in",
    "auth": "show the access token",
    "azure": "point Azure's own clients at this server",
    "configure": "show or change your defaults",
    "az": "an az command for scripts of the cloud",
    "version": "show the versions",
}
NOUNS = {
    "workspace": "workspaces: each has its own assets, jobs and MLflow root",
    "registry": "registries: assets that all workspaces share",
    "connection": "other systems, with the credentials for them",
    "datastore": "where data is kept: folders, object stores, file shares",
    "data": "data assets: files, folders and tables, with versions",
    "environment": "what jobs run in: conda files, requirements, images",
    "model": "registered models, with versions",
    "component": "reusable steps, with versions",
    "compute": "where jobs run",
    "job": "jobs: run, watch, cancel, download",
    "schedule": "jobs made again and again, by cron or recurrence",
    "online-endpoint": "addresses at which models answer requests",
    "online-deployment": "the models behind an online endpoint",
    "batch-endpoint": "names under which models score whole files",
    "batch-deployment": "the models and pipelines behind a batch endpoint",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run ``lapis`` with `words` (default: the process's) and return the exit code.

    0: done; 1: refused or failed; 2: wrong usage; 130: interrupted.
    """
    given = list(sys.argv[1:] if words is None else words)
    return guarded(lambda: _dispatch(given[1:] if given[:1] == ["ml"] else given), given)


def guarded(run: Callable[[], int], given: Sequence[str]) -> int:
    """Run a command as the process's boundary: errors become sentences, and the exit codes that `main` names."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter must not stop a command
    try:
        code = run()
        sys.stdout.flush()
    except LapisError as error:
        return _report(error, given)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except Exception as error:  # noqa: BLE001 - the process's boundary: a person reads a sentence, not a traceback
        return _report_unexpected(error, given)
    return code


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0
    if words[0] in ("--version", "-V"):
        words = ["version"]
    name = words[0]
    if name not in NOUNS and name not in PLATFORM:
        near = get_close_matches(name, [*NOUNS, *PLATFORM], 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        sys.stderr.write(f"lapis: there is no command '{name}'{hint}\n  see: lapis --help\n")
        return 2
    module = import_module(f"lapisml.cli.{name.replace('-', '_')}")
    code: int = module.run(words[1:])
    return code


def _help() -> str:
    width = max(len(name) for name in [*NOUNS, *PLATFORM])
    parts = [f"Lapis {__version__}: a machine-learning platform in your own hands.", ""]
    parts += ["usage: lapis COMMAND … (`lapis ml COMMAND …` means the same)", "", "nouns:"]
    parts += [f"  {name.ljust(width)}  {text}" for name, text in NOUNS.items()]
    parts += ["", "server:"]
    parts += [f"  {name.ljust(width)}  {text}" for name, text in PLATFORM.items()]
    return "\n".join([*parts, "", "more: lapis COMMAND --help", ""])


def _report(error: LapisError, words: Sequence[str]) -> int:
    if "--debug" in words:
        import traceback

        traceback.print_exc()
    sys.stderr.write(f"{_error_word()}: {error}\n")
    return 2 if error.code is ErrorCode.USAGE else 1


def _error_word() -> str:
    """Give ``ERROR``, red where colours suit."""
    from lapisml.cli.output import use_color

    return "\x1b[31mERROR\x1b[0m" if use_color(sys.stderr) else "ERROR"


def _report_unexpected(error: Exception, words: Sequence[str]) -> int:
    if "--debug" in words:
        import traceback

        traceback.print_exc()
    sentence = " ".join(str(error).split())
    sys.stderr.write(f"{_error_word()}: {type(error).__name__}: {sentence}\n")
    sys.stderr.write("This is a fault in Lapis; --debug shows where it comes from.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
