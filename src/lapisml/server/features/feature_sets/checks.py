"""What documents of feature sets and entities must say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.ids import is_valid_name
from lapisml.documents.words import nearest
from lapisml.server.features.feature_sets.store import FeatureKind

STAGES = ("Development", "Production", "Archived")

FIXED: dict[FeatureKind, tuple[str, ...]] = {
    FeatureKind.SET: ("entities", "specification"),
    FeatureKind.ENTITY: ("index_columns",),
}
"""What a version is about: it stays as it was first given."""

_COMMON = ("description", "tags", "properties", "stage")
_KEYS: dict[FeatureKind, tuple[str, ...]] = {
    FeatureKind.SET: (*_COMMON, "entities", "specification", "materialization_settings"),
    FeatureKind.ENTITY: (*_COMMON, "index_columns"),
}
_MAPPINGS = ("tags", "properties", "specification", "materialization_settings")
_REFERENCE = re.compile(
    r"(?:azureml:)?(?:/subscriptions/.+/featurestoreEntities/([^/]+)/versions/([^/]+)|([^/:]+):([^/:]+))", re.I
)


def check(kind: FeatureKind, name: str, version: str, document: Mapping[str, Any]) -> None:
    """Check a version.

    Raises:
        LapisError: DocumentInvalid, with a problem for every fault.
    """
    problems = [*_names(name, version), *_keys(kind, document), *_content(kind, document)]
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The {kind.value} is not valid.", problems=problems)


def entity_of(reference: str) -> tuple[str, str]:
    """Read the name and version of an entity from ``azureml:<name>:<version>`` or its id.

    Raises:
        LapisError: DocumentInvalid.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        expected = "azureml:<name>:<version>, or the entity's id"
        problem = Problem(f"'{reference}' names no entity", path="entities", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The feature set is not valid.", problems=[problem])
    name, version = found.group(1, 2) if found[1] else found.group(3, 4)
    return name, version


def _names(name: str, version: str) -> Iterator[Problem]:
    for path, word in (("name", name), ("version", version)):
        if not is_valid_name(word):
            expected = "letters, digits, `_`, `-`, `.`, beginning with a letter or digit"
            yield Problem(f"'{word}' can't be a {path}", path=path, expected=expected)


def _keys(kind: FeatureKind, document: Mapping[str, Any]) -> Iterator[Problem]:
    known = _KEYS[kind]
    for key in document.keys() - set(known):
        yield Problem(f"unknown key `{key}`", path=key, suggestion=nearest(key, known))
    for key in _MAPPINGS:
        if key in known and not isinstance(document.get(key, {}), Mapping):
            yield Problem(f"`{key}` has a wrong shape", path=key, expected="an object")
    stage = document.get("stage")
    if stage is not None and stage not in STAGES:
        yield Problem(f"there is no stage '{stage}'", path="stage", expected=", ".join(STAGES))


def _content(kind: FeatureKind, document: Mapping[str, Any]) -> Iterator[Problem]:
    if kind is FeatureKind.ENTITY:
        columns = document.get("index_columns")
        if not _is_list(columns, Mapping) or not all(each.get("column_name") for each in columns or ()):
            yield Problem("index columns are missing", path="index_columns", expected="columns with name and type")
        return
    if not _is_list(document.get("entities"), str):
        yield Problem("entities are missing", path="entities", expected="a list of azureml:<name>:<version>")
    specification = document.get("specification")
    path = specification.get("path") if isinstance(specification, Mapping) else None
    if not isinstance(path, str) or not path:
        yield Problem("the specification is missing", path="specification.path", expected="where its folder is")


def _is_list(value: Any, of_type: type[Any]) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, of_type) for each in value)
