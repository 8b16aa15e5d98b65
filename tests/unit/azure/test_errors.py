from __future__ import annotations

import orjson
import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.surfaces.azure.errors import ARM_ERROR, ArmError, error_status, render_error, wrong_method


def _body(error: LapisError) -> dict[str, object]:
    found = orjson.loads(render_error(error, "r-1"))
    assert set(found) == {"error"}
    assert isinstance(found["error"], dict)
    return found["error"]


def test_every_code_has_a_form() -> None:
    assert set(ARM_ERROR) == set(ErrorCode)


@pytest.mark.parametrize(
    ("code", "word", "status"),
    [
        (ErrorCode.NOT_FOUND, "ResourceNotFound", 404),
        (ErrorCode.ALREADY_EXISTS, "ResourceExists", 409),
        (ErrorCode.TOKEN_EXPIRED, "ExpiredAuthenticationToken", 401),
        (ErrorCode.UNAUTHENTICATED, "InvalidAuthenticationToken", 401),
        (ErrorCode.NOT_SUPPORTED, "NotSupported", 400),
    ],
)
def test_codes_and_statuses(code: ErrorCode, word: str, status: int) -> None:
    error = LapisError(code, "A sentence.", "A hint.")
    assert (_body(error)["code"], error_status(error)) == (word, status)
    assert _body(error)["message"] == "A sentence. A hint."


def test_no_fault_of_the_client_is_one_that_it_repeats_by_itself() -> None:
    repeated = {408, 429, 500, 502, 503, 504}
    ours = {ErrorCode.STORAGE_UNREACHABLE, ErrorCode.DATABASE_VERSION, ErrorCode.DATABASE_IN_USE}
    ours |= {ErrorCode.SERVER_UNREACHABLE, ErrorCode.INTERNAL}
    assert {code for code, (_, status) in ARM_ERROR.items() if status in repeated} == ours


def test_problems_are_told_in_the_message_and_one_by_one() -> None:
    problems = [Problem("is unknown", path="enviroment", suggestion="environment"), Problem("is missing", path="code")]
    body = _body(LapisError(ErrorCode.DOCUMENT_INVALID, "The job is not valid.", problems=problems))
    assert "did you mean `environment`?" in str(body["message"])
    assert [detail["target"] for detail in body["details"]] == ["enviroment", "code"]  # type: ignore[attr-defined]


def test_a_fault_of_the_server_names_the_request() -> None:
    assert "r-1" in str(_body(LapisError(ErrorCode.INTERNAL, "Something went wrong."))["message"])
    assert "r-1" not in str(_body(LapisError(ErrorCode.NOT_FOUND, "There is none."))["message"])


def test_codes_of_arm_alone() -> None:
    assert _body(ArmError(ErrorCode.NOT_FOUND, "SubscriptionNotFound", "No."))["code"] == "SubscriptionNotFound"
    error = wrong_method("PUT", ("GET", "DELETE"))
    assert (error_status(error), _body(error)["code"]) == (405, "MethodNotAllowed")
    assert "GET, DELETE" in error.message
