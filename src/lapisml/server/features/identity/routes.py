"""Native HTTP routes of access tokens and of browsers' sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lapisml import __version__
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.access_tokens import TENANT
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.identity.store import TokenRecord
from lapisml.server.features.identity.wire import SessionBody
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.principal import Principal
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp

MAX_LIFETIME_S = 10 * 366 * 24 * 3600


class NewToken(BaseModel):
    """The wish for a token.

    Attributes:
        label: what to call it.
        lifetime_s: seconds until it expires; None: it does not.
    """

    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}$")]
    lifetime_s: Annotated[int | None, Field(ge=1, le=MAX_LIFETIME_S)] = None


class NewAccessToken(BaseModel):
    """The wish for an access token that stands for the token which the request is sent with.

    Attributes:
        resource: the address of the service that it is meant for.
    """

    model_config = ConfigDict(extra="forbid")

    resource: Annotated[str, Field(min_length=1, max_length=2000)]


def router(identity: IdentityService) -> Routes:
    """Make the routes below ``/api/v1/tokens``."""
    routes = Routes(prefix="/api/v1/tokens", tags=["identity"])

    @routes.get("")
    def list_tokens() -> dict[str, Any]:
        return {"value": [_wire(record) for record in identity.list_user_tokens()], "next": None}

    @routes.post("", status_code=201)
    def create_token(body: NewToken, request: Request) -> dict[str, Any]:
        token = identity.issue_user_token(request.state.principal.name, body.label, body.lifetime_s)
        return {"label": body.label, "token": token}

    @routes.post("/access")
    def make_access_token(body: NewAccessToken, request: Request) -> dict[str, Any]:
        token = _bearer(request)
        made = identity.issue_access_token(token, body.resource)
        expires_at = timestamp(made.expires_on * 1000)
        return {
            "access_token": made.token,
            "expires_on": made.expires_on,
            "expires_at": expires_at,
            "tenant": TENANT,
        }

    @routes.delete("/{label}", status_code=204)
    def revoke_token(label: str) -> None:
        identity.revoke_user_token(label)

    return routes


def _wire(record: TokenRecord) -> dict[str, Any]:
    return {
        "label": record.label,
        "name": record.name,
        "created_at": timestamp(record.created_at),
        "expires_at": timestamp(record.expires_at),
        "revoked_at": timestamp(record.revoked_at),
    }


def session_router(identity: IdentityService, default_workspace: Callable[[], str], *, is_secure: bool) -> Routes:
    """Make the routes at ``/api/v1/session``: a browser signs in with a token, and sends a cookie from then on.

    Args:
        default_workspace: names the workspace that a page opens first.
        is_secure: the server is reached by TLS, so the cookie never travels without.
    """
    routes = Routes(prefix="/api/v1/session", tags=["identity"])
    attributes: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "strict", "secure": is_secure}

    def body(principal: Principal) -> SessionBody:
        workspace = default_workspace()
        return {
            "name": principal.name,
            "kind": principal.kind,
            "version": __version__,
            "default_workspace": workspace,
        }

    @routes.post("", response_model=None, openapi_extra=answers(SessionBody))
    def sign_in(request: Request) -> Json[SessionBody]:
        token = _bearer(request)
        if not token:
            hint = "Send it as `Authorization: Bearer …`; `lapis auth token` prints it."
            raise LapisError(ErrorCode.UNAUTHENTICATED, "A browser signs in with an access token.", hint)
        session = identity.open_session(token)
        answer = Json(body(request.state.principal))
        answer.set_cookie(identity.cookie, session.secret, max_age=session.lifetime_s, **attributes)
        return answer

    @routes.get("", response_model=None, openapi_extra=answers(SessionBody))
    def show_session(request: Request) -> Json[SessionBody]:
        return Json(body(request.state.principal))

    @routes.delete("", status_code=204, response_model=None)
    def sign_out(request: Request) -> Response:
        identity.close_session(request.cookies.get(identity.cookie, ""))
        answer = Response(status_code=204)
        answer.delete_cookie(identity.cookie, **attributes)
        return answer

    return routes


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[2].strip()
