from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import apply_ops, load_document, parse_ops
from lapisml.documents.merge import SetOp, assign_op
from lapisml.documents.paths import DocumentPath, format_path, parse_path, value_at
from lapisml.documents.scalars import resolve
from tests.unit.documents.samples import DOCUMENTS, write

BASE: dict[str, Any] = {"name": "a", "tags": {"x": "1"}, "list": [{"id": "p"}, {"id": "q"}], "empty": None}


@pytest.mark.parametrize(
    ("pair", "path", "value"),
    [
        ("name=b", ("name",), "b"),
        ("tags.y=2", ("tags", "y"), 2),
        ("new.deep.er=True", ("new", "deep", "er"), True),
        ("empty.x=1.5", ("empty", "x"), 1.5),
        ("list[0].id=r", ("list", 0, "id"), "r"),
        ("list[-1].id=r", ("list", 1, "id"), "r"),
        ("list[2]=s", ("list", 2), "s"),
        ("list.1.id=r", ("list", 1, "id"), "r"),
        ("command=a=b c=d", ("command",), "a=b c=d"),
        ("text=", ("text",), ""),
        ('text="24"', ("text",), "24"),
        ("null=null", ("null",), None),
        ('map={"a": [1, "b"]}', ("map",), {"a": [1, "b"]}),
        ('map=["x"]', ("map",), ["x"]),
        ("text={not json", ("text",), "{not json"),
        ('tags["a.b"]=c', ("tags", "a.b"), "c"),
        ("tags['a=b']=c", ("tags", "a=b"), "c"),
        ("name=ü ${{inputs.x}}", ("name",), "ü ${{inputs.x}}"),
    ],
)
def test_set(pair: str, path: DocumentPath, value: Any) -> None:
    before = copy.deepcopy(BASE)
    after = apply_ops(BASE, parse_ops([pair])).data
    assert value_at(after, path) == value
    assert type(value_at(after, path)) is type(value)
    assert before == BASE


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("name", {**BASE, "name": ...}),
        ("tags.x", {**BASE, "tags": {}}),
        ("list[0]", {**BASE, "list": [{"id": "q"}]}),
        ("list[1].id", {**BASE, "list": [{"id": "p"}, {}]}),
    ],
)
def test_remove(path: str, rest: dict[str, Any]) -> None:
    expected = {key: value for key, value in rest.items() if value is not ...}
    assert apply_ops(BASE, parse_ops(removes=[path])).data == expected


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (["list", "x"], [*BASE["list"], "x"]),
        (["list", "id=r", "n=1"], [*BASE["list"], {"id": "r", "n": 1}]),
        (["list", '{"id": "r=1"}'], [*BASE["list"], {"id": "r=1"}]),
        (["fresh", "1"], [1]),
        (["empty", "1"], [1]),
    ],
)
def test_add(words: list[str], items: list[Any]) -> None:
    assert apply_ops(BASE, parse_ops(adds=[words])).data[words[0]] == items


