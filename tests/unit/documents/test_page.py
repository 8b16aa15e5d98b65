"""``docs/documents.md`` says what the models say."""

from __future__ import annotations

import re
from pathlib import Path

from lapisml.documents import KINDS, load_document
from tests.unit.documents.key_tables import PAGE, page_with_tables


def test_the_tables_of_keys_are_those_of_the_models() -> None:
    page = PAGE.read_text()
    assert re.findall(r"<!-- keys: (\S+) -->", page)
    assert set(re.findall(r"<!-- keys: (\S+) -->", page)) == set(KINDS)
    assert page == page_with_tables(page), "renew it with: python -m tests.unit.documents.key_tables"


def test_the_pages_example_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("")
    (tmp_path / "job.yml").write_text(example)
    assert load_document(tmp_path / "job.yml").validated().to_dict()["type"] == "command"
