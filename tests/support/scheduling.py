"""How the tests are shared out between processes: file by file, the long ones first."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_LONG = ("tests/integration/kills/", "tests/e2e/scenario/", "tests/e2e/bad_documents/", "tests/contract/")
_PLAYED_ONCE = "tests/e2e/scenario/"


class ByFile(LoadScopeScheduling):
    """Gives each process whole files, since fixtures are shared within one.

    The played scenario is shared by a folder: all of its tests on one database go to one process.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # keep the order of `long_first`
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.startswith(_PLAYED_ONCE):
            return _PLAYED_ONCE + ("postgres" if "postgres" in nodeid else "sqlite")
        return path


def long_first(items: list[pytest.Item]) -> None:
    """Put the tests of long files first, so that no process is left with one of them at the end."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, prefix in enumerate(_LONG) if item.nodeid.startswith(prefix)), len(_LONG))

    items.sort(key=rank)
