"""Which files of a code folder stay at home: ``.amlignore``, else ``.gitignore``, of the folder itself.

The rules are those of gitignore (https://git-scm.com/docs/gitignore). As with Azure ML, only the file in the
top folder counts, and ``.amlignore`` replaces ``.gitignore``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".amlignore", ".gitignore")
"""Names of the files with rules; the first that exists is the one that counts."""

_FOLDERS = frozenset({".git", "__pycache__", ".ipynb_checkpoints"})
_FILES = frozenset({".DS_Store", ".amlignore"})

ALWAYS = (*(f"{name}/" for name in sorted(_FOLDERS)), *sorted(_FILES))
"""Rules that hold in every folder; a ``!rule`` of the folder's own file can take one back."""


class IgnoreRules:
    """Decides for paths below one folder."""

    def __init__(self, rules: Iterable[str] = ()) -> None:
        own = [line.rstrip("\r\n") for line in rules]
        self._takes_back = any(line.lstrip().startswith("!") for line in own)
        self._spec = _compile([*ALWAYS, *own]) if own else None

    @classmethod
    def of_folder(cls, root: Path) -> IgnoreRules:
        """Read the rules of a folder; without a file there are only those that always hold."""
        for name in IGNORE_FILES:
            file = root / name
            if file.is_file():
                return cls(file.read_text(encoding="utf-8", errors="replace").splitlines())
        return cls()

    def ignores(self, path: str) -> bool:
        """Say whether a file stays at home.

        Args:
            path: below the folder, with forward slashes.
        """
        if self._spec is None:  # the rules that always hold need no library
            *folders, name = path.split("/")
            return not (_FOLDERS.isdisjoint(folders) and _FILES.isdisjoint([*folders, name]))
        return bool(self._spec.match_file(path))

    def prunes(self, path: str) -> bool:
        """Say whether nothing below a folder can be wanted, so that it need not be looked at.

        Args:
            path: of the folder, below the root, with forward slashes.
        """
        return not self._takes_back and self.ignores(path.rstrip("/") + "/")


def _compile(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def walk(root: Path, rules: IgnoreRules) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder that are wanted, as (path below `root`, file), sorted by path.

    Links are followed, as Azure ML does; one that leads back to a folder above itself is passed over.

    Raises:
        OSError: a folder can't be read.
    """
    yield from sorted(_walk(root, "", rules, frozenset()))


def _walk(folder: Path, below: str, rules: IgnoreRules, above: frozenset[Path]) -> Iterator[tuple[str, Path]]:
    real = folder.resolve()
    if real in above:
        return
    for entry in folder.iterdir():
        path = below + entry.name
        if entry.is_dir():
            if not rules.prunes(path):
                yield from _walk(entry, path + "/", rules, above | {real})
        elif entry.is_file() and not rules.ignores(path):
            yield path, entry
