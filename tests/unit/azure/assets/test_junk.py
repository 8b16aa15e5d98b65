"""Bodies that nobody should send are refused with a sentence, whatever stands where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind
from tests.unit.azure.assets.conftest import Arm
from tests.unit.azure.assets.test_forms import BODIES, COMMAND, COMMON, DIGEST, PARALLEL, PIPELINE, SPARK

JUNK: tuple[Any, ...] = (5, True, "x", "", [1], {}, {"a": 1}, {"1": [2]}, "azureml:/")
NAMES = ("a/b", "..", ".", "a b", "ä", "x" * 300, "a\x00", "-a", "latest")
SPECS = ({"componentSpec": spec} for spec in (COMMAND, PARALLEL, SPARK, PIPELINE))
GIVEN = [*((kind, body) for kind, body, _ in BODIES), *((AssetKind.COMPONENTS, spec) for spec in SPECS)]


def variants(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the body with each of its values, and each value one and two levels below, replaced by junk."""
    found = []
    for key, value in body.items():
        found += [{**body, key: junk} for junk in JUNK]
        if isinstance(value, dict):
            found += [{**body, key: inner} for inner in variants(value)]
    return found


def tried(arm: Arm, method: str, path: str, properties: Any) -> ErrorCode | None:
    """Send a request; what it raises must be an error of ours, and none of the server's own."""
    try:
        arm.ask(method, path, properties)
    except LapisError as error:
        return error.code
    return None


@pytest.mark.parametrize(("kind", "body"), GIVEN, ids=lambda value: value.value if isinstance(value, AssetKind) else "")
def test_junk_in_every_place(arm: Arm, kind: AssetKind, body: dict[str, Any]) -> None:
    arm.ask("PUT", "environments/e/versions/1", {"image": "i"})
    code = arm.world.upload({"a.py": b"1"}, "code").digest
    body = json.loads(json.dumps(body).replace(DIGEST, code))
    codes = set()
    for number, variant in enumerate(variants({**COMMON, **body})):
        codes.add(tried(arm, "PUT", f"{kind.value}/n/versions/{number}", variant))
    assert ErrorCode.DOCUMENT_INVALID in codes
    assert ErrorCode.INTERNAL not in codes


@pytest.mark.parametrize("word", ["models", "data", "environments", "components", "codes"])
def test_names_that_can_not_be(arm: Arm, word: str) -> None:
    for name in NAMES:
        for path in (f"{word}/{name.replace('/', '%2F')}/versions/1", f"{word}/n/versions/{name.replace('/', '%2F')}"):
            if name == "latest" and not path.endswith(name):
                continue  # a name like others; as a version it stands for one
            assert tried(arm, "GET", path, None) is ErrorCode.NOT_FOUND
            code = tried(arm, "PUT", path, {"image": "i", "codeUri": arm.upload({"a": b"1"})})
            assert code is not None or (word, name) == ("codes", "latest")


@pytest.mark.parametrize("body", [None, [], "x", 5, {}, {"properties": None}, {"properties": []}])
def test_bodies_without_properties(arm: Arm, body: Any) -> None:
    for path in ("models/m/versions/1", "models/m", "environments/e/versions/1", "codes/c/versions/1"):
        with pytest.raises(LapisError) as caught:
            arm.ask("PUT", path, body=body)
        assert caught.value.code in (ErrorCode.USAGE, ErrorCode.DOCUMENT_INVALID)


def test_flags_are_true_or_false(arm: Arm) -> None:
    for path, key in (("environments/e/versions/1", "isArchived"), ("environments/e/versions/1", "isAnonymous")):
        assert tried(arm, "PUT", path, {"image": "i", key: "yes"}) is ErrorCode.DOCUMENT_INVALID
    assert tried(arm, "PUT", "environments/e", {"isArchived": 1}) is ErrorCode.DOCUMENT_INVALID
    assert arm.ask("GET", "environments")[1] == {"value": []}


def test_junk_for_code_and_containers(arm: Arm) -> None:
    uri = arm.upload({"a": b"1"})
    for junk in JUNK:
        for key in ("codeUri", "tags", "properties", "description"):
            tried(arm, "PUT", "codes/c/versions/1", {"codeUri": uri, key: junk})
        for key in ("tags", "isArchived", "description"):
            tried(arm, "PUT", "models/m", {key: junk})
        tried(arm, "POST", "codes/c/versions/1/startPendingUpload", junk)
