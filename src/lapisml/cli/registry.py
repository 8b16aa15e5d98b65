"""``lapis registry``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import AddArguments, Verb, add_cloud_scope, run_noun

if TYPE_CHECKING:
    from lapisml.sdk.operations.registries import RegistryOperations

_COLUMNS = ("name", "location", "description")
_KEYS = ("display_name", "description", "location", "public_network_access")


def _name(required: bool) -> AddArguments:
    def add(parser: ArgumentParser) -> None:
        options = ("--name", "-n", "--registry-name")
        parser.add_argument(*options, dest="name", required=required, metavar="NAME", help="the registry")
        add_cloud_scope(parser, refuse_registry=False)

    return add


def _settings(parser: ArgumentParser) -> None:
    for key in _KEYS:
        short = ("-l",) if key == "location" else ()
        text = "its " + key.replace("_", " ")
        parser.add_argument("--" + key.replace("_", "-"), *short, metavar="VALUE", help=text)
    parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    show(args, _operations(args).begin_create(submission(args, "registry", _keys(args))).result())


def _keys(args: Namespace) -> tuple[str, ...]:
    return (*_KEYS, "tags") if args.tags is not None else _KEYS


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import edited, file_keys

    found = _operations(args)
    record = found.get(args.name or file_keys(args, "registry").get("name"))
    changes = edited(args, record, flags.given(args, *_KEYS))
    show(args, found.change(record["name"], changes) if changes else record)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete registry '{args.name}' with everything in it?")
    _operations(args).begin_delete(args.name)


def _operations(args: Namespace) -> RegistryOperations:
    from lapisml.sdk.operations.registries import RegistryOperations

    return RegistryOperations(open_session(args))


VERBS = {
    "create": Verb("create a registry", _create, (flags.file(), _name(False), _settings, flags.sets, flags.no_wait)),
    "show": Verb("show a registry", lambda args: show(args, _operations(args).get(args.name)), (_name(True),)),
    "list": Verb(
        "list the registries",
        lambda args: show(args, list(_operations(args).list(max_results=args.max_results)), _COLUMNS),
        (flags.max_results, add_cloud_scope),
    ),
    "update": Verb(
        "change a registry", _update, (_name(False), flags.file_for_update, _settings, flags.edits, flags.no_wait)
    ),
    "delete": Verb("delete a registry with everything in it", _delete, (_name(True), flags.yes, flags.no_wait)),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis registry words…``."""
    about = "Registries: models, environments, components and data that all workspaces share."
    return run_noun("registry", about, VERBS, words)
