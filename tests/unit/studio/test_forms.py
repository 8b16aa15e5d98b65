"""The page's forms know the types that documents have, no more and no fewer."""

from __future__ import annotations

import re

import pytest

from lapisml.documents.detection import TYPES
from lapisml.documents.kinds.connection import WAYS
from tests.support.processes import REPOSITORY

PAGES = REPOSITORY / "studio" / "src" / "pages"


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [("datastore", r'type: "(\w+)",\s+label'), ("connection", r'\[\s*"(\w+)",\s+"[A-Z]')],
)
def test_the_form_offers_every_type(kind: str, pattern: str) -> None:
    text = (PAGES / f"{kind}s" / "access.ts").read_text(encoding="utf-8")
    assert sorted(re.findall(pattern, text)) == sorted(TYPES[kind])


def test_the_form_of_connections_offers_every_way_in() -> None:
    text = (PAGES / "connections" / "access.ts").read_text(encoding="utf-8")
    offered = text[text.index("  ways: {\n") :]
    assert sorted(re.findall(r"^    (\w+): \[", offered, re.MULTILINE)) == sorted(WAYS)
