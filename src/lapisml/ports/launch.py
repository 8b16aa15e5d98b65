"""The launch specification: everything that a job needs to run, resolved.

The plain form (`LaunchSpec.to_json`) is what the runner reads as ``spec.json``. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SPEC_VERSION = 1
"""Version of the launch specification's plain form; a runner refuses one that it does not know."""


@dataclass(frozen=True)
class InputSpec:
    """One input that is data.

    Attributes:
        type: ``uri_file``, ``uri_folder``, ``mltable``, ``mlflow_model``, ``custom_model``, ``triton_model``.
        mode: ``ro_mount`` (None means this), ``rw_mount``, ``download``, ``direct``, ``eval_mount``,
            ``eval_download``.
        uri: what the user wrote, resolved to a full address; ``direct`` hands it to the script.
        location: `StorageLocation.to_json`; None only with ``direct``.
    """

    type: str
    uri: str
    location: Mapping[str, Any] | None = field(default=None, repr=False)
    mode: str | None = None


@dataclass(frozen=True)
class OutputSpec:
    """One named output.

    Attributes:
        type: as for inputs; ``uri_file`` means that the script gets the path of a file to write.
        mode: ``rw_mount`` (None means this), ``upload``, ``direct``.
        uri: the full address under which it will be known.
        location: `StorageLocation.to_json`.
    """

    type: str
    uri: str
    location: Mapping[str, Any] = field(repr=False)
    mode: str | None = None


@dataclass(frozen=True)
class CodeSpec:
    """A code snapshot.

    Attributes:
        digest: hexadecimal digest of its manifest; checked before anything runs.
        root: folder of the snapshot store on this machine (holds ``blobs/`` and ``manifests/``).
    """

    digest: str
    root: str


@dataclass(frozen=True)
class EnvironmentSpec:
    """The environment to run in.

    Attributes:
        definition: `EnvironmentDefinition.to_json`.
        builder: import string ``module:callable`` of the builder; called as ``callable(**options)``.
        options: keyword arguments of the builder, plain JSON values.
        root: folder whose ``<key>/ready.json`` proves a build.
        key: the definition's address.
    """

    definition: Mapping[str, Any]
    builder: str
    root: str
    key: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrackingSpec:
    """Where the job's MLflow calls go.

    Attributes:
        server_file: ``<home>/run/server.json``; its ``url`` is read again whenever the server is away.
        path: the workspace's MLflow root on that server, as ``/mlflow/<workspace>``.
        token: the job's own token; authenticates the job to its relay, and the relay to the server.
        run_id, experiment_id, experiment_name: the run that ``mlflow.start_run()`` attaches to.
    """

    server_file: str
    path: str
    token: str = field(repr=False)
    run_id: str
    experiment_id: str
    experiment_name: str


@dataclass(frozen=True)
class ArmSpec:
    """The names under which the workspace is known to scripts that read ``AZUREML_ARM_*``."""

    subscription_id: str
    resource_group: str
    workspace: str


@dataclass(frozen=True)
class ArtifactsSpec:
    """Where ``./outputs``, ``./logs`` and the logs are stored: address and `StorageLocation.to_json`."""

    uri: str
    location: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DistributionSpec:
    """How many processes a job is, and what they are to each other.

    Attributes:
        type: ``pytorch``, ``mpi``, ``tensorflow``, ``ray``.
        processes_per_node: for pytorch and mpi.
        workers, parameter_servers: for tensorflow, over all nodes.
        ray: for ray, what of ``port``, ``include_dashboard``, ``dashboard_port``, ``head_node_additional_args`` and
            ``worker_node_additional_args`` the document says.
    """

    type: str
    processes_per_node: int = 1
    workers: int = 0
    parameter_servers: int = 0
    ray: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ParallelSpec:
    """How the input of a mini-batch job is cut up, and what may fail.

    Attributes:
        entry_script: path of the script within the code; empty with `by_model`.
        input_data: name of the input that is cut up.
        program_arguments: arguments of the script, a template as the command of other jobs.
        mini_batch_size: files of a mini-batch, or bytes when `in_bytes`; None means a file, or a mebibyte of a table.
        in_bytes: whether the size was given with a unit.
        partition_keys: columns whose every combination of values is a mini-batch.
        append_row_to: name of the output that takes what ``run()`` returns.
        concurrency: processes per node.
        max_retries, timeout_s: further attempts at a failed mini-batch; limit on one ``run()``, seconds.
        error_threshold, mini_batch_error_threshold: items and mini-batches that may fail, -1 for any number.
        logging_level: name of the least level that is logged.
        by_model: whether an MLflow model is used by itself, without a script.
        model: name of the input that is a model; its files lie in ``AZUREML_MODEL_DIR``.
        model_name: what the model's file or folder is called there.
        secret: by which the machines of a job on several know each other; None for a job on one.
    """

    entry_script: str
    input_data: str
    program_arguments: str = ""
    mini_batch_size: int | None = None
    in_bytes: bool = False
    partition_keys: Sequence[str] = ()
    append_row_to: str | None = None
    concurrency: int = 1
    max_retries: int = 2
    timeout_s: float = 60.0
    error_threshold: int = -1
    mini_batch_error_threshold: int = -1
    logging_level: str = "INFO"
    by_model: bool = False
    model: str | None = None
    model_name: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SparkSpec:
    """A program that Spark runs.

    Attributes:
        file, class_name: the Python file, or the class within the first of `jars`.
        args: its arguments, a template.
        conf: settings of Spark.
        py_files, jars, files, archives: paths within the code.
        absent_outputs: outputs whose folders Spark makes itself.
    """

    file: str | None
    class_name: str | None
    args: str = ""
    conf: Mapping[str, str] = field(default_factory=dict)
    py_files: Sequence[str] = ()
    jars: Sequence[str] = ()
    files: Sequence[str] = ()
    archives: Sequence[str] = ()
    absent_outputs: Sequence[str] = ()


