"""A replica with an MLflow model and no code."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lapisml.scoring.lapis_scoring import frames
from tests.support.replicas import Replica, save_model

Start = Callable[..., Replica]

NAMES = ["age", "bmi", "glucose"]
DOUBLES = [{"name": name, "type": "double", "required": True} for name in NAMES]


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    drawn = np.random.default_rng(1)
    return pd.DataFrame(drawn.normal(50, 10, (300, 3)), columns=NAMES)


@pytest.fixture(scope="module")
def regression(people: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(people, people.age + people.bmi > 100)
    return save_model(tmp_path_factory.mktemp("models") / "lr", model, DOUBLES, [{"type": "boolean"}]), model


@pytest.fixture(scope="module")
def replica(regression: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """One replica for the tests that don't harm it."""
    found = Replica(tmp_path_factory.mktemp("replica"), kind="mlflow", model_path=str(regression[0]))
    hello = found.hello()
    assert (hello["kind"], hello["max_concurrent"]) == ("mlflow", 64)
    yield found
    found.end()


def test_every_form_gets_the_models_answers(
    replica: Replica, regression: tuple[Path, Any], people: pd.DataFrame
) -> None:
    _, model = regression

    some = people.head(7)
    wanted = model.predict(some).tolist()
    split = {"columns": NAMES, "index": list(range(7)), "data": some.values.tolist()}
    turned = {"columns": NAMES[::-1], "data": some[NAMES[::-1]].values.tolist()}
    records = some.to_dict(orient="records")
    by_column = some.to_dict(orient="list")
    for body in ({"input_data": split}, {"input_data": turned}, {"data": split["data"]}, split, records):
        assert replica.ask(body) == (200, wanted)
    for key in ("input_data", "data"):
        assert replica.ask({key: records}) == (200, wanted)
    for body in (
        {"dataframe_split": split},
        {"dataframe_records": records},
        {"instances": records},
        {"inputs": by_column},
        {"inputs": split["data"]},
    ):
        assert replica.ask(body) == (200, {"predictions": wanted})
    assert replica.ask({"input_data": split["data"][0]}) == (200, wanted[:1])
    assert replica.ask({"input_data": split, "params": {}}) == (200, wanted)
    assert replica.ask(some.to_csv(index=False).encode(), {"content_type": "text/csv; charset=utf-8"}) == (
        200,
        {"predictions": wanted},
    )
    described = json.loads(replica.swagger.read_text())["definitions"]["ServiceInput"]
    assert described["example"] == {"input_data": {"columns": NAMES, "index": [0], "data": [[0.0, 0.0, 0.0]]}}


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"input_data": {"columns": ["age", "bmy", "glucose"], "data": [[1, 2, 3]]}}, "MissingColumn", "is it 'bmy'?"),
        ({"dataframe_records": [{"age": 1, "bmi": 2}]}, "MissingColumn", "Column missing in record 0: 'glucose'"),
        ({"input_data": [[1, "heavy", 3]]}, "WrongType", "Column 'bmi', row 0: expected double, got 'heavy'"),
        ({"input_data": [[1, 2, 3], [1, 2]]}, "BadInput", "input_data[1] has 2 values; the model takes 3"),
        ({"input_data": [[1, None, 3]]}, "MissingValue", "takes no missing (null, NaN) or infinite values"),
        (b'{"input_data": [[1, NaN, 3]]}', "MissingValue", "'bmi'"),
        (b'{"input_data": [[1, 1e999, 3]]}', "MissingValue", "'bmi'"),
        ({"inputs": {"age": [1], "bmi": [1, 2], "glucose": [1]}}, "BadInput", "'age' has 1 values, others have 2"),
        (
            {"inputs": [[1, 2, 3]], "params": {"top": 1}},
            "BadInput",
            "takes no parameters, and the request has some: top",
        ),
        ({"input_data": []}, "BadInput", "The request holds no rows."),
        ({"rows": [[1, 2, 3]]}, "BadInput", "none of the keys that hold rows"),
        ({"inputs": [[1, 2, 3]], "instances": [[1, 2, 3]]}, "BadInput", "rows more than once"),
        ({"dataframe_split": [[1, 2, 3]]}, "BadInput", "dataframe_split is not an object"),
        ("hello", "BadInput", "holds no rows"),
        (b"", "EmptyBody", "no body"),
        (b'{"input_data": [[1, 2,', "InvalidJson", "line 1 column"),
        (b"\xff\xfe", "InvalidJson", ""),
        (b"[" * 100_000, "InvalidJson", "nested too deeply"),
    ],
)
def test_bad_input_is_named(replica: Replica, body: Any, code: str, said: str) -> None:
    status, answer = replica.ask(body)
    assert (status, answer["error"]["code"]) == (400, code)
    assert said in answer["error"]["message"]
    assert replica.ask({"input_data": [[60, 50, 1]]}) == (200, [True]), "and the replica goes on"


