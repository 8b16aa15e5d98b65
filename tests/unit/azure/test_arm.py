from __future__ import annotations

import orjson
import pytest

from lapisml.core.errors import LapisError
from lapisml.server.platform.principal import Principal
from lapisml.server.surfaces.azure.arm import (
    ArmCall,
    Query,
    arm_time,
    long_running,
    operation_name,
    paged,
    read_operation_name,
    system_data,
)
from lapisml.server.surfaces.azure.durations import read_seconds, write_seconds
from lapisml.server.surfaces.azure.errors import ArmError

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def _call(query: Query | None = None, body: object = None) -> ArmCall:
    return ArmCall(
        method="GET",
        path=f"{SCOPE}/models",
        names=(),
        query=query or Query(),
        body=body,
        headers={},
        url="https://127.0.0.1:8801",
        principal=Principal("user", "ada"),
        subscription="s",
        group="g",
        workspace_name="w",
        scope_id=SCOPE,
    )


def _pages(query: list[tuple[str, str]], total: int) -> list[list[int]]:
    """Follow the links of a list to its end."""
    pages = []
    found = Query(query)
    while True:
        body = paged(_call(found), range(total), lambda number: number).body
        pages.append(body["value"])
        if "nextLink" not in body:
            return pages
        address, _, text = body["nextLink"].partition("?")
        assert address == f"https://127.0.0.1:8801{SCOPE}/models"
        from urllib.parse import parse_qsl

        found = Query(parse_qsl(text))


def test_lists_come_in_pages() -> None:
    assert _pages([("api-version", "x")], 250) == [[*range(100)], [*range(100, 200)], [*range(200, 250)]]
    assert _pages([("count", "2")], 5) == [[0, 1], [2, 3], [4]]
    assert _pages([], 0) == [[]]
    assert _pages([], 100) == [[*range(100)]]


def test_top_and_skip() -> None:
    assert _pages([("$top", "3")], 10) == [[0, 1, 2]]
    assert _pages([("$TOP", "3"), ("count", "2")], 10) == [[0, 1], [2]]
    assert _pages([("$skip", "8")], 10) == [[8, 9]]
    assert _pages([("$skip", "2"), ("$top", "3"), ("count", "2")], 10) == [[2, 3], [4]]
    assert _pages([("$skip", "80")], 10) == [[]]


def test_the_other_parameters_of_a_list_go_on() -> None:
    body = paged(_call(Query([("listViewType", "All"), ("$skipToken", "1"), ("count", "1")])), "abc", str).body
    assert "listViewType=All" in body["nextLink"]
    assert body["nextLink"].count("skipToken") == 1


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "9" * 30])
def test_strange_numbers_are_refused(text: str) -> None:
    with pytest.raises(LapisError, match="whole number"):
        paged(_call(Query([("$skipToken", text)])), "abc", str)


def test_flags() -> None:
    query = Query([("forceToPurge", "True"), ("other", "false"), ("bad", "perhaps")])
    assert query.flag("FORCETOPURGE")
    assert not query.flag("other", default=True)
    assert query.flag("absent", default=True)
    with pytest.raises(LapisError, match="true or false"):
        query.flag("bad")


def test_bodies_that_are_no_objects_are_refused() -> None:
    for body in (None, [], "x", 1):
        with pytest.raises(ArmError, match="JSON object"):
            _call(body=body).json_object()
    with pytest.raises(ArmError, match="properties"):
        _call(body={"properties": 1}).properties()
    assert _call(body={"properties": {"a": 1}}).properties() == {"a": 1}


def test_resources_and_links() -> None:
    body = _call().resource("workspaces/models/versions", ("models", "m", "versions", "3"), {"a": 1}, kind="K")
    assert body["id"] == f"{SCOPE}/models/m/versions/3"
    assert (body["name"], body["kind"]) == ("3", "K")
    assert body["type"] == "Microsoft.MachineLearningServices/workspaces/models/versions"
    assert _call().link("models", "a b/c") == f"https://127.0.0.1:8801{SCOPE}/models/a%20b%2Fc"


def test_operations_say_in_their_name_what_they_are() -> None:
    assert read_operation_name(operation_name("deploy", ("w", "a.b", "ä/%"))) == ("deploy", ("w", "a.b", "ä/%"))
    for name in ("", "%", "a.b.c.d", "!!!"):
        with pytest.raises(LapisError, match="no operation"):
            read_operation_name(name)
    answer = long_running(_call(), "deploy", ("w",), {}, 202)
    headers = dict(answer.headers)
    assert answer.status == 202
    assert headers["Azure-AsyncOperation"].startswith("https://127.0.0.1:8801/subscriptions/s/providers/")
    assert "Location" in headers


def test_times() -> None:
    assert arm_time(0) == "1970-01-01T00:00:00.000000Z"
    assert arm_time(None) is None
    data = system_data("ada", 0)
    assert data["lastModifiedBy"] == "ada"
    assert orjson.dumps(data)


def test_lengths_of_time() -> None:
    for text, seconds in (("PT2M", 120), ("PT120S", 120), ("P1DT2H", 93_600), ("PT1.4S", 1), ("P2W", 1_209_600)):
        assert read_seconds(text, "timeout") == seconds
    assert read_seconds(None, "timeout") is None
    assert [write_seconds(number) for number in (120, 0.5, None)] == ["PT120S", "PT0.5S", None]
    for bad in ("", "P", "PT", "2M", "P1M", "P1Y", 5, "P1DT"):
        with pytest.raises(LapisError, match="timeout"):
            read_seconds(bad, "timeout")
