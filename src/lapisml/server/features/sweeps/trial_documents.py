"""The document of a trial: the sweep's command as an ordinary command job, with the values of one draw in it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lapisml.core.errors import Problem
from lapisml.core.sweeps.spaces import Value, as_text, texts
from lapisml.documents.expressions import find, referenced
from lapisml.documents.words import nearest

ROOT = "search_space"
HYPERPARAMETERS = "hyperparameters"
"""Tag and property of a trial: its parameters as JSON."""

_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{\{\s*search_space\.(.*?)\s*\}\}", re.DOTALL)
_COMMAND_KEYS = ("command", "code", "environment", "environment_variables", "distribution")
_LITERALS = frozenset({"string", "integer", "number", "boolean"})
_LONGEST_TAG = 8000


def trial_document(
    sweep: Mapping[str, Any],
    component: Mapping[str, Any],
    values: Mapping[str, Value],
    child: str,
    trial_timeout: int | None = None,
) -> dict[str, Any]:
    """Make the command job of one trial.

    Args:
        sweep: the sweep's document.
        component: what its `trial` is: the command with what belongs to it, perhaps with declared inputs.
        values: parameter → value.
        child: name of the trial's job.
        trial_timeout: seconds.
    """
    words = texts(values)
    made: dict[str, Any] = {"type": "command"}
    made |= {key: component[key] for key in _COMMAND_KEYS if component.get(key) is not None}
    made["command"] = substituted(str(component.get("command") or ""), words)
    if made.get("environment_variables"):
        given = made["environment_variables"]
        made["environment_variables"] = {name: substituted(str(text), words) for name, text in given.items()}
    made["inputs"] = _inputs(sweep, component, values, words)
    made["outputs"] = _outputs(sweep, component, child)
    for key in ("resources", "queue_settings"):
        chosen = sweep.get(key) or component.get(key)
        if chosen:
            made[key] = chosen
    made |= {key: sweep[key] for key in ("compute", "identity") if sweep.get(key) is not None}
    if trial_timeout is not None:
        made["limits"] = {"timeout": trial_timeout}
    told = json.dumps(dict(values))
    if len(told) <= _LONGEST_TAG:
        made["tags"] = {HYPERPARAMETERS: told}
    return {key: value for key, value in made.items() if value not in ({}, None)}


def substituted(text: str, words: Mapping[str, str]) -> str:
    """Put values in place of ``${{search_space.x}}``; ``$[[ … ]]`` around one without a value is left out."""
    kept = _OPTIONAL.sub(lambda match: match[0] if _has_all(match[1], words) else "", text)
    return _EXPRESSION.sub(lambda match: words.get(match[1], match[0]), kept)


def _has_all(text: str, words: Mapping[str, str]) -> bool:
    return all(name in words for name in referenced(text, ROOT))


def _inputs(
    sweep: Mapping[str, Any], component: Mapping[str, Any], values: Mapping[str, Value], words: Mapping[str, str]
) -> dict[str, Any]:
    declared: Mapping[str, Any] = component.get("inputs") or {}
    given = dict(sweep.get("inputs") or {})
    made: dict[str, Any] = {}
    for name, declaration in declared.items():
        value = _declared(declaration, given.pop(name, None), values.get(name))
        if value is not None:
            made[name] = value
    made |= given
    for name in referenced(str(component.get("command") or ""), "inputs"):
        if name in values and made.get(name) is None:  # the parameters of a sweep are inputs of its component too
            made[name] = as_text(values[name])
    return {name: substituted(value, words) if isinstance(value, str) else value for name, value in made.items()}


def _declared(declaration: Any, given: Any, drawn: Value) -> Any:
    """Give the value of an input that a component declares: drawn, given, or its default."""
    if drawn is not None:
        return as_text(drawn) if isinstance(drawn, (dict, list)) else drawn
    if not isinstance(declaration, Mapping):  # no declaration, a value of its own
        return declaration if given is None else given
    if isinstance(given, Mapping):
        own = {key: declaration[key] for key in ("type", "mode") if declaration.get(key) is not None}
        return {**own, **given} if given.get("path") is not None else given
    if given is not None:
        return given
    if declaration.get("path") is not None or declaration.get("value") is not None:
        return dict(declaration)
    return declaration.get("default")


def _outputs(sweep: Mapping[str, Any], component: Mapping[str, Any], child: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    given: Mapping[str, Any] = sweep.get("outputs") or {}
    for name, declaration in {**(component.get("outputs") or {}), **given}.items():
        declared = (component.get("outputs") or {}).get(name) or {}
        if declared.get("type") in _LITERALS:
            continue
        own = {key: declared[key] for key in ("type", "mode") if declared.get(key) is not None}
        asked = dict(declaration or {}) if name in given else {}
        merged = {**own, **{key: value for key, value in asked.items() if key in ("type", "mode", "path")}}
        if merged.get("path"):
            merged["path"] = own_path(str(merged["path"]), str(merged.get("type") or "uri_folder"), child)
        made[name] = merged
    return made


def own_path(path: str, kind: str, child: str) -> str:
    """Make a place of a trial's own from the place that the document gives to all.

    A path with ``${{name}}`` in it differs from trial to trial already. Else a folder of the trial's name is put
    below a folder, or around a file.
    """
    if "${{name}}" in path:
        return path
    if kind == "uri_file":
        folder, _, file = path.rpartition("/")
        return f"{folder}/{child}/{file}"
    return f"{path.rstrip('/')}/{child}/"


def expression_faults(component: Mapping[str, Any], samples: Collection[Mapping[str, Value]]) -> Iterator[Problem]:
    """Find expressions that no parameter of the search space answers.

    Args:
        samples: draws that together take every option of every choice.
    """
    drawn = [texts(sample) for sample in samples]
    known = set().union(*drawn) if drawn else set()
    always = set.intersection(*(set(words) for words in drawn)) if drawn else set()
    for place, text in _texts_of(component):
        for expression in find(text):
            if expression.root != ROOT or expression.rest in always:
                continue
            if expression.rest in known:
                if not expression.optional:
                    message = f"`{expression.text}` has no value for every option of its choice"
                    yield Problem(message, place, expected="the expression between `$[[` and `]]`")
                continue
            near = nearest(expression.rest, known)
            message = f"`{expression.text}`: there is no parameter `{expression.rest}` in the search space"
            suggestion = f"${{{{search_space.{near}}}}}" if near else None
            yield Problem(message, place, expected=f"one of: {', '.join(sorted(known))}", suggestion=suggestion)


def unused(sweep: Mapping[str, Any], component: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """List the parameters that nothing in the trial mentions."""
    whole = [text for _, text in _texts_of(component)]
    whole += [value for value in (sweep.get("inputs") or {}).values() if isinstance(value, str)]
    mentioned = {name.partition(".")[0] for text in whole for name in referenced(text, ROOT)}
    mentioned |= set(referenced(str(component.get("command") or ""), "inputs"))
    return [name for name in names if name not in mentioned]


def _texts_of(component: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "trial.command", str(component.get("command") or "")
    for name, text in (component.get("environment_variables") or {}).items():
        yield f"trial.environment_variables.{name}", str(text)


def place_in_sweep(path: str, inline: bool) -> str:
    """Give the place in the sweep's document of what stands at `path` in a trial's.

    Args:
        inline: whether the trial stands in the sweep's document, and is no reference.
    """
    if path.startswith("limits"):
        return "limits.trial_timeout"
    if path.partition(".")[0].partition("[")[0] in _COMMAND_KEYS:
        return f"trial.{path}" if inline else "trial"
    return path
