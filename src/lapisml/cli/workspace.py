"""``lapis workspace``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import AddArguments, Verb, add_cloud_scope, refuse, refused, run_noun

if TYPE_CHECKING:
    from lapisml.sdk.operations.workspaces import WorkspaceOperations

_COLUMNS = ("name", "display_name", "location", "resource_group", "description")
_KEYS = ("display_name", "description", "location", "public_network_access", "image_build_compute")
_NETWORK = "the server listens on one address; there are no networks to manage."


def _name(required: bool) -> AddArguments:
    def add(parser: ArgumentParser) -> None:
        options = ("--name", "-n", "--workspace-name", "-w")
        text = "the workspace" if required else "the workspace; else config.json, `lapis configure`, default"
        parser.add_argument(*options, dest="name", required=required, metavar="NAME", help=text)
        add_cloud_scope(parser)

    return add


def _settings(parser: ArgumentParser) -> None:
    for key in _KEYS:
        short = ("-l",) if key == "location" else ()
        text = "its " + key.replace("_", " ")
        parser.add_argument("--" + key.replace("_", "-"), *short, metavar="VALUE", help=text)
    parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")
    refuse(parser, "--managed-network", f"--managed-network: {_NETWORK}", "-m")
    for flag in ("--storage-account", "--key-vault", "--application-insights", "--container-registry"):
        refuse(parser, flag, f"{flag}: storage, secrets and logs are the server's own; scripts may set it with --set.")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    show(args, _operations(args).begin_create(submission(args, "workspace", _KEYS)).result())


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import edited, file_keys

    found = _operations(args)
    record = found.get(args.name or file_keys(args, "workspace").get("name"))
    changes = edited(args, record, flags.given(args, *_KEYS))
    show(args, found.change(record["name"], changes) if changes else record)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete workspace '{args.name}'?")
    _operations(args).begin_delete(args.name, delete_dependent_resources=args.all_resources)


def _delete_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--all-resources", action="store_true", help="with everything that it holds")
    parser.add_argument("--permanently-delete", "-p", action="store_true", help="accepted; what is deleted is gone")


def _operations(args: Namespace) -> WorkspaceOperations:
    from lapisml.sdk.operations.workspaces import WorkspaceOperations

    return WorkspaceOperations(open_session(args))


VERBS = {
    "create": Verb("create a workspace", _create, (flags.file(), _name(False), _settings, flags.sets, flags.no_wait)),
    "show": Verb(
        "show a workspace, its MLflow address among others",
        lambda args: show(args, _operations(args).get(args.name)),
        (_name(False),),
    ),
    "list": Verb(
        "list the workspaces",
        lambda args: show(args, list(_operations(args).list(max_results=args.max_results)), _COLUMNS),
        (flags.max_results, add_cloud_scope),
    ),
    "update": Verb(
        "change a workspace", _update, (_name(False), flags.file_for_update, _settings, flags.edits, flags.no_wait)
    ),
    "delete": Verb("delete a workspace", _delete, (_name(True), _delete_flags, flags.yes, flags.no_wait)),
    "diagnose": refused("A workspace of Lapis has no cloud services to diagnose; see `lapis status`."),
    "list-keys": refused("A workspace of Lapis has no storage keys to hand out."),
    "sync-keys": refused("A workspace of Lapis has no storage keys to synchronise."),
    "provision-network": refused(f"There is nothing to provision: {_NETWORK}"),
    "outbound-rule": refused(f"There are no outbound rules: {_NETWORK}"),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis workspace words…``."""
    return run_noun("workspace", "Workspaces: each has its own assets, jobs and MLflow root.", VERBS, words)
