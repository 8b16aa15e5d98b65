"""What a client is told when its request can't be answered."""

from __future__ import annotations

import json
from typing import Any


class LoadError(Exception):
    """The replica can't serve; the text is the sentence for its log and its owner."""


class RequestError(Exception):
    """The request can't be answered; the client is told why.

    Args:
        message: what is wrong, for people.
        code: what is wrong, for programs.
        status: HTTP status.
        details: the places in the request: ``{"path", "expected", …}`` each.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        message: str,
        code: str = "BadInput",
        status: int = 400,
        details: list[dict[str, Any]] | None = None,
        headers: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.details = details or []
        self.headers = headers or []

    def body(self) -> bytes:
        """Return the answer's body."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            said["details"] = self.details
        return json.dumps({"error": said}).encode()


def model_error(error: BaseException) -> RequestError:
    """Return what a client is told when the script or the model raised: 424, as on Azure ML.

    Where it raised stands in the log, not in the answer.
    """
    text = " ".join(str(error).split())
    said = type(error).__name__ + (f": {text}" if text else "")
    reason = said.encode("latin-1", "replace").decode("latin-1")[:200]
    headers = [("ms-azureml-model-error-statuscode", "500"), ("ms-azureml-model-error-reason", reason)]
    return RequestError(f"The model raised {said[:500]}", "ModelError", 424, headers=headers)


def timed_out(timeout_s: float) -> RequestError:
    """Return what a client is told whose request took longer than the deployment allows."""
    message = f"The model did not answer within {timeout_s:g} s, the request timeout of this deployment."
    return RequestError(message, "RequestTimeout", 408)
