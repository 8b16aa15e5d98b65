"""Uploads and snapshots of two servers over one bucket."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import blob_path
from lapisml.runner.snapshots import SnapshotStore
from lapisml.server.features.assets.shared_uploads import SharedUploads
from lapisml.server.features.assets.shelf import CodeShelf
from lapisml.server.features.assets.upload_request import UploadRequest
from lapisml.server.features.datastores.default_store import location_of
from lapisml.server.features.datastores.own_files import OwnFiles
from tests.support.assets import World, open_world, upload_request
from tests.support.buckets import Bucket, blob_container, s3_bucket

FILES = {"a.py": b"print(1)\n", "deep/b.py": b"", "deep/c.py": b"print(1)\n"}


class Machine:
    """What one server does with code and uploads."""

    def __init__(self, world: World, folder: Path, bucket: Bucket) -> None:
        self.ws = world.ws
        self.files = OwnFiles(folder, location_of(bucket.address, json.dumps(bucket.credentials)))
        self.shelf = CodeShelf(self.files, world.storage)
        self.uploads = SharedUploads(self.files, world.storage, self.shelf)

    def send(self, request: UploadRequest, files: dict[str, bytes], wanted: list[str]) -> None:
        for content in {hashlib.sha256(c).hexdigest(): c for c in files.values()}.values():
            digest = hashlib.sha256(content).hexdigest()
            if digest in wanted:
                with self.uploads.receive(self.ws, digest, len(content)) as receiver:
                    receiver.write(content)


@pytest.fixture(params=["s3", "azure_blob"])
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Machine]]:
    if request.param == "s3":
        bucket = s3_bucket(request.getfixturevalue("s3_endpoint"))
    else:
        bucket = blob_container(request.getfixturevalue("azurite"))
    with ExitStack() as stack:
        world = stack.enter_context(open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'lapis.db'}"))
        numbers = iter(range(10))
        yield lambda: Machine(world, tmp_path / f"machine{next(numbers)}", bucket)


def test_any_server_takes_any_part_of_an_upload(machines: Callable[[], Machine]) -> None:
    one, two, three = machines(), machines(), machines()
    request = upload_request(FILES, "code")
    begun = one.uploads.begin(one.ws, request)
    assert len(begun.missing) == 2
    one.send(request, FILES, begun.missing[:1])
    two.send(request, FILES, begun.missing[1:])
    assert three.uploads.complete(three.ws, begun.digest, request).missing == []
    assert one.uploads.begin(one.ws, request).missing == []
    assert not (three.files.folder / "default" / "snapshots").exists()
    root = two.shelf.bring(two.ws, begun.digest)
    SnapshotStore(str(root)).materialize(begun.digest, str(root / "out"))
    assert {str(p.relative_to(root / "out")) for p in (root / "out").rglob("*.py")} == set(FILES)


def test_data_is_there_when_it_is_whole(machines: Callable[[], Machine]) -> None:
    one, two = machines(), machines()
    request = upload_request(FILES)
    begun = one.uploads.begin(one.ws, request)
    assert two.uploads.complete(two.ws, begun.digest, request).missing == begun.missing
    one.send(request, FILES, begun.missing)
    ends = [threading.Thread(target=m.uploads.complete, args=(m.ws, begun.digest, request)) for m in (one, two)]
    for end in ends:
        end.start()
    for end in ends:
        end.join()
    assert two.uploads.complete(two.ws, begun.digest, request).missing == []
    place = one.files.at("default", "workspaceblobstore")
    storage = one.uploads._storage
    found = {e.path: e.size for e in storage.walk(place.child(f"LocalUpload/{begun.digest}/folder"))}
    assert found == {name: len(content) for name, content in FILES.items()}
    assert list(storage.walk(one.files.at("default", "uploads"))) == [], "nothing waits any more"
    storage.delete(place.child(f"LocalUpload/{begun.digest}/folder/a.py"))
    assert one.uploads.begin(one.ws, request).missing, "what was deleted is sent again"


def test_content_that_is_not_what_it_says_is_refused(machines: Callable[[], Machine]) -> None:
    one = machines()
    digest = hashlib.sha256(b"right").hexdigest()
    with pytest.raises(LapisError) as caught, one.uploads.receive(one.ws, digest, None) as receiver:
        receiver.write(b"wrong")
    assert caught.value.code is ErrorCode.INTEGRITY
    incoming = one.files.folder / "default" / "uploads" / "incoming"
    assert list(incoming.iterdir()) == []


def test_a_snapshot_with_a_hole_is_said_to_have_one(machines: Callable[[], Machine]) -> None:
    one, two = machines(), machines()
    request = upload_request(FILES, "code")
    begun = one.uploads.begin(one.ws, request)
    one.send(request, FILES, begun.missing)
    one.uploads.complete(one.ws, begun.digest, request)
    root = one.shelf.bring(one.ws, begun.digest)
    shutil.rmtree(root)
    assert one.shelf.bring(one.ws, begun.digest) == root, "it is brought again"
    storage: Any = one.uploads._storage
    storage.delete(one.shelf.index(one.ws).child(blob_path("", begun.missing[0])))
    with pytest.raises(LapisError) as caught:
        two.shelf.bring(two.ws, begun.digest)
    assert caught.value.code is ErrorCode.INTEGRITY
    with pytest.raises(LapisError) as caught:
        two.shelf.bring(two.ws, "0" * 64)
    assert caught.value.code is ErrorCode.NOT_FOUND
