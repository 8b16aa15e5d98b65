"""Webhooks in MLflow's protocol, and the calls of the registry that they are told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.webhooks.records import Webhook
from lapisml.server.features.webhooks.service import Webhooks
from lapisml.server.surfaces.mlflow.call import Call, Handler
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.fields import Fields
from lapisml.server.surfaces.mlflow.prompt_routes import IS_PROMPT
from lapisml.server.surfaces.mlflow.wire import Json

Tells = dict[tuple[str, str], "Tell"]

Tell = Callable[[Call, dict[str, Any]], tuple[str, dict[str, Any]]]
"""Makes of a call and its answer what happened: (event, what is told of it)."""

_ENTITIES = {
    "REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT", "PROMPT_VERSION",
    "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS", "BUDGET_POLICY",
}  # fmt: skip
_PROMPT_TEXT = "mlflow.prompt.text"


def webhook_routes(webhooks: Webhooks) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``; ``*`` stands for one open part."""

    def create(call: Call) -> dict[str, Any]:
        fields = _allowed(call)
        made = webhooks.create(
            call.workspace.id, fields.required("name"), fields.required("url"), _events(fields),
            fields.text("description") or None, fields.text("secret") or None, fields.text("status") or None,
        )  # fmt: skip
        return {"webhook": _webhook(made)}

    def page(call: Call) -> dict[str, Any]:
        fields = _allowed(call)
        limit, offset = fields.integer("max_results", 100, 1, 1000), read_offset(fields.text("page_token"))
        found = webhooks.page(call.workspace.id, limit + 1, offset)
        written: dict[str, Any] = {"webhooks": [_webhook(one) for one in found[:limit]]}
        return written | ({"next_page_token": offset_token(offset + limit)} if len(found) > limit else {})

    def get(call: Call) -> dict[str, Any]:
        _allowed(call)
        return {"webhook": _webhook(webhooks.get(call.workspace.id, call.path[0]))}

    def update(call: Call) -> dict[str, Any]:
        fields = _allowed(call)
        changes: dict[str, Any] = {
            name: fields.text(name)
            for name in ("name", "url", "description", "secret", "status")
            if fields.get(name) is not None
        }
        changes |= {"events": _events(fields)} if fields.get("events") else {}
        return {"webhook": _webhook(webhooks.update(call.workspace.id, call.path[0], changes))}

    def delete(call: Call) -> dict[str, Any]:
        _allowed(call)
        webhooks.delete(call.workspace.id, call.path[0])
        return {}

    def test(call: Call) -> dict[str, Any]:
        fields = _allowed(call)
        event = _event(fields.object("event")) if fields.get("event") else None
        try:
            data = {"name": "example", "description": "This is a test of the webhook."}
            answer = webhooks.test(call.workspace.id, call.path[0], event, data)
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                raise
            return {"result": {"success": False, "error_message": f"Failed to test webhook: {error.message}"}}
        success = answer.status < 400
        return {"result": {"success": success, "response_status": answer.status, "response_body": answer.text}}

    return {
        ("POST", "webhooks"): create,
        ("GET", "webhooks"): page,
        ("GET", "webhooks/*"): get,
        ("PATCH", "webhooks/*"): update,
        ("DELETE", "webhooks/*"): delete,
        ("POST", "webhooks/*/test"): test,
    }


def telling(routes: Routes, webhooks: Webhooks, tells: Tells) -> Routes:
    """Give routes that tell the webhooks what they changed."""
    return {**routes, **{key: _told(routes[key], tell, webhooks) for key, tell in tells.items()}}


def _told(handler: Handler, tell: Tell, webhooks: Webhooks) -> Handler:
    def handle(call: Call) -> dict[str, Any]:
        answer = handler(call)
        webhooks.tell(call.workspace.id, *tell(call, answer))
        return answer

    return handle


def _model_created(_call: Call, answer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    made = answer["registered_model"]
    tags = _tags(made)
    event = "prompt.created" if tags.pop(IS_PROMPT, None) else "registered_model.created"
    return event, {"name": made["name"], "tags": tags, "description": made["description"] or None}


def _version_created(_call: Call, answer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    made = answer["model_version"]
    tags = _tags(made)
    told = {"name": made["name"], "version": made["version"], "description": made["description"] or None}
    if tags.pop(IS_PROMPT, None):
        template = tags.pop(_PROMPT_TEXT, "")
        return "prompt_version.created", {**told, "template": template, "tags": tags}
    return "model_version.created", {**told, "source": made["source"], "run_id": made["run_id"] or None, "tags": tags}


def _of_call(event: str, *names: str) -> Tell:
    def tell(call: Call, _answer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return event, {name: str(call.fields.get(name) or "") for name in names}

    return tell


MODEL_TELLS: Tells = {
    ("POST", "registered-models/create"): _model_created,
    ("POST", "model-versions/create"): _version_created,
    ("POST", "model-versions/set-tag"): _of_call("model_version_tag.set", "name", "version", "key", "value"),
    ("DELETE", "model-versions/delete-tag"): _of_call("model_version_tag.deleted", "name", "version", "key"),
    ("POST", "registered-models/alias"): _of_call("model_version_alias.created", "name", "alias", "version"),
    ("DELETE", "registered-models/alias"): _of_call("model_version_alias.deleted", "name", "alias"),
}

PROMPT_TELLS: Tells = {
    ("POST", "registered-models/create"): _model_created,
    ("POST", "model-versions/create"): _version_created,
    ("POST", "registered-models/set-tag"): _of_call("prompt_tag.set", "name", "key", "value"),
    ("DELETE", "registered-models/delete-tag"): _of_call("prompt_tag.deleted", "name", "key"),
    ("POST", "model-versions/set-tag"): _of_call("prompt_version_tag.set", "name", "version", "key", "value"),
    ("DELETE", "model-versions/delete-tag"): _of_call("prompt_version_tag.deleted", "name", "version", "key"),
    ("POST", "registered-models/alias"): _of_call("prompt_alias.created", "name", "alias", "version"),
    ("DELETE", "registered-models/alias"): _of_call("prompt_alias.deleted", "name", "alias"),
}


def _tags(made: Json) -> dict[str, str]:
    return {one["key"]: one["value"] for one in made["tags"]}


def _allowed(call: Call) -> Fields:
    """Return the fields of a call; a job has nothing to do with webhooks.

    Raises:
        LapisError: Forbidden.
    """
    if call.caller.job is not None:
        raise LapisError(ErrorCode.FORBIDDEN, "A job may not see or change webhooks.")
    return call.fields


def _events(fields: Fields) -> list[str]:
    return [_event(one) for one in fields.objects("events", 100)]


def _event(fields: Fields) -> str:
    entity, action = fields.text("entity"), fields.text("action")
    if entity.upper() not in _ENTITIES:
        raise invalid(f"Unknown webhook entity '{entity[:40]}'.")
    return f"{entity.lower()}.{action.lower()}"


def _webhook(found: Webhook) -> Json:
    events = [one.upper().partition(".") for one in found.events]
    written = {
        "webhook_id": found.webhook_id, "name": found.name, "url": found.url, "status": found.status,
        "events": [{"entity": entity, "action": action} for entity, _, action in events],
        "creation_timestamp": found.created_at, "last_updated_timestamp": found.updated_at,
    }  # fmt: skip
    return written | ({"description": found.description} if found.description else {})
