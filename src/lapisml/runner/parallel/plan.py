"""What the driver of a mini-batch job is told, as a file in the job's folder. Standard library only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from lapisml.runner import copying, durable, specfile


@dataclass(frozen=True)
class Plan:
    """How a mini-batch job runs.

    Attributes:
        entry_script: absolute path of the script with ``init()`` and ``run(mini_batch)``; empty with `by_model`.
        arguments: what the script finds in ``sys.argv[1:]``.
        work: the working folder of the workers.
        python: interpreter of the job's environment.
        input_name, input_path: the input that is cut up, and where it lies.
        tabular: whether it is a table (rows) and not a set of files.
        listed: whether an ``MLTable`` file says which files are meant.
        size: files of a mini-batch, or bytes when `tabular`.
        partition_keys: columns whose every combination of values is a mini-batch.
        workers: how many processes on this machine.
        nodes: how many machines the job has, or stands for.
        max_retries: how often a mini-batch is tried again.
        timeout_s: limit on one ``run()``, seconds.
        error_threshold, mini_batch_error_threshold: how many items and mini-batches may fail; -1 means any number.
        allowed_failed_percent: how many mini-batches of a hundred may fail; None means any number.
        append_to: file that takes what ``run()`` returns; None when nobody collects it.
        output_folder: the folder that scripts know as ``AZUREML_BI_OUTPUT_PATH``; None without one.
        logging_level: ``DEBUG``, ``INFO``, ``WARNING`` …
        logs: folder for a log per worker.
        scratch: folder for what travels between driver and workers.
        verdict: file for the sentence about the end.
        by_model: whether an MLflow model is used by itself, without a script.
        model: path of the model; None without one.
        model_name: what the model is called within the folder that scripts know as ``AZUREML_MODEL_DIR``.
        library: folder that holds ``lapis_scoring``, with `by_model`.
        node: which of the job's machines this is, from 0; the driver is on the first.
        driver: host and port at which the others find the driver; None for a job on one machine.
    """

    entry_script: str
    arguments: tuple[str, ...]
    work: str
    python: str
    input_name: str
    input_path: str
    tabular: bool
    listed: bool
    size: int
    partition_keys: tuple[str, ...]
    workers: int
    nodes: int
    max_retries: int
    timeout_s: float
    error_threshold: int
    mini_batch_error_threshold: int
    allowed_failed_percent: float | None
    append_to: str | None
    output_folder: str | None
    logging_level: str
    logs: str
    scratch: str
    verdict: str
    by_model: bool = False
    model: str | None = None
    model_name: str | None = None
    library: str = ""
    node: int = 0
    driver: tuple[str, int] | None = None

    @property
    def model_dir(self) -> str | None:
        """The folder above the model, ``AZUREML_MODEL_DIR``; None without a model."""
        return None if self.model is None else os.path.join(self.scratch, "model")

    def secret(self, path: str) -> bytes:
        """Return what the machines of the job prove to know, from beside the plan's file.

        Raises:
            OSError: there is none.
        """
        spec = specfile.read(os.path.dirname(path)) or {"parallel": {}}
        secret = spec["parallel"].get("secret")
        if not secret:
            raise OSError("the job's specification holds no secret for its machines")
        return str(secret).encode()

    def lay_out_model(self) -> None:
        """Put the model where scripts look for it: in ``AZUREML_MODEL_DIR``, under the name that it was stored with.

        By links that are no symbolic ones: MLflow refuses files of a model that lie outside of its folder.
        """
        if self.model is None or self.model_dir is None or self.by_model:
            return
        os.makedirs(self.model_dir, exist_ok=True)
        source = os.path.realpath(self.model)
        place = os.path.join(self.model_dir, os.path.basename((self.model_name or self.model).rstrip("/")))
        put = copying.link_tree if os.path.isdir(source) else copying.link_file
        put(source, place)

    def write(self, path: str) -> None:
        """Write the plan to a file."""
        durable.write_json(path, asdict(self))

    @classmethod
    def read(cls, path: str) -> Plan:
        """Read a plan back.

        Raises:
            OSError, ValueError: it is not there, or not whole.
        """
        with open(os.fspath(path), encoding="utf-8") as file:
            plain = json.load(file)
        for name in ("arguments", "partition_keys"):
            plain[name] = tuple(plain[name])
        if plain.get("driver") is not None:
            plain["driver"] = tuple(plain["driver"])
        return cls(**plain)
