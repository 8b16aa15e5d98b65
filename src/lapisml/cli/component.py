"""``lapis component``."""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.cli import flags
from lapisml.cli.assets import asset_verbs
from lapisml.cli.parsing import refused, run_noun

_CREATE = (
    flags.values(("--description", "what it does"), ("--display-name", "its name for people")),
    flags.refusing(skip_validation="the document is always checked; leave the flag out."),
)

VERBS = asset_verbs("component", "a component", _CREATE, ("description", "display_name")) | {
    "validate": refused("`lapis component create` checks the whole document before it creates anything."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis component words…``."""
    return run_noun("component", "Components: reusable steps, with versions and labels.", VERBS, words)
