"""From the flags of a command to a document: ``--file``, then the flags of its own, then ``--set`` and its like."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lapisml.cli.flags import given
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.loading import load_dict, load_document
from lapisml.documents.local_paths import local_text
from lapisml.documents.merge import Merged, SetOp, apply_ops, assign_op, parse_ops
from lapisml.sdk.submission import Submission

_KEYS = {
    "build_context": "build.path",
    "dockerfile_path": "build.dockerfile_path",
    "admin_username": "ssh_settings.admin_username",
    "admin_password": "ssh_settings.admin_password",
    "ssh_private_key_file": "ssh_settings.ssh_private_key_file",
    "ssh_port": "ssh_settings.ssh_port",
}
"""Flag → key of the document where they differ."""

_PATHS = ("path", "conda_file", "build_context", "ssh_private_key_file")
"""Flags whose local paths start from the working folder, not from the document's."""

_CHANGEABLE = ("description", "display_name", "tags", "properties", "stage")
"""Keys of an asset that may change; the others make up its content."""

_TEXTS = ("tags", "properties", "description", "display_name", "experiment_name", "stage")
"""Keys that hold text, whatever it looks like."""


def submission(args: Namespace, kind: str, keys: Sequence[str]) -> Submission:
    """Read and check the document that a ``create`` command is given.

    Args:
        args: with `file`, `name`, `version`, `set` as far as the command has them.
        kind: of the document.
        keys: further flags that set a key of the same name.

    Raises:
        LapisError: DocumentInvalid … with every fault and its place.
    """
    ops = [*_flag_ops(args, keys), *parse_ops(getattr(args, "set", None) or ())]
    return Submission(load_document(getattr(args, "file", None), overrides=ops, kind=kind), defer=True)


def updated_submission(
    args: Namespace, kind: str, read: Callable[[str], dict[str, Any]], more: Sequence[SetOp] = ()
) -> Submission:
    """Read and check the whole document of an ``update``: the record, the file's keys over it, then the flags.

    Args:
        args: with `name`, `file`, `set`, `remove`, `add`.
        kind: of the document.
        read: gives the record of a name.
        more: changes of further flags.

    Raises:
        LapisError: Usage when nothing says what to update; DocumentInvalid …
    """
    keys = file_keys(args, kind)
    name = args.name or keys.get("name")
    if not name:
        raise LapisError(ErrorCode.USAGE, f"Say which {kind} to update: --name, or a --file with a name.")
    from lapisml.documents.registry import model_for

    record = read(str(name))
    known = model_for(kind, str(record.get("type"))).keys()
    document = {key: value for key, value in record.items() if key in known}
    return Submission(load_dict({**document, **keys, "name": name}, overrides=[*more, *edit_ops(args)], kind=kind))


def updated_asset(args: Namespace, kind: str, record: Mapping[str, Any], flags: Mapping[str, Any]) -> Submission | None:
    """Read the document after ``--file`` of an asset's ``update`` when it holds more than what may change.

    Such a document is taken as ``create`` takes it, for the name and version of the record: files that it names
    are compared by content, and content that differs is a conflict.

    Args:
        args: with `file`, `set`, `remove`, `add`.
        kind: of the asset.
        record: as the server has it.
        flags: keys that flags of their own set.

    Returns:
        None without such a document: see `edited`.
    """
    keys = file_keys(args, kind)
    if not set(keys) - {*_CHANGEABLE, "name", "version", "type"}:
        return None
    kept = {key: record[key] for key in _CHANGEABLE if record.get(key) is not None and key not in keys}
    values = {**kept, **flags, "name": record["name"], "version": str(record["version"])}
    if "tags" in flags:
        values["tags"] = {**(keys.get("tags") or kept.get("tags") or {}), **flags["tags"]}
    ops = [assign_op(key, value, _flag(key)) for key, value in values.items()]
    return Submission(load_document(args.file, overrides=[*ops, *edit_ops(args)], kind=kind))


def edited(args: Namespace, record: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keys that an ``update`` changes, None for those that it removes.

    Args:
        args: with `file`, `set`, `remove`, `add`.
        record: as the server has it.
        flags: keys that flags of their own set.

    Raises:
        LapisError: Usage, for a path that leads nowhere.
    """
    base = {**record, **file_keys(args, None), **flags}
    if "tags" in flags:
        base["tags"] = {**(record.get("tags") or {}), **flags["tags"]}
    after = _as_written(apply_ops(base, edit_ops(args)))
    keys = dict.fromkeys([*record, *after])
    return {key: after.get(key) for key in keys if after.get(key) != record.get(key)}


def _as_written(merged: Merged) -> dict[str, Any]:
    """Give the changed document with text where its keys hold text: a tag ``yes`` is not a truth value."""
    written = [SetOp("set", path, text) for path, text in merged.texts.items() if path[0] in _TEXTS]
    return apply_ops(merged.data, written).data


def edit_ops(args: Namespace) -> list[SetOp]:
    """Read ``--set``, ``--remove`` and ``--add``."""
    removes = [" ".join(words) for words in args.remove or ()]
    return parse_ops(args.set or (), [_removed(text) for text in removes], args.add or ())


def _removed(text: str) -> str:
    """Write ``path index`` (az's way to remove from a list) as one path."""
    path, _, index = text.partition(" ")
    return f"{path}[{index}]" if index.isdigit() else text


def file_keys(args: Namespace, kind: str | None) -> dict[str, Any]:
    """Give the keys of the document after ``--file``, none without one."""
    if getattr(args, "file", None) is None:
        return {}
    return {k: v for k, v in load_document(args.file, kind=kind).data.items() if k != "$schema"}


def _flag_ops(args: Namespace, keys: Sequence[str]) -> list[SetOp]:
    values = given(args, "name", "version", *keys)
    for key in _PATHS:
        if local_text(values.get(key)) is not None:
            values[key] = str(Path.cwd() / Path(values[key]).expanduser())
    return [assign_op(_KEYS.get(key, key), value, _flag(key)) for key, value in values.items()]


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")
