"""What a step's job takes from the step, its component and the pipeline."""

from __future__ import annotations

import pytest

from lapisml.core.errors import LapisError
from lapisml.documents.pipelines import ParentValues, check_component, pin_components
from tests.unit.pipelines_graph.documents import ENVIRONMENT, Shelf, child, compiled, read

TRAIN = {
    "type": "command",
    "command": "python train.py ${{inputs.rate}}",
    "environment": ENVIRONMENT,
    "environment_variables": {"A": "component", "B": "component"},
    "resources": {"instance_count": 2, "shm_size": "2g"},
    "distribution": {"type": "pytorch", "process_count_per_instance": 4},
    "inputs": {"rate": {"type": "number", "default": 0.5}},
}


def test_a_step_overrides_its_component() -> None:
    text = """
jobs:
  train:
    component: azureml:train:1
    compute: azureml:gpu
    environment: {image: other}
    environment_variables: {B: step}
    resources: {instance_count: 1}
    distribution: {type: mpi}
    queue_settings: {priority: high}
    identity: {type: managed}
    display_name: Training
    tags: {k: v}
"""
    made = child(compiled(text, Shelf(train__1=TRAIN)), "train")
    assert made["environment"] == {"image": "other"}
    assert made["environment_variables"] == {"A": "component", "B": "step"}
    assert made["resources"] == {"instance_count": 1, "shm_size": "2g"}
    assert made["distribution"] == {"type": "mpi"}
    assert made["compute"] == "azureml:gpu"
    assert made["display_name"] == "Training"
    assert made["queue_settings"] == {"priority": "high"}
    assert made["inputs"] == {"rate": 0.5}
    assert made["tags"] == {"k": "v"}


def test_a_component_is_looked_up_once() -> None:
    shelf = Shelf(train__1=TRAIN)
    jobs = {f"s{n}": {"component": "azureml:train@latest"} for n in range(5)}
    graph = compiled({"type": "pipeline", "jobs": jobs}, shelf)
    assert shelf.asked == ["azureml:train@latest"]
    assert {step.type for step in graph.steps.values()} == {"command"}


def test_places_of_keys_in_the_pipeline() -> None:
    text = "jobs: {train: {component: 'azureml:train:1', environment: {build: {path: x}}}}"
    step = compiled(text, Shelf(train__1=TRAIN)).steps["train"]
    assert step.path_of("environment.build.path") == "jobs.train.environment.build.path"
    assert step.path_of("resources.instance_count") == "jobs.train.component.resources.instance_count"
    assert step.path_of("inputs.rate") == "jobs.train.inputs.rate"
    assert step.path_of("") == "jobs.train"


def test_values_of_the_pipeline_stand_in_other_keys() -> None:
    text = """
inputs: {nodes: 3, minutes: "60", note: a note, cluster: azureml:big}
jobs:
  a:
    command: echo ${{parent.inputs.note}}
    environment: ENV
    compute: ${{parent.inputs.cluster}}
    resources: {instance_count: "${{parent.inputs.nodes}}"}
    limits: {timeout: "${{parent.inputs.minutes}}"}
    environment_variables: {NOTE: "<${{ parent.inputs.note }}>", N: "${{parent.inputs.nodes}}"}
"""
    made = child(compiled(text), "a")
    assert made["resources"] == {"instance_count": 3}
    assert made["limits"] == {"timeout": "60"}
    assert made["environment_variables"] == {"NOTE": "<a note>", "N": 3}
    assert made["compute"] == "azureml:big"
    assert made["command"] == "echo a note"


