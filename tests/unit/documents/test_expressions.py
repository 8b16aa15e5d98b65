from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.documents.expressions import ExpressionError, check, find, optional_names, referenced, render


def test_expressions_are_found_with_their_places() -> None:
    text = "a ${{inputs.x}} $[[--y ${{ inputs.y }}]] ${{outputs.z}} ${{name}} ${single}"
    found = find(text)
    assert [(e.name, e.optional) for e in found] == [
        ("inputs.x", False),
        ("inputs.y", True),
        ("outputs.z", False),
        ("name", False),
    ]
    assert all(text[e.start : e.end] == e.text for e in found)
    assert (found[0].root, found[0].rest) == ("inputs", "x")


def test_names_below_a_root() -> None:
    text = "${{inputs.a}} ${{inputs.b}} ${{inputs.a}} ${{outputs.c}} $[[${{inputs.d}} ${{inputs.a}}]]"
    assert referenced(text, "inputs") == ["a", "b", "d"]
    assert referenced(text, "outputs") == ["c"]
    assert optional_names(text) == ["d"]


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("${{inputs.dat}}", "there is no input `dat`", "data"),
        ("${{inputs.zzz}}", "there is no input `zzz`", None),
        ("${{input.data}}", "names nothing that is known here", "${{inputs.data}}"),
        ("${{data}}", "names nothing that is known here", "${{inputs.data}}"),
        ("${{inputs}}", "names nothing that is known here", None),
        ("${{parent.inputs.data}}", "only in a step of a pipeline", None),
        ("${{outputs.reprt}}", "there is no output `reprt`", "report"),
        ("$[[${{inputs.dat}}]]", "there is no input `dat`", "data"),
        ("${{}}", "is not an expression", None),
        ("${{ 1 + 1 }}", "is not an expression", None),
        ("${{inputs.data", "is never closed", None),
    ],
)
def test_faults(text: str, message: str, suggestion: str | None) -> None:
    (fault,) = check(text, ["data"], ["report"])
    assert message in fault.message
    assert fault.suggestion == suggestion


@pytest.mark.parametrize(
    "text",
    [
        "${{inputs.data}} ${{ outputs.report }}",
        "${{outputs.anything_else}}",  # mentioning an output declares it
        "$[[--x ${{inputs.unheard_of}}]]",  # left out when the input is not there
        "$HOME ${HOME} {{x}} $[x] $$",
    ],
)
def test_no_faults(text: str) -> None:
    assert check(text, ["data"], ["report"]) == []


def test_names_that_stand_alone() -> None:
    assert check("${{name}}", [], [], ["name"]) == []
    assert check("${{name}}", [], []) != []


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("a ${{inputs.x}} b", "a 1 b"),
        ("${{ inputs.x }}${{inputs.x}}", "11"),
        ("a $[[--y ${{inputs.y}}]] b", "a  b"),
        ("a $[[--x ${{inputs.x}}]] b", "a --x 1 b"),
        ("$[[${{inputs.x}} ${{inputs.y}}]]", ""),
        ("$[[--x ${{inputs.x}}]] $[[--z ${{inputs.z}}]]", "--x 1 "),
        ("${{inputs.e}}", ""),
        ("${{inputs.t}}", "${{inputs.x}}"),
    ],
)
def test_rendering(text: str, rendered: str) -> None:
    values = {"inputs.x": "1", "inputs.y": None, "inputs.e": "", "inputs.t": "${{inputs.x}}"}
    assert render(text, values) == rendered


def test_what_has_no_value_is_refused() -> None:
    with pytest.raises(ExpressionError, match=r"inputs\.y"):
        render("${{inputs.y}}", {"inputs.y": None})


@given(st.lists(st.one_of(st.sampled_from(["${{inputs.a}}", "$[[${{inputs.b}}]]", "text"]), st.text(max_size=5))))
def test_a_text_without_faults_can_be_rendered(parts: list[str]) -> None:
    text = "".join(parts)
    if not check(text, ["a", "b"], []) and not referenced(text, "outputs"):
        render(text, {"inputs.a": "1", "inputs.b": "2"})
