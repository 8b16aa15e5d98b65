"""What is uploaded of pipelines, sweeps, parallel jobs and schedules, and what their documents say then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lapisml.documents import load_document
from lapisml.documents.manifest import Manifest
from lapisml.documents.registry import parse
from lapisml.sdk.session import Session
from lapisml.sdk.submission import Submission
from lapisml.sdk.transport import Transport
from tests.unit.documents.samples import DOCUMENTS, kind_of, write, write_files
from tests.unit.sdk.conftest import Handler, Peer


class Store:
    """The server's side of uploads; keeps what lies in each.

    Attributes:
        folders: address → paths of the files.
    """

    def __init__(self) -> None:
        self.folders: dict[str, list[str]] = {}

    def __call__(self, handler: Handler) -> None:
        body = json.loads(handler.peer.seen[-1][3])
        manifest = Manifest.from_dict(body["manifest"])
        uri = f"azureml://codes/{manifest.digest()}"
        if body["purpose"] == "data":
            uri = f"azureml://datastores/workspaceblobstore/paths/{manifest.digest()}/{body['basename']}"
        self.folders[uri] = [file.path for file in manifest.files]
        handler.answer(200, {"digest": manifest.digest(), "missing": [], "uri": uri})


@pytest.fixture
def store(peer: Peer) -> Store:
    made = Store()
    peer.script = [made]
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def ready(folder: Path, case: str, transport: Transport, text: str | None = None, *, defer: bool = False) -> Any:
    file = write(folder, DOCUMENTS[case] if text is None else text)
    submission = Submission(load_document(file, kind=kind_of(case)), defer=defer)
    return submission.ready(Session(transport, "default"))


@pytest.mark.parametrize("defer", [False, True])
@pytest.mark.parametrize(
    "case", ["job/pipeline", "job/sweep", "job/parallel", "job/spark", "component/pipeline", "component/parallel",
             "component/spark", "schedule"],
)  # fmt: skip
def test_what_is_sent_names_no_file_of_this_machine(
    case: str, defer: bool, folder: Path, transport: Transport, store: Store
) -> None:
    sent = ready(folder, case, transport, defer=defer)
    assert str(folder) not in json.dumps(sent)
    parse(kind_of(case), sent)
    assert store.folders


def test_each_component_gets_its_own_additions(folder: Path, transport: Transport, store: Store) -> None:
    sent = ready(folder, "component/pipeline", transport)
    train, score = sent["jobs"]["train"]["component"], sent["jobs"]["score"]
    assert store.folders[train["code"]] == ["shared/common.py", "train.py"]
    assert store.folders[score["code"]] == ["train.py"]
    assert "additional_includes" not in train


def test_the_same_folder_is_uploaded_once(folder: Path, transport: Transport, peer: Peer, store: Store) -> None:
    sent = ready(folder, "job/pipeline", transport)
    assert sent["jobs"]["search"]["trial"]["code"] == sent["jobs"]["train"]["component"]["code"]
    begun = [path for _, path, _, _ in peer.seen if path.endswith("/uploads")]
    assert len(begun) == 2, "the data and the code, which two steps share"


def test_a_component_of_additions_alone(folder: Path, transport: Transport, store: Store) -> None:
    text = "type: command\nname: c\ncommand: ls\nenvironment: e@latest\nadditional_includes: [./shared, ./conda.yml]\n"
    sent = ready(folder, "component", transport, text)
    assert store.folders[sent["code"]] == ["conda.yml", "shared/common.py"]
    assert "additional_includes" not in sent


def test_additions_of_a_parallel_component(folder: Path, transport: Transport, store: Store) -> None:
    text = DOCUMENTS["component/parallel"] + "additional_includes: [./shared]\n"
    sent = ready(folder, "component/parallel", transport, text)
    assert store.folders[sent["task"]["code"]] == ["shared/common.py", "train.py"]
    assert "additional_includes" not in sent


def test_a_schedules_files(folder: Path, transport: Transport, store: Store) -> None:
    step = ready(folder, "schedule", transport)["create_job"]["job"]["jobs"]["a"]
    assert store.folders[step["component"]["code"]] == ["shared/common.py", "train.py"]
    assert store.folders[step["inputs"]["data"]["path"]] == ["diabetes.csv"]
