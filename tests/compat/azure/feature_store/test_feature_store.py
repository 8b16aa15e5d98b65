"""Feature stores with the SDK, unmodified: documents are kept and shown, and running them is refused."""

from __future__ import annotations

from pathlib import Path

from tests.support.clients import AzureCloud, python_of, run_client

SCRIPT = Path(__file__).with_name("feature_store.py")


def test_a_feature_store(azure_cloud: AzureCloud, tmp_path: Path) -> None:
    printed = run_client(SCRIPT, azure_cloud.variables(), python_of("azure-new"), cwd=tmp_path)
    assert printed.split()[-1] == "done"
