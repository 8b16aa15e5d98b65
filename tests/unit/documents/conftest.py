from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.documents.samples import write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that the sample documents name."""
    write_files(tmp_path)
    return tmp_path
