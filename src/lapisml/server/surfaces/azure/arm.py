"""One request of Azure's resource manager on its way through the surface, and the answer to it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.principal import Principal
from lapisml.server.surfaces.azure.errors import ArmError
from lapisml.server.surfaces.azure.routing import PROVIDER

LOCATION = "local"
"""The one region there is."""

PAGE = 100
"""How many objects one page of a list holds, where the client does not say."""

T = TypeVar("T")


class Query(Mapping[str, str]):
    """A request's query; the letter case of keys is ignored."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._values = {key.lower(): value for key, value in pairs}

    def __getitem__(self, key: str) -> str:
        return self._values[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._values

    def flag(self, key: str, default: bool = False) -> bool:
        """Read ``true`` or ``false``.

        Raises:
            LapisError: Usage for anything else.
        """
        word = self.get(key, "").lower()
        if word not in ("", "true", "false", "1", "0"):
            raise LapisError(ErrorCode.USAGE, f"{key} must be true or false, not '{word}'.")
        return word in ("true", "1") if word else default

    def number(self, key: str, default: int | None = None) -> int | None:
        """Read a whole number that is not negative.

        Raises:
            LapisError: Usage for anything else.
        """
        text = self.get(key, "")
        if not text:
            return default
        if not text.isdecimal() or len(text) > 9:
            raise LapisError(ErrorCode.USAGE, f"{key} must be a whole number, not '{text}'.")
        return int(text)

    def with_changes(self, **changes: str) -> str:
        """Give the query string with some keys changed; ``__`` in front of a name stands for ``$``."""
        new = {key.replace("__", "$"): value for key, value in changes.items()}
        replaced = {key.lower() for key in new}
        kept = [(key, value) for key, value in self._pairs if key.lower() not in replaced]
        return urlencode([*kept, *new.items()])


@dataclass(frozen=True)
class ArmCall:
    """One request.

    Attributes:
        method: HTTP method, upper case.
        path: as it was sent, percent-encoded, without the query.
        names: what the pattern's ``*`` stand for, decoded.
        query: letter case of keys ignored.
        body: the JSON value, None when there was none.
        headers: names in lower case.
        url: the server's address as this client sees it: ``https://127.0.0.1:8801``, no slash at its end.
        principal: who asks.
        subscription, group: as the address says them; the server's own where it says none.
        workspace_name, registry: the name in the address's scope; empty where there is none.
        scope_id: the address's scope, ``/subscriptions/…/workspaces/w``; empty where there is none.
        found: the workspace of the address; None where it names none.
    """

    method: str
    path: str
    names: tuple[str, ...]
    query: Query
    body: Any
    headers: Mapping[str, str]
    url: str
    principal: Principal
    subscription: str
    group: str
    workspace_name: str = ""
    registry: str = ""
    scope_id: str = ""
    found: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace that the address names; the surface has made sure that it exists.

        Raises:
            LapisError: Usage when the address names none.
        """
        if self.found is None:
            raise LapisError(ErrorCode.USAGE, "This address names no workspace.")
        return self.found

    def within(self, workspace: Workspace) -> ArmCall:
        """Give the same call with its workspace."""
        return replace(self, found=workspace)

    @property
    def by(self) -> str:
        """Who asks, by name."""
        return self.principal.name

    def json_object(self) -> dict[str, Any]:
        """Give the body.

        Raises:
            ArmError: InvalidRequestContent when it is not a JSON object.
        """
        if not isinstance(self.body, dict):
            sentence = "The body must be a JSON object."
            raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", sentence)
        return self.body

    def properties(self) -> dict[str, Any]:
        """Give ``properties`` of the body.

        Raises:
            ArmError: InvalidRequestContent when there is no such object.
        """
        found = self.json_object().get("properties")
        if not isinstance(found, dict):
            raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", "The body must hold an object `properties`.")
        return found

    def id(self, *words: str) -> str:
        """Give the id of something below the address's scope: ``call.id("models", name, "versions", "1")``."""
        return "/".join((self.scope_id, *words))

    def resource(
        self, of_type: str, words: Sequence[str], properties: dict[str, Any], /, **more: Any
    ) -> dict[str, Any]:
        """Give the body of a resource below the scope.

        Args:
            of_type: its type without the provider: ``workspaces/models/versions``.
            words: of its id, below the scope: ``("models", "churn", "versions", "3")``; the last is its name.
            more: further keys (`tags`, `location`, `systemData`, `sku`, `identity`, `kind`).
        """
        head = {"id": self.id(*words), "name": words[-1], "type": f"{PROVIDER}/{of_type}"}
        return {**head, **more, "properties": properties}

    def link(self, *words: str) -> str:
        """Give the whole address of something below the scope."""
        return self.url + "/".join((quote(self.scope_id), *(quote(word, safe="") for word in words)))

    def next_link(self, token: str) -> str:
        """Give the address of the next page of this list: the same request with another ``$skipToken``."""
        return f"{self.url}{self.path}?{self.query.with_changes(__skipToken=token)}"

    @property
    def provider_path(self) -> str:
        """The address of the provider in this subscription, where locations and operations are."""
        return f"/subscriptions/{quote(self.subscription)}/providers/{PROVIDER}"


@dataclass(frozen=True)
class ArmAnswer:
    """One answer.

    Attributes:
        status: HTTP status.
        body: a JSON value; None sends no body.
        headers: further headers.
        parts: text to send in place of a JSON value, read in a thread while it is sent.
    """

    status: int = 200
    body: Any = None
    headers: Sequence[tuple[str, str]] = field(default=())
    parts: Iterator[bytes] | None = None


Handler = Callable[[ArmCall], ArmAnswer]
"""Does a request's work in a thread."""

Routes = dict[tuple[str, str], Handler]
"""(method, pattern) → handler; see `routing`."""


def ok(body: Any) -> ArmAnswer:
    """Answer 200."""
    return ArmAnswer(200, body)


def created(body: Any, is_new: bool = True) -> ArmAnswer:
    """Answer 201 for what is new, 200 for what was there."""
    return ArmAnswer(201 if is_new else 200, body)


def no_content() -> ArmAnswer:
    """Answer 204."""
    return ArmAnswer(204)


def paged(call: ArmCall, values: Sequence[T], render: Callable[[T], Any]) -> ArmAnswer:
    """Answer one page of a list that is at hand as a whole.

    ``$top`` is the most that is wanted at all, ``count`` (datastores) the size of a page, ``$skip`` and
    ``$skipToken`` the number of values before the first.

    Args:
        render: gives a value's body; called for what is on the page only.
    """
    start, size, stop = page_bounds(call, len(values))
    body: dict[str, Any] = {"value": [render(value) for value in values[start : start + size]]}
    if start + size < stop:
        body["nextLink"] = call.next_link(str(start + size))
    return ArmAnswer(200, body)


def page_bounds(call: ArmCall, total: int) -> tuple[int, int, int]:
    """Give the first value of a page, how many values it has, and where the whole list ends."""
    first = call.query.number("$skip", 0) or 0
    start = call.query.number("$skipToken", first) or first
    top = call.query.number("$top")
    stop = total if top is None else min(total, first + top)
    size = call.query.number("count", PAGE) or PAGE
    return start, max(0, min(size, stop - start)), stop


def arm_time(millis: int | None) -> str | None:
    """Write milliseconds since the epoch as ARM writes times: ISO 8601 in UTC with ``Z``."""
    if millis is None:
        return None
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def system_data(
    by: str, created_at: int, changed_at: int | None = None, changed_by: str | None = None
) -> dict[str, Any]:
    """Give the ``systemData`` of a resource.

    Args:
        created_at, changed_at: milliseconds since the epoch.
    """
    return {
        "createdAt": arm_time(created_at),
        "createdBy": by,
        "createdByType": "User",
        "lastModifiedAt": arm_time(created_at if changed_at is None else changed_at),
        "lastModifiedBy": changed_by or by,
        "lastModifiedByType": "User",
    }


@dataclass(frozen=True)
class Operation:
    """How far a long-running operation is.

    Attributes:
        status: ``InProgress``, ``Succeeded``, ``Failed`` or ``Canceled``.
        error: why it failed.
        result: the body of what it made, for the poller's last request; None when there is none.
    """

    status: str
    error: LapisError | None = None
    result: dict[str, Any] | None = None


OperationReader = Callable[[ArmCall, tuple[str, ...]], Operation]
"""Says how far the operation is that `long_running` named with these words."""


AGAIN = ("x-ms-retry-after-ms", "250")
"""When to ask again how far something is: soon, since what is asked costs little and nothing here takes minutes."""


def long_running(call: ArmCall, kind: str, words: Sequence[str], body: Any, status: int = 201) -> ArmAnswer:
    """Answer that something takes time; the client asks the operation's address until it is over.

    An operation is no record: its address says what to look at. The reader registered for `kind` does.

    Args:
        kind: of operation, as in the noun's ``operations(services)``.
        words: what the reader needs to find the thing: names.
        body: the resource as it is now.
        status: 201 or 202.
    """
    address = f"{call.url}{call.provider_path}/locations/{LOCATION}"
    name = operation_name(kind, words)
    headers = [("Azure-AsyncOperation", f"{address}/mfeOperationsStatus/{name}"), AGAIN]
    if status == 202:
        headers.append(("Location", f"{address}/mfeOperationResults/{name}"))
    return ArmAnswer(status, body, headers)


SETTLED = "settled"
"""The kind of operations that were over before they began."""


def settled(call: ArmCall, body: Any, is_new: bool) -> ArmAnswer:
    """Answer 201 or 200 for a long-running PUT that is done, where the body's type is told by a key of it.

    SDKs before 1.35 read the first answer twice and take that key out the first time, so that they see the wrong
    type. They are sent to ask once whether it is over, upon which they get the resource and read that. Others lose
    a tenth of a second.
    """
    address = f"{call.url}{call.provider_path}/locations/{LOCATION}/mfeOperationsStatus/{operation_name(SETTLED, ())}"
    headers = [("Azure-AsyncOperation", address), ("x-ms-retry-after-ms", "50")]
    return ArmAnswer(201 if is_new else 200, body, headers)


def operation_name(kind: str, words: Sequence[str]) -> str:
    """Write an operation's kind and words as one word of an address."""
    return ".".join(base64.urlsafe_b64encode(word.encode()).decode().rstrip("=") for word in (kind, *words) if word)


def read_operation_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Read what `operation_name` wrote.

    Raises:
        LapisError: NotFound when it is none.
    """
    try:
        kind, *words = (_decoded(part) for part in name.split("."))
    except (binascii.Error, ValueError) as error:
        raise LapisError(ErrorCode.NOT_FOUND, f"There is no operation '{name}'.") from error
    return kind, tuple(words)


def _decoded(part: str) -> str:
    if not part:
        raise ValueError("an empty part")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()
