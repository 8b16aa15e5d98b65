"""Searching the registry: MLflow's filters over the assets' search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lapisml.server.features.assets.records import AssetKind, AssetRecord, SearchClause
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import Clause, Grammar, parse_filter, parse_order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.mlflow import registry_wire as wire
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.registry_sources import Sources

MODELS = AssetKind.MODELS

_MOST_MODELS = 1000
_MOST_VERSIONS = 200_000
_NO_PROMPTS = Clause("tag", "mlflow.prompt.is_prompt", "!=", "true")
"""The client adds this to every search that is not for prompts; everything here fulfils it."""

_FIELDS = {
    "name": "name", "run_id": "run_id", "source_path": "source", "version_number": "number",
    "creation_timestamp": "created_at", "last_updated_timestamp": "updated_at",
}  # fmt: skip


def search_routes(assets: AssetService, sources: Sources) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``."""
    containers = assets.containers

    def models(call: Call) -> dict[str, Any]:
        query, offset, limit = _read(call, _MOST_MODELS, 100)
        clauses, negated = _clauses(query[0], grammars.REGISTERED_MODELS, call.workspace, sources)
        _refuse(negated)
        page = containers.search(
            call.workspace, MODELS, clauses, _order(query[1], grammars.REGISTERED_MODELS), limit, str(offset)
        )
        versions = _versions_of(assets, call.workspace, [container.name for container in page.value])
        found: dict[str, Any] = {
            "registered_models": [wire.registered_model(one, versions.get(one.name, ())) for one in page.value]
        }
        return found | ({"next_page_token": offset_token(offset + limit, *query)} if page.next else {})

    def versions(call: Call) -> dict[str, Any]:
        query, offset, limit = _read(call, _MOST_VERSIONS, 10_000)
        clauses, negated = _clauses(query[0], grammars.MODEL_VERSIONS, call.workspace, sources)
        numbered = [clause for clause in negated if clause.key == "version_number"]
        _refuse([clause for clause in negated if clause not in numbered])
        page = containers.search_versions(
            call.workspace, MODELS, clauses, _order(query[1], grammars.MODEL_VERSIONS), limit, str(offset)
        )
        shown = [record for record in page.value if all(_is_numbered(record, clause) for clause in numbered)]
        found: dict[str, Any] = {"model_versions": [wire.model_version(record) for record in shown]}
        return found | ({"next_page_token": offset_token(offset + limit, *query)} if page.next else {})

    return {
        ("GET", "registered-models/search"): models,
        ("GET", "model-versions/search"): versions,
    }


def _read(call: Call, most: int, default: int) -> tuple[tuple[str, list[str]], int, int]:
    """Return (filter, order), the offset of the page and its size."""
    query = (call.fields.text("filter"), call.fields.texts("order_by"))
    limit = call.fields.integer("max_results", default, 1, most)
    return query, read_offset(call.fields.text("page_token"), *query), limit


def _clauses(
    text: str, grammar: Grammar, workspace: Workspace, sources: Sources
) -> tuple[list[SearchClause], list[Clause]]:
    """Return what the assets' search can compare, and the rest."""
    kept: list[SearchClause] = []
    rest: list[Clause] = []
    for clause in parse_filter(text, grammar):
        if clause == _NO_PROMPTS:
            continue
        value = list(clause.value) if isinstance(clause.value, tuple) else clause.value
        if clause.key == "version_number" and clause.entity == "attribute":
            rest.append(clause)
        elif clause.operator == "NOT IN" and isinstance(value, list):
            kept += [SearchClause(_FIELDS[clause.key], "!=", one) for one in value]
        elif clause.entity == "tag":
            kept.append(SearchClause("tag", clause.operator, str(value), clause.key))
        elif isinstance(value, (str, list)):
            kept.append(SearchClause(_FIELDS[clause.key], clause.operator, _source(clause, value, workspace, sources)))
    return kept, rest


def _source(clause: Clause, value: str | list[str], workspace: Workspace, sources: Sources) -> str | list[str]:
    if clause.key != "source_path" or not isinstance(value, str) or clause.operator not in ("=", "!="):
        return value
    return sources.translated(workspace, value)


def _order(order_by: Sequence[str], grammar: Grammar) -> list[tuple[str, bool]]:
    orders = [parse_order(text, grammar) for text in order_by]
    if any(order.entity != "attribute" for order in orders):
        raise invalid(f"Invalid order_by; valid keys are {sorted(grammar.orderable)}.")
    return [(_FIELDS[order.key], not order.ascending) for order in orders]


def _refuse(clauses: Sequence[Clause]) -> None:
    if clauses:
        raise invalid(f"'{clauses[0].key}' cannot be compared in this search.")


def _is_numbered(record: AssetRecord, clause: Clause) -> bool:
    """Compare a version's number; a version that is no number fulfils only ``!=``."""
    if not record.version.isdecimal() or not isinstance(clause.value, (int, float)):
        return clause.operator == "!="
    number, value = int(record.version), clause.value
    return {
        "=": number == value, "!=": number != value, ">": number > value,
        ">=": number >= value, "<": number < value, "<=": number <= value,
    }[clause.operator]  # fmt: skip


def _versions_of(assets: AssetService, workspace: Workspace, names: Sequence[str]) -> dict[str, list[AssetRecord]]:
    """Return the versions of several names, by one query."""
    if not names:
        return {}
    clause = SearchClause("name", "IN", list(names))
    page = assets.containers.search_versions(workspace, MODELS, [clause], limit=_MOST_VERSIONS)
    found: dict[str, list[AssetRecord]] = {}
    for record in page.value:
        found.setdefault(record.name, []).append(record)
    return found
