"""From a Spark document to what the runner is told."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.ports.launch import ArtifactsSpec, InputSpec, LaunchSpec, OutputSpec, SparkSpec
from lapisml.server.features.jobs.spark import by_path, spark_of

DOCUMENT: dict[str, Any] = {
    "type": "spark",
    "entry": {"file": "main.py"},
    "args": "--x ${{inputs.x}}",
    "conf": {"spark.driver.cores": 1, "spark.dynamicAllocation.enabled": True, "spark.driver.memory": "2g"},
    "py_files": ["a.py"],
}
PLACE: dict[str, Any] = {"protocol": "file", "path": "/data", "options": {}, "root": None}


def launch(**changes: Any) -> LaunchSpec:
    return LaunchSpec("default", "job", "key", "", ArtifactsSpec("azureml://a", PLACE), "/home", **changes)


def test_settings_are_written_as_spark_reads_them() -> None:
    found = spark_of(DOCUMENT)
    assert found is not None
    assert (found.file, found.args, found.py_files) == ("main.py", "--x ${{inputs.x}}", ("a.py",))
    assert dict(found.conf) == {
        "spark.driver.cores": "1",
        "spark.dynamicAllocation.enabled": "true",
        "spark.driver.memory": "2g",
    }


def test_other_jobs_have_nothing_of_it() -> None:
    assert spark_of({"type": "command", "command": "true"}) is None


@pytest.mark.parametrize(("mode", "path"), [("direct", None), ("download", "download"), (None, None)])
def test_data_that_goes_by_address_goes_by_path_to_spark(mode: str | None, path: str | None) -> None:
    inputs = {"x": InputSpec("uri_file", "azureml://x", PLACE, mode)}
    given = by_path(launch(inputs=inputs, spark=SparkSpec("main.py", None)))
    assert given.inputs["x"].mode == path


def test_only_direct_outputs_are_left_to_spark_to_make() -> None:
    outputs = {
        "made": OutputSpec("uri_folder", "azureml://made", PLACE, "direct"),
        "kept": OutputSpec("uri_folder", "azureml://kept", PLACE, "upload"),
    }
    given = by_path(launch(outputs=outputs, spark=SparkSpec("main.py", None)))
    assert given.spark is not None
    assert given.spark.absent_outputs == ("made",)
    assert (given.outputs["made"].mode, given.outputs["kept"].mode) == (None, "upload")


def test_a_command_keeps_its_addresses() -> None:
    given = launch(inputs={"x": InputSpec("uri_file", "azureml://x", PLACE, "direct")})
    assert by_path(given) is given


def test_the_plain_form_of_a_launch_keeps_spark_and_ranks() -> None:
    given = launch(spark=spark_of(DOCUMENT))
    read = LaunchSpec.from_json(given.to_json())
    assert read.spark is not None
    assert (read.spark.conf, read.distribution) == (spark_of(DOCUMENT).conf, None)  # type: ignore[union-attr]
