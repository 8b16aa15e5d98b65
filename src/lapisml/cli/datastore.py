"""``lapis datastore``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, refuse, refused, run_noun

if TYPE_CHECKING:
    from lapisml.sdk.operations.datastores import DatastoreOperations

_COLUMNS = ("name", "type", "account_name", "container_name", "is_default", "description")
_SECRETS = "--include-secrets: credentials of a datastore are never given back."


def _include_secrets(parser: ArgumentParser) -> None:
    refuse(parser, "--include-secrets", _SECRETS)


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    show(args, _operations(args).create_or_update(submission(args, "datastore", ())))


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import updated_submission

    found = _operations(args)
    show(args, found.create_or_update(updated_submission(args, "datastore", found.get)))


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Forget datastore '{args.name}'? Its files stay where they are.")
    _operations(args).delete(args.name)


def _operations(args: Namespace) -> DatastoreOperations:
    from lapisml.sdk.operations.datastores import DatastoreOperations

    return DatastoreOperations(open_session(args))


VERBS = {
    "create": Verb(
        "create a datastore", _create, (flags.file(required=True), flags.name(required=False), flags.sets, flags.scope)
    ),
    "show": Verb(
        "show a datastore, without its credentials",
        lambda args: show(args, _operations(args).get(args.name)),
        (flags.name(), _include_secrets, flags.scope),
    ),
    "list": Verb(
        "list the datastores",
        lambda args: show(args, list(_operations(args).list(max_results=args.max_results)), _COLUMNS),
        (flags.max_results, _include_secrets, flags.scope),
    ),
    "update": Verb("change a datastore", _update, (flags.file(), flags.name(required=False), flags.edits, flags.scope)),
    "delete": Verb("forget a datastore; its files stay", _delete, (flags.name(), flags.yes, flags.scope)),
    "mount": refused("Datastores are not mounted on your machine; use azureml://datastores/… as the input of a job."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis datastore words…``."""
    return run_noun("datastore", "Datastores: where data is kept.", VERBS, words)
