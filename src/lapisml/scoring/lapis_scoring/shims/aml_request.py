"""``azureml.contrib.services.aml_request``: the whole HTTP request for scripts that ask for it with ``@rawhttp``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import multipart
from .dicts import Headers, MultiDict

_MARK = "_lapis_rawhttp"


def rawhttp(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark ``run()`` as one that takes an `AMLRequest` and may return an ``AMLResponse``."""
    setattr(function, _MARK, True)
    return function


def is_raw(function: Any) -> bool:
    """Say whether a function is marked so."""
    return bool(getattr(function, _MARK, False))


class AMLRequest:
    """An HTTP request, with the names that scripts know from Flask.

    Args:
        method: HTTP method.
        path: path of the URL.
        query: what stands behind the question mark.
        headers: pairs.
        body: the bytes.

    Attributes:
        method, path, data, headers, query_string: as sent.
        args: the query, decoded.
    """

    def __init__(
        self, method: str = "POST", path: str = "/score", query: str = "", headers: Any = (), body: bytes = b""
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query.encode()
        self.headers = Headers(headers)
        self.data = body
        self.args = MultiDict(multipart.query_pairs(query))
        self._parts: tuple[MultiDict, MultiDict] | None = None

    @property
    def content_type(self) -> str:
        """The header Content-Type."""
        return str(self.headers.get("content-type", ""))

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return len(self.data)

    @property
    def full_path(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query_string.decode()}"

    @property
    def is_json(self) -> bool:
        """Whether the body is said to be JSON."""
        return self.mimetype == "application/json" or self.mimetype.endswith("+json")

    @property
    def json(self) -> Any:
        """The body, as JSON."""
        return self.get_json(force=True)

    @property
    def files(self) -> MultiDict:
        """The files of a multipart body."""
        return self._read()[1]

    @property
    def form(self) -> MultiDict:
        """The fields of a form."""
        return self._read()[0]

    @property
    def values(self) -> MultiDict:
        """Query and form together."""
        return MultiDict([*self.args.pairs(), *self.form.pairs()])

    @property
    def stream(self) -> Any:
        """The body as a file."""
        return multipart.stream(self.data)

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:  # noqa: ARG002
        """Return the body as bytes, or as text."""
        return self.data.decode() if as_text else self.data

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002
        """Return the body as JSON; None when it is not said to be JSON, unless forced.

        Raises:
            ValueError: it is no JSON.
        """
        if not force and not self.is_json:
            return None
        try:
            return json.loads(self.data)
        except ValueError:
            if silent:
                return None
            raise

    def _read(self) -> tuple[MultiDict, MultiDict]:
        if self._parts is None:
            self._parts = multipart.parts(self.data, self.content_type)
        return self._parts
