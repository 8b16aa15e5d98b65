"""What the page believes of the server's API is what the server says."""

from __future__ import annotations

import hashlib

from tests.support.openapi import described
from tests.support.processes import REPOSITORY

_RENEW = "run scripts/studio-api and commit what it changed"


def test_the_page_has_the_servers_api() -> None:
    kept = (REPOSITORY / "studio" / "openapi.json").read_text(encoding="utf-8")
    assert kept == described(), _RENEW


def test_the_pages_types_were_made_from_it() -> None:
    digest = hashlib.sha256((REPOSITORY / "studio" / "openapi.json").read_bytes()).hexdigest()
    types = (REPOSITORY / "studio" / "src" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    assert digest in types.splitlines()[-1], _RENEW
