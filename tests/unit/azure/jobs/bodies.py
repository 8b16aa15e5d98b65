"""Bodies of jobs as the SDK sends them, one for each thing that it can say."""

from __future__ import annotations

from typing import Any

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
DIGEST = "a" * 64
CODE = f"{SCOPE}/codes/{DIGEST}/versions/1"
ENVIRONMENT = f"{SCOPE}/environments/e/versions/1"
COMPUTE = f"{SCOPE}/computes/cpu"
COMPONENT = f"{SCOPE}/components/c/versions/1"


def literal(value: str) -> dict[str, Any]:
    return {"jobInputType": "literal", "value": value}


def bound(value: str, **more: Any) -> dict[str, Any]:
    return {"job_input_type": "literal", "value": value, **more}


def command(**more: Any) -> dict[str, Any]:
    return {
        "jobType": "Command",
        "command": "python main.py",
        "environmentId": ENVIRONMENT,
        "experimentName": "exp",
        "properties": {},
        "tags": {},
        "inputs": {},
        "outputs": {},
        "environmentVariables": {},
        "isArchived": False,
        **more,
    }


FULL_COMMAND = command(
    displayName="dn",
    command="python main.py ${{inputs.x}}",
    description="de",
    codeId=CODE,
    computeId=COMPUTE,
    properties={"someKey": "q"},
    tags={"aKey": "b", "alone": None},
    inputs={
        "x": literal("1"),
        "d": {"jobInputType": "uri_folder", "uri": f"{SCOPE}/data/d/versions/1", "mode": "Download"},
        "m": {"jobInputType": "mlflow_model", "uri": f"{SCOPE}/models/m/versions/2"},
        "j": {"jobInputType": "custom_model", "uri": "azureml://jobs/J/outputs/artifacts/paths/model/"},
        "u": {"jobInputType": "uri_file", "uri": "https://example.org/x.csv", "mode": "ReadOnlyMount"},
    },
    outputs={
        "o": {"jobOutputType": "uri_folder"},
        "p": {
            "jobOutputType": "mltable",
            "uri": "azureml://datastores/ws/paths/x",
            "mode": "Upload",
            "assetName": "registered",
            "assetVersion": "3",
        },
    },
    environmentVariables={"MY_VAR": "1"},
    distribution={"distributionType": "PyTorch", "processCountPerInstance": 2},
    identity={"identityType": "UserIdentity"},
    resources={
        "instanceCount": 2,
        "instanceType": "STANDARD_D2",
        "dockerArgs": "--x",
        "shmSize": "2g",
        "locations": ["a"],
        "properties": {"someKey": 1},
    },
    limits={"jobLimitsType": "Command", "timeout": "PT1M40S"},
    services={
        "jl": {"jobServiceType": "JupyterLab", "nodes": {"nodesValueType": "All"}},
        "ss": {"jobServiceType": "SSH", "properties": {"sshPublicKeys": "k"}},
        "tb": {"jobServiceType": "TensorBoard", "properties": {"logDir": "l"}, "port": 6006},
        "vs": {"jobServiceType": "VSCode"},
    },
    queueSettings={"jobTier": "Spot", "priority": 1},
)

