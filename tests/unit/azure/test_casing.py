from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lapisml.server.surfaces.azure.casing import camel, camel_key, snake, snake_key, without_none

WORDS = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=4)


@given(WORDS)
def test_a_key_comes_back(words: list[str]) -> None:
    key = "_".join(words)
    assert snake_key(camel_key(key)) == key


def test_keys() -> None:
    assert camel_key("idle_time_before_scale_down") == "idleTimeBeforeScaleDown"
    assert snake_key("maxTotalTrials") == "max_total_trials"
    assert snake_key("enableSSO") == "enable_sso"
    assert snake_key("SystemAssigned") == "system_assigned"


def test_what_a_person_named_stays() -> None:
    body = {
        "displayName": "x",
        "tags": {"myTag": "a"},
        "environmentVariables": {"OMP_NumThreads": "1"},
        "inputs": {"trainData": {"jobInputType": "uri_file"}},
        "limits": [{"maxTrials": 1}],
    }
    document = snake(body)
    assert document == {
        "display_name": "x",
        "tags": {"myTag": "a"},
        "environment_variables": {"OMP_NumThreads": "1"},
        "inputs": {"trainData": {"job_input_type": "uri_file"}},
        "limits": [{"max_trials": 1}],
    }
    assert camel(document) == body


def test_absent_values_are_left_out() -> None:
    assert without_none({"a": None, "b": 0, "c": False, "d": ""}) == {"b": 0, "c": False, "d": ""}
