"""``@dsl.pipeline``: functions become documents, and what can't become one is refused with a way out."""

from __future__ import annotations

from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

from lapisml import Input, Output, command, dsl, load_component, load_job
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.entities import Data, PipelineComponent, PipelineJob
from lapisml.sdk.submission import submission_of

PREP = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json",
    "name": "prep",
    "type": "command",
    "inputs": {"raw": {"type": "uri_file"}, "note": {"type": "string", "optional": True}},
    "outputs": {"clean": {"type": "uri_folder", "mode": "upload"}},
    "code": "./src",
    "environment": "azureml:e:1",
    "command": "cp ${{inputs.raw}} ${{outputs.clean}}/",
}
TRAIN = {
    "name": "train",
    "type": "command",
    "inputs": {"data": {"type": "uri_folder"}, "rate": {"type": "number", "default": 0.1}},
    "outputs": {"model": {"type": "mlflow_model"}, "report": {"type": "uri_file"}},
    "environment": "azureml:e:1",
    "command": "train ${{inputs.data}} ${{inputs.rate}} ${{outputs.model}} ${{outputs.report}}",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "parts" / "src").mkdir(parents=True)
    (tmp_path / "parts" / "src" / "prep.py").write_text("pass")
    (tmp_path / "parts" / "prep.yml").write_text(yaml.safe_dump(PREP))
    (tmp_path / "parts" / "train.yml").write_text(yaml.safe_dump(TRAIN))
    (tmp_path / "raw.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def prep(folder: Path) -> Any:
    return load_component(folder / "parts" / "prep.yml")


@pytest.fixture
def train(folder: Path) -> Any:
    return load_component(folder / "parts" / "train.yml")


def raw() -> Input:
    return Input(type="uri_file", path="./raw.csv")


def refusal(make: Any) -> str:
    with pytest.raises(LapisError) as caught:
        make()
    assert caught.value.code is ErrorCode.USAGE
    return str(caught.value)


def test_a_function_becomes_a_document(prep: Any, train: Any, folder: Path) -> None:
    @dsl.pipeline(display_name="Two steps", default_compute="cpu-cluster", force_rerun=True)
    def two(raw: Any, rate: float = 0.5) -> Any:
        """Prepares and trains."""
        cleaned = prep(raw=raw)
        trained = train(data=cleaned.outputs.clean, rate=rate)
        trained.compute = "gpu-cluster"
        return {"model": trained.outputs.model}

    job = two(raw=raw())
    document = job.to_dict()
    parts = {name: {k: v for k, v in step.items() if k != "component"} for name, step in document["jobs"].items()}
    assert parts == {
        "cleaned": {"type": "command", "inputs": {"raw": "${{parent.inputs.raw}}"}},
        "trained": {
            "type": "command",
            "compute": "gpu-cluster",
            "inputs": {"data": "${{parent.jobs.cleaned.outputs.clean}}", "rate": "${{parent.inputs.rate}}"},
            "outputs": {"model": "${{parent.outputs.model}}"},
        },
    }
    assert {k: v for k, v in document.items() if k != "jobs"} == {
        "type": "pipeline",
        "display_name": "Two steps",
        "description": "Prepares and trains.",
        "settings": {"default_compute": "cpu-cluster", "force_rerun": True},
        "inputs": {"raw": {"type": "uri_file", "path": "./raw.csv"}, "rate": 0.5},
        "outputs": {"model": {"type": "mlflow_model"}},
    }
    assert document["jobs"]["cleaned"]["component"]["code"] == str(folder / "parts" / "src")


def test_the_job_may_be_changed_after_it_was_made(prep: Any) -> None:
    @dsl.pipeline
    def one(raw: Any) -> Any:
        part = prep(raw=raw)
        return {"out": part.outputs.clean}

    job = one(raw=raw())
    job.settings.continue_on_step_failure = True
    job.settings.default_datastore = "workspaceblobstore"
    job.inputs.raw = Input(type="uri_file", path="azureml:raw:1")
    job.outputs.out.path = "azureml://datastores/workspaceblobstore/paths/x/"
    job.jobs["part"].resources.instance_count = 2
    job.jobs["part"].inputs.note = "hello"
    job.experiment_name, job.tags.team = "e", "medicine"
    document = job.to_dict()
    assert document["settings"] == {"continue_on_step_failure": True, "default_datastore": "workspaceblobstore"}
    assert document["inputs"]["raw"]["path"] == "azureml:raw:1"
    assert document["outputs"]["out"]["path"].endswith("/x/")
    assert document["outputs"]["out"]["mode"] == "upload"
    assert document["jobs"]["part"]["resources"] == {"instance_count": 2}
    assert document["jobs"]["part"]["inputs"]["note"] == "hello"
    assert (document["experiment_name"], document["tags"]) == ("e", {"team": "medicine"})
    submission_of(job, "job").check()


def test_steps_are_named_by_their_variables_and_doubles_are_numbered(prep: Any, train: Any) -> None:
    @dsl.pipeline
    def many(raw: Any) -> None:
        for _ in range(3):
            part = prep(raw=raw)
        train(data=part.outputs.clean)
        train(data=part.outputs.clean)
        _ = prep(raw=raw)
        other = prep(raw=raw)
        other.name = "mine"

    assert list(many(raw=raw()).to_dict()["jobs"]) == ["part_1", "part_2", "part", "train", "train_1", "part_3", "mine"]


def test_steps_in_lists_and_anonymous_commands_have_names(prep: Any) -> None:
    shout = command(command="echo ${{inputs.x}}", environment="azureml:e:1", inputs={"x": 1})

    @dsl.pipeline
    def listed(raw: Any) -> None:
        steps = [prep(raw=raw) for _ in range(2)]
        shout(x=2)
        shout()
        assert len(steps) == 2

    jobs = listed(raw=raw()).to_dict()["jobs"]
    assert list(jobs) == ["prep", "prep_1", "command", "command_1"]
    assert [jobs[name]["inputs"] for name in ("command", "command_1")] == [{"x": 2}, {"x": 1}]


def test_a_pipeline_within_a_pipeline_is_a_step(prep: Any, train: Any) -> None:
    @dsl.pipeline(description="inner")
    def fitted(data: Any, rate: float = 0.3, note: str | None = None) -> Any:
        fit = train(data=data, rate=rate)
        fit.outputs.model.name = "diabetes"
        fit.outputs.model.mode = "upload"
        return {"model": fit.outputs.model}

    @dsl.pipeline
    def outer(raw: Any) -> Any:
        part = prep(raw=raw)
        first = fitted(data=part.outputs.clean, rate=0.7)
        second = fitted(data=part)
        return {"best": first.outputs.model, "other": second.outputs.model}

    document = outer(raw=raw()).to_dict()
    first = document["jobs"]["first"]
    assert first["type"] == "pipeline"
    assert first["inputs"] == {"data": "${{parent.jobs.part.outputs.clean}}", "rate": 0.7}
    assert first["outputs"] == {"model": "${{parent.outputs.best}}"}
    assert first["component"]["inputs"] == {
        "data": {"type": "uri_folder"},
        "rate": {"type": "number", "default": 0.3},
        "note": {"type": "string", "optional": True},
    }
    assert first["component"]["outputs"] == {"model": {"type": "mlflow_model", "mode": "upload"}}
    assert first["component"]["jobs"]["fit"]["outputs"] == {"model": "${{parent.outputs.model}}"}
    assert document["outputs"]["best"] == {"type": "mlflow_model", "mode": "upload", "name": "diabetes"}
    submission_of(outer(raw=raw()), "job").check()


def test_settings_of_an_inner_pipeline_are_not_silently_lost(prep: Any) -> None:
    @dsl.pipeline(default_compute="gpu-cluster")
    def inner(raw: Any) -> None:
        prep(raw=raw)

    @dsl.pipeline
    def outer(raw: Any) -> None:
        inner(raw=raw)

    with pytest.warns(UserWarning, match=r"default_compute of inner\(\) hold only"):
        outer(raw=raw())


def test_an_optional_input_without_a_value_is_left_out(prep: Any) -> None:
    @dsl.pipeline
    def maybe(raw: Any, note: str | None = None) -> None:
        prep(raw=raw, note=note)

    assert maybe(raw=raw()).to_dict()["jobs"]["prep"]["inputs"] == {"raw": "${{parent.inputs.raw}}"}
    job = maybe(raw=raw())
    job.inputs.note = "later"
    assert job.to_dict()["jobs"]["prep"]["inputs"]["note"] == "${{parent.inputs.note}}"
    assert job.to_dict()["inputs"]["note"] == "later"


def test_an_input_without_a_value_is_declared_and_gets_it_later(prep: Any) -> None:
    @dsl.pipeline
    def needy(raw: Input(type="uri_file")) -> None:  # type: ignore[valid-type]
        prep(raw=raw)

    assert needy().to_dict()["inputs"] == {"raw": {"type": "uri_file"}}


def test_inputs_stand_in_computes_and_in_texts(prep: Any) -> None:
    @dsl.pipeline
    def where(raw: Any, compute: str = "cpu-cluster", name: str = "n") -> None:
        step = prep(raw=raw, note=f"of {name}")
        step.compute = compute

    step = where(raw=raw()).to_dict()["jobs"]["step"]
    assert step["compute"] == "${{parent.inputs.compute}}"
    assert step["inputs"]["note"] == "of ${{parent.inputs.name}}"


def test_parameters_may_be_plain_python(prep: Any) -> None:
    @dsl.pipeline(non_pipeline_inputs=["times"])
    def repeated(raw: Any, times: int) -> None:
        for _ in range(times):
            prep(raw=raw)

    document = repeated(raw(), 3).to_dict()
    assert list(document["jobs"]) == ["prep", "prep_1", "prep_2"]
    assert "times" not in document["inputs"]


def test_registered_data_is_handed_over_by_its_reference(prep: Any) -> None:
    data = Data.from_record(
        {"name": "diabetes", "version": "3", "type": "uri_file", "path": "azureml://datastores/d/paths/x"}
    )

    @dsl.pipeline
    def one(raw: Any) -> None:
        prep(raw=raw)

    assert one(raw=data).to_dict()["inputs"] == {"raw": {"type": "uri_file", "path": "azureml:diabetes:3"}}


def test_a_component_of_the_server_is_used_by_reference(train: Any) -> None:
    kept = type(train).from_record({**TRAIN, "version": "4", "id": "x", "creation_context": {}})

    @dsl.pipeline
    def one(data: Any) -> None:
        fit = kept(data=data)
        fit.outputs.model.mode = "upload"

    job = one(data=Input(type="uri_folder", path="azureml:d:1"))
    assert job.to_dict()["jobs"]["fit"] == {
        "type": "command",
        "component": "azureml:train:4",
        "inputs": {"data": "${{parent.inputs.data}}"},
        "outputs": {"model": {"mode": "upload"}},
    }


def test_modes_and_paths_of_bound_inputs(train: Any) -> None:
    @dsl.pipeline
    def one(data: Any) -> None:
        fit = train(data=data)
        fit.inputs.data.mode = "download"
        again = train(data=fit.inputs.data)
        again.set_limits(timeout=60)
        again.set_resources(instance_count=2, shm_size="2g")
        again.set_queue_settings(priority="low")

    jobs = one(data=Input(type="uri_folder", path="azureml:d:1")).to_dict()["jobs"]
    assert jobs["fit"]["inputs"]["data"] == {"path": "${{parent.inputs.data}}", "mode": "download"}
    assert jobs["again"]["inputs"]["data"] == {"path": "${{parent.inputs.data}}", "mode": "download"}
    assert jobs["again"]["limits"] == {"timeout": 60}
    assert jobs["again"]["resources"] == {"instance_count": 2, "shm_size": "2g"}
    assert jobs["again"]["queue_settings"] == {"priority": "low"}


def test_the_pipeline_is_a_component_too(prep: Any, folder: Path) -> None:
    @dsl.pipeline(name="prepared", version="2")
    def one(raw: Any, times: int = 3) -> Any:
        part = prep(raw=raw)
        return {"out": part.outputs.clean}

    component = one(raw=raw()).component
    assert isinstance(component, PipelineComponent)
    document = component.to_dict()
    assert (document["name"], document["version"], document["type"]) == ("prepared", "2", "pipeline")
    assert document["inputs"] == {"raw": {"type": "uri_file"}, "times": {"type": "integer", "default": 3}}
    assert document["outputs"] == {"out": {"type": "uri_folder", "mode": "upload"}}
    submission_of(component, "component").check()

    @dsl.pipeline
    def around(raw: Any) -> None:
        component(raw=raw)

    assert around(raw=raw()).to_dict()["jobs"]["prepared"]["component"]["jobs"]["part"]["type"] == "command"


def test_a_pipeline_from_a_file_is_its_document(folder: Path) -> None:
    document = {
        "type": "pipeline",
        "inputs": {"raw": {"type": "uri_file", "path": "./raw.csv"}, "rate": 0.1},
        "outputs": {"model": {"mode": "upload", "type": "mlflow_model"}},
        "settings": {"default_compute": "azureml:cpu-cluster"},
        "jobs": {
            "prep": {"component": "./parts/prep.yml", "type": "command", "inputs": {"raw": "${{parent.inputs.raw}}"}},
            "train": {
                "type": "command",
                "component": "azureml:train:4",
                "inputs": {"data": "${{parent.jobs.prep.outputs.clean}}", "rate": "${{parent.inputs.rate}}"},
                "outputs": {"model": "${{parent.outputs.model}}"},
            },
            "inline": {"command": "ls ${{outputs.o}}", "environment": "azureml:e:1", "outputs": {"o": None}},
        },
    }
    (folder / "pipeline.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    job = load_job(folder / "pipeline.yml", params_override=[{"jobs.train.compute": "gpu-cluster"}])
    assert isinstance(job, PipelineJob)
    assert job.base_path == folder
    assert job.inputs.rate == 0.1
    assert job.jobs["train"].compute == "gpu-cluster"
    job.jobs["train"].compute = "other"
    job.jobs["train"].inputs.rate = 0.7
    made = job.to_dict()
    assert made["jobs"]["train"]["compute"] == "other"
    assert made["jobs"]["train"]["inputs"]["rate"] == 0.7
    assert made["jobs"]["train"]["outputs"] == {"model": "${{parent.outputs.model}}"}
    assert made["jobs"]["inline"]["outputs"] == {"o": {}}
    assert made["jobs"]["prep"]["component"]["name"] == "prep"
    submission_of(job, "job").check()


def test_command_within_a_pipeline_is_a_step() -> None:
    @dsl.pipeline
    def inside(word: str = "a") -> None:
        step = command(
            command="echo ${{inputs.word}} > ${{outputs.o}}",
            environment="azureml:e:1",
            inputs={"word": "x"},
            outputs={"o": Output(type="uri_file")},
        )
        step.inputs.word = word

    step = inside().to_dict()["jobs"]["step"]
    assert step["inputs"] == {"word": "${{parent.inputs.word}}"}
    assert step["component"]["outputs"] == {"o": {"type": "uri_file"}}


def test_a_step_that_must_not_be_reused_says_so() -> None:
    never = command(command="date", environment="azureml:e:1", is_deterministic=False)
    assert never().document()["component"]["is_deterministic"] is False


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda prep: prep(rawe=1), "Component prep has no input `rawe`; did you mean `raw`?"),
        (lambda prep: prep(1), "Component prep takes its inputs by name only."),
        (lambda prep: prep().outputs.claen, "Component prep has no output `claen`; did you mean `clean`?"),
        (
            lambda prep: setattr(prep(), "computer", "x"),
            "A command step has no key `computer`; did you mean `compute`?",
        ),
        (lambda prep: setattr(prep().outputs.clean, "mod", "x"), "An output has no key `mod`; did you mean `mode`?"),
        (lambda prep: prep().set_limits(time=1), "`limits` of a command step has no key `time`"),
        (lambda prep: prep(raw=object()).document(), "A document can't hold a object."),
        (lambda prep: dsl.pipeline(default_computer="x"), "did you mean `default_compute`?"),
    ],
)
def test_slips_are_answered_with_the_nearest_word(prep: Any, call: Any, said: str) -> None:
    assert said in refusal(lambda: call(prep))


