"""What a trace's spans say of the trace: its time, its state, what went in and what came out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from lapisml.server.features.tracking.limits import MAX_TAG_LENGTH, key_fault
from lapisml.server.features.tracking.traces.records import IN_PROGRESS, SESSION, TOKEN_USAGE, USER, Span

_TAG_PREFIX = "mlflow.traceTag."
_INPUTS, _OUTPUTS = "mlflow.spanInputs", "mlflow.spanOutputs"
_USAGE = "mlflow.chat.tokenUsage"
_SESSIONS = ("session.id", "gen_ai.conversation.id")
_MAX_PREVIEW = 1000


def plain(value: dict[str, Any] | None) -> Any:
    """Return a value of OpenTelemetry's JSON form as plain data; None when it is missing or empty."""
    if not value:
        return None
    if "array_value" in value:
        return [plain(one) for one in value["array_value"].get("values", ())]
    if "kvlist_value" in value:
        pairs = value["kvlist_value"].get("values", ())
        return {pair.get("key", ""): plain(pair.get("value")) for pair in pairs}
    return next(iter(value.values()))


def as_text(value: Any) -> str:
    """Write plain data as text; a text stays as it is."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def root_of(spans: Iterable[Span]) -> Span | None:
    """Return the span without parent, None when it is not among them."""
    return next((span for span in spans if span.parent_id is None), None)


def state_of(spans: Sequence[Span]) -> str:
    """Say what the trace's state is, seen from these spans."""
    root = root_of(spans)
    if root is None:
        return IN_PROGRESS
    return "ERROR" if root.status == "ERROR" else "OK"


def time_of(spans: Sequence[Span]) -> tuple[int, int | None]:
    """Return when the first of the spans began, and when the last ended, None when none did (ms)."""
    ends = [span.end_ns for span in spans if span.end_ns]
    return min(span.start_ns for span in spans) // 1_000_000, max(ends) // 1_000_000 if ends else None


def previews(root: Span | None) -> tuple[str | None, str | None]:
    """Return the beginning of what went into the trace and of what came out."""
    if root is None:
        return None, None
    shown = [root.attributes.get(key) for key in (_INPUTS, _OUTPUTS)]
    texts = [None if value is None else _shortened(as_text(plain(value))) for value in shown]
    return texts[0], texts[1]


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_PREVIEW else text[: _MAX_PREVIEW - 3] + "..."


def tags_of(root: Span | None, resource: dict[str, str]) -> dict[str, str]:
    """Return the tags that the sender and the root span carry; those that cannot be tags are left out."""
    found = {key: text for key, text in resource.items() if not key.startswith(("telemetry.sdk.", "mlflow."))}
    for key, value in (root.attributes if root else {}).items():
        if key.startswith(_TAG_PREFIX):
            found[key.removeprefix(_TAG_PREFIX)] = as_text(plain(value))
    return {key: text[:MAX_TAG_LENGTH] for key, text in found.items() if key_fault(key) is None}


def people_of(spans: Sequence[Span]) -> dict[str, str]:
    """Return, as metadata of the trace, the session and the user that spans tell."""
    found: dict[str, str] = {}
    for span in spans:
        for key, names in ((SESSION, _SESSIONS), (USER, ("user.id",))):
            told = [value for name in names if (value := plain(span.attributes.get(name)))]
            if told and key not in found:
                found[key] = as_text(told[0])[:250]
    return found


def counts_tokens(spans: Sequence[Span]) -> bool:
    """Say whether one of the spans tells how many tokens it used."""
    return any(_USAGE in span.attributes for span in spans)


def tokens_of(spans: Sequence[Span]) -> dict[str, str]:
    """Return, as metadata of the trace, the count of tokens that all its spans tell together."""
    usage = _token_usage(spans)
    return {TOKEN_USAGE: orjson.dumps(usage).decode()} if usage else {}


def _token_usage(spans: Sequence[Span]) -> dict[str, int]:
    """Add up the tokens; a span below one that counts is part of that count."""
    counted = {span.span_id: usage for span in spans if (usage := _usage(span))}
    parents = {span.span_id: span.parent_id for span in spans}
    total: dict[str, int] = {}
    for span_id, usage in counted.items():
        if not any(above in counted for above in _above(span_id, parents)):
            for key, count in usage.items():
                total[key] = total.get(key, 0) + count
    return total


def _usage(span: Span) -> dict[str, int]:
    found = plain(span.attributes.get(_USAGE))
    if not isinstance(found, dict):
        return {}
    return {key: int(count) for key, count in found.items() if isinstance(count, int | float) and key}


def _above(span_id: str, parents: dict[str, str | None]) -> Iterable[str]:
    seen = {span_id}
    at = parents.get(span_id)
    while at is not None and at not in seen:
        yield at
        seen.add(at)
        at = parents.get(at)
