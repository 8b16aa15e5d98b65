"""Ray's job API, by HTTP at the address of the cluster's dashboard; no package of Ray's is needed for it.

https://docs.ray.io/en/latest/cluster/running-applications/job-submission/api.html
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from lapisml.core.errors import ErrorCode, LapisError

OLDEST_RAY = (2, 9)
_SECONDS = 30.0
_CONNECT_S = 5.0
_SHOWN = 300
ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
"""States of a job of Ray's that has ended."""


class Dashboard:
    """A cluster's dashboard.

    Args:
        address: ``http://head:8265``.
        headers: that it wants.
        token: that it wants, as ``Authorization: Bearer``; None without one.
        certificate: PEM of the authority that signed its certificate; None means those that this machine trusts.
    """

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        certificate: str | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self._headers = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        context = ssl.create_default_context(cadata=certificate) if certificate else None
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=_CONNECT_S, read=_SECONDS), ssl_context=context
        )

    def version(self) -> str:
        """Return the version of Ray.

        Raises:
            LapisError: ServerUnreachable: nobody is there, or something else than Ray; NotSupported: it is too old.
        """
        status, body = self._ask("GET", "/api/version")
        plain = _json(body)
        if status != 200 or "ray_version" not in plain:
            sentence = f"{self.address} answers, but it is not the dashboard of a Ray cluster."
            hint = "`address` is where `ray start --head` says that the dashboard is, http://head:8265."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence, hint)
        found = str(plain["ray_version"])
        numbers = re.match(r"(\d+)\.(\d+)", found)
        if numbers and tuple(map(int, numbers.groups())) < OLDEST_RAY:
            needed = ".".join(map(str, OLDEST_RAY))
            raise LapisError(
                ErrorCode.NOT_SUPPORTED, f"The cluster at {self.address} runs Ray {found}; {needed} or newer is needed."
            )
        return found

    def put_package(self, uri: str, data: bytes) -> None:
        """Bring a package (``gcs://name``) to the cluster, unless it is there."""
        path = f"/api/packages/gcs/{uri.removeprefix('gcs://')}"
        if self._ask("GET", path)[0] == 200:
            return
        status, body = self._ask("PUT", path, raw=data)
        if status != 200:
            raise self._refused("take the package that Lapis sent", status, body)

    def job(self, name: str) -> dict[str, Any] | None:
        """Return what is known of a job; None without one of that name."""
        status, body = self._ask("GET", f"/api/jobs/{quote(name)}")
        if status == 404:
            return None
        if status != 200:
            raise self._refused(f"tell of job {name}", status, body)
        return _json(body)

    def jobs(self) -> list[dict[str, Any]]:
        """Return what is known of every job."""
        status, body = self._ask("GET", "/api/jobs/")
        try:
            found = json.loads(body) if status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise self._refused("list its jobs", status, body)
        return found

    def submit(self, name: str, entrypoint: str, uri: str, metadata: Mapping[str, str]) -> None:
        """Start a job; one of that name that is there already is no error."""
        wanted = {
            "submission_id": name,
            "entrypoint": entrypoint,
            "runtime_env": {"working_dir": uri},
            "metadata": dict(metadata),
        }
        status, body = self._ask("POST", "/api/jobs/", wanted)
        if status != 200 and self.job(name) is None:
            raise self._refused("start Lapis's front", status, body)

    def stop(self, name: str) -> None:
        """Ask a job to end."""
        status, body = self._ask("POST", f"/api/jobs/{quote(name)}/stop")
        if status not in (200, 404):
            raise self._refused(f"stop job {name}", status, body)

    def delete(self, name: str) -> None:
        """Forget a job that has ended."""
        status, body = self._ask("DELETE", f"/api/jobs/{quote(name)}")
        if status not in (200, 404):
            raise self._refused(f"forget job {name}", status, body)

    def logs(self, name: str) -> str:
        """Return what a job has written."""
        status, body = self._ask("GET", f"/api/jobs/{quote(name)}/logs")
        return str(_json(body).get("logs") or "") if status == 200 else ""

    def _ask(self, method: str, path: str, plain: Any = None, raw: bytes | None = None) -> tuple[int, bytes]:
        body = raw if plain is None else json.dumps(plain).encode()
        headers = {**self._headers, **({"Content-Type": "application/json"} if plain is not None else {})}
        try:
            answer = self._pool.request(method, self.address + path, body=body, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            sentence = f"The dashboard of the Ray cluster at {self.address} can't be reached: {_why(error)}."
            hint = "See that the cluster runs, and that `address` is its dashboard's as this server reaches it."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence, hint) from error
        if answer.status in (401, 403):
            sentence = f"The dashboard of the Ray cluster at {self.address} refuses this server ({answer.status})."
            raise LapisError(ErrorCode.FORBIDDEN, sentence, "Give `token:` or `headers:` in the compute's document.")
        return answer.status, answer.data

    def _refused(self, what: str, status: int, body: bytes) -> LapisError:
        lines = [line for line in body.decode(errors="replace").strip().splitlines() if line.strip()]
        why = f": {lines[-1].strip()[:_SHOWN]}" if lines else ""
        sentence = f"The Ray cluster at {self.address} did not {what} ({status}){why}"
        return LapisError(ErrorCode.SERVER_UNREACHABLE, sentence.rstrip(".") + ".")


def _json(body: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(body)
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _why(error: Exception) -> str:
    """Say what went wrong without the names of this machine's objects."""
    reason = getattr(error, "reason", None) or error
    text = str(reason)
    known = {
        "Name or service not known": "there is no machine of that name",
        "Connection refused": "nobody listens there",
    }
    for mark, words in known.items():
        if mark in text:
            return words
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "it does not answer in time"
    return text.split(": ", 1)[-1].rstrip(".")