def test_what_no_document_could_say_is_refused(prep: Any, train: Any) -> None:
    @dsl.pipeline
    def decides(raw: Any, flag: bool = True) -> None:
        if flag:
            prep(raw=raw)

    assert "`flag` has no value while the pipeline is built" in refusal(lambda: decides(raw=raw()))

    @dsl.pipeline
    def whole(raw: Any) -> None:
        fit = train(data=prep(raw=raw))
        train(data=fit)

    assert "Step `train` was handed on whole, and has outputs model, report." in refusal(lambda: whole(raw=raw()))

    @dsl.pipeline
    def twice(raw: Any) -> Any:
        part = prep(raw=raw)
        return {"a": part.outputs.clean, "b": part.outputs.clean}

    assert "returned one output twice, as `a` and `b`" in refusal(lambda: twice(raw=raw()))

    @dsl.pipeline
    def wrong(raw: Any) -> Any:
        return {"a": raw}

    assert "returned a PipelineInput as `a`" in refusal(lambda: wrong(raw=raw()))
    assert "wrong() has no input `rae`; did you mean `raw`?" in refusal(lambda: wrong(rae=1))
    assert "is given `raw` twice" in refusal(lambda: wrong(raw(), raw=raw()))
    assert "takes at most 1 arguments" in refusal(lambda: wrong(1, 2))


