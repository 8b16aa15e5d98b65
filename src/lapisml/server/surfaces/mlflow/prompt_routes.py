"""Prompts in MLflow's protocol: it is that of registered models, told apart by a tag when they are made.

A prompt and a registered model never have the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.tracking.prompts.records import Prompt, PromptVersion
from lapisml.server.features.tracking.prompts.service import Prompts
from lapisml.server.surfaces.mlflow.call import Call, Handler
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.wire import Json, pairs

IS_PROMPT = "mlflow.prompt.is_prompt"


def prompt_routes(prompts: Prompts) -> Routes:
    """Make the routes for names that are prompts, by method and address below ``/mlflow/``."""
    return {**_prompt_routes(prompts), **_version_routes(prompts), **_alias_routes(prompts)}


def with_prompts(models: Routes, own: Routes, prompts: Prompts) -> Routes:
    """Give the routes of the registry in which every name may be a prompt's too.

    Args:
        models: the routes for registered models.
        own: the same routes for prompts.
    """
    mixed: Routes = {key: _either(prompts, own[key], handler) for key, handler in models.items() if key in own}
    create, rename = ("POST", "registered-models/create"), ("POST", "registered-models/rename")
    search, versions = ("GET", "registered-models/search"), ("GET", "model-versions/search")
    return {
        **models,
        **mixed,
        create: _create(prompts, models, own[create]),
        rename: _rename(prompts, models),
        search: _search(prompts, models[search]),
        versions: _search_versions(prompts, models[versions]),
    }


def _either(prompts: Prompts, own: Handler, other: Handler) -> Handler:
    def handler(call: Call) -> dict[str, Any]:
        name = call.fields.text("name")
        is_prompt = bool(name) and prompts.find(call.caller, name) is not None
        return own(call) if is_prompt else other(call)

    return handler


def _create(prompts: Prompts, models: Routes, own: Handler) -> Handler:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        name, tags = fields.required("name"), dict(fields.pairs("tags"))
        if prompts.find(call.caller, name) is not None:
            raise LapisError(ErrorCode.ALREADY_EXISTS, f"Registered Model (name={name}) already exists.")
        if tags.get(IS_PROMPT) != "true":
            return models["POST", "registered-models/create"](call)
        _refuse_taken(models, call, name)
        return own(call)

    return create


def _rename(prompts: Prompts, models: Routes) -> Handler:
    def rename(call: Call) -> dict[str, Any]:
        name, new = call.fields.required("name"), call.fields.required("new_name")
        if prompts.find(call.caller, new) is not None:
            raise LapisError(ErrorCode.ALREADY_EXISTS, f"Registered Model (name={new}) already exists.")
        if prompts.find(call.caller, name) is None:
            return models["POST", "registered-models/rename"](call)
        _refuse_taken(models, call, new)
        return {"registered_model": _prompt(prompts.rename(call.caller, name, new), None)}

    return rename


def _refuse_taken(models: Routes, call: Call, name: str) -> None:
    """Check that no registered model has the name.

    Raises:
        LapisError: AlreadyExists.
    """
    try:
        models["GET", "registered-models/get"](replace(call, fields=type(call.fields)({"name": name})))
    except LapisError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return
        raise
    raise LapisError(ErrorCode.ALREADY_EXISTS, f"Registered Model (name={name}) already exists.")


def _search(prompts: Prompts, models: Handler) -> Handler:
    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        text, order_by = fields.text("filter"), fields.texts("order_by")
        if not _asks_for_prompts(text):
            return models(call)
        clauses = parse_filter(text, grammars.REGISTERED_MODELS)
        orders = [parse_order(one, grammars.REGISTERED_MODELS) for one in order_by]
        limit, offset = fields.integer("max_results", 100, 1, 1000), read_offset(fields.text("page_token"), text)
        found = prompts.search(call.caller, clauses, orders, limit + 1, offset)
        page: dict[str, Any] = {"registered_models": [_prompt(*one) for one in found[:limit]]}
        return page | ({"next_page_token": offset_token(offset + limit, text)} if len(found) > limit else {})

    return search


def _search_versions(prompts: Prompts, models: Handler) -> Handler:
    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        text = fields.text("filter")
        clauses = parse_filter(text, grammars.MODEL_VERSIONS)
        names = [str(c.value) for c in clauses if (c.entity, c.key, c.operator) == ("attribute", "name", "=")]
        if not names or prompts.find(call.caller, names[0]) is None:
            return models(call)
        limit, offset = fields.integer("max_results", 10_000, 1, 200_000), read_offset(fields.text("page_token"), text)
        tags = {clause.key: clause.value for clause in clauses if clause.entity == "tag" and clause.operator == "="}
        found = [
            one
            for one in prompts.versions(call.caller, names[0])
            if all(one.tags.get(key) == value for key, value in tags.items())
        ]
        page: dict[str, Any] = {"model_versions": [_version(one) for one in found[offset : offset + limit]]}
        more = len(found) > offset + limit
        return page | ({"next_page_token": offset_token(offset + limit, text)} if more else {})

    return search


def _asks_for_prompts(text: str) -> bool:
    return IS_PROMPT in text and any(
        (clause.entity, clause.key, clause.operator, clause.value) == ("tag", IS_PROMPT, "=", "true")
        for clause in parse_filter(text, grammars.REGISTERED_MODELS)
    )


def _prompt_routes(prompts: Prompts) -> Routes:
    def shown(call: Call, found: Prompt) -> dict[str, Any]:
        versions = prompts.versions(call.caller, found.name)
        return {"registered_model": _prompt(found, versions[0] if versions else None)}

    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        tags, text = dict(fields.pairs("tags")), fields.text("description") or None
        return {"registered_model": _prompt(prompts.create(call.caller, _name(call), text, tags), None)}

    def get(call: Call) -> dict[str, Any]:
        found = prompts.find(call.caller, _name(call))
        if found is None:
            raise LapisError(ErrorCode.NOT_FOUND, f"Registered Model with name={_name(call)} not found")
        return shown(call, found)

    def update(call: Call) -> dict[str, Any]:
        text = call.fields.text("description") or None
        return shown(call, prompts.change(call.caller, _name(call), lambda one: replace(one, description=text)))

    def delete(call: Call) -> dict[str, Any]:
        prompts.delete(call.caller, _name(call))
        return {}

    def latest(call: Call) -> dict[str, Any]:
        return {"model_versions": [_version(one) for one in prompts.versions(call.caller, _name(call))[:1]]}

    def set_tag(call: Call) -> dict[str, Any]:
        key, value = call.fields.required("key"), call.fields.text("value")
        prompts.change(call.caller, _name(call), lambda one: replace(one, tags={**one.tags, key: value}))
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        key = _removable(call)
        prompts.change(call.caller, _name(call), lambda one: replace(one, tags=_without(one.tags, key)))
        return {}

    return {
        ("POST", "registered-models/create"): create,
        ("GET", "registered-models/get"): get,
        ("PATCH", "registered-models/update"): update,
        ("DELETE", "registered-models/delete"): delete,
        ("POST", "registered-models/get-latest-versions"): latest,
        ("GET", "registered-models/get-latest-versions"): latest,
        ("POST", "registered-models/set-tag"): set_tag,
        ("DELETE", "registered-models/delete-tag"): delete_tag,
    }


def _version_routes(prompts: Prompts) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        made = prompts.add_version(
            call.caller, _name(call), fields.text("source"), fields.text("run_id") or None,
            fields.text("description") or None, dict(fields.pairs("tags")),
        )  # fmt: skip
        return {"model_version": _version(made)}

    def get(call: Call) -> dict[str, Any]:
        return {"model_version": _version(prompts.version(call.caller, _name(call), _number(call)))}

    def download_uri(call: Call) -> dict[str, Any]:
        return {"artifact_uri": prompts.version(call.caller, _name(call), _number(call)).source}

    def update(call: Call) -> dict[str, Any]:
        text = call.fields.text("description") or None
        name, number = _name(call), _number(call)
        made = prompts.change_version(call.caller, name, number, lambda one: replace(one, description=text))
        return {"model_version": _version(made)}

    def delete(call: Call) -> dict[str, Any]:
        prompts.delete_version(call.caller, _name(call), _number(call))
        return {}

    def set_tag(call: Call) -> dict[str, Any]:
        key, value = call.fields.required("key"), call.fields.text("value")
        name, number = _name(call), _number(call)
        prompts.change_version(call.caller, name, number, lambda one: replace(one, tags={**one.tags, key: value}))
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        name, number, key = _name(call), _number(call), _removable(call)
        prompts.change_version(call.caller, name, number, lambda one: replace(one, tags=_without(one.tags, key)))
        return {}

    def transition(_call: Call) -> dict[str, Any]:
        raise invalid("Prompts have no stages: point an alias at the version instead.")

    return {
        ("POST", "model-versions/create"): create,
        ("GET", "model-versions/get"): get,
        ("GET", "model-versions/get-download-uri"): download_uri,
        ("PATCH", "model-versions/update"): update,
        ("DELETE", "model-versions/delete"): delete,
        ("POST", "model-versions/set-tag"): set_tag,
        ("DELETE", "model-versions/delete-tag"): delete_tag,
        ("POST", "model-versions/transition-stage"): transition,
    }


def _alias_routes(prompts: Prompts) -> Routes:
    def set_alias(call: Call) -> dict[str, Any]:
        prompts.set_alias(call.caller, _name(call), checked_alias(call), _number(call))
        return {}

    def delete_alias(call: Call) -> dict[str, Any]:
        prompts.set_alias(call.caller, _name(call), call.fields.required("alias"), None)
        return {}

    def by_alias(call: Call) -> dict[str, Any]:
        alias, found = call.fields.required("alias"), prompts.find(call.caller, _name(call))
        versions = prompts.versions(call.caller, _name(call))
        if alias.lower() == "latest" and versions:
            return {"model_version": _version(versions[0])}
        if found is None or alias not in found.aliases:
            raise invalid(f"Registered model alias {alias[:80]} not found.")
        return {"model_version": _version(prompts.version(call.caller, found.name, found.aliases[alias]))}

    return {
        ("POST", "registered-models/alias"): set_alias,
        ("DELETE", "registered-models/alias"): delete_alias,
        ("GET", "registered-models/alias"): by_alias,
    }


def checked_alias(call: Call) -> str:
    """Return the alias that a request names.

    Raises:
        LapisError: Usage for one that MLflow keeps for itself.
    """
    alias = call.fields.required("alias")
    if alias.lower() == "latest":
        raise invalid("'latest' alias name (case insensitive) is reserved.")
    if alias[:1] in "vV" and alias[1:].isdecimal():
        raise invalid(f"Version alias name '{alias[:80]}' is reserved.")
    return alias


def _name(call: Call) -> str:
    return call.fields.required("name")


def _number(call: Call) -> int:
    given = call.fields.get("version")
    text = str(given) if isinstance(given, int) else call.fields.required("version")
    if not text.isdecimal() or len(text) > 9:
        raise invalid(f"Parameter 'version' must be an integer, got '{text[:40]}'.")
    return int(text)


def _removable(call: Call) -> str:
    key = call.fields.required("key")
    if key == IS_PROMPT:
        raise invalid(f"The tag {IS_PROMPT} says that this is a prompt; it stays.")
    return key


def _without(tags: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name != key}


def _prompt(found: Prompt, newest: PromptVersion | None) -> Json:
    return {
        "name": found.name,
        "creation_timestamp": found.created_at,
        "last_updated_timestamp": found.updated_at,
        "user_id": found.created_by,
        "description": found.description or "",
        "latest_versions": [] if newest is None else [_version(newest)],
        "tags": pairs(found.tags.items()),
        "aliases": [{"alias": alias, "version": str(version)} for alias, version in found.aliases.items()],
    }


def _version(found: PromptVersion) -> Json:
    return {
        "name": found.name,
        "version": str(found.version),
        "creation_timestamp": found.created_at,
        "last_updated_timestamp": found.updated_at,
        "user_id": found.created_by,
        "current_stage": "None",
        "description": found.description or "",
        "source": found.source,
        "run_id": found.run_id or "",
        "status": "READY",
        "tags": pairs(found.tags.items()),
        "aliases": list(found.aliases),
    }