SWEEP = {
    "jobType": "Sweep",
    "displayName": "sw",
    "experimentName": "exp",
    "computeId": COMPUTE,
    "properties": {},
    "tags": {},
    "trial": {
        "command": "python main.py ${{search_space.lr}} ${{inputs.d}}",
        "codeId": CODE,
        "environmentId": ENVIRONMENT,
        "distribution": {"distributionType": "Mpi", "processCountPerInstance": 1},
        "environmentVariables": {"MY_VAR": "1"},
        "resources": {"instanceCount": 1, "shmSize": "2g"},
    },
    "searchSpace": {
        "lr": ["uniform", [0.1, 0.9]],
        "c": ["choice", [[1, "a", 2.5]]],
        "nested": ["choice", [[{"kind": "sgd", "rate": ["loguniform", [-6, -1]]}, {"kind": "adam"}]]],
        "q": ["quniform", [1, 10, 2]],
        "n": ["normal", [0, 1]],
        "qn": ["qnormal", [0, 1, 0.5]],
        "r": ["randint", [5]],
    },
    "samplingAlgorithm": {"samplingAlgorithmType": "Random", "seed": 1, "rule": "sobol", "logbase": "e"},
    "objective": {"goal": "Maximize", "primaryMetric": "acc"},
    "earlyTermination": {
        "policyType": "Bandit", "delayEvaluation": 1, "evaluationInterval": 2, "slackFactor": 0.1, "slackAmount": 0
    },
    "limits": {
        "jobLimitsType": "Sweep",
        "maxConcurrentTrials": 2,
        "maxTotalTrials": 4,
        "timeout": "PT2H",
        "trialTimeout": "PT1M",
    },
    "inputs": {"d": {"jobInputType": "uri_file", "uri": "https://example.org/y.csv"}},
    "outputs": {"model": {"jobOutputType": "mlflow_model"}},
    "queueSettings": {"jobTier": "Standard", "priority": 3},
    "resources": {"instanceCount": 2, "properties": {}},
}  # fmt: skip

SPARK = {
    "jobType": "Spark",
    "experimentName": "exp",
    "properties": {},
    "tags": {},
    "codeId": CODE,
    "entry": {"sparkJobEntryType": "SparkJobPythonEntry", "file": "main.py"},
    "pyFiles": ["a.py"],
    "jars": ["j.jar"],
    "files": ["f"],
    "archives": ["z"],
    "conf": {"spark.driver.cores": "1", "spark.executor.instances": "2"},
    "environmentId": ENVIRONMENT,
    "inputs": {"i": {"jobInputType": "uri_file", "uri": "azureml://datastores/a/paths/b", "mode": "Direct"}},
    "outputs": {"o": {"jobOutputType": "uri_folder", "uri": "azureml://datastores/a/paths/c", "mode": "Direct"}},
    "args": "--i ${{inputs.i}}",
    "identity": {"identityType": "AMLToken"},
    "resources": {"instanceType": "Standard_E4S_V3", "runtimeVersion": "3.3"},
}

