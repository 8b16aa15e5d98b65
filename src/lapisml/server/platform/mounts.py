"""Sends each request to the application of its path's first word; nothing is matched more than once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lapisml.server.platform.auth import AsgiApp, Receive, Scope, Send


class Mounts:
    """Routes by prefix.

    Args:
        mounts: first word of the path → application, which sees the whole path.
        rest: takes everything else.
        find: asked for a word that is none of `mounts`, for those that have no fixed form; None goes to `rest`.
    """

    def __init__(
        self,
        mounts: Mapping[str, AsgiApp],
        rest: AsgiApp,
        find: Callable[[str], AsgiApp | None] = lambda _word: None,
    ) -> None:
        self._mounts = dict(mounts)
        self._rest = rest
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        word = first_word(scope.get("path", ""))
        app = self._mounts.get(word) or self._find(word) or self._rest
        await app(scope, receive, send)


def first_word(path: str) -> str:
    """Give what stands between the first two slashes of a path."""
    return path[1 : path.find("/", 1)] if "/" in path[1:] else path[1:]
