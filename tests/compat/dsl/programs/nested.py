"""A pipeline as a step of another, inputs by annotation, settings of the job."""

from azure.ai.ml import Input, dsl, load_component

prep = load_component(source="prep.yml")
train = load_component(source="train.yml")


@dsl.pipeline(name="inner", description="the inner one")
def inner(data, rate: float, times: int = 2):
    fit = train(data=data, lr=rate, epochs=times)
    fit.compute = "cpu-cluster"
    return {"model": fit.outputs.model}


@dsl.pipeline(compute="cpu-cluster")
def outer(raw: Input(type="uri_file"), rate: float = 0.5):
    """The outer one.

    It has two inner ones.
    """
    cleaned = prep(raw=raw)
    one = inner(data=cleaned.outputs.clean, rate=rate)
    two = inner(data=cleaned.outputs.clean, rate=0.7, times=5)
    return {"first": one.outputs.model, "second": two.outputs.model}


job = outer(raw=Input(type="uri_file", path="https://example.org/x.csv"))
job.settings.force_rerun = False
job.settings.default_compute = "cpu-cluster"
