"""``docs/documents.md`` says what the models say."""

from __future__ import annotations

import re
from pathlib import Path

from lapisml.documents import KINDS, load_document
from tests.unit.documents.key_tables import PAGE, page_with_tables


def test_the_tables_of_keys_are_those_of_the_models() -> None:
    page = PAGE.read_text()
    assert re.findall(r"<!-- keys: (\S+) -->", page)
    assert set(re.findall(r"<!-- keys: (\S+) -->", page)) == {*KINDS, "step"}
    assert page == page_with_tables(page), "renew it with: python -m tests.unit.documents.key_tables"


def test_the_pages_examples_are_valid(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("")
    (tmp_path / "src" / "score.py").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "conda.yml").write_text("dependencies: [python]\n")
    (tmp_path / "train.yml").write_text(next(text for text in examples if "commandComponent" in text))
    (tmp_path / "nightly.yml").write_text(next(text for text in examples if "pipelineJob" in text))
    found = []
    for number, example in enumerate(examples):
        (tmp_path / f"{number}.yml").write_text(example)
        loaded = load_document(tmp_path / f"{number}.yml")
        loaded.validated()
        found.append((loaded.kind, loaded.data.get("type")))
    assert found == [
        ("job", "command"), ("component", "command"), ("job", "pipeline"), ("job", "sweep"), ("job", "parallel"),
        ("job", "spark"), ("schedule", None), ("online-endpoint", None), ("online-deployment", None),
        ("online-deployment", None), ("batch-endpoint", None), ("batch-deployment", "model"),
        ("batch-deployment", "pipeline"),
    ]  # fmt: skip
