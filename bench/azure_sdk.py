"""What the official SDK waits for our server when it submits a command job, and how soon a script's ``az ml`` is done.

    .venv/bin/python -m bench.azure_sdk [--rounds N]

The SDK runs unmodified in an environment of its own (tests/support/clients). What it waits for the server is the time
between a request that has left and the head of its answer, summed over all requests of the call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.harness import BIN, Table, command_seconds, rounds_from_arguments
from tests.support.clients import AzureCloud, python_of, start_cloud
from tests.support.server import end_everything

CLIENT = """
import http.client, json, os, sys, tempfile, time
from azure.ai.ml import MLClient, command
from azure.identity import DefaultAzureCredential

waited = asked = 0
plain = http.client.HTTPConnection.getresponse

def timed(connection):
    global waited, asked
    asked += 1
    begin = time.perf_counter()
    try:
        return plain(connection)
    finally:
        waited += time.perf_counter() - begin

http.client.HTTPConnection.getresponse = timed
names = [os.environ[name] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE_NAME")]
client = MLClient(DefaultAzureCredential(), *names)
folder = tempfile.mkdtemp()
rows = []
for number in range(int(sys.argv[1]) + 1):
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write(f"print({number})\\n")
    job = command(command="python train.py", code=folder, environment="azureml:" + sys.argv[2], compute="local")
    waited, asked, begin = 0, 0, time.perf_counter()
    client.jobs.create_or_update(job)
    rows.append((time.perf_counter() - begin, waited, asked))
print(json.dumps(rows[1:]))
"""
ENVIRONMENT = "bench-python:1"


def submissions(cloud: AzureCloud, count: int) -> list[tuple[float, float, int]]:
    """Submit jobs with new code each; of each call its seconds, those that it waited, and the number of requests."""
    command = [python_of("azure-new"), "-c", CLIENT, str(count), ENVIRONMENT]
    env = {"PATH": os.environ["PATH"], "HOME": str(cloud.home), **cloud.variables()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=cloud.home)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found: list[tuple[float, float, int]] = json.loads(done.stdout.splitlines()[-1])
    return found


def lapis(cloud: AzureCloud, *words: str) -> str:
    """Run a command over the cloud's home."""
    env = {**os.environ, "LAPIS_HOME": str(cloud.home)}
    return subprocess.run([str(BIN / "lapis"), *words], env=env, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Measure; return how many rows missed their target."""
    rounds = rounds_from_arguments(9)
    table = Table("Clients of Azure", "", (), rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        home = Path(name) / "home"
        cloud = start_cloud(home, {"LAPIS_ENVIRONMENT_RESOLUTION": "host"})
        try:
            document = Path(name) / "environment.yml"
            document.write_text("name: bench-python\nversion: '1'\nimage: python\n")
            lapis(cloud, "environment", "create", "-f", str(document))
            found = submissions(cloud, rounds)
            whole = [1000 * seconds for seconds, _, _ in found]
            share = [100 * waited / seconds for seconds, waited, _ in found]
            note = f"{found[-1][2]} requests"
            table.add("a command job with code, submitted by the SDK", "ms", "lower", [], whole, note=note)
            table.add("of that, waiting for the server", "%", "lower", [], share, limit=10)
            folder = Path(name) / "az"
            lapis(cloud, "az", "install", "--folder", str(folder))
            env = {**os.environ, "LAPIS_HOME": str(home)}
            table.compare(
                "`az ml job list -o tsv` by the shim",
                ours=lambda: command_seconds(str(folder / "az"), "ml", "job", "list", "-o", "tsv", env=env, cwd=home),
                limit=0.4,
            )
        finally:
            cloud.server.stop()
            end_everything(home)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
