"""``az configure`` and ``az config``: defaults and settings by section and name."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lapisml.azshim.shared import command, flag, state
from lapisml.azshim.state import State
from lapisml.cli.parsing import Verb
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.config import read_defaults, write_defaults
from lapisml.sdk.discovery import home_folder

_DEFAULTS = "defaults"
_ALIASES = {"group": "group", "resource-group": "group", "resource_group": "group"}


def setting(section: str, name: str, home: Path) -> str | None:
    """Read a setting: ``AZURE_<SECTION>_<NAME>``, else what was kept; None when neither is there."""
    from_environment = os.environ.get(f"AZURE_{section}_{name}".upper())
    if from_environment:
        return from_environment
    if section == _DEFAULTS:
        return read_defaults(home).get(name)
    kept = State(home).read().get("config", {}).get(section, {}).get(name)
    return None if kept is None else str(kept)


def default_of(name: str, home: Path) -> str | None:
    """Read a default that ``az configure --defaults`` keeps, such as ``workspace``."""
    return setting(_DEFAULTS, name, home)


def _configure(args: Namespace) -> Any:
    _only_global(args.scope)
    if args.defaults is None and not args.list_defaults:
        raise LapisError(ErrorCode.USAGE, "Say what to do: --defaults workspace=NAME group=NAME, or --list-defaults.")
    if args.defaults:
        write_defaults(home_folder(), dict(_pair(text) for text in args.defaults))
    return _rows(_DEFAULTS, read_defaults(home_folder())) if args.list_defaults else None


def _only_global(scope: str | None) -> None:
    if scope == "local":
        raise LapisError(
            ErrorCode.NOT_SUPPORTED, "Defaults are kept once for a LAPIS_HOME, not by folder: leave out local."
        )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise LapisError(ErrorCode.USAGE, f"usage: --defaults NAME=VALUE …, not '{text}'.")
    return _ALIASES.get(name.strip(), name.strip()), value.strip().strip("'\"")


def _set(args: Namespace) -> None:
    _only_global("local" if args.local else None)
    for text in args.pairs:
        key, equals, value = text.partition("=")
        section, name = _key(key)
        if not equals or name is None:
            raise LapisError(ErrorCode.USAGE, f"usage: az config set SECTION.NAME=VALUE …, not '{text}'.")
        _keep(section, name, value)


def _keep(section: str, name: str, value: str | None) -> None:
    if section == _DEFAULTS:
        write_defaults(home_folder(), {name: value or ""})
        return
    with state().changing() as found:
        names = found.setdefault("config", {}).setdefault(section, {})
        names.pop(name, None)
        if value is not None:
            names[name] = value


def _unset(args: Namespace) -> None:
    _only_global("local" if args.local else None)
    for key in args.keys:
        section, name = _key(key)
        if name is None:
            raise LapisError(ErrorCode.USAGE, f"usage: az config unset SECTION.NAME …, not '{key}'.")
        _keep(section, name, None)


def _get(args: Namespace) -> Any:
    _only_global("local" if args.local else None)
    sections = _sections()
    if args.key is None:
        return {section: _rows(section, names) for section, names in sections.items()}
    section, name = _key(args.key)
    rows = _rows(section, sections.get(section, {}))
    if name is None:
        return rows
    for row in rows:
        if row["name"] == name:
            return row
    raise LapisError(ErrorCode.USAGE, f"Configuration '{args.key}' is not set.")


def _sections() -> dict[str, dict[str, str]]:
    kept = state().read().get("config", {})
    found = {_DEFAULTS: read_defaults(home_folder()), **kept}
    return {section: names for section, names in found.items() if names}


def _rows(section: str, names: Mapping[str, str]) -> list[dict[str, str]]:
    source = home_folder() / "config.json" if section == _DEFAULTS else state().path
    return [{"name": name, "source": str(source), "value": value} for name, value in names.items()]


def _key(text: str) -> tuple[str, str | None]:
    section, dot, name = text.strip().partition(".")
    return section, name if dot else None


_LOCAL = flag("--local", action="store_true", help="refused: defaults are kept once for a LAPIS_HOME")

COMMANDS: dict[str, Verb] = {
    "configure": command(
        "keep defaults, or list them",
        _configure,
        flag("--defaults", "-d", nargs="*", action="extend", metavar="NAME=VALUE", help="NAME= forgets one"),
        flag("--list-defaults", "-l", nargs="?", const="true", metavar="true", help="show the defaults"),
        flag("--scope", choices=("global", "local"), help="global; local is refused"),
    ),
    "config set": command("keep settings", _set, flag("pairs", nargs="+", metavar="SECTION.NAME=VALUE"), _LOCAL),
    "config get": command("show settings", _get, flag("key", nargs="?", metavar="SECTION[.NAME]"), _LOCAL),
    "config unset": command("forget settings", _unset, flag("keys", nargs="+", metavar="SECTION.NAME"), _LOCAL),
}
