"""What every script of this folder begins with: a client, and a few helpers."""

import io
import logging
import os
import time
from contextlib import redirect_stdout
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential

logging.disable(logging.WARNING)

ENVIRONMENT = "jobs-plain"
OVER = ("Completed", "Failed", "Canceled")


def client() -> MLClient:
    ml_client = MLClient(
        DefaultAzureCredential(),
        os.environ["SUBSCRIPTION_ID"],
        os.environ["RESOURCE_GROUP"],
        os.environ["WORKSPACE_NAME"],
    )
    try:
        ml_client.environments.get(ENVIRONMENT, version="1")
    except ResourceNotFoundError:
        ml_client.environments.create_or_update(Environment(name=ENVIRONMENT, version="1", image="ubuntu:22.04"))
    return ml_client


def followed(ml_client: MLClient, name: str) -> str:
    """Follow a job to its end; return what was printed."""
    shown = io.StringIO()
    with redirect_stdout(shown):
        ml_client.jobs.stream(name)
    return shown.getvalue()


def over(ml_client: MLClient, name: str, limit: float = 300.0):
    """Wait until a job is over; return it."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        job = ml_client.jobs.get(name)
        if job.status in OVER:
            return job
        time.sleep(0.3)
    raise AssertionError(f"{name} is {job.status}")


def gate(name: str) -> Path:
    """Return a file that a job waits for, so that it does not end before somebody looks."""
    return Path(f"{name}.gate").resolve()
