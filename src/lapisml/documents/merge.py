"""``--set``, ``--remove`` and ``--add``: changes to a document before it is validated.

Light: the standard library only. The grammar is that of ``az ml``: a dotted path with list indexes, ``=``, and a
value: JSON for a list or mapping, else a scalar as YAML reads it. A value in double quotes is text.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.paths import DocumentPath, Step, format_path, parse_path
from lapisml.documents.scalars import resolve
from lapisml.documents.words import nearest


@dataclass(frozen=True)
class SetOp:
    """One change.

    Attributes:
        verb: what to do at the path: put a value, take it away, or append to the list there.
        path: where.
        value: what to put or append.
        text: how the value was written, when writing and value differ (``01`` and 1).
        flag: how to name the change to the person: ``--set inputs.x``.
    """

    verb: Literal["set", "remove", "add"]
    path: DocumentPath
    value: Any = None
    text: str | None = None
    flag: str = ""


SetOps = Sequence[SetOp]


@dataclass
class Merged:
    """A changed document.

    Attributes:
        data: the document.
        texts: path → how a scalar that was put there was written.
        origins: path → the flag that put the value there.
        shifted: lists whose indexes no longer are those of the text.
    """

    data: dict[str, Any]
    texts: dict[DocumentPath, str] = field(default_factory=dict)
    origins: dict[DocumentPath, str] = field(default_factory=dict)
    shifted: set[DocumentPath] = field(default_factory=set)


def set_op(pair: str) -> SetOp:
    """Read ``path=value``.

    Raises:
        LapisError: Usage.
    """
    path, sign, value = _split(pair)
    if not sign:
        raise _usage(f"--set {pair}: expected path=value, for example --set inputs.rate=0.1")
    steps = _path("--set", path)
    resolved, text = _value(value)
    return SetOp("set", steps, resolved, text, f"--set {format_path(steps)}")


def remove_op(path: str) -> SetOp:
    """Read the path after ``--remove``.

    Raises:
        LapisError: Usage.
    """
    steps = _path("--remove", path)
    return SetOp("remove", steps, flag=f"--remove {format_path(steps)}")


def add_op(words: Sequence[str]) -> SetOp:
    """Read what follows ``--add``: a path to a list, then one value, or ``key=value`` pairs of one mapping.

    Raises:
        LapisError: Usage.
    """
    if len(words) < 2:
        raise _usage("--add: expected a path to a list and a value, for example --add tags_list blue")
    steps = _path("--add", words[0])
    pairs = [_split(word) for word in words[1:]]
    flag = f"--add {format_path(steps)}"
    if all(sign and not word.startswith(("{", "[", '"')) for word, (_, sign, _) in zip(words[1:], pairs, strict=True)):
        return SetOp("add", steps, {key: _value(value)[0] for key, _, value in pairs}, flag=flag)
    if len(words) > 2:
        raise _usage(f"--add {words[0]}: expected one value, or key=value pairs")
    resolved, text = _value(words[1])
    return SetOp("add", steps, resolved, text, flag)


def assign_op(path: str, value: Any, flag: str) -> SetOp:
    """Make the change that a flag of its own stands for, such as ``--name x``.

    Args:
        value: text is read as YAML reads a scalar where the document wants a number, and kept where it wants text.
        flag: ``--name``.
    """
    if not isinstance(value, str):
        return SetOp("set", parse_path(path), value, flag=flag)
    resolved = resolve(value) if value else value
    text = None if isinstance(resolved, str) else value
    return SetOp("set", parse_path(path), resolved, text, flag)


def parse_ops(sets: Iterable[str] = (), removes: Iterable[str] = (), adds: Iterable[Sequence[str]] = ()) -> list[SetOp]:
    """Read all changes of a command line; they are applied in this order.

    Raises:
        LapisError: Usage, for the first that can't be read.
    """
    return [*map(set_op, sets), *map(remove_op, removes), *map(add_op, adds)]


def apply_ops(data: dict[str, Any], ops: Iterable[SetOp]) -> Merged:
    """Return a changed copy of a document; `data` stays as it is.

    Missing mappings on the way to a value are made.

    Raises:
        LapisError: Usage, when a path leads through text, past the end of a list, or to nothing.
    """
    merged = Merged(copy.deepcopy(data))
    for op in ops:
        {"set": _set, "remove": _remove, "add": _add}[op.verb](merged, op)
    return merged


def _set(merged: Merged, op: SetOp) -> None:
    holder = _holder(merged.data, op, make=True)
    step = op.path[-1]
    if isinstance(holder, list):
        index = _index(holder, step, op, beyond=1)
        holder[index : index + 1] = [copy.deepcopy(op.value)]
        path: DocumentPath = (*op.path[:-1], index)
    else:
        holder[_key(step, op)] = copy.deepcopy(op.value)
        path = op.path
    _note(merged, path, op)


def _note(merged: Merged, path: DocumentPath, op: SetOp) -> None:
    for known in [known for known in merged.texts if known[: len(path)] == path]:
        del merged.texts[known]
    if op.text is not None:
        merged.texts[path] = op.text
    merged.origins[path] = op.flag


def _remove(merged: Merged, op: SetOp) -> None:
    holder = _holder(merged.data, op, make=False)
    step = op.path[-1]
    if isinstance(holder, list):
        del holder[_index(holder, step, op)]
        merged.shifted.add(op.path[:-1])
    else:
        _has(holder, step, op)
        del holder[step]


def _add(merged: Merged, op: SetOp) -> None:
    holder = _holder(merged.data, op, make=True)
    step = op.path[-1]
    items = holder[_index(holder, step, op)] if isinstance(holder, list) else holder.setdefault(_key(step, op), [])
    if items is None and isinstance(holder, dict):
        items = holder[_key(step, op)] = []
    if not isinstance(items, list):
        raise _usage(f"{op.flag}: `{format_path(op.path)}` is not a list")
    items.append(copy.deepcopy(op.value))
    _note(merged, (*op.path, len(items) - 1), op)


def _holder(data: dict[str, Any], op: SetOp, make: bool) -> Any:
    """Walk to the mapping or list that holds the last step of a path."""
    here: Any = data
    for at, step in enumerate(op.path[:-1]):
        if isinstance(here, list):
            here = here[_index(here, step, op)]
        elif make and here.get(_key(step, op)) is None:
            here[step] = {}
            here = here[step]
        else:
            _has(here, step, op)
            here = here[step]
        if not isinstance(here, (dict, list)):
            raise _usage(f"{op.flag}: `{format_path(op.path[: at + 1])}` is a single value, nothing is below it")
    return here


def _has(holder: dict[str, Any], step: Step, op: SetOp) -> None:
    if step not in holder:
        near = nearest(str(step), holder)
        raise _usage(f"{op.flag}: there is no `{step}`" + (f"; did you mean `{near}`?" if near else ""))


def _key(step: Step, op: SetOp) -> str:
    if isinstance(step, int):
        raise _usage(f"{op.flag}: [{step}] is an index, and there is no list")
    return step


def _index(items: list[Any], step: Step, op: SetOp, beyond: int = 0) -> int:
    if isinstance(step, str) and step.isdecimal():
        step = int(step)
    if not isinstance(step, int):
        raise _usage(f"{op.flag}: `{step}` is a key, and there is a list; use an index such as [0]")
    index = step + len(items) if step < 0 else step
    if not 0 <= index < len(items) + beyond:
        raise _usage(f"{op.flag}: the list has {len(items)} items, there is no [{step}]")
    return index


def _split(pair: str) -> tuple[str, str, str]:
    """Part ``path=value`` at the first ``=`` that is not within the quotes of a path."""
    quote, is_escaped = "", False
    for at, char in enumerate(pair):
        if is_escaped:
            is_escaped = False
        elif quote:
            is_escaped = char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'" and pair[at - 1] == "[":
            quote = char
        elif char == "=":
            return pair[:at], "=", pair[at + 1 :]
    return pair, "", ""


def _path(flag: str, text: str) -> DocumentPath:
    try:
        return parse_path(text)
    except ValueError as error:
        raise _usage(f"{flag} {text}: {error}") from error


def _value(text: str) -> tuple[Any, str | None]:
    """Read a value: (value, how it was written when that differs)."""
    if text[:1] in ("{", "[", '"'):
        try:
            return json.loads(text), None
        except ValueError:
            return text, None
        except RecursionError:
            raise _usage(f"'{text[:20]}…' holds lists and mappings too deep within each other") from None
    resolved = resolve(text) if text else text
    return resolved, None if isinstance(resolved, str) or resolved is None else text


def _usage(message: str) -> LapisError:
    return LapisError(ErrorCode.USAGE, message)
