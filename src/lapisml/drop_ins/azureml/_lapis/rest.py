"""MLflow's REST protocol as much as a run needs, over the job's own tracking server.

Form: https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from typing import Any, Dict, Iterator, List, Optional
from urllib.parse import quote, urlencode

_TIMEOUT_S = 3600.0
_ARTIFACTS = "mlflow-artifacts:"


class TrackingError(RuntimeError):
    """The tracking server refused; ``code`` is MLflow's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def server() -> Optional[str]:
    """Give the address of the job's tracking server; None outside a job."""
    found = os.environ.get("LAPIS_TRACKING_URI") or os.environ.get("MLFLOW_TRACKING_URI") or ""
    return found if found.startswith(("http://", "https://")) else None


def call(method: str, path: str, body: Optional[Dict[str, Any]] = None, **query: Any) -> Dict[str, Any]:
    """Call an endpoint of ``/api/2.0/mlflow`` and return its answer.

    Raises:
        TrackingError: the server refused.
    """
    target = f"/api/2.0/mlflow/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    with _open(method, target, None if body is None else json.dumps(body).encode()) as answer:
        raw = answer.read()
    loaded = json.loads(raw) if raw else {}
    return dict(loaded)


def upload(artifact_uri: str, path: str, file: str) -> None:
    """Store a file as ``<artifact_uri>/<path>``; raises as `call`."""
    with open(file, "rb") as opened:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(os.fstat(opened.fileno()).st_size)}
        with _open("PUT", _artifact(artifact_uri, path), opened, headers) as answer:
            answer.read()


def download(artifact_uri: str, path: str, file: str) -> None:
    """Fetch ``<artifact_uri>/<path>`` into a file, whose folders are made; raises as `call`."""
    os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
    with _open("GET", _artifact(artifact_uri, path)) as answer, open(file, "wb") as sink:
        shutil.copyfileobj(answer, sink, 1 << 20)


def listed(artifact_uri: str, path: str = "") -> Iterator[str]:
    """Yield the paths of all files below ``<artifact_uri>/<path>``, relative to `artifact_uri`; raises as `call`."""
    below = "/".join(part for part in (_below(artifact_uri), path) if part)
    query = "?" + urlencode({"path": below})
    with _open("GET", "/api/2.0/mlflow-artifacts/artifacts" + query) as answer:
        files: List[Dict[str, Any]] = json.loads(answer.read()).get("files") or []
    for entry in files:
        name = "/".join(part for part in (path, str(entry["path"])) if part)
        if entry.get("is_dir"):
            yield from listed(artifact_uri, name)
        else:
            yield name


def _artifact(artifact_uri: str, path: str) -> str:
    whole = "/".join(part.strip("/") for part in (_below(artifact_uri), path) if part.strip("/"))
    return "/api/2.0/mlflow-artifacts/artifacts/" + quote(whole)


def _below(artifact_uri: str) -> str:
    if not artifact_uri.startswith(_ARTIFACTS):
        raise TrackingError("INVALID_PARAMETER_VALUE", f"the artifacts lie at {artifact_uri}: use mlflow.artifacts")
    path = artifact_uri[len(_ARTIFACTS) :]
    return path[2:].partition("/")[2].strip("/") if path.startswith("//") else path.strip("/")


def _open(method: str, target: str, data: Any = None, headers: Optional[Dict[str, str]] = None) -> Any:
    base = server()
    if base is None:
        raise TrackingError("INVALID_STATE", "this is no job of Lapis: MLFLOW_TRACKING_URI is not set")
    sent = dict(headers or {"Content-Type": "application/json"})
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if token:
        sent["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(base.rstrip("/") + target, data=data, headers=sent, method=method)  # noqa: S310
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 - http or https, see `server`
    except urllib.error.HTTPError as error:
        raise _refusal(error) from None
    except urllib.error.URLError as error:
        raise TrackingError("TEMPORARILY_UNAVAILABLE", f"{base} gives no answer: {error.reason}") from None


def _refusal(error: urllib.error.HTTPError) -> TrackingError:
    try:
        body = json.loads(error.read())
        return TrackingError(str(body["error_code"]), str(body["message"]))
    except (ValueError, KeyError, TypeError, OSError):
        return TrackingError("INTERNAL_ERROR", f"the tracking server answered {error.code}")
