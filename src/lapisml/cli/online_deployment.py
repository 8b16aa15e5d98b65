"""``lapis online-deployment``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import endpoint_flags, flags, web
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, refuse, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.operations.online_deployments import OnlineDeploymentOperations
    from lapisml.sdk.poller import Poller
    from lapisml.sdk.submission import Submission

_COLUMNS = ("name", "endpoint_name", "provisioning_state", "instance_count", "instance_type")
_KIND = "online-deployment"
_PACKAGE = "models are not packaged into images; a deployment takes the model as it is: leave the flag out."


def _all_traffic(parser: ArgumentParser) -> None:
    parser.add_argument("--all-traffic", action="store_true", help="give it all requests once it is ready")


def _how(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--skip-script-validation", action="store_true", help="accepted; a script is tried by starting it"
    )
    parser.add_argument("--local-enable-gpu", action="store_true", help="accepted; it sees the machine's GPUs anyway")
    parser.add_argument("--vscode-debug", action="store_true", help="refused: there is no container to attach to")
    refuse(parser, "--package-model", f"--package-model: {_PACKAGE}")
    refuse(parser, "--with-package", f"--with-package: {_PACKAGE}")


def _log_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--lines", "-l", type=int, default=50, metavar="N", help="at most N lines; default 50")
    names = "inference-server (default): what it prints; storage-initializer: how it was prepared"
    parser.add_argument("--container", "-c", metavar="NAME", help=names)


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    if args.all_traffic and args.no_wait:
        hint = "Leave --no-wait out, or give it the traffic later: lapis online-endpoint update --traffic"
        raise LapisError(ErrorCode.USAGE, "--all-traffic waits for the deployment to be ready.", hint)
    _make(args, submission(args, _KIND, ("endpoint_name",)), args.all_traffic)


def _update(args: Namespace) -> None:
    found = _operations(args)
    edited = endpoint_flags.edited_submission(
        args, _KIND, lambda endpoint, name: found.get(name, str(endpoint), local=args.local), {}
    )
    _make(args, edited, False)


def _make(args: Namespace, made: Submission, all_traffic: bool) -> None:
    name, endpoint = made.name(), str(made.document.get("endpoint_name") or "")
    found = _operations(args)
    if args.local and args.no_wait:
        raise LapisError(ErrorCode.USAGE, "A local deployment is made by the command itself: leave --no-wait out.")
    if args.local and not args.vscode_debug:
        poller: Poller[Any] = found.begin_local(made)
    else:
        poller = found.begin_create_or_update(made, local=args.local, vscode_debug=args.vscode_debug)
    then = (lambda: _give_traffic(args, endpoint, name)) if all_traffic else None
    endpoint_flags.finish(args, poller, f"Deployment '{name}'", then, ("online-endpoints", endpoint))


def _give_traffic(args: Namespace, endpoint: str, name: str) -> None:
    """Send all requests of an endpoint to one deployment."""
    from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations

    endpoints = OnlineEndpointOperations(open_session(args))
    record = endpoints.get(endpoint, local=args.local)
    whole = endpoint_flags.changed("online-endpoint", record, {"traffic": {name: 100}})
    endpoints.begin_create_or_update(whole, local=args.local).result()


def _show(args: Namespace) -> None:
    record = _operations(args).get(args.name, args.endpoint_name, local=args.local)
    web.tell_page_of(args, "online-endpoints", args.endpoint_name)
    show(args, record)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete deployment '{args.name}' of endpoint '{args.endpoint_name}'?")
    poller = _operations(args).begin_delete(args.name, args.endpoint_name, local=args.local)
    if not args.no_wait:
        poller.wait()


def _logs(args: Namespace) -> None:
    text = _operations(args).get_logs(
        args.name, args.endpoint_name, args.lines, container_type=args.container, local=args.local
    )
    if args.output_was_given or args.query:
        show(args, text)
    elif text:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _list(args: Namespace) -> None:
    show(args, list(_operations(args).list(args.endpoint_name, local=args.local)), _COLUMNS)


def _operations(args: Namespace) -> OnlineDeploymentOperations:
    from lapisml.sdk.operations.online_deployments import OnlineDeploymentOperations

    return OnlineDeploymentOperations(open_session(args))


_ONE: tuple[Any, ...] = (flags.name(), endpoint_flags.endpoint_name(), endpoint_flags.local, flags.scope)
_ANY: tuple[Any, ...] = (flags.name(required=False), endpoint_flags.endpoint_name(required=False))
VERBS = {
    "create": Verb(
        "create a deployment: a model that answers for an endpoint",
        _create,
        (
            flags.file(required=True), *_ANY, _all_traffic, endpoint_flags.local, web.flag(), flags.sets,
            endpoint_flags.no_wait, _how, flags.scope,
        ),
    ),
    "update": Verb(
        "change a deployment; what answers now goes on until the new one is ready",
        _update,
        (
            *_ANY, flags.edits, flags.file_for_update, endpoint_flags.local, web.flag(),
            endpoint_flags.no_wait, _how, flags.scope,
        ),
    ),
    "show": Verb("show a deployment and how it gets on", _show, (*_ONE, web.flag())),
    "list": Verb(
        "list the deployments of an endpoint",
        _list,
        (endpoint_flags.endpoint_name(), endpoint_flags.local, flags.scope),
    ),
    "get-logs": Verb("print the end of a deployment's log", _logs, (*_ONE, _log_flags)),
    "delete": Verb("delete a deployment that gets no requests", _delete, (*_ONE, endpoint_flags.delete_flags)),
}  # fmt: skip


def run(words: Sequence[str]) -> int:
    """Run ``lapis online-deployment words…``."""
    return run_noun("online-deployment", "Deployments: the models behind online endpoints.", VERBS, words)
