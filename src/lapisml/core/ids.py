"""Names and identifiers."""

from __future__ import annotations

import hashlib
import re
import secrets

_ADJECTIVES = (
    "amber brave bright calm clever coral crisp dapper eager fancy fleet frosty gentle golden happy honest "
    "icy jolly keen kind lucid lush mellow merry misty neat noble olive patient placid plucky proud quiet "
    "rapid rosy rustic sage serene shiny silent smart snowy solid sunny sweet tidy upbeat vivid warm witty"
).split()
_NOUNS = (
    "acorn apple bamboo basil beach berry birch brook cedar cherry clover comet coral cove dune fennel fern "
    "fig garden ginger grove harbor hazel island ivy jasmine kelp lagoon lake lemon lily maple meadow mint "
    "moss oak olive orchid palm parsley peach pebble pine plum pond quartz reef river sage shell spruce tulip"
).split()

_LONGEST_CHILD = 180

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}\Z")
"""Names of assets, computes, experiments' keys and workspaces that may appear in paths and arguments."""


def new_job_name() -> str:
    """Return a job name such as ``calm_fennel_7q2m0d8zkx``: readable, unique (50 random bits)."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    tail = "".join(secrets.choice(alphabet) for _ in range(10))
    return f"{secrets.choice(_ADJECTIVES)}_{secrets.choice(_NOUNS)}_{tail}"


def child_name(parent: str, step: str, attempt: int = 1) -> str:
    """Return the name of a job that another job starts; always the same for the same step and attempt.

    Args:
        parent: name of the job that it belongs to.
        step: key of the step, or number of the trial.
        attempt: from 1; a repeated step is a job of its own.

    >>> child_name("calm_fennel_x", "train")
    'calm_fennel_x--train'
    """
    plain = f"{parent}--{step}"
    if attempt == 1 and "--" not in step and len(plain) <= _LONGEST_CHILD and is_valid_name(plain):
        return plain
    mark = hashlib.sha256(f"{parent}/{step}/{attempt}".encode()).hexdigest()[:16]
    return f"{re.sub('[^A-Za-z0-9_-]', '_', plain)[:_LONGEST_CHILD]}-{mark}"


def new_token() -> str:
    """Return a URL-safe secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def is_valid_name(name: str) -> bool:
    """Say whether `name` is 1–255 letters, digits, ``_``, ``-``, ``.``, beginning with a letter or digit."""
    return NAME_PATTERN.match(name) is not None and ".." not in name
