"""Mini-batch jobs under the place where ``azure.ai.ml`` has them: ``from lapisml.parallel import RunFunction``."""

from lapisml.sdk.entities import ParallelJob
from lapisml.sdk.mini_batches import RetrySettings, RunFunction, parallel_run_function

__all__ = ["ParallelJob", "RetrySettings", "RunFunction", "parallel_run_function"]
