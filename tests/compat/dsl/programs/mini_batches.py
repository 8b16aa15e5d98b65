"""Mini-batch and Spark steps, names that are set, computes that are inputs, steps in a loop."""

from azure.ai.ml import Input, Output, dsl, load_component, spark
from azure.ai.ml.entities import Environment
from azure.ai.ml.parallel import RunFunction, parallel_run_function

prep = load_component(source="prep.yml")
batch = parallel_run_function(
    name="batch",
    display_name="Batch",
    description="scores",
    inputs={
        "job_data_path": Input(type="uri_folder", mode="eval_mount"),
        "score_model": Input(type="uri_folder", mode="download"),
    },
    outputs={"job_output_path": Output(type="uri_file")},
    input_data="${{inputs.job_data_path}}",
    instance_count=2,
    max_concurrency_per_instance=1,
    mini_batch_size="10kb",
    mini_batch_error_threshold=1,
    error_threshold=-1,
    logging_level="DEBUG",
    retry_settings={"max_retries": 2, "timeout": 60},
    task=RunFunction(
        code="./src",
        entry_script="train.py",
        environment=Environment(image="mcr/x", conda_file={"name": "x", "dependencies": ["python=3.11"]}),
        program_arguments="--model ${{inputs.score_model}}",
        append_row_to="${{outputs.job_output_path}}",
    ),
)
count = spark(
    display_name="count",
    code="./src",
    entry={"file": "train.py"},
    driver_cores=1,
    driver_memory="2g",
    executor_cores=2,
    executor_memory="2g",
    executor_instances=2,
    inputs={"data": Input(type="uri_folder", mode="direct")},
    outputs={"result": Output(type="uri_folder", mode="direct")},
    args="--data ${{inputs.data}} --result ${{outputs.result}}",
    conf={"spark.x": "y"},
)


@dsl.pipeline
def scoring(raw, model, where="cpu-cluster"):
    for _ in range(3):
        part = prep(raw=raw)
        part.compute = where
    scored = batch(job_data_path=part.outputs.clean, score_model=model)
    scored.outputs.job_output_path.name = "scores"
    counted = count(data=part.outputs.clean)
    counted.resources = {"instance_type": "Standard_E8S_V3", "runtime_version": "3.3"}
    named = prep(raw=raw)
    named.name = "special"
    prep(raw=raw)
    return {"scores": scored.outputs.job_output_path, "counts": counted.outputs.result}


job = scoring(raw=Input(type="uri_file", path="azureml:d:1"), model=Input(type="uri_folder", path="azureml:m:1"))
job.settings.default_compute = "cpu-cluster"
