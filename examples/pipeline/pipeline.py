"""The pipeline of ``pipeline.yml`` in Python: submit it, follow it, show what was registered."""

from pathlib import Path

from lapisml import MLClient, dsl, load_component
from lapisml.sweep import Choice, LogUniform, RandomSamplingAlgorithm

here = Path(__file__).parent
prepare_data = load_component(here / "prepare.yml")
train_model = load_component(here / "train.yml")
evaluate_model = load_component(here / "evaluate.yml")


@dsl.pipeline(display_name="tumours", experiment_name="tumours")
def tumours(test_share: float = 0.3, least_accuracy: float = 0.9):
    """Prepares data, searches for the best classifier, measures it and registers it."""
    prepare = prepare_data(test_share=test_share)
    train = train_model(
        data=prepare.outputs.data,
        regularization=LogUniform(-5, 5),
        penalty=Choice(["l1", "l2"]),
    ).sweep(
        primary_metric="accuracy",
        goal="maximize",
        sampling_algorithm=RandomSamplingAlgorithm(seed=1),
        max_total_trials=6,
        max_concurrent_trials=2,
    )
    evaluate = evaluate_model(data=prepare.outputs.data, model=train.outputs.model, least_accuracy=least_accuracy)
    return {"model": evaluate.outputs.approved}


if __name__ == "__main__":
    ml_client = MLClient()
    pipeline = tumours()
    pipeline.outputs["model"].name = "tumour-classifier"
    job = ml_client.jobs.create_or_update(pipeline)
    ml_client.jobs.stream(job.name)
    for model in ml_client.models.list(name="tumour-classifier"):
        print(f"{model.name} {model.version}")
