"""Asking an endpoint: one HTTP request to its gateway, with the endpoint's own key."""

from __future__ import annotations

import http.client
import json
import mimetypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError

DEPLOYMENT_HEADER = "azureml-model-deployment"
JSON_TYPE = "application/json"
TRIES = 4
"""How often a request is sent to an endpoint that is full or just starting, as azure.ai.ml does."""

BUSY = (429, 503)
LONGEST_PAUSE_S = 10.0
"""A longer ``Retry-After`` is told to the caller, seconds."""

_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    413: ErrorCode.REQUEST_TOO_LARGE,
}


@dataclass(frozen=True)
class Question:
    """What an endpoint is asked.

    Attributes:
        body: bytes of the request.
        content_type: what they are.
        deployment: the deployment that is to answer; None leaves it to the traffic rules.
    """

    body: bytes
    content_type: str = JSON_TYPE
    deployment: str | None = None


def question_of_file(path: str | Path, deployment: str | None = None) -> Question:
    """Make the question that a file holds.

    JSON goes as JSON, whatever the file is called; anything else as what its name says.

    Raises:
        LapisError: ReferenceNotFound for a file that can't be read.
    """
    try:
        body = Path(path).expanduser().read_bytes()
    except OSError as error:
        sentence = f"The request file '{path}' can't be read: {error.strerror}."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence) from error
    named = mimetypes.guess_type(str(path))[0] or JSON_TYPE
    return Question(body, JSON_TYPE if named != JSON_TYPE and _is_json(body) else named, deployment)


def question_of_data(data: Any, deployment: str | None = None) -> Question:
    """Make the question that plain data, or JSON as text, is."""
    if isinstance(data, bytes):
        return Question(data, JSON_TYPE, deployment)
    return Question((data if isinstance(data, str) else json.dumps(data)).encode(), JSON_TYPE, deployment)


def ask(
    uri: str,
    key: str | None,
    question: Question,
    *,
    timeout: float = 300.0,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Send a question and return the answer's text.

    An endpoint that is full says when to come again, and is asked again then.

    Args:
        uri: the endpoint's ``scoring_uri``.
        key: its key or token; None for an endpoint that asks for none.
        question: what to ask.
        timeout: seconds without a byte after which the endpoint counts as gone.
        sleep: waits, seconds.

    Raises:
        LapisError: Unauthenticated, Forbidden, NotFound, RequestTooLarge; ScoringFailed for any other error that the
            endpoint answers with; ServerUnreachable when nobody answers.
    """
    headers = {"Content-Type": question.content_type, "Accept": "*/*"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if question.deployment:
        headers[DEPLOYMENT_HEADER] = question.deployment
    for left in range(TRIES - 1, -1, -1):
        status, sent, body = _post(uri, headers, question.body, timeout)
        pause = _pause(sent.get("retry-after"))
        if status not in BUSY or not left or pause > LONGEST_PAUSE_S:
            break
        sleep(pause)
    if status >= 400:
        raise _refusal(uri, status, sent, body)
    return body.decode("utf-8", "replace")


def _post(uri: str, headers: Mapping[str, str], body: bytes, timeout: float) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(uri)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("POST", parts.path, body=body, headers=dict(headers))
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = "it took too long" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        hint = "Look at it with: lapis status"
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, f"{uri} gives no answer: {reason}.", hint) from error
    finally:
        connection.close()


def _refusal(uri: str, status: int, headers: Mapping[str, str], body: bytes) -> LapisError:
    text = body.decode("utf-8", "replace").strip()
    said = _said(text)
    request = headers.get("x-ms-request-id")
    hint = f"Request {request} of deployment '{headers.get(DEPLOYMENT_HEADER, '?')}'." if request else None
    return LapisError(_CODES.get(status, ErrorCode.SCORING_FAILED), f"{uri} answered {status}: {said}", hint)


def _said(text: str) -> str:
    """Give the sentence within an error's body, with the places that it names; the body's beginning without one."""
    try:
        error = json.loads(text)["error"]
        details = [_detail(one) for one in error.get("details") or []]
        sentence = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return text[:2000] or "nothing."
    return "\n".join([sentence, *details])


def _detail(one: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in one.items() if key not in ("path", "message")}
    words = [str(one[key]) for key in ("path", "message") if one.get(key)]
    return "  " + ": ".join([*words, *(f"{key} {value}" for key, value in rest.items() if value is not None)])


def _pause(text: str | None) -> float:
    try:
        return max(0.0, float(text or ""))
    except ValueError:
        return 1.0


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