PIPELINE = {
    "jobType": "Pipeline",
    "displayName": "PN",
    "description": "desc",
    "experimentName": "ex",
    "tags": {"t": "u"},
    "properties": {},
    "settings": {
        "default_compute": COMPUTE,
        "default_datastore": f"{SCOPE}/datastores/ws",
        "continue_on_step_failure": True,
        "force_rerun": True,
        "_source": "DSL",
    },
    "inputs": {
        "d": {"jobInputType": "uri_folder", "uri": f"{SCOPE}/data/d/versions/2"},
        "a": literal("3"),
        "left_out": {"jobInputType": "literal", "value": None},
    },
    "outputs": {"final": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount"}},
    "jobs": {
        "plain": {
            "name": "plain",
            "type": "command",
            "_source": "YAML.COMPONENT",
            "componentId": COMPONENT,
            "computeId": "cpu",
            "display_name": "2nd",
            "comment": "says what it does",
            "tags": {"aKey": "v"},
            "resources": {"instance_count": 2, "instance_type": "x"},
            "distribution": {"distribution_type": "PyTorch", "process_count_per_instance": 1},
            "limits": {"job_limits_type": "Command", "timeout": "PT30S"},
            "environment_variables": {"MY_VAR": "${{parent.inputs.a}}"},
            "queue_settings": {"job_tier": "Spot", "priority": 3},
            "identity": {"identity_type": "UserIdentity"},
            "inputs": {
                "a": bound("${{parent.inputs.a}}"),
                "d": bound("${{parent.inputs.d}}", mode="Download"),
                "e": {"job_input_type": "uri_folder", "uri": f"{SCOPE}/data/d/versions/1", "mode": "Direct"},
            },
            "outputs": {
                "out": {"job_output_type": "uri_folder", "mode": "Upload", "name": "registered", "version": "4"},
                "last": {"type": "literal", "value": "${{parent.outputs.final}}"},
            },
        },
        "batches": {
            "name": "batches",
            "type": "parallel",
            "componentId": COMPONENT,
            "task": {"type": "run_function", "entry_script": "m.py", "environment": f"azureml:{ENVIRONMENT}"},
            "input_data": "${{inputs.d}}",
            "mini_batch_size": 10,
            "error_threshold": 5,
            "logging_level": "INFO",
            "partition_keys": '["k"]',
            "max_concurrency_per_instance": 2,
            "retry_settings": {"timeout": 60, "max_retries": 2},
            "inputs": {"d": bound("${{parent.jobs.plain.outputs.out}}")},
        },
        "sparks": {
            "name": "sparks",
            "type": "spark",
            "componentId": COMPONENT,
            "entry": {"file": "main.py", "spark_job_entry_type": "SparkJobPythonEntry"},
            "args": "--x ${{inputs.d}}",
            "conf": {"spark.driver.cores": 1},
            "resources": {"instance_type": "Standard_E4S_V3", "runtime_version": "3.3"},
            "inputs": {"d": bound("${{parent.jobs.plain.outputs.out}}")},
        },
        "nested": {
            "name": "nested",
            "type": "pipeline",
            "componentId": COMPONENT,
            "inputs": {"a": bound("4")},
        },
        "search": {
            "name": "search",
            "type": "sweep",
            "trial": {"componentId": COMPONENT},
            "sampling_algorithm": "random",
            "objective": {"goal": "maximize", "primary_metric": "acc"},
            "search_space": {"a": {"type": "choice", "values": [1, 2]}},
            "limits": {"max_concurrent_trials": 2, "max_total_trials": 2, "timeout": 600},
            "early_termination": {
                "policy_type": "MedianStopping", "delay_evaluation": 1, "evaluation_interval": 1
            },
        },
    },
}  # fmt: skip

BODIES: dict[str, dict[str, Any]] = {
    "command": command(),
    "full command": FULL_COMMAND,
    "mpi": command(distribution={"distributionType": "Mpi", "processCountPerInstance": 1}),
    "tensorflow": command(
        distribution={"distributionType": "TensorFlow", "parameterServerCount": 1, "workerCount": 2},
        identity={"identityType": "Managed", "clientId": "c", "objectId": "o", "resourceId": "r"},
    ),
    "ray": command(
        distribution={
            "distributionType": "Ray",
            "port": 1,
            "address": "a",
            "includeDashboard": True,
            "dashboardPort": 4,
            "headNodeAdditionalArgs": "x",
            "workerNodeAdditionalArgs": "y",
        },
    ),
    "sweep": SWEEP,
    "grid": {
        **SWEEP,
        "trial": {"command": "x ${{search_space.a}}", "environmentId": ENVIRONMENT},
        "searchSpace": {"a": ["choice", [[1, 2]]]},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "earlyTermination": {"policyType": "TruncationSelection", "truncationPercentage": 20, "evaluationInterval": 1},
    },
    "bayesian": {
        **SWEEP,
        "samplingAlgorithm": {"samplingAlgorithmType": "Bayesian"},
        "earlyTermination": {"policyType": "MedianStopping", "evaluationInterval": 1, "delayEvaluation": 2},
    },
    "spark": SPARK,
    "spark class": {**SPARK, "entry": {"sparkJobEntryType": "SparkJobScalaEntry", "className": "org.X"}},
    "pipeline": PIPELINE,
    "pipeline of a component": {
        "jobType": "Pipeline", "experimentName": "e", "componentId": COMPONENT, "inputs": {"a": literal("3")}
    },
}  # fmt: skip
