"""``lapis online-endpoint``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import endpoint_flags, flags, web
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, run_noun

if TYPE_CHECKING:
    from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations

_COLUMNS = ("name", "auth_mode", "provisioning_state", "traffic_shares", "scoring_uri")
_KIND = "online-endpoint"


def _auth_mode(parser: ArgumentParser) -> None:
    parser.add_argument("--auth-mode", metavar="MODE", help="key (default), aml_token or aad_token")


def _traffic(parser: ArgumentParser) -> None:
    who, copies = 'who answers: "blue=90 green=10"; others get nothing', 'who gets copies that nobody sees: "green=10"'
    parser.add_argument("--traffic", "-r", nargs="+", metavar="DEPLOYMENT=PERCENT", help=who)
    parser.add_argument("--mirror-traffic", nargs="+", metavar="DEPLOYMENT=PERCENT", help=copies)


def _invoke_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--request-file", "-r", required=True, metavar="FILE", help="what to ask")
    parser.add_argument("--deployment-name", "-d", metavar="NAME", help="who is to answer; else the traffic rules say")


def _key_type(parser: ArgumentParser) -> None:
    parser.add_argument("--key-type", default="primary", metavar="KEY", help="primary (default) or secondary")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    made = submission(args, _KIND, ("auth_mode",))
    _finish(args, _operations(args).begin_create_or_update(made, local=args.local), made.name())


def _update(args: Namespace) -> None:
    found = _operations(args)
    given: dict[str, Any] = flags.given(args, "auth_mode")
    for key in ("traffic", "mirror_traffic"):
        words = getattr(args, key)
        if words is not None:
            given[key] = endpoint_flags.percentages(" ".join(words))
    edited = endpoint_flags.edited_submission(args, _KIND, lambda _, name: found.get(name, local=args.local), given)
    _finish(args, found.begin_create_or_update(edited, local=args.local), edited.name())


def _finish(args: Namespace, poller: Any, name: str) -> None:
    endpoint_flags.finish(args, poller, f"Endpoint '{name}'", page=("online-endpoints", name))


def _show(args: Namespace) -> None:
    record = _operations(args).get(args.name, local=args.local)
    web.tell_page_of(args, "online-endpoints", args.name)
    show(args, record)


def _list(args: Namespace) -> None:
    found = list(_operations(args).list(local=args.local))
    show(args, [_row(record) for record in found] if args.output == "table" else found, _COLUMNS)


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """Give a record with its traffic as a single value, for a table."""
    shares = " ".join(f"{name}={share}" for name, share in (record.get("traffic") or {}).items())
    return {**record, "traffic_shares": shares or None}


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete endpoint '{args.name}' and its deployments?")
    poller = _operations(args).begin_delete(args.name, local=args.local)
    if not args.no_wait:
        poller.wait()


def _invoke(args: Namespace) -> None:
    answer = _operations(args).invoke(
        args.name, request_file=args.request_file, deployment_name=args.deployment_name, local=args.local
    )
    show(args, answer)


def _operations(args: Namespace) -> OnlineEndpointOperations:
    from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations

    return OnlineEndpointOperations(open_session(args))


_ONE = (flags.name(), flags.scope)
VERBS = {
    "create": Verb(
        "create an endpoint: an address and its keys; deployments answer behind it",
        _create,
        (
            flags.file(), flags.name(required=False), _auth_mode, endpoint_flags.local, web.flag("-e"),
            flags.sets, endpoint_flags.no_wait, flags.scope,
        ),
    ),
    "update": Verb(
        "change an endpoint: who answers which share of the requests, tags",
        _update,
        (
            flags.name(required=False), _traffic, _auth_mode, flags.edits, flags.file_for_update,
            endpoint_flags.local, web.flag("-e"), endpoint_flags.no_wait, flags.scope,
        ),
    ),
    "show": Verb(
        "show an endpoint, its address and its traffic", _show, (*_ONE, endpoint_flags.local, web.flag("-e"))
    ),
    "list": Verb("list the endpoints", _list, (endpoint_flags.local, flags.scope)),
    "invoke": Verb(
        "ask an endpoint and print its answer, as text within JSON; -o tsv prints it as it is",
        _invoke,
        (*_ONE, _invoke_flags, endpoint_flags.local),
    ),
    "get-credentials": Verb(
        "show the keys of an endpoint, or a token where it takes tokens",
        lambda args: show(args, _operations(args).credentials(args.name)),
        _ONE,
    ),
    "regenerate-keys": Verb(
        "replace one of the two keys; the other stays good",
        lambda args: _operations(args).begin_regenerate_keys(args.name, key_type=args.key_type).wait(),
        (*_ONE, _key_type, endpoint_flags.no_wait),
    ),
    "delete": Verb(
        "delete an endpoint with its deployments",
        _delete,
        (*_ONE, endpoint_flags.local, endpoint_flags.delete_flags),
    ),
}  # fmt: skip


def run(words: Sequence[str]) -> int:
    """Run ``lapis online-endpoint words…``."""
    return run_noun("online-endpoint", "Online endpoints: models that answer requests at an address.", VERBS, words)
