"""The user's scoring script: ``init()`` once, then ``run()`` for each request."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from . import jsons
from .errors import LoadError, RequestError
from .shims.aml_request import AMLRequest, is_raw

TEXT, OBJECT, RAW = "text", "object", "raw"


class Script:
    """A scoring script, loaded; ``init()`` has returned.

    Args:
        path: the script.
        code: folder that goes on the import path.

    Attributes:
        takes: what ``run()`` is given: ``text`` (the body as a string), ``object`` (arguments by name, of a function
            decorated by inference-schema) or ``raw`` (the whole request).
        wants_headers: whether it takes ``request_headers`` beside.
        run: the function.

    Raises:
        LoadError: it is none, or raised.
    """

    def __init__(self, path: str, code: str | None) -> None:
        if not os.path.isfile(path):
            raise LoadError(f"the scoring script {os.path.basename(path)} does not exist")
        for folder in filter(None, (code, os.path.dirname(path))):
            if folder in sys.path:
                sys.path.remove(folder)
            sys.path.insert(0, folder)
        module = _load(path)
        run = getattr(module, "run", None)
        if not callable(run):
            raise LoadError(f"the scoring script {os.path.basename(path)} has no function run(data)")
        self.run: Callable[..., Any] = run
        self.takes = RAW if is_raw(_innermost(run)) or is_raw(run) else OBJECT if _is_decorated(run) else TEXT
        self._parameters = _parameters(run)
        self.wants_headers = "request_headers" in self._parameters
        self._parameters.pop("request_headers", None)
        if not self._parameters:
            raise LoadError("run() takes no argument for the request's data")
        self._first = next(iter(self._parameters))
        _init(module)

    def call(self, body: bytes, head: dict[str, Any]) -> Any:
        """Call ``run()`` with a request.

        Raises:
            RequestError: the request does not fit the function.
            Exception: whatever ``run()`` raises.
        """
        arguments = self._arguments(body, head)
        if self.wants_headers:
            arguments["request_headers"] = dict(head.get("headers") or [])
        return self.run(**arguments)

    def _arguments(self, body: bytes, head: dict[str, Any]) -> dict[str, Any]:
        if self.takes == RAW:
            return {self._first: _request(body, head)}
        if self.takes == OBJECT:
            return self._by_name(body)
        try:
            return {self._first: body.decode()}
        except UnicodeDecodeError as error:
            raise RequestError("The request's body is not UTF-8.") from error

    def _by_name(self, body: bytes) -> dict[str, Any]:
        document = jsons.loads(body)
        if not isinstance(document, dict):
            details = [{"path": "", "expected": "an object"}]
            raise RequestError("The request's body is no JSON object.", details=details)
        found = {}
        for name, default in self._parameters.items():
            value = document.get(name, default)
            if value is inspect.Parameter.empty:
                details = [{"path": name, "expected": "a value"}]
                raise RequestError(f"'{name}' is missing.", "MissingInput", details=details)
            found[name] = value
        return found


def _request(body: bytes, head: dict[str, Any]) -> AMLRequest:
    headers = head.get("headers") or []
    kind = head.get("content_type")
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = [*headers, ("Content-Type", kind)]
    return AMLRequest(head.get("method", "POST"), head.get("path", "/score"), head.get("query", ""), headers, body)


def _load(path: str) -> types.ModuleType:
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"the scoring script {os.path.basename(path)} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise LoadError(f"the scoring script can't be imported: {_said(error)}") from error
    return module


def _init(module: types.ModuleType) -> None:
    init = getattr(module, "init", None)
    if not callable(init):
        return
    try:
        init()
    except BaseException as error:
        raise LoadError(f"init() raised {_said(error)}") from error


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())[:500]
    return type(error).__name__ + (f": {text}" if text else "")


def _parameters(run: Callable[..., Any]) -> dict[str, Any]:
    try:
        found = inspect.signature(run).parameters.values()
    except (TypeError, ValueError) as error:
        raise LoadError("the arguments of run() can't be seen") from error
    if any(p.kind not in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) for p in found):
        raise LoadError("run() takes *args, **kwargs or positional-only arguments; name its arguments")
    return {p.name: p.default for p in found}


def _is_decorated(run: Any) -> bool:
    util = schemas()
    return util is not None and bool(util.is_schema_decorated(run))


def schemas() -> Any:
    """Return inference-schema's own module or ours, when the script has imported it; else None."""
    if "inference_schema" not in sys.modules:
        return None
    return importlib.import_module("inference_schema.schema_util")


def _innermost(function: Any) -> Any:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def written(result: Any) -> bytes:
    """Return what ``run()`` returned as JSON, as Azure ML's server writes it: a text is quoted once more.

    Raises:
        TypeError, ValueError: JSON can't hold it.
    """
    try:
        return json.dumps(result).encode()
    except (TypeError, ValueError):
        return jsons.dumps(result)
