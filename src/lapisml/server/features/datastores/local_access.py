"""Which folders of this machine a document may name: never those of the server itself."""

from __future__ import annotations

from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError


class LocalAccess:
    """Checks paths that users name: ``file:`` addresses and datastores of type ``local``.

    Args:
        home: folder of the server's database, secrets and every workspace's files: always refused, since each
            of these has its own way in that checks who asks.
        roots: folders that may be named (the setting ``LAPIS_LOCAL_ROOTS``); empty: any outside `home`.
    """

    def __init__(self, home: Path, roots: tuple[Path, ...] = ()) -> None:
        self._home = home.resolve()
        self._roots = tuple(root.resolve() for root in roots)

    def check(self, path: str) -> Path:
        """Return `path` with links resolved when it may be named.

        Raises:
            LapisError: PathNotAllowed.
        """
        if not path.startswith("/") or "\0" in path:
            sentence = f"'{path!r}' is not an absolute path of this machine."
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)
        try:
            real = Path(path).resolve()
        except (OSError, RuntimeError) as error:
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path '{path}' can't be resolved.") from error
        if real.is_relative_to(self._home) or self._home.is_relative_to(real):
            hint = "Name data of the workspace by azureml://datastores/<name>/paths/<path>."
            sentence = f"'{path}' touches the server's own folder; it can't be named as data."
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence, hint)
        if self._roots and not any(real.is_relative_to(root) for root in self._roots):
            hint = "LAPIS_LOCAL_ROOTS of the server lists the folders that may be named."
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{path}' is not in a folder that may be used.", hint)
        return real