def test_values_of_another_pipeline_are_refused(prep: Any, train: Any) -> None:
    @dsl.pipeline
    def outer(raw: Any) -> None:
        part = prep(raw=raw)

        @dsl.pipeline
        def inner() -> None:
            train(data=part.outputs.clean)

        inner()

    said = refusal(lambda: outer(raw=raw()))
    assert "is given output `clean` of step `prep`, which another pipeline has" in said
    assert "Make it an argument of `inner`" in said


def test_a_pipeline_that_calls_itself_is_refused(prep: Any) -> None:
    @dsl.pipeline
    def endless(raw: Any) -> None:
        endless(raw=raw)

    assert "33 levels deep" in refusal(lambda: endless(raw=raw()))


def test_two_steps_of_one_name_are_refused(prep: Any) -> None:
    @dsl.pipeline
    def doubled(raw: Any) -> None:
        for _ in range(2):
            step = prep(raw=raw)
            step.name = "same"

    assert "two steps named `same`" in refusal(lambda: doubled(raw=raw()))


def test_a_failed_build_leaves_nothing_behind(prep: Any) -> None:
    @dsl.pipeline
    def broken(raw: Any) -> None:
        prep(raw=raw)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        broken(raw=raw())
    assert "belongs to a pipeline" not in str(prep(raw=raw()).to_dict())


