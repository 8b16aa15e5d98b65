"""Spark programs: ``spark-submit`` of a local Spark in place of a shell command. Imported only for such jobs.

Spark is found in the job's environment, else beside Lapis or under ``SPARK_HOME``; the program's Python is the
job's either way, for Spark brings its own Python modules along.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, command
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job

MISSING_SPARK = (
    "a Spark job needs Spark on this machine; add `pyspark` to the environment's pip packages, or install it beside "
    "Lapis (pip install pyspark)"
)
MISSING_JAVA = "Spark needs Java 17 or later; install it and put `java` on PATH, or set JAVA_HOME for the server"

_LISTS = {"py_files": "--py-files", "jars": "--jars", "files": "--files", "archives": "--archives"}
_OWN_CONF = {
    "spark.master": "local[*]",
    # Nothing of it is to be reached from other machines.
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def prepare(job: Job, launch: child.Launch, values: Mapping[str, str]) -> None:
    """Make a launch run the job's program in Spark.

    Args:
        job: the job; its ``spark`` is set.
        launch: changed in place.
        values: as `lapisml.runner.command.render` takes them.

    Raises:
        JobEndError: ENVIRONMENT without Spark or Java, COMMAND for an entry that is not there.
    """
    spark, env = job.spec["spark"], launch.env
    submit = find_submit(env.get("PATH", os.defpath))
    if submit is None:
        raise JobEndError(EndReason.ENVIRONMENT, error=MISSING_SPARK)
    if not has_java(env):
        raise JobEndError(EndReason.ENVIRONMENT, error=MISSING_JAVA)
    if spark["file"] and not os.path.exists(os.path.join(job.folder, "work", spark["file"])):
        raise JobEndError(EndReason.COMMAND, error=f"there is no {spark['file']} in the code")
    _make_way(spark["absent_outputs"], values)
    launch.env = _variables(env, submit, job.spec["environment_variables"])
    launch.argv = _argv(submit, job, values)


def find_submit(path: str) -> str | None:
    """Return the path of ``spark-submit``, None without one.

    Args:
        path: the folders to look through first, as in ``PATH``.
    """
    home = os.environ.get("SPARK_HOME")
    # A job's PATH leaves out virtual environments of the machine; for Spark they are as good as any.
    own = os.environ.get("PATH", os.defpath).split(os.pathsep)
    beside = [os.path.dirname(sys.executable), os.path.join(home, "bin") if home else ""]
    return _first([*path.split(os.pathsep), *own, *beside], "spark-submit")


def has_java(env: Mapping[str, str]) -> bool:
    """Say whether Spark will find Java."""
    home = env.get("JAVA_HOME") or os.environ.get("JAVA_HOME")
    if home:
        return os.access(os.path.join(home, "bin", "java"), os.X_OK)
    return _first(env.get("PATH", os.defpath).split(os.pathsep), "java") is not None


def _argv(submit: str, job: Job, values: Mapping[str, str]) -> list[str]:
    spark, unset = job.spec["spark"], job.spec["optional_unset"]

    def filled(text: str) -> str:
        return command.render(text, values, unset)

    argv = [submit, "--name", job.spec["job"]]
    for key, value in {**_OWN_CONF, **spark["conf"]}.items():
        argv += ["--conf", f"{key}={filled(value)}"]
    jars = list(spark["jars"])
    program = spark["file"]
    if spark["class_name"]:
        argv += ["--class", spark["class_name"]]
        program = jars.pop(0)
    for key, option in _LISTS.items():
        given = jars if key == "jars" else spark[key]
        if given:
            argv += [option, ",".join(filled(item) for item in given)]
    return [*argv, program, *_words(spark["args"], values, unset)]


def _words(template: str, values: Mapping[str, str], unset: Iterable[str]) -> list[str]:
    """Cut arguments into words as a shell does, and only then fill in values: a value stays one word."""
    optional = "$[[" in template
    text = command.render(template, {name: f"${{{{{name}}}}}" for name in values}, unset) if optional else template
    try:
        return [command.render(word, values, unset) for word in shlex.split(text)]
    except ValueError as error:
        raise JobEndError(EndReason.COMMAND, error=f"its arguments can't be read: {error}") from error


def _variables(env: Mapping[str, str], submit: str, given: Mapping[str, str]) -> dict[str, str]:
    python = env.get("LAPIS_PYTHON") or _first((os.path.dirname(submit),), "python") or sys.executable
    found = {"PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
    found["SPARK_LOCAL_DIRS"] = os.path.join(env["AZ_BATCHAI_JOB_WORK_DIR"], ".spark")
    home = _home_of(submit)
    if home:
        found["SPARK_HOME"] = home
    if os.environ.get("JAVA_HOME"):
        found["JAVA_HOME"] = os.environ["JAVA_HOME"]
    return {**env, **found, **given}


def _home_of(submit: str) -> str | None:
    """Return the folder of the Spark that belongs to a ``spark-submit``: pip's, beside it, or the one above it."""
    prefix = os.path.dirname(os.path.dirname(os.path.abspath(submit)))
    library = os.path.join(prefix, "lib")
    for name in sorted(os.listdir(library)) if os.path.isdir(library) else ():
        package = os.path.join(library, name, "site-packages", "pyspark")
        if name.startswith("python") and os.path.isdir(os.path.join(package, "jars")):
            return package
    return prefix if os.path.isdir(os.path.join(prefix, "jars")) else None


def _make_way(names: Iterable[str], values: Mapping[str, str]) -> None:
    """Remove the empty folders of outputs that Spark makes itself: it refuses to write where something is."""
    for name in names:
        path: Any = values.get(f"outputs.{name}")
        try:
            os.rmdir(path)
        except OSError:
            continue  # it holds something already; Spark says so, or is told to overwrite it


def _first(folders: Iterable[str], name: str) -> str | None:
    for folder in folders:
        path = os.path.join(folder, name)
        if folder and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None
