"""The verbs that data, environments, models and components share."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import AddArguments, Verb

if TYPE_CHECKING:
    from lapisml.sdk.operations.assets import AssetOperations

COLUMNS = ("name", "version", "type", "description", "stage")
CHANGEABLE = ("description", "tags", "properties", "stage")


def asset_verbs(kind: str, noun: str, create: tuple[AddArguments, ...], keys: tuple[str, ...]) -> dict[str, Verb]:
    """Make create, show, list, update, archive and restore of one kind.

    Args:
        kind: ``data``, ``model``, ``environment`` or ``component``.
        noun: how help calls one.
        create: adds the flags that set keys of the document.
        keys: the keys that those flags set.
    """
    one = (flags.name(), flags.version, flags.label, flags.scope)

    def run_create(args: Namespace) -> None:
        from lapisml.cli.documents import submission

        show(args, operations(args, kind).create_or_update(submission(args, kind, keys)))

    def run_update(args: Namespace) -> None:
        from lapisml.cli.documents import edited

        found = operations(args, kind)
        record = found.get(args.name, args.version, args.label)
        changes = edited(args, record, flags.given(args, "description"))
        show(args, found.change(args.name, str(record["version"]), None, changes) if changes else record)

    def run_show(args: Namespace) -> None:
        show(args, operations(args, kind).get(args.name, args.version, args.label))

    def run_list(args: Namespace) -> None:
        found = operations(args, kind).list(
            args.name,
            list_view_type=flags.list_view(args),
            tag=args.tag,
            max_results=args.max_results,
            stage=getattr(args, "stage", None),
        )
        show(args, list(found), COLUMNS)

    def run_archive(args: Namespace) -> None:
        operations(args, kind).archive(args.name, args.version, args.label)

    def run_restore(args: Namespace) -> None:
        operations(args, kind).restore(args.name, args.version, args.label)

    named = (flags.name(required=False), flags.version)
    listed = (
        flags.name(required=False, text="all versions of this name"),
        flags.archived,
        flags.max_results,
        flags.tag,
    )
    edit = (*one, flags.edits, flags.values(("--description", "what it is")), flags.file_for_update)
    return {
        "create": Verb(
            f"create a version of {noun}",
            run_create,
            (flags.file(), *named, *create, flags.sets, flags.no_wait, flags.scope),
        ),
        "show": Verb(f"show a version of {noun}; the latest when none is named", run_show, one),
        "list": Verb(f"list {noun}s, or the versions of one", run_list, (*listed, flags.scope)),
        "update": Verb(f"change description, tags and properties of {noun}", run_update, edit),
        "archive": Verb(f"hide {noun}, or a version of it, from lists", run_archive, one),
        "restore": Verb(f"show {noun} in lists again", run_restore, one),
    }


def operations(args: Namespace, kind: str) -> AssetOperations:
    """Make the operations of a kind in the workspace that is meant."""
    from lapisml.sdk.operations.assets import AssetOperations

    return AssetOperations(open_session(args), kind)