def test_forms_of_inputs() -> None:
    text = """
inputs:
  base: {type: uri_folder, path: azureml://datastores/d/paths/base/}
  word: hello
  job: {path: azureml://jobs/j/outputs/o}
  model: {type: mlflow_model, path: "models:/m/1"}
jobs:
  a:
    command: echo > ${{outputs.o}}
    environment: ENV
    outputs: {o: {type: uri_folder}}
  b:
    command: echo
    environment: ENV
    inputs:
      file: ${{parent.jobs.a.outputs.o}}/sub/table.csv
      folder: ${{ parent.jobs.a.outputs.o }}/sub
      below: ${{parent.inputs.base}}/x.csv
      other: ${{parent.inputs.job}}/x.csv
      inside: ${{parent.inputs.model}}/MLmodel
      text: "say ${{parent.inputs.word}} twice: ${{parent.inputs.word}}"
      place: {type: uri_file, path: "azureml://datastores/d/paths/${{parent.inputs.word}}/f.csv"}
      same: ${{parent.jobs.c.inputs.n}}
      flag: true
      none:
      asset: {path: "azureml:x@latest"}
  c:
    command: echo
    environment: ENV
    inputs: {n: 4}
"""
    graph = compiled(text)
    assert graph.steps["b"].needs == {"a"}
    assert child(graph, "b")["inputs"] == {
        "file": {"type": "uri_file", "path": "azureml://jobs/job-a/outputs/o/paths/sub/table.csv"},
        "folder": {"type": "uri_folder", "path": "azureml://jobs/job-a/outputs/o/paths/sub"},
        "below": {"type": "uri_file", "path": "azureml://datastores/d/paths/base/x.csv"},
        "other": {"type": "uri_file", "path": "azureml://jobs/j/outputs/o/paths/x.csv"},
        "inside": {"type": "uri_folder", "path": "models:/m/1/MLmodel"},
        "text": "say hello twice: hello",
        "place": {"type": "uri_file", "path": "azureml://datastores/d/paths/hello/f.csv"},
        "same": 4,
        "flag": True,
        "asset": {"path": "azureml:x@latest"},
    }


def test_a_path_can_not_follow_an_asset_that_has_a_name_only() -> None:
    text = """
inputs: {data: {type: uri_folder, path: "azureml:data:1"}}
jobs:
  a: {command: echo, environment: ENV, inputs: {x: "${{parent.inputs.data}}/x.csv"}}
"""
    graph = compiled(text)
    with pytest.raises(LapisError, match="can't follow 'azureml:data:1'"):
        child(graph, "a")


def test_names_of_jobs() -> None:
    text = """
inputs: {run: "${{name}}"}
jobs:
  a:
    command: echo
    environment: ENV
    inputs: {pipeline: "${{parent.inputs.run}}", own: "${{name}}", both: "${{parent.inputs.run}}/${{name}}"}
    outputs: {o: {path: "azureml://datastores/d/paths/${{parent.inputs.run}}/${{name}}/"}}
"""
    graph = compiled(text)
    made = child(graph, "a", ParentValues(name="whole"), "part")
    assert made["inputs"] == {"pipeline": "whole", "own": "part", "both": "whole/part"}
    assert made["outputs"]["o"]["path"] == "azureml://datastores/d/paths/whole/${{name}}/"
    assert child(graph, "a")["inputs"]["own"] == "${{name}}"


def test_text_is_data_where_data_is_declared() -> None:
    component = {**TRAIN, "command": "x", "inputs": {"d": {"type": "uri_file", "mode": "download"}}}
    text = """
inputs: {place: "azureml:iris@latest"}
jobs:
  a: {component: "azureml:train:1", inputs: {d: "azureml:iris:1"}}
  b: {component: "azureml:train:1", inputs: {d: "${{parent.inputs.place}}"}}
"""
    graph = compiled(text, Shelf(train__1=component))
    assert child(graph, "a")["inputs"]["d"] == {"type": "uri_file", "path": "azureml:iris:1", "mode": "download"}
    assert child(graph, "b")["inputs"]["d"]["path"] == "azureml:iris@latest"


def test_an_optional_input_without_a_value_stays_out() -> None:
    component = {
        **TRAIN,
        "command": "x $[[${{inputs.o}}]] $[[${{inputs.p}}]] ${{inputs.q}}",
        "inputs": {
            "o": {"type": "string", "optional": True},
            "p": {"type": "integer", "optional": True, "default": 7},
            "q": {"type": "number", "default": 2},
        },
    }
    text = """
inputs: {gone: {type: number, optional: true}}
jobs:
  a: {component: "azureml:train:1"}
  b: {component: "azureml:train:1", inputs: {o: here, p: "8", q: "${{parent.inputs.gone}}"}}
"""
    graph = compiled(text, Shelf(train__1=component))
    assert child(graph, "a")["inputs"] == {"p": 7, "q": 2}
    assert child(graph, "b")["inputs"] == {"o": "here", "p": 8, "q": 2}


