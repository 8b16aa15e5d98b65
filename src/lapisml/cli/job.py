"""``lapis job``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import flags, job_why, web
from lapisml.cli.context import note, open_session, show
from lapisml.cli.parsing import Verb, refused, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.operations.jobs import JobOperations

_COLUMNS = ("name", "type", "display_name", "status", "experiment_name", "compute", "start_time")
_CHILD_COLUMNS = ("name", "step", "type", "status", "status_code", "compute", "start_time")
_FIRST = 50


def _create_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--stream", "-s", action="store_true", help="show the log until the job ends")
    parser.add_argument("--save-as", "-a", metavar="FILE", help="write the job's record to this YAML file")
    parser.add_argument("--skip-validation", action="store_true", help="leave out the check before the uploads")


def _list_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--parent-job-name", "-p", metavar="JOB", help="the jobs that this pipeline or sweep started")
    parser.add_argument("--experiment-name", metavar="NAME", help="of this experiment")
    parser.add_argument("--status", metavar="STATUS", help="in this state")
    parser.add_argument("--all-results", action="store_true", help=f"all; else the newest {_FIRST}")


def _download_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--download-path", "-p", metavar="FOLDER", default=".", help="where to; default: here")
    parser.add_argument("--output-name", metavar="OUTPUT", help="this output only")
    parser.add_argument("--all", action="store_true", help="artifacts and every output, also of all steps and trials")


def _node(parser: ArgumentParser) -> None:
    parser.add_argument("--node-index", "-i", type=int, default=0, metavar="N", help="node of the job; default 0")


def _create(args: Namespace) -> int | None:
    from lapisml.cli.documents import submission

    jobs = _operations(args)
    job = jobs.create_or_update(submission(args, "job", ()), skip_validation=args.skip_validation)
    for warning in job.get("warnings") or []:
        note(args, f"WARNING: {warning}")
    _after_show(args, job)
    if args.save_as:
        _save(args.save_as, job)
    if not args.stream:
        show(args, job)
        return None
    from lapisml.cli.streaming import follow_job

    note(args, f"Job {job['name']}")
    return follow_job(args, jobs, job["name"], show_record=args.query is not None or args.output_was_given)


def _after_show(args: Namespace, job: dict[str, Any]) -> None:
    web.tell_page(args, job["services"]["Studio"]["endpoint"])


def _save(path: str, job: dict[str, Any]) -> None:
    from pathlib import Path

    from lapisml.cli.output import render

    Path(path).write_text(render(job, "yaml"), encoding="utf-8")


def _show(args: Namespace) -> None:
    job = _operations(args).get(args.name)
    _after_show(args, job)
    show(args, job)


def _list(args: Namespace) -> None:
    if args.status is not None:
        _check_status(args.status)
    limit = args.max_results or (None if args.all_results else _FIRST)
    found = _operations(args).list(
        parent_job_name=args.parent_job_name,
        list_view_type=flags.list_view(args),
        experiment_name=args.experiment_name,
        status=args.status,
        tag=args.tag,
        max_results=limit,
    )
    show(args, list(found), _CHILD_COLUMNS if args.parent_job_name else _COLUMNS)


def _check_status(word: str) -> None:
    from lapisml.core.lifecycle import JobState

    states = [state.value for state in JobState]
    if word not in states:
        raise LapisError(ErrorCode.USAGE, f"--status '{word}' is none of {', '.join(states)}.")


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import edited

    jobs = _operations(args)
    record = jobs.get(args.name)
    changes = edited(args, record, {})
    job = jobs.change(args.name, changes) if changes else record
    _after_show(args, job)
    show(args, job)


def _cancel(args: Namespace) -> None:
    _operations(args).begin_cancel(args.name)


def _stream(args: Namespace) -> int:
    from lapisml.cli.streaming import follow_job

    jobs = _operations(args)
    if args.web:
        _after_show(args, jobs.get(args.name))
    return follow_job(args, jobs, args.name, show_record=False)


def _download(args: Namespace) -> None:
    from pathlib import Path

    everything = args.all or args.output_name is None
    target = Path(args.download_path) / args.name
    files = _operations(args).download(
        args.name, download_path=target, output_name=args.output_name, all=everything, children=args.all
    )
    note(args, f"{len(files)} files in {target}")


def _validate(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    answer = _operations(args).validate(submission(args, "job", ()))
    show(args, {"result": "Succeeded", "warnings": answer.get("warnings") or []})


def _operations(args: Namespace) -> JobOperations:
    from lapisml.sdk.operations.jobs import JobOperations

    return JobOperations(open_session(args))


_ONE = (flags.name(), flags.scope)
_web = web.flag("-e")
VERBS = {
    "create": Verb(
        "submit a job",
        _create,
        (flags.file(required=True), flags.name(required=False), flags.sets, _create_flags, _web, flags.scope),
    ),
    "show": Verb("show a job: its document, status and the reason for it", _show, (*_ONE, _web)),
    "list": Verb(
        "list jobs, newest first", _list, (_list_flags, flags.archived, flags.max_results, flags.tag, flags.scope)
    ),
    "stream": Verb(
        "show the log of a job, or the steps of a pipeline, until it ends; fails when it fails", _stream, (*_ONE, _web)
    ),
    "update": Verb(
        "change display name, description, tags or experiment of a job", _update, (*_ONE, flags.edits, _web)
    ),
    "cancel": Verb(
        "end a job: politely, then firmly",
        _cancel,
        (*_ONE, flags.no_wait),
    ),
    "archive": Verb("hide a job from lists", lambda args: _operations(args).archive(args.name), _ONE),
    "restore": Verb("show a job in lists again", lambda args: _operations(args).restore(args.name), _ONE),
    "download": Verb(
        "download logs, artifacts and outputs to <download path>/<job>/", _download, (*_ONE, _download_flags)
    ),
    "show-services": Verb(
        "show the services of a job",
        lambda args: show(args, _operations(args).show_services(args.name, args.node_index)),
        (*_ONE, _node),
    ),
    "why": job_why.VERB,
    "validate": Verb(
        "check a job's document and create nothing", _validate, (flags.file(required=True), flags.sets, flags.scope)
    ),
    "connect-ssh": refused("There is no SSH to a job's node: it is a process of the server's machine."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis job words…``."""
    return run_noun("job", "Jobs: submit, follow, change, cancel, download.", VERBS, words)