def test_an_unknown_type_of_body_is_415(replica: Replica) -> None:
    assert replica.ask(b"<x/>", {"content_type": "application/xml"})[0] == 415


def test_what_arrives_together_is_answered_each_for_itself(replica: Replica, regression: tuple[Path, Any]) -> None:
    _, model = regression
    first = replica.next_number
    drawn = np.random.default_rng(3).normal(50, 10, (40, 3))
    wanted = model.predict(pd.DataFrame(drawn, columns=NAMES)).tolist()
    bodies: list[Any] = [{"input_data": [row]} for row in drawn.tolist()]
    bodies[5] = {"input_data": [["x", 1, 2]]}
    bodies[6] = {"instances": drawn[6:9].tolist()}
    bodies[7] = {"input_data": [[None, 1, 2]]}
    replica.send_together(bodies)

    answers = {}
    for _ in bodies:
        frame = replica.frame()
        answers[frame.id - first] = (frames.read_head(frame.head).get("status", 200), json.loads(frame.body))
    assert answers[5][0] == answers[7][0] == 400
    assert answers[7][1]["error"]["code"] == "MissingValue"
    assert answers[6] == (200, {"predictions": wanted[6:9]})
    for number in set(range(40)) - {5, 6, 7}:
        assert answers[number] == (200, [wanted[number]])


def test_texts_and_numbers(start: Start, people: pd.DataFrame, tmp_path: Path) -> None:
    mixed = people.assign(kind=np.where(people.bmi > 50, "tall", "small"), visits=range(300))
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age", "visits"]), ("k", OneHotEncoder(handle_unknown="ignore"), ["kind"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(mixed, mixed.age > 50)
    inputs = [*DOUBLES, {"name": "kind", "type": "string"}, {"name": "visits", "type": "long"}]
    example = json.loads(mixed.head(2).to_json(orient="split"))
    replica = start(kind="mlflow", model_path=str(save_model(tmp_path / "model", model, inputs, None, example)))
    replica.hello()

    rows = json.loads(mixed.head(9).to_json(orient="split"))
    assert replica.ask({"input_data": rows}) == (200, model.predict(mixed.head(9)).tolist())
    rows["data"][2][4] = 1.5
    status, answer = replica.ask({"input_data": rows})
    assert (status, answer["error"]["message"]) == (400, "Column 'visits', row 2: expected long, got 1.5.")
    rows["data"][2][3:] = [7, 1]
    assert "Column 'kind', row 2: expected string, got 7" in replica.ask({"input_data": rows})[1]["error"]["message"]