def test_a_step_without_compute_runs_where_the_settings_say() -> None:
    step = "{command: x, environment: ENV%s}"
    plain = compiled(f"jobs: {{a: {step % ''}}}")
    assert "compute" not in child(plain, "a")
    both = compiled(f"compute: outer\nsettings: {{default_compute: inner}}\njobs: {{a: {step % ''}}}")
    assert child(both, "a")["compute"] == "inner"
    own = compiled(f"compute: outer\njobs: {{a: {step % ', compute: own'}}}")
    assert child(own, "a")["compute"] == "own"
    unset = "inputs: {c: {type: string, optional: true}}\ncompute: outer\njobs: {a: %s}"
    assert child(compiled(unset % (step % ', compute: "${{parent.inputs.c}}"')), "a")["compute"] == "outer"


def test_a_pipeline_job_may_be_a_component_with_values() -> None:
    inner = read("""
inputs: {rate: {type: number}, note: {type: string, optional: true}}
outputs: {o: {type: uri_folder}}
jobs:
  a:
    command: x ${{inputs.rate}} ${{outputs.o}} $[[${{inputs.note}}]]
    environment: ENV
    inputs: {rate: "${{parent.inputs.rate}}", note: "${{parent.inputs.note}}"}
    outputs: {o: "${{parent.outputs.o}}"}
""")
    job = {
        "type": "pipeline",
        "component": "azureml:whole:1",
        "inputs": {"rate": "0.1"},
        "outputs": {"o": {"mode": "upload", "name": "kept"}},
    }
    graph = compiled(job, Shelf(whole__1=inner))
    assert child(graph, "a")["inputs"] == {"rate": "0.1"}
    assert child(graph, "a")["outputs"] == {"o": {"type": "uri_folder", "mode": "upload"}}
    assert graph.outputs["o"].declared == {"type": "uri_folder", "mode": "upload", "name": "kept"}
    assert graph.steps["a"].path_of("command") == "component.jobs.a.command"


def test_nested_components_stand_in_place_in_the_job_of_a_nested_pipeline() -> None:
    inner = {"type": "pipeline", "jobs": {"t": {"component": "azureml:train:1"}}}
    middle = {"type": "pipeline", "jobs": {"i": {"type": "pipeline", "component": "azureml:inner:1"}}}
    shelf = Shelf(train__1=TRAIN, inner__1=inner, middle__1=middle)
    graph = compiled("jobs: {m: {type: pipeline, component: 'azureml:middle:1', compute: 'azureml:own'}}", shelf)
    made = child(graph, "m")
    assert made["settings"] == {"default_compute": "azureml:own"}
    assert "compute" not in made
    leaf = child(compiled(child(compiled(made), "i")), "t")
    assert leaf["command"] == TRAIN["command"]
    assert leaf["compute"] == "azureml:own"


def test_labels_are_pinned() -> None:
    inline = {"type": "pipeline", "jobs": {"x": {"component": "azureml:b@latest"}}}
    document = {
        "jobs": {"a": {"component": "azureml:a@latest"}, "n": {"component": inline}, "s": {"trial": "t@latest"}}
    }
    pinned = pin_components(document, lambda reference: reference.replace("@latest", ":3"))
    assert pinned["jobs"]["a"]["component"] == "azureml:a:3"
    assert pinned["jobs"]["n"]["component"]["jobs"]["x"]["component"] == "azureml:b:3"
    assert pinned["jobs"]["s"]["trial"] == "t:3"
    assert document["jobs"]["a"]["component"] == "azureml:a@latest"


def test_a_component_is_checked_without_values() -> None:
    good = read("""
inputs: {rate: {type: number}, data: {type: uri_folder, optional: true}, c: {type: string}}
jobs:
  a:
    component: azureml:train:1
    compute: ${{parent.inputs.c}}
    inputs: {rate: "${{parent.inputs.rate}}", d: "${{parent.inputs.data}}"}
""")
    check_component(good, Shelf(train__1=TRAIN))
    good["jobs"]["a"]["inputs"]["rate"] = "${{parent.inputs.data}}"
    with pytest.raises(LapisError) as caught:
        check_component(good, Shelf(train__1=TRAIN))
    assert [problem.path for problem in caught.value.problems] == ["jobs.a.inputs.rate"]
