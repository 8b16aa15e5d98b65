"""``az extension``: ``ml`` is built in, and there is no other."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lapisml.azshim.shared import accepted, command, flag, note, switch
from lapisml.azshim.versions import ML_VERSION
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError

_BUILT_IN = "ml"


def _record() -> dict[str, Any]:
    return {
        "experimental": False,
        "extensionType": "whl",
        "name": _BUILT_IN,
        "path": None,
        "preview": False,
        "version": ML_VERSION,
    }


def _name(args: Namespace) -> str:
    """Give the extension that is meant, by its name or by the file it would come from (``ml-2.0-py3-none-any.whl``)."""
    source = str(getattr(args, "source", None) or "").rpartition("/")[2]
    name = args.name or source.partition("-")[0]
    if not name:
        raise LapisError(ErrorCode.USAGE, "Say which extension: --name ml.")
    return str(name)


def _add(args: Namespace) -> None:
    name = _name(args)
    if name != _BUILT_IN:
        raise _unknown(name)
    note(args, "Extension 'ml' is built into this az.")


def _update(args: Namespace) -> None:
    if _name(args) != _BUILT_IN:
        raise _unknown(args.name)
    note(args, "Extension 'ml' is built into this az; it is updated with Lapis.")


def _remove(args: Namespace) -> None:
    name = _name(args)
    built_in = "is built into this az and stays" if name == _BUILT_IN else "is not installed"
    note(args, f"Extension '{name}' {built_in}.")


def _show(args: Namespace) -> dict[str, Any]:
    if args.name != _BUILT_IN:
        raise LapisError(ErrorCode.NOT_FOUND, f"The extension {args.name} is not installed.")
    return _record()


def _unknown(name: str) -> LapisError:
    known = " It was replaced by 'ml'." if name == "azure-cli-ml" else ""
    return LapisError(ErrorCode.USAGE, f"This az has no extension '{name}', only 'ml'.{known}")


_WHICH = flag("--name", "-n", metavar="NAME", help="ml")
_MORE = accepted("--index", "--pip-extra-index-urls", "--pip-proxy", "--version", "--allow-preview")

COMMANDS: dict[str, Verb] = {
    "extension add": command(
        "'ml' is there already; any other is refused", _add, _WHICH,
        flag("--source", "-s", metavar="URL", help="a file named after its extension"),
        switch("--yes/-y", "--upgrade/-u", "--system"), _MORE,
    ),
    "extension remove": command("changes nothing", _remove, _WHICH, switch("--yes/-y")),
    "extension update": command("changes nothing", _update, _WHICH, _MORE),
    "extension list": command("list the one extension", lambda _: [_record()]),
    "extension show": command(
        "show the extension", _show, flag("--name", "-n", required=True, metavar="NAME", help="ml")
    ),
}  # fmt: skip
