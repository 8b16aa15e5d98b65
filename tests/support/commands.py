"""Every command that ``lapis`` has, read from its own help."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache

from lapisml.cli.main import NOUNS, PLATFORM, main


@cache
def leaf_commands() -> tuple[tuple[str, ...], ...]:
    """Return the words of each command that does something: ``("up",)``, ``("job", "create")`` …"""
    found: list[tuple[str, ...]] = []
    for name in [*PLATFORM, *NOUNS]:
        verbs = _verbs(_help(name))
        found += [(name, verb) for verb in verbs] or [(name,)]
    return tuple(found)


def _help(*words: str) -> str:
    shown = io.StringIO()
    with redirect_stdout(shown), redirect_stderr(io.StringIO()), suppress(SystemExit):
        main([*words, "--help"])
    assert shown.getvalue(), f"lapis {' '.join(words)} --help prints nothing"
    return shown.getvalue()


def _verbs(text: str) -> list[str]:
    section = re.search(r"^verbs:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  ([a-z][a-z-]*)  ", section[1], re.M) if section else []