def test_a_model_without_signature_takes_its_own_columns(
    start: Start, regression: tuple[Path, Any], tmp_path: Path
) -> None:
    replica = start(kind="mlflow", model_path=str(save_model(tmp_path / "m", regression[1], None)))
    replica.hello()
    assert replica.ask({"input_data": {"columns": NAMES, "data": [[60, 50, 1]]}}) == (200, [True])
    assert replica.ask({"input_data": [[60, 50, 1]]}) == (200, [True])
    assert replica.ask({"input_data": [{"glucose": 1, "bmi": 50, "age": 60}]}) == (200, [True])
    assert "'age'" in replica.ask({"input_data": [{"bmi": 1}]})[1]["error"]["message"]


def test_any_other_flavour_goes_through_mlflow(start: Start, tmp_path: Path) -> None:
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "code" / "summing.py").write_text("""
class Model:
    def predict(self, frame):
        if frame["a"].iloc[0] < 0:
            raise RuntimeError("below zero")
        return frame.assign(sum=frame["a"] + frame["b"])[["sum"]]
def _load_pyfunc(path):
    return Model()
""")
    signature = {"inputs": json.dumps([{"name": "a", "type": "double"}, {"name": "b", "type": "double"}])}
    python = {"loader_module": "summing", "code": "code"}
    document = {"flavors": {"python_function": python}, "signature": signature}
    (tmp_path / "model" / "MLmodel").write_text(json.dumps(document))
    replica = start(kind="mlflow", model_path=str(tmp_path / "model"))
    replica.hello()

    assert replica.ask({"input_data": {"columns": ["b", "a"], "data": [[1, 2], [3, 4]]}}) == (
        200,
        [{"sum": 3.0}, {"sum": 7.0}],
    )
    status, answer = replica.ask({"input_data": [[-1, 1]]})
    assert (status, answer["error"]["message"]) == (424, "The model raised RuntimeError: below zero")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "has no file MLmodel"),
        ("flavors: {", "MLmodel can't be read"),
        (json.dumps({"flavors": {"other": {}}}), "no flavor python_function"),
        (
            json.dumps(
                {"flavors": {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}}}
            ),
            "No module named 'a_library_nobody_has'",
        ),
    ],
    ids=["none", "broken", "no python", "library"],
)
def test_a_model_that_cannot_load_says_why(start: Start, tmp_path: Path, content: str | None, said: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    if content is not None:
        (folder / "MLmodel").write_text(content)
    (folder / "model.pkl").write_bytes(b"ca_library_nobody_has\nThing\n.")
    replica = start(kind="mlflow", model_path=str(folder))
    assert replica.process.wait(120) == 3
    last = replica.log.read_text().splitlines()[-1]
    assert last.startswith("lapis: ")
    assert said in last


def test_rows_and_predictions_are_collected_without_code(
    start: Start, regression: tuple[Path, Any], tmp_path: Path
) -> None:
    on = {"enabled": True}
    collect = {"folder": str(tmp_path / "s"), "collections": {"model_inputs": on, "model_outputs": on}}
    replica = start(kind="mlflow", model_path=str(regression[0]), collect={**collect, "rolling_rate": "day"})
    replica.hello()
    assert replica.ask({"input_data": [[60, 50, 1]]}, {"id": "r-1"}) == (200, [True])
    replica.process.terminate()
    assert replica.process.wait(30) == 0
    found = {p.parents[3].name: json.loads(p.read_text()) for p in (tmp_path / "s").rglob("*.jsonl")}
    assert found["model_inputs"]["data"] == [{"age": 60.0, "bmi": 50.0, "glucose": 1.0}]
    assert found["model_outputs"]["data"] == [{"0": True}]
    assert found["model_outputs"]["xrequestid"] == "r-1"


def test_a_large_answer_does_not_block_the_next(replica: Replica) -> None:
    rows = [[60.0, 50.0, 1.0]] * 200_000
    replica.send({"input_data": rows})
    ping = replica.send(b"", kind=frames.PING)
    first, second = replica.frame(), replica.frame()
    by_kind = {first.kind: first, second.kind: second}
    assert by_kind[frames.PONG].id == ping
    assert len(json.loads(by_kind[frames.ANSWER].body)) == 200_000
