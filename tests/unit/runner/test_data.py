"""Inputs and outputs, as a job's command meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest

from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.ports.compute import ArtifactsSpec, EndReason, InputSpec, Outcome, OutputSpec
from lapisml.ports.storage import StorageLocation
from lapisml.testing.compute_bench import Bench
from tests.support.objectstores import S3Endpoint
from tests.support.processes import free_port


def _put(bench: Bench, path: str, text: str = "content\n") -> Path:
    file = bench.stored(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize("mode", [None, "ro_mount", "rw_mount", "download", "mount", "eval_mount", "eval_download"])
def test_a_file_and_a_folder_reach_the_command(bench: Bench, mode: str | None) -> None:
    _put(bench, "in/one.csv", "1\n")
    _put(bench, "in/sub/two.csv", "2\n")
    inputs = {"file": bench.input("in/one.csv", mode=mode), "folder": bench.input("in/", "uri_folder", mode)}
    handle = bench.submit(
        "cat ${{inputs.file}} ${{inputs.folder}}/sub/two.csv; basename ${{inputs.file}}", inputs=inputs
    )
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert bench.log(handle) == "1\n2\none.csv\n"


def test_what_is_downloaded_may_be_changed(bench: Bench) -> None:
    original = _put(bench, "in/one.csv", "1\n")
    inputs = {"file": bench.input("in/one.csv", mode="download")}
    assert bench.run("echo changed > ${{inputs.file}}", inputs=inputs).exit.exit_code == 0
    assert original.read_text() == "1\n"


def test_direct_gives_the_address(bench: Bench) -> None:
    inputs = {"data": bench.input("nowhere", mode="direct")}
    outputs = {"out": bench.output("nowhere/else", mode="direct")}
    handle = bench.submit("echo ${{inputs.data}} ${{outputs.out.path}}", inputs=inputs, outputs=outputs)
    bench.follow(handle)
    assert bench.log(handle) == (
        "azureml://datastores/workspaceblobstore/paths/nowhere"
        " azureml://datastores/workspaceblobstore/paths/nowhere/else\n"
    )


def test_an_input_that_is_not_there_is_named(bench: Bench) -> None:
    course = bench.run("touch ran", inputs={"patients": bench.input("not/there.csv")})
    assert (course.exit.reason_code, course.exit.outcome) == (EndReason.INPUT, Outcome.FAILED)
    assert "'patients'" in course.exit.reason
    assert "not/there.csv" in course.exit.reason


def test_an_input_that_leads_out_of_its_datastore_is_refused(bench: Bench) -> None:
    _put(bench, "store/ok.csv")
    bench.stored("store/link.csv").symlink_to("/etc/passwd")
    given = bench.input("store/link.csv")
    confined = type(given)(given.type, given.uri, {**(given.location or {}), "root": str(bench.stored("store"))})
    course = bench.run("cat ${{inputs.x}}", inputs={"x": confined})
    assert course.exit.reason_code is EndReason.INPUT


@pytest.mark.parametrize("mode", [None, "rw_mount", "upload"])
def test_outputs_are_stored_where_they_are_asked_for(bench: Bench, mode: str | None) -> None:
    outputs = {
        "model": bench.output("out/model/", "mlflow_model", mode),
        "report": bench.output("out/reports/report.html", "uri_file", mode),
    }
    command = "mkdir ${{outputs.model}}/deep; echo m > ${{outputs.model}}/deep/m; echo r > ${{outputs.report}}"
    assert bench.run(command, outputs=outputs).exit.reason == "The command ended with exit code 0."
    assert bench.stored("out/model/deep/m").read_text() == "m\n"
    assert bench.stored("out/reports/report.html").read_text() == "r\n"


def test_an_output_that_can_not_be_stored_fails_a_job_that_succeeded(bench: Bench) -> None:
    _put(bench, "out")
    course = bench.run("echo x > ${{outputs.o}}/x", outputs={"o": bench.output("out/deep/", mode="upload")})
    assert course.exit.reason_code is EndReason.OUTPUT
    assert (course.exit.outcome, course.exit.exit_code) == (Outcome.FAILED, 0)


def test_artifacts_join_those_that_are_there(bench: Bench) -> None:
    spec = bench.spec("mkdir outputs/d; echo new > outputs/d/new; echo x > outputs/same")
    there = bench.artifact(spec, "outputs/d/logged")
    there.parent.mkdir(parents=True)
    there.write_text("by mlflow")
    bench.follow(bench.backend.submit(spec))
    assert sorted(p.name for p in bench.artifact(spec, "outputs").rglob("*")) == ["d", "logged", "new", "same"]


def test_links_in_outputs_do_not_carry_foreign_files_along(bench: Bench) -> None:
    secret = bench.home / "secret.key"
    secret.write_text("canary")
    spec = bench.spec(
        f"echo in > outputs/real; ln -s real outputs/inside; ln -s {secret} outputs/outside; mkfifo outputs/pipe;"
        f" ln -s {bench.home} outputs/folder; ln -s . outputs/loop"
    )
    course = bench.follow(bench.backend.submit(spec))
    assert course.exit.outcome is Outcome.COMPLETED
    stored = bench.artifact(spec, "outputs")
    assert sorted(p.name for p in stored.iterdir()) == ["inside", "real"]
    assert (stored / "inside").read_text() == "in\n"
    warnings = [str(entry.detail["warning"]) for entry in course.journal if "warning" in entry.detail]
    assert len(warnings) == 1
    assert "outputs/outside" in warnings[0]


def test_literals_and_optional_parts(bench: Bench) -> None:
    handle = bench.submit(
        "echo ${{inputs.rate}} ${{name}} $[[--opt ${{inputs.absent}}]] $[[--rate ${{inputs.rate}}]]",
        literals={"rate": "1e-3"},
        optional_unset=("absent",),
    )
    bench.follow(handle)
    assert bench.log(handle) == f"1e-3 {handle.job} --rate 1e-3\n"


def test_an_unknown_expression_ends_the_job_before_it_starts(bench: Bench) -> None:
    course = bench.run("echo ${{inputs.nothing}}")
    assert course.exit.reason_code is EndReason.COMMAND
    assert "inputs.nothing" in course.exit.reason
    assert "running" not in course.phases


@pytest.fixture
def bucket(s3_endpoint: S3Endpoint) -> dict[str, Any]:
    """The plain form of an empty folder in a real object store."""
    fsspec.filesystem("s3", **s3_endpoint.options, skip_instance_cache=True).makedirs("runner", exist_ok=True)
    options = {"endpoint": s3_endpoint.url, "key": s3_endpoint.key, "secret": s3_endpoint.secret, "allow_private": True}
    return {"protocol": "s3", "path": f"runner/{uuid4().hex}", "options": options, "root": None}


def test_data_of_an_object_store_is_brought_and_taken(bench: Bench, bucket: dict[str, Any]) -> None:
    storage, far = FsspecStorage(), StorageLocation.from_json(bucket)
    storage.put_file(_put(bench, "x.csv", "x\n"), far.child("a/x.csv"))
    inputs = {
        "folder": InputSpec("uri_folder", "s3://a", far.child("a").to_json()),
        "file": InputSpec("uri_file", "s3://a/x.csv", far.child("a/x.csv").to_json(), "download"),
        "shared": InputSpec("uri_folder", "s3://a", far.child("a").to_json(), "rw_mount"),
    }
    outputs = {
        "folder": OutputSpec("uri_folder", "s3://b", far.child("b").to_json()),
        "file": OutputSpec("uri_file", "s3://c/c.csv", far.child("c/c.csv").to_json(), "upload"),
    }
    spec = bench.spec(
        "cat ${{inputs.folder}}/x.csv ${{inputs.file}} > ${{outputs.file}}; echo y > ${{outputs.folder}}/y.csv;"
        " echo back > ${{inputs.shared}}/back.csv; echo art > outputs/art",
        inputs=inputs,
        outputs=outputs,
        artifacts=ArtifactsSpec("s3://artifacts", far.child("artifacts").to_json()),
    )
    course = bench.follow(bench.backend.submit(spec), timeout=60)
    assert course.exit.reason == "The command ended with exit code 0."
    stored = {found.path: found.size for found in storage.walk(far)}
    wanted = {"a/back.csv", "a/x.csv", "artifacts/outputs/art", "artifacts/user_logs/std_log.txt", "b/y.csv", "c/c.csv"}
    assert set(stored) - {"artifacts/system_logs/runner.log"} == wanted
    assert stored["c/c.csv"] == 4


def test_an_object_store_that_is_away_is_named(bench: Bench, bucket: dict[str, Any]) -> None:
    dead = {**bucket, "options": {**bucket["options"], "endpoint": f"http://127.0.0.1:{free_port()}"}}
    course = bench.run("true", inputs={"patients": InputSpec("uri_folder", "s3://x", dead)}, timeout=90)
    assert course.exit.reason_code is EndReason.INPUT
    assert "'patients'" in course.exit.reason


def test_an_evaluated_table_gives_the_files_it_names(bench: Bench) -> None:
    _put(bench, "table/MLTable", "paths:\n  - file: ./a.csv\n  - pattern: deep/*.csv\ntransformations: []\n")
    _put(bench, "table/a.csv")
    _put(bench, "table/not-named.csv")
    _put(bench, "table/deep/b.csv")
    for mode in ("eval_mount", "eval_download"):
        handle = bench.submit(
            "cd ${{inputs.t}} && find . -name '*.*' ! -type d | sort",
            inputs={"t": bench.input("table", "mltable", mode)},
        )
        bench.follow(handle)
        assert bench.log(handle).split() == ["./a.csv", "./deep/b.csv"]


def test_a_table_that_leads_outside_is_refused(bench: Bench) -> None:
    _put(bench, "table/MLTable", "paths:\n  - file: ../../secret\n")
    course = bench.run("true", inputs={"t": bench.input("table", "mltable", "eval_mount")})
    assert course.exit.reason_code is EndReason.INPUT
    assert "outside" in course.exit.reason
