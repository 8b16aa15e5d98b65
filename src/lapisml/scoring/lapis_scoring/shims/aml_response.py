"""``azureml.contrib.services.aml_response``: an answer with status, headers and bytes of the script's choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .dicts import Headers


class AMLResponse:
    """An HTTP answer.

    Args:
        message: text, bytes, or with `json_str` anything that JSON can hold; None = an empty object.
        status_code: HTTP status.
        response_headers: name → value; several values of one name are separated by commas.
        json_str: write the message as JSON.
        run_function_failed: told to the client in a header.

    Attributes:
        data: the bytes.
        status_code: HTTP status.
        headers: the headers.
    """

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        as_json = json_str or message is None
        text = json.dumps({} if message is None else message) if as_json else message
        self.data: bytes = text if isinstance(text, bytes) else str(text).encode()
        self.status_code = int(status_code)
        self.headers = Headers()
        self.headers["Content-Type"] = "application/json" if as_json else "text/html; charset=utf-8"
        self.headers["x-ms-run-function-failed"] = str(run_function_failed)
        for name, value in (response_headers or {}).items():
            if name.lower() == "content-type":
                self.headers["Content-Type"] = value
                continue
            for part in str(value).split(","):
                self.headers.add(name, part.strip())

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip()

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        text = value.startswith("text/")
        self.headers["Content-Type"] = f"{value}; charset=utf-8" if text else value

    @property
    def content_type(self) -> str:
        """The content type."""
        return str(self.headers.get("content-type", ""))

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    def get_data(self, as_text: bool = False) -> Any:
        """Return the bytes, or the text."""
        return self.data.decode() if as_text else self.data

    def set_data(self, value: Any) -> None:
        """Replace the bytes."""
        self.data = value if isinstance(value, bytes) else str(value).encode()