@dataclass(frozen=True)
class ResourceSpec:
    """What a job asks of each of its nodes.

    Attributes:
        cpus: processors, may be a fraction; None means what the compute gives a job that does not say.
        gpus: whole GPUs.
        memory_mb: mebibytes; None means no wish.
        instance_type: name of a machine size: what the compute makes of it is the compute's.
        idle_s: how long its nodes are to be kept after it for the next job, seconds; None means the compute's own time.
    """

    cpus: float | None = None
    gpus: int = 0
    memory_mb: int | None = None
    instance_type: str | None = None
    idle_s: int | None = None


@dataclass(frozen=True)
class PartSpec:
    """The share that one machine has in a job of several machines; each has a supervisor of its own.

    Attributes:
        number: from 0; part 0 leads: its exit status, log and journal are the job's where all went well.
        hosts: addresses under which the machines reach each other, in the order of the parts.
        ports: first of 16 consecutive ports, free a moment ago, on each of the hosts.
    """

    number: int
    hosts: Sequence[str]
    ports: Sequence[int]


@dataclass(frozen=True)
class ServingSpec:
    """A model that answers requests until it is told to end.

    Attributes:
        endpoint, deployment: names within the workspace.
        revision: 12 hexadecimal characters; its state is ``<serving_home>/replicas/<revision>.json``.
        kind: ``mlflow`` for an MLflow model without code, ``script`` for a scoring script.
        model_input: name of the input that is the model; None means no model.
        model_name: what the model's file or folder is called within ``AZUREML_MODEL_DIR``.
        scoring_script: path of the script within the code; None for kind ``mlflow``.
        serving_home: ``<home>/serving``, shared with the gateway; empty on another machine: a folder of
            the job's own.
        scale: ``{"type": "default", "instances": n}`` or
            ``{"type": "target_utilization", "min", "max", "target_percent", "polling_s"}``; ``start`` is how many
            it begins with, where that is not the minimum.
        liveness, readiness: ``initial_delay_s``, ``period_s``, ``timeout_s``, ``success_threshold``,
            ``failure_threshold``; what is absent has its default.
        max_concurrent: requests that one replica works on at a time.
        timeout_s, max_queue_wait_s: limit on one request; on its wait for a replica. Seconds.
        accelerate: whether a faster form of the model may stand in for it where it gives the same answers.
        collect: the data collector: ``folder`` (path or None), ``collections``, ``sampling_rate``,
            ``rolling_rate``, ``request_logging``.
        door: PEM text of certificate and key; the gateway is elsewhere and comes in through a door
            (`lapisml.runner.serving.doors`). None where it shares `serving_home`.
    """

    endpoint: str
    deployment: str
    revision: str
    kind: str
    model_input: str | None
    model_name: str
    scoring_script: str | None
    serving_home: str
    scale: Mapping[str, Any] = field(default_factory=lambda: {"type": "default", "instances": 1})
    liveness: Mapping[str, Any] = field(default_factory=dict)
    readiness: Mapping[str, Any] = field(default_factory=dict)
    max_concurrent: int = 1
    timeout_s: float = 5.0
    max_queue_wait_s: float = 0.5
    accelerate: bool = True
    collect: Mapping[str, Any] = field(default_factory=dict)
    door: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class LaunchSpec:
    """Everything that a job needs to run.

    Attributes:
        workspace, job: names; `job` is also the run id.
        submit_key: identity of this submission on the compute; opaque, unique for ever.
        command: the template, ``${{inputs.x}}`` and all.
        literals: inputs that are values, as strings.
        optional_unset: declared optional inputs that were not given (``$[[…]]`` around them is dropped).
        artifacts: where artifacts go.
        home: the Lapis home folder; the job's folder is ``<home>/runs/<workspace>/<job>``.
        inputs, outputs, code, environment, tracking, arm: see their types; no code means an empty folder,
            no environment means the interpreter and PATH of the server, no tracking means no MLflow server.
        environment_variables: the user's; they win over ours.
        timeout_s: limit on the command's running time, seconds; None means none.
        node_count: the job's ``resources.instance_count``, shown to the script as ``AZUREML_NODE_COUNT``.
        distribution: several processes in place of one; None means one.
        spark: a program for Spark in place of the command; None for any other job.
        parallel: a mini-batch job, whose driver stands in the command's place; None for any other.
        serving: a model that answers requests, whose keeper stands in the command's place; None for any job.
        resources: what each node is to give; None means no wish.
        nodes: indexes, from 0, of the compute's nodes that the job was given; empty where the compute's own queue
            gives them out.
        machine: the one machine that the job may run on, by the name in the compute's standing, where the compute's
            own queue gives them out; None means any.
        part: which share of a job of several machines this is; None for a job on one.
        parent: name of the sweep or pipeline that started the job, None without one.
        toolbox: interpreter whose packages build environments and reach object stores; None means the runner's own.
        storage: import string ``module:callable`` of the storage backend; called without arguments.
        wake_socket: unix datagram socket that is told of news; None means nobody.
        python: interpreter for the runner; None means the one that runs the backend.
        grace_s: seconds between SIGTERM and SIGKILL where the request does not say.
        flush_timeout_s: how long a finished job waits for acknowledged metrics to be delivered before its
            processes end; what is left is delivered when the server is back.
    """

    workspace: str
    job: str
    submit_key: str
    command: str
    artifacts: ArtifactsSpec
    home: str
    literals: Mapping[str, str] = field(default_factory=dict)
    optional_unset: Sequence[str] = ()
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)
    code: CodeSpec | None = None
    environment: EnvironmentSpec | None = None
    tracking: TrackingSpec | None = None
    arm: ArmSpec | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    node_count: int = 1
    distribution: DistributionSpec | None = None
    spark: SparkSpec | None = None
    parallel: ParallelSpec | None = None
    serving: ServingSpec | None = None
    resources: ResourceSpec | None = None
    nodes: Sequence[int] = ()
    machine: str | None = None
    part: PartSpec | None = None
    parent: str | None = None
    toolbox: str | None = None
    storage: str = "lapisml.backends.storage.fsspec_storage:FsspecStorage"
    wake_socket: str | None = None
    python: str | None = None
    grace_s: float = 10.0
    flush_timeout_s: float = 30.0

    def to_json(self) -> dict[str, Any]:
        """Give the plain form, secrets included: only for files that their owner alone may read."""
        return {"version": SPEC_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> LaunchSpec:
        """Read `to_json`'s form back.

        Raises:
            ValueError: the version is not one that this code knows.
            TypeError: a field is unknown or missing.
        """
        plain = dict(body)
        if plain.pop("version", None) != SPEC_VERSION:
            raise ValueError(f"launch specification of version {body.get('version')!r}, not {SPEC_VERSION}")
        for name, kind in _PARTS.items():
            if plain.get(name) is not None:
                plain[name] = kind(**plain[name])
        for name in ("optional_unset", "nodes"):
            plain[name] = tuple(plain.get(name) or ())
        plain["inputs"] = {k: InputSpec(**v) for k, v in (plain.get("inputs") or {}).items()}
        plain["outputs"] = {k: OutputSpec(**v) for k, v in (plain.get("outputs") or {}).items()}
        return cls(**plain)


_PARTS: dict[str, Any] = {
    "artifacts": ArtifactsSpec,
    "code": CodeSpec,
    "environment": EnvironmentSpec,
    "tracking": TrackingSpec,
    "arm": ArmSpec,
    "distribution": DistributionSpec,
    "spark": SparkSpec,
    "parallel": ParallelSpec,
    "serving": ServingSpec,
    "resources": ResourceSpec,
    "part": PartSpec,
}
