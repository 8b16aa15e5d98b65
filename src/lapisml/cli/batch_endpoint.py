"""``lapis batch-endpoint``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import endpoint_flags, flags, web
from lapisml.cli.context import note, open_session, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.invocation import Invocation
    from lapisml.sdk.operations.batch_endpoints import BatchEndpointOperations

_COLUMNS = ("name", "auth_mode", "provisioning_state", "description", "scoring_uri")
_JOB_COLUMNS = ("name", "display_name", "status", "experiment_name", "start_time")
_KIND = "batch-endpoint"


def _settings(parser: ArgumentParser) -> None:
    parser.add_argument("--auth-mode", metavar="MODE", help="aad_token; the token of the server is what is asked for")
    parser.add_argument(
        "--defaults", metavar="deployment_name=NAME", help="the deployment that invocations use when they name none"
    )


def _input_flags(parser: ArgumentParser) -> None:
    where = "a local path, azureml:<asset>:<version>, azureml://datastores/…, another URI"
    parser.add_argument("--input", metavar="PATH", help=f"the data: {where}")
    parser.add_argument("--input-type", "-t", metavar="TYPE", help="uri_folder (default), uri_file or mltable")
    parser.add_argument(
        "--inputs", "-i", nargs="+", action="extend", metavar="NAME=VALUE", help="inputs by name, or all as JSON"
    )
    parser.add_argument("--file", "-f", metavar="YAML", help="document with `inputs` and `outputs`")


def _output_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--output-path", metavar="URI", help="folder to write to: azureml://datastores/…/paths/…")
    parser.add_argument(
        "--outputs", nargs="+", action="extend", metavar="NAME=URI", help="outputs by name, or all as JSON"
    )


def _job_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--deployment-name", "-d", metavar="NAME", help="the deployment; else the endpoint's default")
    parser.add_argument("--mini-batch-size", "-m", metavar="N", help="files, or rows, of a mini-batch; else its own")
    parser.add_argument("--instance-count", "-c", metavar="N", help="nodes; else the deployment's")
    parser.add_argument("--job-name", "-j", metavar="NAME", help="name of the job")
    parser.add_argument("--experiment-name", "-e", metavar="NAME", help="experiment of the job")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    if args.defaults is not None:
        args.set = [f"defaults.{_default(args.defaults)}", *(args.set or [])]
    made = submission(args, _KIND, ("auth_mode",))
    _finish(args, _operations(args).begin_create_or_update(made), made.name())


def _update(args: Namespace) -> None:
    found = _operations(args)
    given: dict[str, Any] = flags.given(args, "auth_mode")
    if args.defaults is not None:
        key, _, value = _default(args.defaults).partition("=")
        given["defaults"] = {key: value}
    edited = endpoint_flags.edited_submission(args, _KIND, lambda _, name: found.get(name), given)
    _finish(args, found.begin_create_or_update(edited), edited.name())


def _default(text: str) -> str:
    key, sign, value = text.partition("=")
    if key != "deployment_name" or not sign or not value:
        raise LapisError(ErrorCode.USAGE, f"--defaults {text[:60]}: write it as deployment_name=NAME.")
    return text


def _finish(args: Namespace, poller: Any, name: str) -> None:
    endpoint_flags.finish(args, poller, f"Batch endpoint '{name}'", page=("batch-endpoints", name))


def _delete(args: Namespace) -> None:
    flags.confirm(args, f"Delete batch endpoint '{args.name}' and its deployments? Its jobs stay.")
    poller = _operations(args).begin_delete(args.name)
    if not args.no_wait:
        poller.wait()


def _invoke(args: Namespace) -> None:
    job = _operations(args).start(args.name, _asked(args))
    for warning in job.get("warnings") or []:
        note(args, f"WARNING: {warning}")
    show(args, job)


def _asked(args: Namespace) -> Invocation:
    """Collect what the flags of an invocation ask for."""
    from lapisml.documents.merge import parse_ops
    from lapisml.sdk.invocation import THE_OUTPUT, Invocation, data_of

    asked = Invocation(args.deployment_name, args.experiment_name, args.file)
    if args.input_type is not None and args.input is None:
        raise LapisError(ErrorCode.USAGE, "--input-type says what --input is; there is no --input.")
    if args.input is not None:
        asked.take_input(args.input, args.input_type)
    inputs = _by_name(args.inputs, "--inputs")
    asked.take_inputs({name: data_of(v) if _is_place(v) else v for name, v in inputs.items()})
    asked.take_outputs(_by_name(args.outputs, "--outputs"))
    if args.output_path is not None:
        asked.take_outputs({THE_OUTPUT: args.output_path})
    asked.take_overrides([flags.given(args, "mini_batch_size", "instance_count", "job_name")])
    asked.take_ops(parse_ops(args.set or ()))
    return asked


def _by_name(words: Sequence[str] | None, flag: str) -> dict[str, Any]:
    """Read ``name=value …``, or one mapping as JSON."""
    import json

    from lapisml.documents.scalars import resolve

    if not words:
        return {}
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            found: dict[str, Any] = json.loads(words[0])
        except ValueError as error:
            raise LapisError(ErrorCode.USAGE, f"{flag}: this is no JSON: {error}.") from None
        return found
    pairs = [word.partition("=") for word in words]
    if strange := next((name or word for (name, sign, _), word in zip(pairs, words, strict=True) if not sign), None):
        raise LapisError(ErrorCode.USAGE, f"{flag} {strange}: expected name=value.")
    return {name: resolve(value) if value else value for name, _, value in pairs}


def _is_place(value: Any) -> bool:
    """Say whether text of a flag is data: an address, or a path that leads somewhere."""
    from pathlib import Path

    if not isinstance(value, str):
        return False
    return value.startswith("azureml:") or "://" in value or ("/" in value and Path(value).expanduser().exists())


def _operations(args: Namespace) -> BatchEndpointOperations:
    from lapisml.sdk.operations.batch_endpoints import BatchEndpointOperations

    return BatchEndpointOperations(open_session(args))


def _show(args: Namespace) -> None:
    record = _operations(args).get(args.name)
    web.tell_page_of(args, "batch-endpoints", args.name)
    show(args, record)


_ONE = (flags.name(), flags.scope)
VERBS = {
    "create": Verb(
        "create a batch endpoint: a name under which models score whole files",
        _create,
        (
            flags.file(), flags.name(required=False), _settings, web.flag(), flags.sets,
            endpoint_flags.no_wait, flags.scope,
        ),
    ),
    "update": Verb(
        "change a batch endpoint: its default deployment, tags",
        _update,
        (
            flags.name(required=False), _settings, web.flag(), flags.edits, flags.file_for_update,
            endpoint_flags.no_wait, flags.scope,
        ),
    ),
    "show": Verb("show a batch endpoint", _show, (*_ONE, web.flag())),
    "list": Verb(
        "list the batch endpoints", lambda args: show(args, list(_operations(args).list()), _COLUMNS), (flags.scope,)
    ),
    "list-jobs": Verb(
        "list the jobs that invocations started, newest first",
        lambda args: show(args, list(_operations(args).list_jobs(args.name)), _JOB_COLUMNS),
        _ONE,
    ),
    "invoke": Verb(
        "start a job that scores data, and print it",
        _invoke,
        (*_ONE, _input_flags, _output_flags, _job_flags, flags.sets),
    ),
    "delete": Verb("delete a batch endpoint with its deployments", _delete, (*_ONE, endpoint_flags.delete_flags)),
}  # fmt: skip


def run(words: Sequence[str]) -> int:
    """Run ``lapis batch-endpoint words…``."""
    return run_noun("batch-endpoint", "Batch endpoints: models that score whole files and folders.", VERBS, words)