@pytest.mark.parametrize("name", ["if_else", "do_while", "parallel_for", "group"])
def test_what_azure_calls_experimental_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(LapisError, match="not delivered") as caught:
        getattr(dsl, name)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_a_component_by_itself_is_a_job_when_its_content_is_here(prep: Any, folder: Path) -> None:
    job = prep(raw=raw(), note="hi")
    job.name, job.experiment_name, job.compute = "mine", "e", "cpu-cluster"
    document = job.to_dict()
    assert document["inputs"] == {"raw": {"type": "uri_file", "path": "./raw.csv"}, "note": "hi"}
    assert document["outputs"] == {"clean": {"type": "uri_folder", "mode": "upload"}}
    assert (document["name"], document["experiment_name"], document["type"]) == ("mine", "e", "command")
    assert "version" not in document
    submission_of(job, "job").check()
    kept = type(prep).from_record({**PREP, "version": "4", "id": "x"})
    assert "A component by itself is not a job" in refusal(lambda: kept(raw=raw()).to_dict())


def test_a_job_made_in_python_is_a_component_too(folder: Path) -> None:
    made = command(
        name="shout",
        command="echo ${{inputs.word}}",
        environment="azureml:e:1",
        code="./parts/src",
        inputs={"word": "a", "data": Input(type="uri_folder")},
        compute="cpu-cluster",
    ).component
    assert made.to_dict() == {
        "type": "command",
        "name": "shout",
        "command": "echo ${{inputs.word}}",
        "code": str(folder / "parts" / "src"),
        "environment": "azureml:e:1",
        "inputs": {"word": {"type": "string", "default": "a"}, "data": {"type": "uri_folder"}},
    }


