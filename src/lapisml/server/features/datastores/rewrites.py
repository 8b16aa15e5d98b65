"""Rewrite rules: a prefix of a URI and what stands for it, for mirrors and places without internet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """A URI after the rules.

    Attributes:
        uri: the URI to use.
        base: the replacement that it begins with; None when no rule fitted. What follows it came from the
            user, what is in it from the server's settings.
    """

    uri: str
    base: str | None = None


class RewriteRules:
    """Prefix → replacement; the longest prefix that fits wins, and a result is not rewritten again.

    Args:
        rules: from the setting ``LAPIS_URI_REWRITES`` or the settings file.
    """

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._rules = sorted(rules.items(), key=lambda rule: len(rule[0]), reverse=True)

    def apply(self, uri: str) -> Rewritten:
        """Rewrite `uri` by the first rule that fits."""
        for prefix, replacement in self._rules:
            if uri.startswith(prefix):
                return Rewritten(replacement + uri[len(prefix) :], replacement)
        return Rewritten(uri)
