"""The verbs that data, environments, models and components share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lapisml.cli import flags, web
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import AddArguments, Verb
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.operations.assets import AssetOperations

COLUMNS = ("name", "version", "type", "description", "stage")


def asset_verbs(kind: str, noun: str, create: tuple[AddArguments, ...], keys: tuple[str, ...]) -> dict[str, Verb]:
    """Make create, show, list, update, archive and restore of one kind.

    Args:
        kind: ``data``, ``model``, ``environment`` or ``component``.
        noun: how help calls one.
        create: adds the flags that set keys of the document.
        keys: the keys that those flags set.
    """
    do = _Commands(kind, keys)
    one = (flags.name(), flags.version, flags.label, flags.asset_scope)
    page = web.flag()
    new = (
        flags.file(),
        flags.name(required=False),
        flags.version,
        *create,
        flags.sets,
        flags.no_wait,
        page,
        flags.asset_scope,
    )
    names = flags.name(required=False, text="all versions of this name")
    listed = (names, flags.archived, flags.max_results, flags.tag, flags.asset_scope)
    which = (
        flags.name(required=False, text="its name; else the file's"),
        flags.version,
        flags.label,
        flags.asset_scope,
    )
    shared = (flags.name(), flags.version, flags.label, _share_flags, flags.source_scope)
    edit = (*which, flags.edits, flags.values(("--description", "what it is")), flags.file_for_update)
    return {
        "create": Verb(f"create a version of {noun}", do.create, new),
        "show": Verb(f"show a version of {noun}; the latest when none is named", do.show, (*one, page)),
        "list": Verb(f"list {noun}s, or the versions of one", do.list, listed),
        "update": Verb(f"change description, tags and properties of {noun}", do.update, edit),
        "archive": Verb(f"hide {noun}, or a version of it, from lists", do.archive, one),
        "restore": Verb(f"show {noun} in lists again", do.restore, one),
        "share": Verb(f"copy a version of {noun} into a registry", do.share, shared),
    }


def operations(args: Namespace, kind: str) -> AssetOperations:
    """Make the operations of a kind in the workspace that is meant."""
    from lapisml.sdk.operations.assets import AssetOperations

    return AssetOperations(open_session(args), kind)


def _share_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--registry-name", dest="to_registry", required=True, metavar="NAME", help="the registry")
    parser.add_argument("--share-with-name", metavar="NAME", help="its name there; as here when left out")
    parser.add_argument("--share-with-version", metavar="VERSION", help="its version there; as here when left out")


class _Commands:
    """The work behind the verbs of one kind."""

    def __init__(self, kind: str, keys: tuple[str, ...]) -> None:
        self._kind = kind
        self._keys = keys

    def create(self, args: Namespace) -> None:
        from lapisml.cli.documents import submission

        self._show(args, self._operations(args).create_or_update(submission(args, self._kind, self._keys)))

    def show(self, args: Namespace) -> None:
        self._show(args, self._operations(args).get(args.name, args.version, args.label))

    def _show(self, args: Namespace, record: Mapping[str, Any]) -> None:
        if args.registry_name is None:
            noun = self._kind if self._kind == "data" else f"{self._kind}s"
            web.tell_page_of(args, noun, str(record["name"]), str(record["version"]))
        show(args, record)

    def list(self, args: Namespace) -> None:
        found = self._operations(args).list(
            args.name,
            list_view_type=flags.list_view(args),
            tag=args.tag,
            max_results=args.max_results,
            stage=getattr(args, "stage", None),
        )
        show(args, [*found], COLUMNS)

    def update(self, args: Namespace) -> None:
        from lapisml.cli.documents import edited, updated_asset

        found, given = self._operations(args), flags.given(args, "description")
        name, version = self._meant(args)
        record = found.get(name, version, args.label)
        if (whole := updated_asset(args, self._kind, record, given)) is not None:
            show(args, found.create_or_update(whole))
            return
        changes = edited(args, record, given)
        show(args, found.change(name, str(record["version"]), None, changes) if changes else record)

    def archive(self, args: Namespace) -> None:
        self._operations(args).archive(args.name, args.version, args.label)

    def restore(self, args: Namespace) -> None:
        self._operations(args).restore(args.name, args.version, args.label)

    def share(self, args: Namespace) -> None:
        made = self._operations(args).share(
            args.name,
            args.version,
            registry_name=args.to_registry,
            share_with_name=args.share_with_name,
            share_with_version=args.share_with_version,
            label=args.label,
        )
        show(args, made)

    def _meant(self, args: Namespace) -> tuple[str, str | None]:
        """Give name and version of what ``update`` changes: those of the flags, else those of the file."""
        from lapisml.cli.documents import file_keys

        if args.name is not None:
            return args.name, args.version
        keys = file_keys(args, self._kind)
        if not keys.get("name"):
            raise LapisError(ErrorCode.USAGE, f"Say which {self._kind} to update: --name, or a --file with a name.")
        version = args.version if args.label or args.version else keys.get("version")
        return str(keys["name"]), None if version is None else str(version)

    def _operations(self, args: Namespace) -> AssetOperations:
        return operations(args, self._kind)
