"""What the commands for endpoints and their deployments share: flags, documents of updates, waiting."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.cli import flags
from lapisml.cli.context import note, show
from lapisml.cli.parsing import AddArguments
from lapisml.cli.web import tell_page_of
from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    from lapisml.documents.merge import SetOp
    from lapisml.sdk.poller import Poller
    from lapisml.sdk.submission import Submission

_NEVER_TAKEN = ("name", "endpoint_name")
"""Keys that say what is updated; those of the flags win over the file's."""


def local(parser: ArgumentParser) -> None:
    """Add ``--local``: on this machine, without a server."""
    parser.add_argument(
        "--local", nargs="?", const=True, default=False, type=_truth, metavar="BOOL", help="here, without a server"
    )


def no_wait(parser: ArgumentParser) -> None:
    """Add ``--no-wait`` for operations that take their time."""
    parser.add_argument("--no-wait", action="store_true", help="return at once; the server goes on")


def endpoint_name(required: bool = True) -> AddArguments:
    """Make ``--endpoint-name/-e``."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("--endpoint-name", "-e", required=required, metavar="NAME", help="its endpoint")

    return add


def percentages(text: str) -> dict[str, int]:
    """Read ``blue=90 green=10``, also with commas between.

    Raises:
        LapisError: Usage, for what is no whole number of percent, and a name given twice.
    """
    found: dict[str, int] = {}
    for word in text.replace(",", " ").split():
        name, sign, value = word.partition("=")
        value = value.strip().removesuffix("%")
        if not name or not sign or not value.isdigit() or name in found:
            hint = 'Write it as "blue=90 green=10".'
            raise LapisError(ErrorCode.USAGE, f"'{word}' is no share of the traffic.", hint)
        found[name] = int(value)
    return found


def edited_submission(
    args: Namespace, kind: str, read: Callable[[str | None, str], dict[str, Any]], given: Mapping[str, Any]
) -> Submission:
    """Read and check the whole document of an ``update``.

    What the server has comes first, then the file's keys, then flags of their own, then ``--set`` and its like. Local
    paths in the file and in ``--set`` start from the file, as for ``create``.

    Args:
        args: with `name`, `file`, `set`, `remove`, `add`, and `endpoint_name` for a deployment.
        kind: of the document.
        read: gives the record of an endpoint (None for endpoints themselves) and a name.
        given: keys that flags of their own set.

    Raises:
        LapisError: Usage when nothing says what to update; DocumentInvalid …
    """
    from lapisml.cli.documents import edit_ops
    from lapisml.documents.loading import load_document
    from lapisml.documents.merge import SetOp, parse_ops
    from lapisml.sdk.submission import Submission

    written = _written(args.file)
    sets = {str(op.path[0]): op.value for op in parse_ops(args.set or ()) if len(op.path) == 1}
    name, endpoint = (_meant(args, key, written, sets) for key in _NEVER_TAKEN)
    if not name or (endpoint is None and hasattr(args, "endpoint_name")):
        missing = "--name" if not name else "--endpoint-name"
        raise LapisError(ErrorCode.USAGE, f"Say which one to update: {missing}, or a --file that says it.")
    record = read(endpoint, name)
    named = {"name": name} | ({"endpoint_name": endpoint} if endpoint else {})
    kept = {key: value for key, value in _document(kind, record).items() if key not in written}
    ops: list[SetOp] = [SetOp("set", (key,), value) for key, value in {**kept, **named, **given}.items()]
    loaded = load_document(args.file, overrides=[*ops, *edit_ops(args)], kind=kind)
    return Submission(loaded)


def changed(kind: str, record: Mapping[str, Any], changes: Mapping[str, Any]) -> Submission:
    """Make the whole document of a record with some of its keys changed."""
    from lapisml.documents.loading import load_dict
    from lapisml.sdk.submission import Submission

    return Submission(load_dict({**_document(kind, record), **changes}, kind=kind))


def _written(file: str | None) -> dict[str, Any]:
    """Give the top level of a YAML file, as it stands there."""
    if file is None:
        return {}
    from lapisml.documents.files import read_yaml
    from lapisml.documents.source import plain

    top = plain(read_yaml(Path(file), file)[1])
    return top if isinstance(top, dict) else {}


def _meant(args: Namespace, key: str, written: Mapping[str, Any], sets: Mapping[str, Any]) -> str | None:
    found = getattr(args, key, None) or sets.get(key) or written.get(key)
    return None if found is None else str(found)


def _document(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the part of a record that is its document."""
    from lapisml.documents.registry import model_for

    known = model_for(kind, str(record.get("type"))).keys()
    return {key: value for key, value in record.items() if key in known and value is not None}


def finish(
    args: Namespace,
    poller: Poller[Any],
    what: str,
    then: Callable[[], Any] | None = None,
    page: tuple[str, str] | None = None,
) -> None:
    """Wait for an operation unless ``--no-wait`` was given, tell how it gets on, and show what came of it.

    Args:
        args: the command's flags.
        poller: of the operation.
        what: how a sentence calls it.
        then: what to do once it has succeeded.
        page: where ``--web`` leads: the noun and the name of the endpoint.
    """
    from lapisml.sdk.pending import PendingPoller

    if page is not None:
        tell_page_of(args, *page)
    if isinstance(poller, PendingPoller):
        if args.no_wait:
            show(args, poller.result(0))
            return
        poller.watching(_Teller(args, what))
    try:
        result = poller.result()
    except KeyboardInterrupt:
        note(args, f"\nNo longer waiting; {what} goes on being made or changed.")
        raise
    if then is not None:
        then()
    for warning in (result or {}).get("warnings") or []:
        note(args, f"WARNING: {warning}")
    show(args, result)


class _Teller:
    """Says each change of what is waited for in a line on stderr."""

    def __init__(self, args: Namespace, what: str) -> None:
        self._args = args
        self._what = what
        self._last = ("", "")

    def __call__(self, record: dict[str, Any]) -> None:
        state = str(record.get("provisioning_state") or "Succeeded")
        reason = str(record.get("provisioning_reason") or "").strip()
        told = (state, reason or (self._last[1] if state == self._last[0] else ""))
        if told != self._last and state != "Failed":
            note(self._args, f"{self._what}: {state}" + (f": {reason}" if reason else ""))
            sys.stderr.flush()
        self._last = told


def delete_flags(parser: ArgumentParser) -> None:
    """Add ``--yes`` and ``--no-wait``."""
    flags.yes(parser)
    no_wait(parser)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ArgumentTypeError(f"'{text}' is neither true nor false")
    return text.lower() == "true"
