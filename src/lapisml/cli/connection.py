"""``lapis connection``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.documents.merge import SetOp
    from lapisml.sdk.operations.connections import ConnectionOperations
    from lapisml.sdk.submission import Submission

_COLUMNS = ("name", "type", "target", "description")
_KEYS = ("type", "target", "description")


def _settings(parser: ArgumentParser) -> None:
    parser.add_argument("--type", "-t", metavar="TYPE", help="kind of the other system, such as git or azure_sql_db")
    parser.add_argument("--target", metavar="ADDRESS", help="address of the other system")
    parser.add_argument("--description", "-d", metavar="VALUE", help="what it is")
    parser.add_argument("--tags", nargs="+", action="extend", metavar="KEY=VALUE", help="its tags")


def _credentials(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--credentials", nargs="+", action="extend", metavar="KEY=VALUE", help="credentials, over those of the document"
    )


def _secrets(parser: ArgumentParser) -> None:
    parser.add_argument("--populate-secrets", action="store_true", help="with its secrets; else they are masked")


def _types(parser: ArgumentParser) -> None:
    parser.add_argument("--type", "-t", metavar="TYPE", help="those of this type only")


def _create(args: Namespace) -> None:
    show(args, _operations(args).create_or_update(_submission(args)))


def _submission(args: Namespace) -> Submission:
    """Read the document: the file's keys, then the flags, then ``--credentials`` and ``--set``."""
    from lapisml.documents.loading import load_document
    from lapisml.documents.merge import assign_op, parse_ops
    from lapisml.sdk.submission import Submission

    values = flags.given(args, "name", *_KEYS)
    ops = [assign_op(key, value, f"--{key}") for key, value in values.items()]
    ops += [*_credential_ops(args), *parse_ops(args.set or ())]
    return Submission(load_document(args.file, overrides=ops, kind="connection"))


def _credential_ops(args: Namespace) -> list[SetOp]:
    from lapisml.documents.merge import assign_op

    made = []
    for text in args.credentials or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise LapisError(ErrorCode.USAGE, "--credentials takes key=value, such as password=…")
        made.append(assign_op(f"credentials.{key}", value, "--credentials"))
    return made


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import updated_submission

    found = _operations(args)
    submission = updated_submission(args, "connection", found.get, [*_credential_ops(args)])
    show(args, found.create_or_update(submission))


def _show(args: Namespace) -> None:
    show(args, _operations(args).get(args.name, populate_secrets=args.populate_secrets))


def _list(args: Namespace) -> None:
    found = _operations(args).list(args.type, populate_secrets=args.populate_secrets, max_results=args.max_results)
    show(args, list(found), _COLUMNS)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Forget connection '{args.name}' and its credentials?")
    _operations(args).delete(args.name)


def _operations(args: Namespace) -> ConnectionOperations:
    from lapisml.sdk.operations.connections import ConnectionOperations

    return ConnectionOperations(open_session(args))


_NAMED = (flags.file(), flags.name(required=False))

VERBS = {
    "create": Verb("create a connection", _create, (*_NAMED, _settings, _credentials, flags.sets, flags.scope)),
    "show": Verb("show a connection", _show, (flags.name(), _secrets, flags.scope)),
    "list": Verb("list the connections", _list, (_types, _secrets, flags.max_results, flags.scope)),
    "update": Verb("change a connection", _update, (*_NAMED, _credentials, flags.edits, flags.scope)),
    "delete": Verb("forget a connection and its credentials", _delete, (flags.name(), flags.yes, flags.scope)),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis connection words…``."""
    return run_noun("connection", "Connections: other systems, with the credentials for them.", VERBS, words)
