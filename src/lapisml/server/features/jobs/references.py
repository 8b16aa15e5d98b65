"""What a job uses, in words that can be looked up: kept beside the job, so that who used something is found at once.

A word is ``data:<key>`` or ``model:<key>`` (`AssetRecord.key`), ``environment:<key>``, ``job:<name>`` (outputs and
artifacts of another job or run) or ``uri:<address>``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.references import (
    AssetRef,
    DatastoreUri,
    JobOutputUri,
    ModelsUri,
    PlainUri,
    Reference,
    RunUri,
    parse,
)

_OF_A_JOB = re.compile(r"(?:azureml/(?P<output>[^/]+)/[^/]+|ExperimentRun/dcid\.(?P<artifacts>[^/]+))(?:/|\Z)")
"""Where outputs and artifacts lie when nothing else is asked for (`places`)."""

_LONGEST = 1_000
"""Characters of a word that is kept: no index takes texts of any length."""


def references_of(document: Mapping[str, Any]) -> set[str]:
    """Give the words of what a job document uses; of what it says in another way than a reference, nothing."""
    found = {word for text, is_model in _input_paths(document) if (word := word_of(text, is_model)) is not None}
    task = document.get("task")
    environments = (document.get("environment"), task.get("environment") if isinstance(task, Mapping) else None)
    for text in environments:
        key = _key(_parsed(text)) if isinstance(text, str) else None
        if key is not None:
            found.add(f"environment:{key}")
    return {word for word in found if len(word) <= _LONGEST}


def word_of(text: str, is_model: bool = False) -> str | None:
    """Give the word of a reference to content; None for a local path and for what is no reference.

    Args:
        is_model: a model is asked for: ``azureml:name:1`` can be a data set as well.
    """
    reference = _parsed(text)
    if isinstance(reference, JobOutputUri):
        return f"job:{reference.job}"
    if isinstance(reference, RunUri):
        return f"job:{reference.run_id}"
    if isinstance(reference, DatastoreUri):
        match = _OF_A_JOB.match(reference.path)
        return f"job:{match['output'] or match['artifacts']}" if match else f"uri:{str(reference).rstrip('/')}"
    if isinstance(reference, PlainUri):
        return f"uri:{text.rstrip('/')}"
    key = _key(reference)
    if key is None:
        return None
    return f"model:{key}" if is_model or _names_a_model(reference) else f"data:{key}"


def _names_a_model(reference: Reference | None) -> bool:
    return isinstance(reference, ModelsUri) or (isinstance(reference, AssetRef) and reference.kind == "model")


def _input_paths(document: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give each path that is an input, and whether a model is asked for."""
    inputs = document.get("inputs")
    for given in inputs.values() if isinstance(inputs, Mapping) else ():
        path = given.get("path") if isinstance(given, Mapping) else None
        if isinstance(path, str):
            yield path, str(given.get("type", "")).endswith("_model")


def _key(reference: Reference | None) -> str | None:
    """Give the key of the version that a reference names; None when it leaves the version to others."""
    if isinstance(reference, ModelsUri) and reference.version is not None:
        return f"{reference.name}:{reference.version}"
    if not isinstance(reference, AssetRef) or reference.version is None:
        return None
    key = f"{reference.name}:{reference.version}"
    return key if reference.registry is None else f"{reference.registry}/{key}"


def _parsed(text: str) -> Reference | None:
    try:
        return parse(text)
    except LapisError:
        return None