@pytest.mark.parametrize(
    ("sets", "removes", "adds", "words"),
    [
        (["nonsense"], [], [], "expected path=value"),
        (["=x"], [], [], "empty"),
        ([".a=x"], [], [], "is not a path"),
        (["a..b=x"], [], [], "is not a path"),
        (["name.x=1"], [], [], "single value"),
        (["list[5]=1"], [], [], "2 items"),
        (["list[9].id=1"], [], [], "2 items"),
        (["list.id=1"], [], [], "use an index"),
        (["tags[0]=1"], [], [], "there is no list"),
        ([], ["nam"], [], "did you mean `name`"),
        ([], ["tags.z"], [], "there is no `z`"),
        ([], ["list[7]"], [], "2 items"),
        ([], [], [["name", "x"]], "not a list"),
        ([], [], [["list"]], "expected a path to a list"),
        ([], [], [["list", "a", "b"]], "expected one value"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(
    sets: list[str], removes: list[str], adds: list[list[str]], words: str
) -> None:
    with pytest.raises(LapisError) as caught:
        apply_ops(BASE, parse_ops(sets, removes, adds))
    assert caught.value.code is ErrorCode.USAGE
    assert words in caught.value.message


def test_values_take_the_form_that_the_document_wants(folder: Path) -> None:
    ops = parse_ops(["inputs.rate=24", "limits.timeout=60", "tags.n=010", "version_tag=1"][:3])
    ops.append(assign_op("experiment_name", "007", "--experiment-name"))
    document = load_document(write(folder, DOCUMENTS["job"]), overrides=ops, kind="job").validated().to_dict()
    assert document["inputs"]["rate"] == 24
    assert document["limits"]["timeout"] == 60
    assert document["tags"]["n"] == "010"
    assert document["experiment_name"] == "007"


def test_flags_alone_make_a_document() -> None:
    ops = [
        assign_op("name", "cpu-cluster", "--name"),
        assign_op("type", "AmlCompute", "--type"),
        assign_op("max_instances", "4", "--max-instances"),
    ]
    document = load_document(None, overrides=ops, kind="compute").validated().to_dict()
    assert document == {"name": "cpu-cluster", "type": "amlcompute", "max_instances": 4}


def test_a_fault_in_a_flag_says_which_flag(folder: Path) -> None:
    ops = parse_ops(["limits.timeout=soon", "inputs.data.path=./nowhere", "inputs.extra.pth=x"])
    with pytest.raises(LapisError) as caught:
        load_document(write(folder, DOCUMENTS["job"]), overrides=ops, kind="job").validated()
    problems = {problem.path: problem for problem in caught.value.problems}
    assert "(from --set limits.timeout)" in problems["limits.timeout"].message
    assert problems["limits.timeout"].line is None
    assert "(from --set inputs.data.path)" in problems["inputs.data.path"].message
    assert "(from --set inputs.extra.pth)" in problems["inputs.extra.pth"].message


def test_places_after_a_removal_point_at_the_list(tmp_path: Path) -> None:
    text = "name: a\ntype: amlcompute\nidentity:\n  type: user_assigned\n  user_assigned_identities:\n" \
           "    - resource_id: x\n    - resourc_id: y\n"  # fmt: skip
    path = tmp_path / "d.yml"
    path.write_text(text)
    ops = parse_ops(removes=["identity.user_assigned_identities[0]"])
    with pytest.raises(LapisError) as caught:
        load_document(path, overrides=ops, kind="compute").validated()
    (problem,) = caught.value.problems
    assert problem.path == "identity.user_assigned_identities[0].resourc_id"
    assert problem.line == 5  # the key of the list


keys = st.text(min_size=1, max_size=6).filter(lambda k: k.strip() == k)
steps = st.lists(keys, min_size=1, max_size=4).map(tuple)
leaves = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
trees = st.recursive(leaves, lambda t: st.one_of(st.lists(t, max_size=3), st.dictionaries(keys, t, max_size=3)))


@given(st.lists(st.one_of(keys, st.integers(0, 99)), min_size=1, max_size=5))
def test_a_path_that_is_written_reads_back(path: list[str | int]) -> None:
    if isinstance(path[0], str):
        assert parse_path(format_path(tuple(path))) == tuple(path)


@given(st.dictionaries(keys, trees, max_size=4), steps, trees)
def test_what_is_set_is_there_and_nothing_else_changes(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    try:
        after = apply_ops(data, [SetOp("set", path, value)]).data
    except LapisError:
        return
    assert value_at(after, path) == value
    for key in set(data) - {path[0]}:
        assert after[key] == data[key]
    removed = apply_ops(after, [SetOp("remove", path)]).data
    with pytest.raises(LookupError):
        value_at(removed, path)


@example(path=('"=',), value="")
@given(steps, leaves)
def test_a_pair_sets_what_yaml_would_read(path: tuple[str, ...], value: Any) -> None:
    text = str(value)
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        return
    after = apply_ops({}, parse_ops([f"{format_path(path)}={text}"])).data
    assert value_at(after, path) == (resolve(text) if text else "")
