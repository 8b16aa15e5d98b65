"""``lapis batch-deployment``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import endpoint_flags, flags, web
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.operations.batch_deployments import BatchDeploymentOperations

_COLUMNS = ("name", "endpoint_name", "type", "provisioning_state", "compute", "description")
_JOB_COLUMNS = ("name", "display_name", "status", "experiment_name", "start_time")
_KIND = "batch-deployment"


def _set_default(parser: ArgumentParser) -> None:
    parser.add_argument("--set-default", action="store_true", help="make it the endpoint's default")


def _how(parser: ArgumentParser) -> None:
    parser.add_argument("--skip-script-validation", action="store_true", help="accepted; a script is tried by its job")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    if args.set_default and args.no_wait:
        raise LapisError(ErrorCode.USAGE, "--set-default waits for the deployment: leave --no-wait out.")
    made = submission(args, _KIND, ("endpoint_name",))
    poller = _operations(args).begin_create_or_update(made)
    name, endpoint = made.name(), str(made.document.get("endpoint_name") or "")
    then = (lambda: _make_default(args, endpoint, name)) if args.set_default else None
    endpoint_flags.finish(args, poller, f"Deployment '{name}'", then, ("batch-endpoints", endpoint))


def _make_default(args: Namespace, endpoint: str, name: str) -> None:
    """Make a deployment the one that invocations use when they name none."""
    from lapisml.sdk.operations.batch_endpoints import BatchEndpointOperations

    endpoints = BatchEndpointOperations(open_session(args))
    whole = endpoint_flags.changed("batch-endpoint", endpoints.get(endpoint), {"defaults": {"deployment_name": name}})
    endpoints.begin_create_or_update(whole).result()


def _update(args: Namespace) -> None:
    found = _operations(args)
    edited = endpoint_flags.edited_submission(args, _KIND, lambda endpoint, name: found.get(name, str(endpoint)), {})
    page = ("batch-endpoints", str(edited.document.get("endpoint_name") or ""))
    endpoint_flags.finish(args, found.begin_create_or_update(edited), f"Deployment '{edited.name()}'", page=page)


def _show(args: Namespace) -> None:
    record = _operations(args).get(args.name, args.endpoint_name)
    web.tell_page_of(args, "batch-endpoints", args.endpoint_name)
    show(args, record)


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete deployment '{args.name}' of batch endpoint '{args.endpoint_name}'? Its jobs stay.")
    poller = _operations(args).begin_delete(args.name, args.endpoint_name)
    if not args.no_wait:
        poller.wait()


def _jobs(args: Namespace) -> None:
    show(args, list(_operations(args).list_jobs(args.endpoint_name, name=args.name)), _JOB_COLUMNS)


def _list(args: Namespace) -> None:
    show(args, list(_operations(args).list(args.endpoint_name)), _COLUMNS)


def _operations(args: Namespace) -> BatchDeploymentOperations:
    from lapisml.sdk.operations.batch_deployments import BatchDeploymentOperations

    return BatchDeploymentOperations(open_session(args))


_ONE: tuple[Any, ...] = (flags.name(), endpoint_flags.endpoint_name(), flags.scope)
_ANY: tuple[Any, ...] = (flags.name(required=False), endpoint_flags.endpoint_name(required=False))
VERBS = {
    "create": Verb(
        "create a deployment of a model, of a pipeline component, or of a finished job",
        _create,
        (
            flags.file(required=True), *_ANY, _set_default, web.flag(), flags.sets,
            endpoint_flags.no_wait, _how, flags.scope,
        ),
    ),
    "update": Verb(
        "change a deployment",
        _update,
        (*_ANY, flags.edits, flags.file_for_update, web.flag(), endpoint_flags.no_wait, _how, flags.scope),
    ),
    "show": Verb("show a deployment", _show, (*_ONE, web.flag())),
    "list": Verb("list the deployments of a batch endpoint", _list, (endpoint_flags.endpoint_name(), flags.scope)),
    "list-jobs": Verb("list the jobs of a deployment, newest first", _jobs, _ONE),
    "delete": Verb("delete a deployment; its jobs stay", _delete, (*_ONE, endpoint_flags.delete_flags)),
}  # fmt: skip


def run(words: Sequence[str]) -> int:
    """Run ``lapis batch-deployment words…``."""
    return run_noun("batch-deployment", "Deployments: the models and pipelines behind batch endpoints.", VERBS, words)
