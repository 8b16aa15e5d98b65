"""Spark jobs: a real program on a local Spark, and what happens without one."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.ports.compute import EndReason, Outcome
from lapisml.ports.launch import SparkSpec
from lapisml.testing.compute_bench import Bench
from tests.conftest import ServerFactory
from tests.integration.jobs.client import Api

PROGRAM = """
import sys
from pyspark.sql import SparkSession
from helper import twice
spark = SparkSession.builder.getOrCreate()
table = spark.read.csv(sys.argv[1], header=True, inferSchema=True)
print("ROWS", table.rdd.map(lambda row: twice(row.a)).collect())
print("CONF", spark.conf.get("spark.executor.memory"), "ARGS", sys.argv[3:])
table.write.csv(sys.argv[2])
"""
NOTHING = {"PATH": "/nowhere"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "main.py").write_text(PROGRAM)
    (folder / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    return folder


def test_without_spark_a_job_fails_with_what_to_install(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    course = bench.run("", spark=SparkSpec("main.py", None), environment_variables=NOTHING)
    assert course.exit.reason_code is EndReason.ENVIRONMENT
    assert "`pyspark`" in course.exit.reason


def test_without_java_a_job_fails_with_what_to_install(bench: Bench, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "spark-submit").write_text("#!/bin/sh\n")
    (tools / "spark-submit").chmod(0o755)
    variables = {"PATH": str(tools), "JAVA_HOME": str(tools)}
    course = bench.run("", spark=SparkSpec("main.py", None), environment_variables=variables)
    assert course.exit.reason_code is EndReason.ENVIRONMENT
    assert "Java" in course.exit.reason


def test_what_spark_submit_is_asked(bench: Bench, tmp_path: Path) -> None:
    """The command line, by a stand-in that prints it: a value stays one word, whatever is in it."""
    tools = tmp_path / "tools" / "bin"
    tools.mkdir(parents=True)
    for name, text in (("spark-submit", '#!/bin/sh\nprintf "%s\\n" "$@"\n'), ("java", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    main = tmp_path / "main.py"
    main.touch()
    spark = SparkSpec(
        str(main),
        None,
        args="--x ${{inputs.x}} 'two words' $[[--left ${{inputs.left}}]] $HOME;ls",
        conf={"spark.executor.memory": "1g", "spark.ui.enabled": "true"},
        py_files=("a.py", "b.zip"),
        jars=("c.jar",),
    )
    variables = {"PATH": os.pathsep.join((str(tools), "/usr/bin", "/bin")), "JAVA_HOME": str(tools.parent)}
    literals = {"x": "it's a b; rm"}
    handle = bench.submit("", spark=spark, literals=literals, optional_unset=["left"], environment_variables=variables)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED, bench.log(handle)
    words = bench.log(handle).splitlines()
    assert words[-5:] == [str(main), "--x", "it's a b; rm", "two words", "$HOME;ls"]
    assert words[words.index("--py-files") + 1] == "a.py,b.zip"
    assert words[words.index("--jars") + 1] == "c.jar"
    assert {"spark.master=local[*]", "spark.executor.memory=1g", "spark.ui.enabled=true"} <= set(words)


def test_a_server_without_spark_refuses_an_environment_without_it(start_server: ServerFactory) -> None:
    server = start_server({"PATH": "/nowhere", "SPARK_HOME": "/nowhere"})
    api, name = Api(server), f"spark_{uuid.uuid4().hex[:8]}"
    document = {"type": "spark", "entry": {"file": "main.py"}, "environment": {"image": "python"}}
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert (status, body["error"]["code"]) == (422, "NotSupported")
    assert "pip install pyspark" in body["error"]["problems"][0]["message"]


@pytest.mark.slow
def test_a_program_reads_and_writes_through_spark(
    start_server: ServerFactory, program: Path, tmp_path: Path, python_with: Callable[[str], str]
) -> None:
    """A job of a server whose machine has Spark; its data goes by path although the mode says ``direct``."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java on this machine")
    folder = str(Path(python_with("pyspark")).parent)
    server = start_server({"PATH": os.pathsep.join((folder, os.environ["PATH"]))})
    api, name = Api(server), f"spark_{uuid.uuid4().hex[:8]}"
    table = tmp_path / "in.csv"
    table.write_text("a,b\n1,2\n3,4\n")
    document = {
        "type": "spark",
        "entry": {"file": str(program / "main.py")},
        "py_files": [str(program / "helper.py")],
        "args": "${{inputs.table}} ${{outputs.made}} ${{inputs.word}}",
        "conf": {"spark.executor.memory": "1g", "spark.executor.instances": 1},
        "inputs": {
            "table": {"type": "uri_file", "path": f"file://{table}", "mode": "direct"},
            "word": "two words",
        },
        "outputs": {"made": {"type": "uri_folder", "mode": "direct"}},
        "resources": {"instance_type": "Standard_E4S_V3", "runtime_version": "3.4"},
        "identity": {"type": "managed"},
    }
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), body
    job = api.wait(name, timeout=300)
    log = api.log(name).decode()
    assert job["status"] == "Completed", log
    assert "ROWS [2, 6]" in log
    assert "CONF 1g ARGS ['two words']" in log
    listed = api.call("GET", f"/content?uri=azureml://jobs/{name}/outputs/made")[1]["value"]
    assert any(item["path"].endswith(".csv") for item in listed)
    told = " ".join(job["warnings"])
    assert all(word in told for word in ("identity", "instance_type", "runtime_version"))
