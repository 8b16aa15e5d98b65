"""From a job document to the parts of its key.

Whatever is not named here as without effect on the result enters the key, so that a key of a document that is
new some day is in it from its first day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lapisml.core.errors import LapisError
from lapisml.core.reuse import StepKey, make_key
from lapisml.documents.references import CodeRef, parse
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.reuse.contents import Contents, UnknownContentError
from lapisml.server.features.workspaces.service import Workspace

_WITHOUT_EFFECT = frozenset(
    "$schema name id type display_name description tags properties experiment_name parent_job_name compute services "
    "identity queue_settings is_deterministic version creation_context logging_level job_name "
    "auto_delete_setting intellectual_property".split()
)
"""Keys of a job, of its trial or its component that say who, where or what it is called."""

_OUTSIDE_ENVIRONMENT = _WITHOUT_EFFECT | {"inference_config", "os_type", "datastore", "stage"}
"""Keys of an environment that change nothing of what is installed."""

_COMPOSED = frozenset({"trial", "task", "component"})
_DIRECT = "direct"
_LONGEST = 200


@dataclass(frozen=True)
class _Key:
    """A key in the making."""

    parts: dict[str, str]
    unknown: dict[str, str]


class PartReader:
    """Reads the parts of keys.

    Args:
        resolution: how strictly environments are honoured: part of what an environment is.
    """

    def __init__(self, assets: AssetService, contents: Contents, resolution: str) -> None:
        self._assets = assets
        self._contents = contents
        self._resolution = resolution

    def key(self, workspace: Workspace, document: Mapping[str, Any]) -> StepKey:
        """Make the key of a job document as it would be submitted now."""
        kind = str(document.get("type") or "command")
        parts: dict[str, str] = {"type": kind}
        unknown: dict[str, str] = {}
        if kind == "pipeline":
            unknown["type"] = "the steps of a pipeline are reused one by one"
        else:
            self._job(workspace, document, "", _Key(parts, unknown))
        return make_key(parts, unknown)

    def data_marks(self, workspace: Workspace, document: Mapping[str, Any]) -> dict[str, str]:
        """Give the parts that are the content of data: ``inputs.<name>`` → mark; those that can't be read lack."""
        parts: dict[str, str] = {}
        for name, given in (document.get("inputs") or {}).items():
            if _is_data(given):
                self._data(workspace, f"inputs.{name}", given, _Key(parts, {}))
        return {part: mark for part, mark in parts.items() if part.count(".") == 1}

    def _job(self, workspace: Workspace, document: Mapping[str, Any], prefix: str, into: _Key) -> None:
        for name, value in document.items():
            if value is None or name in _WITHOUT_EFFECT:
                continue
            place = prefix + name
            if name == "inputs":
                self._inputs(workspace, value, place, into)
            elif name == "environment":
                self._environment(workspace, value, place, into)
            elif name in _COMPOSED:
                self._part_of_it(workspace, value, place, into)
            else:
                into.parts.update(_plain(name, value, place, document))

    def _part_of_it(self, workspace: Workspace, value: Any, place: str, into: _Key) -> None:
        """Add a trial, a task or a component: a job within the job."""
        try:
            inner = value
            if not isinstance(inner, Mapping):
                inner = self._assets.resolve(workspace, AssetKind.COMPONENTS, str(value)).document
        except LapisError as error:
            into.unknown[place] = str(error)
            return
        into.parts[f"{place}.type"] = str(inner.get("type") or "command")
        self._job(workspace, inner, f"{place}.", into)

    def _inputs(self, workspace: Workspace, inputs: Mapping[str, Any], place: str, into: _Key) -> None:
        for name, given in inputs.items():
            if _is_data(given):
                self._data(workspace, f"{place}.{name}", given, into)
                continue
            literal = given.get("value", given.get("default")) if isinstance(given, Mapping) else given
            if literal is not None:
                into.parts[f"{place}.{name}"] = _text(str(literal))

    def _data(self, workspace: Workspace, place: str, given: Mapping[str, Any], into: _Key) -> None:
        kind, mode = str(given.get("type") or "uri_folder"), str(given.get("mode") or "ro_mount")
        assets = AssetKind.MODELS if kind.endswith("_model") else AssetKind.DATA
        path = str(given["path"])
        try:
            found = self._contents.of(workspace, path, assets)
            address = self._assets.resolve_uri(workspace, path, assets) if mode == _DIRECT else None
        except (UnknownContentError, LapisError) as error:
            into.unknown[place] = str(error)
            return
        told = {"": found.mark, ".type": kind, ".mode": mode, ".name": found.name, ".address": address}
        into.parts.update({place + key: value for key, value in told.items() if value is not None})

    def _environment(self, workspace: Workspace, value: Any, place: str, into: _Key) -> None:
        """Add an environment by what it holds, whatever it is called."""
        try:
            document = value
            if not isinstance(document, Mapping):
                document = self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, str(value)).document
            held = {k: v for k, v in document.items() if k not in _OUTSIDE_ENVIRONMENT and v is not None}
            build = held.get("build")
            if isinstance(build, Mapping) and build.get("path"):
                held["build"] = {**build, "path": self._contents.of(workspace, str(build["path"])).mark}
        except (UnknownContentError, LapisError) as error:
            into.unknown[place] = str(error)
            return
        into.parts[place] = f"sha256 {_sha256(_canonical({**held, 'resolution': self._resolution}))}"


def _plain(name: str, value: Any, place: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Give the parts of a key that needs nothing looked up."""
    if name == "outputs":
        return _outputs(value, place)
    if name == "code":
        return {place: _code(str(value))}
    if name == "limits" and document.get("type") != "sweep":  # of a sweep, they say how many trials there are
        return {}
    if name == "resources":
        count = str((value or {}).get("instance_count") or 1)
        return {f"{place}.instance_count": count} if count != "1" else {}
    if name in ("limits", "environment_variables") and isinstance(value, Mapping):
        return {f"{place}.{key}": _text(str(inner)) for key, inner in value.items() if inner is not None}
    return {place: _text(value if isinstance(value, str) else _canonical(value))}


def _outputs(outputs: Mapping[str, Any], place: str) -> dict[str, str]:
    """Give what is fixed of each output; where nothing is, only that it is declared."""
    parts = {}
    for name, declared in outputs.items():
        given = declared if isinstance(declared, Mapping) else {}
        fixed = {key: str(given[key]) for key in ("path", "mode", "name", "version") if given.get(key)}
        parts[f"{place}.{name}"] = " ".join(
            [str(given.get("type") or "uri_folder"), *(f"{key}={value}" for key, value in fixed.items())]
        )
    return parts


def _code(reference: str) -> str:
    parsed = parse(reference)
    return f"sha256 {parsed.digest}" if isinstance(parsed, CodeRef) else _text(reference)


def _is_data(given: Any) -> bool:
    return isinstance(given, Mapping) and given.get("path") is not None


def _text(value: str) -> str:
    """Give a value as it is when it is short, else its digest."""
    return value if len(value) <= _LONGEST else f"sha256 {_sha256(value)}"


def _canonical(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
