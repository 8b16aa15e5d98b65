"""``lapis schedule``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lapisml.cli import flags
from lapisml.cli.context import open_session, show
from lapisml.cli.parsing import Verb, run_noun
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.sdk.operations.schedules import ScheduleOperations

_COLUMNS = ("name", "display_name", "is_enabled", "next_fire_time", "last_firing", "provisioning_state")


def _which(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--disabled-only", action="store_true", help="disabled ones only")
    group.add_argument("--include-disabled", action="store_true", help="disabled ones too")


def _create(args: Namespace) -> None:
    from lapisml.cli.documents import submission

    show(args, _operations(args).begin_create_or_update(submission(args, "schedule", ())).result())


def _update(args: Namespace) -> None:
    from lapisml.cli.documents import updated_submission

    found, state = _operations(args), _asked_state(args)
    record = found.begin_create_or_update(updated_submission(args, "schedule", found.get)).result()
    if state is not None and state != record["is_enabled"]:
        turn = found.begin_enable if state else found.begin_disable
        record = turn(record["name"]).result()
    show(args, record)


def _asked_state(args: Namespace) -> bool | None:
    """Give what ``--set is_enabled=…`` says, None without it."""
    given = [text.partition("=")[2] for text in args.set or () if text.partition("=")[0] == "is_enabled"]
    if not given:
        return None
    if given[-1].lower() not in ("true", "false"):
        raise LapisError(ErrorCode.USAGE, f"--set is_enabled={given[-1][:40]}: write true or false.")
    return bool(given[-1].lower() == "true")


def _list(args: Namespace) -> None:
    view = "DisabledOnly" if args.disabled_only else "All" if args.include_disabled else "EnabledOnly"
    found = list(_operations(args).list(list_view_type=view, max_results=args.max_results))
    show(args, [_row(record) for record in found] if args.output == "table" else found, _COLUMNS)


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """Give a record with its next time and its last firing as single values, for a table."""
    upcoming, past = record.get("next_fire_times") or [], record.get("last_firings") or []
    last = f"{past[0]['state']} {past[0]['due']}" if past else None
    return {**record, "next_fire_time": upcoming[0] if upcoming else None, "last_firing": last}


def _delete(args: Namespace) -> None:
    _operations(args).begin_delete(args.name)


def _operations(args: Namespace) -> ScheduleOperations:
    from lapisml.sdk.operations.schedules import ScheduleOperations

    return ScheduleOperations(open_session(args))


_ONE = (flags.name(), flags.scope)
VERBS = {
    "create": Verb(
        "create a schedule, or give one another document",
        _create,
        (flags.file(required=True), flags.name(required=False), flags.sets, flags.no_wait, flags.scope),
    ),
    "update": Verb(
        "change a schedule",
        _update,
        (flags.name(required=False), flags.edits, flags.file_for_update, flags.no_wait, flags.scope),
    ),
    "show": Verb(
        "show a schedule, when it fires next and what became of the last firings",
        lambda args: show(args, _operations(args).get(args.name)),
        _ONE,
    ),
    "list": Verb("list the enabled schedules", _list, (_which, flags.max_results, flags.scope)),
    "enable": Verb(
        "let a schedule fire",
        lambda args: show(args, _operations(args).begin_enable(args.name).result()),
        (*_ONE, flags.no_wait),
    ),
    "disable": Verb(
        "keep a schedule from firing",
        lambda args: show(args, _operations(args).begin_disable(args.name).result()),
        (*_ONE, flags.no_wait),
    ),
    "trigger": Verb(
        "make a job of a schedule now", lambda args: show(args, _operations(args).trigger(args.name)), _ONE
    ),
    "delete": Verb("delete a disabled schedule; its jobs stay", _delete, (*_ONE, flags.yes, flags.no_wait)),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis schedule words…``."""
    return run_noun("schedule", "Schedules: jobs made again and again, by cron or by recurrence.", VERBS, words)