def test_a_decorated_function_is_a_component_when_its_types_are_known(prep: Any) -> None:
    @dsl.pipeline
    def typed(raw: Input(type="uri_file"), note: str | None = None, times: int = 2) -> None:  # type: ignore[valid-type]
        prep(raw=raw, note=note)

    made = typed.__lapis_component__()
    assert made.to_dict()["inputs"]["raw"] == {"type": "uri_file"}
    assert made.to_dict()["jobs"]["prep"]["inputs"]["note"] == "${{parent.inputs.note}}"

    @dsl.pipeline
    def untyped(raw: Any, note: Any, unused: Any = None) -> None:
        prep(raw=raw, note=note)

    assert untyped.__lapis_component__().to_dict()["inputs"] == {
        "raw": {"type": "uri_file"},
        "note": {"type": "string"},
        "unused": {"type": "string", "optional": True},
    }


def test_inputs_and_outputs_of_a_job_are_attributes() -> None:
    made = command(command="a", environment="azureml:e:1", inputs={"x": 1}, outputs={"o": Output(type="uri_file")})
    made.outputs.o.path = "azureml://datastores/d/paths/x"
    made.inputs.x = 2
    assert made.to_dict()["outputs"] == {"o": {"type": "uri_file", "path": "azureml://datastores/d/paths/x"}}
    assert made.to_dict()["inputs"] == {"x": 2}
    assert made().document()["inputs"] == {"x": 2}


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "string"])
def test_an_input_may_only_be_declared(kind: str) -> None:
    made = command(command="echo ${{inputs.x}}", environment="azureml:e:1", inputs={"x": Input(type=kind)})
    assert made.definition().component["inputs"] == {"x": {"type": kind}}
    step = made()
    step.inputs.x = 1
    assert step.document()["inputs"] == {"x": 1}
    with pytest.raises(LapisError, match=r"inputs\.x"):
        submission_of(made, "job").check()


