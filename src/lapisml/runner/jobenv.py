"""The environment variables of a job's processes.

From the host only what is on a list passes: never its tokens, keys or passwords. What the user's document
sets wins over everything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lapisml.runner import layout, parts

_FROM_HOST = frozenset(
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR "
    "http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY "
    "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS GIT_SSL_CAINFO PIP_CERT "
    "CUDA_VISIBLE_DEVICES CUDA_HOME CUDA_PATH CUDA_DEVICE_ORDER NVIDIA_VISIBLE_DEVICES "
    "NVIDIA_DRIVER_CAPABILITIES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES LD_LIBRARY_PATH "
    "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS PIP_CONFIG_FILE PIP_TRUSTED_HOST PIP_NO_INDEX "
    "PIP_FIND_LINKS PIP_CACHE_DIR UV_CACHE_DIR UV_OFFLINE".split()
)
_FROM_HOST_WITHOUT_LOGIN = frozenset(
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX UV_INDEX_URL UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL".split()
)
"""Addresses that pass only when they hold no user name or password."""

_LOOPBACK = ("127.0.0.1", "localhost")


def from_host(host: Mapping[str, str]) -> dict[str, str]:
    """Return the host's variables that a job may see."""
    return {
        name: value
        for name, value in host.items()
        if name in _FROM_HOST or name.startswith("LC_") or (name in _FROM_HOST_WITHOUT_LOGIN and "@" not in value)
    }


def job_variables(spec: Mapping[str, Any], folder: str, relay_port: int | None) -> dict[str, str]:
    """Return the variables that tell a script which job it is, and where its tracking server is.

    Args:
        spec: the launch specification, plain form.
        folder: the job's folder.
        relay_port: loopback port of the job's relay, None without tracking.
    """
    job = spec["job"]
    found = {
        layout.KEY_VARIABLE: parts.key_of(spec),
        "LAPIS_JOB": job,
        "LAPIS_WORKSPACE": spec["workspace"],
        "AZUREML_RUN_ID": job,
        "AZUREML_ROOT_RUN_ID": job,
        "AZUREML_CR_NODE_RANK": "0",
        "AZUREML_NODE_COUNT": str(spec.get("node_count") or 1),
        "AZUREML_PROCESS_NAME": "rank_0",
        "AZ_BATCH_HOST_LIST": _LOOPBACK[0],
        "AZ_BATCHAI_MPI_MASTER_NODE": _LOOPBACK[0],
        "AZ_BATCHAI_JOB_WORK_DIR": os.path.join(folder, layout.WORK),
        "PYTHONUNBUFFERED": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    found.update(parts.variables(spec))
    found.update(_arm(spec))
    if relay_port is not None:
        found.update(_tracking(spec["tracking"], relay_port))
    return found


def data_variables(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> dict[str, str]:
    """Return ``AZURE_ML_INPUT_<name>`` and ``AZURE_ML_OUTPUT_<name>`` for what the command's template names."""
    return {
        **{f"AZURE_ML_INPUT_{_word(name)}": value for name, value in inputs.items()},
        **{f"AZURE_ML_OUTPUT_{_word(name)}": value for name, value in outputs.items()},
    }


def without_proxy(env: dict[str, str], others: Sequence[str] = ()) -> dict[str, str]:
    """Return `env` with the relay's address, and the `others` of the job's machines, kept from any proxy."""
    if not any(name.lower().endswith("_proxy") for name in env):
        return env
    known = env.get("no_proxy") or env.get("NO_PROXY") or ""
    hosts = [host.strip() for host in known.split(",") if host.strip()]
    exempt = ",".join([*hosts, *(host for host in (*_LOOPBACK, *others) if host not in hosts)])
    return {**env, "no_proxy": exempt, "NO_PROXY": exempt}


def _arm(spec: Mapping[str, Any]) -> dict[str, str]:
    arm, tracking = spec.get("arm"), spec.get("tracking")
    found = {}
    if arm:
        found = {
            "AZUREML_ARM_SUBSCRIPTION": arm["subscription_id"],
            "AZUREML_ARM_RESOURCEGROUP": arm["resource_group"],
            "AZUREML_ARM_WORKSPACE_NAME": arm["workspace"],
        }
    if tracking:
        found["AZUREML_ARM_PROJECT_NAME"] = tracking["experiment_name"]
        found["AZUREML_EXPERIMENT_ID"] = tracking["experiment_id"]
    return found


def _tracking(tracking: Mapping[str, Any], port: int) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": f"http://{_LOOPBACK[0]}:{port}{tracking['path']}",
        # MLflow's client overwrites the one above when a script sets another address.
        "LAPIS_TRACKING_URI": f"http://{_LOOPBACK[0]}:{port}{tracking['path']}",
        "MLFLOW_TRACKING_TOKEN": tracking["token"],
        "MLFLOW_RUN_ID": tracking["run_id"],
        "MLFLOW_EXPERIMENT_ID": tracking["experiment_id"],
        "MLFLOW_EXPERIMENT_NAME": tracking["experiment_name"],
        # The relay holds a request while the server is away; the client must not give up first.
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "3600",
        # It would print the relay's address, which leads nowhere once the job has ended.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
