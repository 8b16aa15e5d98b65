"""A pipeline is checked as a whole: every problem at once, with its place, what was expected, the nearest word."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.pipelines import check_component
from tests.unit.pipelines_graph.documents import ENVIRONMENT, Shelf, compiled, problems, read

COMPONENT = {
    "type": "command",
    "command": "x ${{inputs.data}} $[[${{inputs.note}}]] ${{outputs.model}}",
    "environment": ENVIRONMENT,
    "inputs": {
        "data": {"type": "uri_folder"},
        "rate": {"type": "number", "min": 0, "max": 1, "default": 0.1},
        "epochs": {"type": "integer", "min": 1, "default": 3},
        "kind": {"type": "string", "enum": ["fast", "exact"], "default": "fast"},
        "flag": {"type": "boolean", "default": False},
        "note": {"type": "string", "optional": True},
    },
    "outputs": {"model": {"type": "mlflow_model"}},
}
SHELF = {"train__1": COMPONENT}
WHOLE = """
inputs:
  data: {type: uri_folder, path: azureml://datastores/d/paths/data/}
  file: {type: uri_file, path: azureml://datastores/d/paths/file.csv}
  rate: 0.5
outputs: {model: {}}
jobs:
  before: {command: "x > ${{outputs.made}}", environment: ENV, outputs: {made: {type: uri_folder}}}
  train:
    component: azureml:train:1
    inputs: {data: "${{parent.inputs.data}}", %s}
    outputs: {%s}
"""


def with_input(text: str) -> dict[str, tuple[str, str | None, str | None]]:
    return problems(WHOLE % (text, ""), Shelf(**SHELF))


def test_the_pipeline_that_the_others_are_made_from_is_right() -> None:
    assert with_input("rate: '${{parent.inputs.rate}}'") == {}


@pytest.mark.parametrize(
    ("text", "name", "message", "expected", "suggestion"),
    [
        ('rate: "${{parent.inputs.rates}}"', "rate", "has no input `rates`", "one of data, file, rate", "rate"),
        ('rate: "${{inputs.rate}}"', "rate", "names nothing", "parent.inputs", "${{parent.inputs.rate}}"),
        ('rate: "${{parent.input.rate}}"', "rate", "names nothing", "parent.inputs", "${{parent.inputs.rate}}"),
        ('rate: "${{3}}"', "rate", "is not an expression", "parent.inputs", None),
        ('data: "${{parent.jobs.befor.outputs.made}}"', "data", "has no step `befor`", None, "before"),
        ('data: "${{parent.jobs.before.outputs.mades}}"', "data", "has no output `mades`", "one of made", "made"),
        ('data: "${{parent.outputs.model}}"', "data", "can't be an input", "parent.jobs", None),
        ('data: "see ${{parent.inputs.data}}"', "data", "can't stand within a text", "with a path behind", None),
        ("data: 3", "data", "is a value, and the component wants data", "a uri_folder", None),
        ('rate: "${{parent.inputs.data}}"', "rate", "is data (uri_folder), and", "a number", None),
        ("rate: fast", "rate", "`fast` is not a number", "a number", None),
        ("rate: 1.5", "rate", "1.5 is out of range", "a value from 0 to 1", None),
        ("epochs: 0", "epochs", "0 is out of range", "a value of 1 or more", None),
        ("epochs: 2.5", "epochs", "`2.5` is not a whole number", "a whole number", None),
        ("kind: exakt", "kind", "`exakt` is not allowed", "fast, exact", "exact"),
        ("flag: 3", "flag", "neither true nor false", "true or false", None),
    ],
)  # fmt: skip
def test_inputs(text: str, name: str, message: str, expected: str | None, suggestion: str | None) -> None:
    found = with_input(text)
    assert list(found) == [f"jobs.train.inputs.{name}"]
    said = found[f"jobs.train.inputs.{name}"]
    assert message in said[0]
    assert (expected or "") in (said[1] or "")
    assert said[2] == suggestion


@pytest.mark.parametrize("text", ["rate: 1e-3", "rate: '1'", "epochs: '7'", "epochs: 7.0", "flag: 'True'", "note: 3"])
def test_what_spells_the_type_is_taken(text: str) -> None:
    assert with_input(text) == {}


def test_the_value_behind_an_expression_is_checked() -> None:
    text = WHOLE.replace("rate: 0.5", "rate: 7") % ("rate: '${{parent.inputs.rate}}'", "")
    found = problems(text, Shelf(**SHELF))
    assert found == {
        "jobs.train.inputs.rate": ("`${{parent.inputs.rate}}`: 7 is out of range", "a value from 0 to 1", None)
    }


@pytest.mark.parametrize(
    ("given", "declared", "fits"),
    [
        ("uri_file", "uri_folder", True),
        ("uri_folder", "mltable", True),
        ("mlflow_model", "uri_folder", True),
        ("uri_folder", "mlflow_model", True),
        ("custom_model", "uri_file", True),
        ("mltable", "uri_folder", True),
        ("uri_folder", "uri_file", False),
        ("mltable", "uri_file", False),
        ("uri_file", "mlflow_model", False),
        ("triton_model", "uri_file", False),
    ],
)
def test_types_of_data(given: str, declared: str, fits: bool) -> None:
    component = {**COMPONENT, "inputs": {"data": {"type": declared}}, "command": "x"}
    text = f"""
inputs: {{d: {{type: {given}, path: "azureml://datastores/d/paths/x"}}}}
jobs:
  a: {{command: x, environment: ENV, outputs: {{o: {{type: {given}}}}}}}
  b: {{component: "azureml:train:1", inputs: {{data: "${{{{parent.inputs.d}}}}"}}}}
  c: {{component: "azureml:train:1", inputs: {{data: "${{{{parent.jobs.a.outputs.o}}}}"}}}}
  d: {{component: "azureml:train:1", inputs: {{data: {{type: {given}, path: "azureml://datastores/d/paths/x"}}}}}}
"""
    found = problems(text, Shelf(train__1=component))
    wrong = [] if fits else ["jobs.b.inputs.data", "jobs.c.inputs.data", "jobs.d.inputs.data"]
    assert list(found) == wrong
    assert all(f"is a {given}, and the component wants a {declared}" in message for message, _, _ in found.values())


def test_missing_inputs() -> None:
    found = problems("jobs: {a: {component: 'azureml:train:1'}}", Shelf(**SHELF))
    assert found == {"jobs.a.inputs.data": ("missing input `data`", "a uri_folder", None)}


def test_a_mistyped_input_is_not_missing_too() -> None:
    text = "jobs: {a: {component: 'azureml:train:1', inputs: {dta: 'azureml:x:1', something: 1}}}"
    assert problems(text, Shelf(**SHELF)) == {
        "jobs.a.inputs.dta": ("the component has no input `dta`", None, "data"),
    }


def test_an_input_of_the_pipeline_without_a_value() -> None:
    text = """
inputs: {data: {type: uri_folder}, gone: {type: uri_folder, optional: true}, n: {type: integer}}
jobs: {a: {component: "azureml:train:1", inputs: {data: "${{parent.inputs.gone}}"}}}
"""
    found = problems(text, Shelf(**SHELF))
    assert list(found) == ["inputs.data", "inputs.n", "jobs.a.inputs.data"]
    assert "--set inputs.data.path=" in str(found["inputs.data"][1])
    assert "--set inputs.n.value=" in str(found["inputs.n"][1])
    assert "`${{parent.inputs.gone}}` has no value" in found["jobs.a.inputs.data"][0]


@pytest.mark.parametrize(
    ("text", "path", "message", "suggestion"),
    [
        ("model: '${{parent.outputs.modle}}'", "model", "has no output `modle`", "model"),
        ("model: {path: '${{parent.outputs.modle}}'}", "model", "has no output `modle`", "model"),
        ("model: '${{outputs.model}}'", "model", "names nothing", "${{parent.outputs.model}}"),
        ("model: {path: 'azureml://datastores/d/paths/${{parent.inputs.data}}'}", "model", "is data", None),
        ("model: {path: '${{parent.outputs.model}}/x'}", "model", "must stand alone", None),
    ],
)
def test_outputs(text: str, path: str, message: str, suggestion: str | None) -> None:
    found = problems(WHOLE % ("rate: 1", text), Shelf(**SHELF))
    said = found[f"jobs.train.outputs.{path}"]
    assert message in said[0]
    assert said[2] == suggestion


def test_one_output_of_the_pipeline_has_one_source() -> None:
    text = """
outputs: {o: {}}
jobs:
  a: {command: x, environment: ENV, outputs: {o: "${{parent.outputs.o}}"}}
  b: {command: x, environment: ENV, outputs: {o: "${{parent.outputs.o}}"}}
"""
    found = problems(text)
    assert list(found) == ["jobs.b.outputs.o"]
    assert "already written by step `a`" in found["jobs.b.outputs.o"][0]


def test_an_output_that_no_step_writes_is_warned_of() -> None:
    graph = compiled("outputs: {o: {}}\njobs: {a: {command: x, environment: ENV}}")
    assert graph.outputs["o"].step is None
    assert graph.warnings == ("No step writes the pipeline's output `o`.",)


def test_expressions_in_commands_and_other_keys() -> None:
    text = """
inputs: {data: {type: uri_folder, path: azureml://datastores/d/paths/data/}, n: 1}
jobs:
  a:
    command: x ${{inputs.daat}} ${{outputs.o}}
    environment: ENV
    inputs: {data: "${{parent.inputs.data}}"}
    resources: {instance_count: "${{parent.inputs.m}}"}
    environment_variables: {A: "${{parent.inputs.data}}", B: "${{parent.jobs.b.outputs.o}}", C: "${{parent.x}}"}
  b: {command: "x", environment: ENV, compute: "${{parent.inputs.data}}"}
"""
    found = problems(text)
    assert list(found) == [
        "jobs.a.command",
        "jobs.a.resources.instance_count",
        "jobs.a.environment_variables.A",
        "jobs.a.environment_variables.B",
        "jobs.a.environment_variables.C",
        "jobs.b.compute",
    ]
    assert found["jobs.a.command"][2] == "data"
    assert "used as `${{inputs.<name>}}`" in str(found["jobs.a.environment_variables.A"][1])


def test_an_optional_input_must_stand_in_brackets() -> None:
    component = {**COMPONENT, "command": "x ${{inputs.note}}", "inputs": {"note": {"type": "string", "optional": True}}}
    found = problems("jobs: {a: {component: 'azureml:train:1'}}", Shelf(train__1=component))
    assert "outside of `$[[ … ]]`" in found["jobs.a.inputs.note"][0]
    given = "jobs: {a: {component: 'azureml:train:1', inputs: {note: x}}}"
    assert problems(given, Shelf(train__1=component)) == {}


def test_rings_are_named() -> None:
    step = "{{command: x, environment: ENV, inputs: {{i: '${{{{parent.jobs.{0}.outputs.o}}}}'}}}}"
    lines = {"a": "c", "b": "a", "c": "b", "d": "d", "e": "f", "f": "e", "g": "a"}
    text = "jobs:\n" + "\n".join(f"  {name}: {step.format(other)}" for name, other in lines.items())
    found = problems(text)
    assert {path: message for path, (message, _, _) in found.items()} == {
        "jobs.a": "these steps wait for each other: a → b → c → a",
        "jobs.d": "step `d` needs its own output",
        "jobs.e": "these steps wait for each other: e → f → e",
    }


def test_inputs_of_steps_that_lead_in_a_circle() -> None:
    step = "{{command: x, environment: ENV, inputs: {{i: '${{{{parent.jobs.{0}.inputs.i}}}}'}}}}"
    found = problems(f"jobs: {{a: {step.format('b')}, b: {step.format('a')}}}")
    assert list(found) == ["jobs.a.inputs.i", "jobs.b.inputs.i"]
    assert "leads back to itself" in found["jobs.a.inputs.i"][0]
    missing = problems(f"jobs: {{a: {step.format('zz')}}}")
    assert "names no input of a step" in missing["jobs.a.inputs.i"][0]


def test_components_that_are_not_there() -> None:
    with pytest.raises(LapisError) as caught:
        compiled("jobs: {a: {component: 'azureml:nope:1'}, b: {trial: 'azureml:gone:1', type: sweep}}")
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert [problem.path for problem in caught.value.problems] == ["jobs.a.component", "jobs.b.trial"]
    assert "azureml:nope:1" in caught.value.problems[0].message


def test_a_pipeline_job_whose_component_is_not_there() -> None:
    assert list(problems({"type": "pipeline", "component": "azureml:nope:1"})) == ["component"]
    wrong = problems({"type": "pipeline", "component": "azureml:train:1"}, Shelf(**SHELF))
    assert "its component is a command component" in wrong["type"][0]


def test_what_takes_outputs_of_a_step_that_is_not_there_is_not_blamed() -> None:
    text = """
jobs:
  a: {component: "azureml:nope:1"}
  b: {command: x, environment: ENV, inputs: {i: "${{parent.jobs.a.outputs.anything}}"}}
"""
    assert list(problems(text)) == ["jobs.a.component"]


@pytest.mark.parametrize("text", ["jobs: {}", "jobs:"])
def test_a_pipeline_without_steps(text: str) -> None:
    assert problems(text)["jobs"][0] == "there is no step"


@pytest.mark.parametrize(
    ("step", "path", "message", "suggestion"),
    [
        ("{type: comand, command: x}", "jobs.a.type", "`comand` is no type of step", "command"),
        ("{type: pipeline, component: 'azureml:train:1'}", "jobs.a.type", "its component is a command component", None),
        ("{type: sweep, trial: {type: spark, entry: {file: x}}}", "jobs.a.trial", "a trial is a command", None),
        ("{type: pipeline}", "jobs.a.component", "missing key `component`", None),
        ("3", "jobs.a", "this is no step", None),
    ],
)
def test_types_of_steps(step: str, path: str, message: str, suggestion: str | None) -> None:
    found = problems(f"jobs: {{a: {step}}}", Shelf(**SHELF))
    assert message in found[path][0]
    assert found[path][2] == suggestion


@pytest.mark.parametrize("kind", ["automl", "if_else", "do_while", "parallel_for", "import"])
def test_types_that_are_known_and_not_delivered(kind: str) -> None:
    with pytest.raises(LapisError) as caught:
        compiled(f"jobs: {{a: {{type: {kind}}}}}")
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def nested(inner: str, inputs: str = "", outputs: str = "", more: str = "") -> dict[str, Any]:
    text = f"""
inputs: {{data: {{type: uri_file, path: "azureml://datastores/d/paths/x"}}, word: hello}}
outputs: {{whole: {{}}}}
jobs:
  sub:
    type: pipeline
    inputs: {{{inputs}}}
    outputs: {{{outputs}}}
    component:
      type: pipeline
      inputs: {{n: {{type: integer}}, d: {{type: uri_folder, optional: true}}}}
      outputs: {{o: {{type: uri_folder}}}}
      jobs: {{{inner}}}
{more}
"""
    return read(text)


def test_problems_within_a_nested_pipeline_have_their_place_in_the_outer_document() -> None:
    inner = """
        a: {component: "azureml:train:1", inputs: {data: "${{parent.inputs.d}}", epochs: "${{parent.inputs.n}}"}},
        b: {command: x, environment: ENV, inputs: {i: "${{parent.inputs.word}}", j: "${{parent.jobs.b.outputs.x}}"}}
    """
    found = problems(nested(inner, "n: 0"), Shelf(**SHELF))
    assert {path: message for path, (message, _, _) in found.items()} == {
        "jobs.sub.component.jobs.a.inputs.data": "`${{parent.inputs.d}}` has no value, and the component needs one",
        "jobs.sub.component.jobs.a.inputs.epochs": "`${{parent.inputs.n}}`: 0 is out of range",
        "jobs.sub.component.jobs.b": "step `b` needs its own output",
        "jobs.sub.component.jobs.b.inputs.i": "`${{parent.inputs.word}}`: the pipeline has no input `word`",
    }


def test_outputs_of_a_nested_pipeline_are_those_that_it_declares() -> None:
    more = """
  after: {command: x, environment: ENV, inputs: {i: "${{parent.jobs.sub.outputs.oo}}"}}
  last: {command: x, environment: ENV, inputs: {i: "${{parent.jobs.sub.outputs.o}}"}}
"""
    found = problems(nested("a: {command: x, environment: ENV}", "n: 1", more=more))
    assert found["jobs.after.inputs.i"][2] == "o"
    assert found["jobs.sub.component.outputs.o"][0] == "no step of the nested pipeline writes the output `o`"
    bound = problems(nested("a: {command: x, environment: ENV}", "n: 1", "o: '${{parent.outputs.whole}}'"))
    assert list(bound) == ["jobs.sub.component.outputs.o"]


def test_a_pipeline_nested_in_itself() -> None:
    loop = {"type": "pipeline", "jobs": {"again": {"type": "pipeline", "component": "azureml:b:1"}}}
    shelf = Shelf(a__1=loop, b__1={"type": "pipeline", "jobs": {"on": {"component": "azureml:a@latest"}}})
    found = problems("jobs: {x: {type: pipeline, component: 'azureml:a:1'}}", shelf)
    assert found == {
        "jobs.x.component.jobs.again.component.jobs.on.component": ("the pipeline `a` is nested in itself", None, None)
    }


def test_pipelines_nested_too_deep() -> None:
    inner: dict[str, Any] = {"type": "pipeline", "jobs": {"a": {"command": "x", "environment": ENVIRONMENT}}}
    for _ in range(40):
        inner = {"type": "pipeline", "jobs": {"a": {"component": inner}}}
    found = problems(inner)
    assert [message for message, _, _ in found.values()] == ["pipelines are nested too deep"]


def test_pipelines_that_grow_beyond_measure_are_refused() -> None:
    shelf = Shelf(p0__1={"type": "pipeline", "jobs": {"a": {"command": "x", "environment": ENVIRONMENT}}})
    for level in range(1, 20):
        jobs = {f"s{n}": {"component": f"azureml:p{level - 1}:1"} for n in range(4)}
        shelf.components[f"p{level}:1"] = {"type": "pipeline", "jobs": jobs}
    found = problems("jobs: {a: {component: 'azureml:p19:1'}}", shelf)
    assert [message for message, _, _ in found.values()] == ["the pipeline has too many steps"]


def test_outputs_that_are_values_are_refused() -> None:
    component = {**COMPONENT, "inputs": {}, "command": "x", "outputs": {"n": {"type": "integer"}}}
    with pytest.raises(LapisError) as caught:
        compiled("jobs: {a: {component: 'azureml:train:1'}}", Shelf(train__1=component))
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_problems_come_in_the_order_of_the_document() -> None:
    text = """
jobs:
  z: {command: "x ${{inputs.q}}", environment: ENV, outputs: {o: "${{parent.outputs.p}}"}}
  a: {component: "azureml:nope:1"}
  m: {command: x, environment: ENV, inputs: {i: "${{parent.inputs.q}}", j: "${{parent.inputs.q}}"}}
inputs: {missing: {type: uri_file}}
"""
    assert list(problems(text)) == [
        "jobs.z.command",
        "jobs.z.outputs.o",
        "jobs.a.component",
        "jobs.m.inputs.i",
        "jobs.m.inputs.j",
        "inputs.missing",
    ]


def test_a_thousand_faults_are_enough() -> None:
    jobs = {f"s{n}": {"command": "x ${{inputs.q}}", "environment": ENVIRONMENT} for n in range(3000)}
    assert len(problems({"type": "pipeline", "jobs": jobs})) == 1000


def test_a_component_that_is_wrong_is_refused_like_a_job() -> None:
    with pytest.raises(LapisError) as caught:
        check_component(read("jobs: {a: {component: 'azureml:nope:1'}}"), Shelf())
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