def test_a_component_shows_its_inputs_to_help(prep: Any) -> None:
    shown = prep._func
    assert set(signature(shown).parameters) == {"raw", "note"}
    assert "prep" in shown.__name__
    assert shown(note="x").document()["inputs"] == {"note": "x"}


def test_data_without_a_type_is_a_folder(prep: Any) -> None:
    @dsl.pipeline
    def inner(raw: Any) -> None:
        prep(raw=raw)

    @dsl.pipeline
    def outer(raw: Any) -> None:
        inner(raw=raw)

    component = outer(raw=Input(path="azureml:d:1")).to_dict()["jobs"]["inner"]["component"]
    assert component["inputs"] == {"raw": {"type": "uri_folder"}}


def test_a_function_below_another_decorator_names_its_steps(prep: Any) -> None:
    def logged(function: Any) -> Any:
        @wraps(function)
        def call(**inputs: Any) -> Any:
            return function(**inputs)

        return call

    @dsl.pipeline
    @logged
    def one(raw: Any) -> None:
        part = prep(raw=raw)
        assert part

    assert list(one(raw=raw()).to_dict()["jobs"]) == ["part"]


def test_the_example_in_the_documentation_works(folder: Path) -> None:
    (folder / "prepare.yml").write_text(yaml.safe_dump({**PREP, "code": "./parts/src", "name": "prepare"}))
    inputs = {**TRAIN["inputs"], "depth": {"type": "integer", "default": 3}}  # type: ignore[dict-item]
    (folder / "train.yml").write_text(yaml.safe_dump({**TRAIN, "inputs": inputs}))
    (folder / "src").mkdir()
    (folder / "src" / "evaluate.py").write_text("pass")
    page = (Path(__file__).parents[3] / "docs" / "sdk.md").read_text()
    block = next(text for text in page.split("```python\n")[1:] if "@dsl.pipeline" in text)
    source = block.split("```")[0].split("job = ml_client")[0]
    scope: dict[str, Any] = {}
    exec(compile(source, "sdk.md", "exec"), scope)
    document = scope["job"].to_dict()
    assert list(document["jobs"]) == ["prepared", "best", "report"]
    submission_of(scope["job"], "job").check()
