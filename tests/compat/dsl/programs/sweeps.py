"""Sweeps as steps: distributions as inputs, algorithms, policies, limits."""

from azure.ai.ml import Input, dsl, load_component
from azure.ai.ml.sweep import (
    BanditPolicy,
    Choice,
    LogNormal,
    LogUniform,
    MedianStoppingPolicy,
    Normal,
    QLogNormal,
    QLogUniform,
    QNormal,
    QUniform,
    Randint,
    RandomSamplingAlgorithm,
    TruncationSelectionPolicy,
    Uniform,
)

train = load_component(source="train.yml")


@dsl.pipeline(compute="cpu-cluster")
def tune(data):
    one = train(data=data, lr=Uniform(min_value=0.1, max_value=0.9), epochs=Choice([1, 2, 3]))
    first = one.sweep(
        primary_metric="acc",
        goal="Maximize",
        sampling_algorithm="random",
        early_termination_policy=BanditPolicy(slack_factor=0.1, evaluation_interval=2, delay_evaluation=5),
        max_total_trials=20,
        max_concurrent_trials=4,
    )
    first.set_limits(timeout=600)
    first.compute = "gpu-cluster"
    second = train(data=data, lr=LogUniform(-3, 0), epochs=Randint(upper=10)).sweep(
        primary_metric="loss", goal="minimize", sampling_algorithm=RandomSamplingAlgorithm(rule="sobol", seed=3)
    )
    second.early_termination = MedianStoppingPolicy(delay_evaluation=1, evaluation_interval=2)
    second.set_limits(max_total_trials=3, trial_timeout=120)
    third = train(data=data, lr=Normal(mu=1, sigma=2), epochs=QUniform(min_value=1, max_value=9, q=2)).sweep(
        primary_metric="loss", goal="minimize", sampling_algorithm="bayesian", max_total_trials=2
    )
    fourth = train(data=data, lr=LogNormal(mu=1, sigma=2), epochs=QLogUniform(min_value=1, max_value=2, q=1)).sweep(
        primary_metric="loss", goal="minimize", max_total_trials=2
    )
    fourth.early_termination = TruncationSelectionPolicy(
        evaluation_interval=1, truncation_percentage=20, delay_evaluation=5
    )
    fifth = train(data=data, lr=QNormal(mu=1, sigma=2, q=1), epochs=QLogNormal(mu=1, sigma=2, q=1)).sweep(
        primary_metric="loss", goal="minimize", max_total_trials=2
    )
    return {"best": first.outputs.model, "other": third.outputs.model, "last": fifth.outputs.model}


job = tune(data=Input(type="uri_folder", path="azureml:data:1"))
