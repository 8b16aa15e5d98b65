"""Mini-batch steps of pipelines, in the form of the public examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ServerFactory
from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer

PARTITION = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--out"); parser.add_argument("--keys")
args = parser.parse_args()
for store in (1, 2):
    for brand in ("a", "b"):
        folder = os.path.join(args.out, str(store), brand)
        os.makedirs(folder)
        with open(os.path.join(folder, "data.csv"), "w") as file:
            file.write("Quantity,Revenue\\n" + "".join(f"{store * n},{n}\\n" for n in range(3)))
form = "/".join("{" + key + "}" for key in args.keys.split(","))
with open(os.path.join(args.out, "MLTable"), "w") as file:
    file.write(f'''
paths:
- pattern: ./**/*.csv
transformations:
- read_delimited:
    delimiter: ","
    include_path_column: true
    header: all_files_same_headers
    encoding: ascii
- extract_columns_from_partition_format:
    partition_format: "{form}/{{file_name}}.{{extension}}"
- drop_columns: ["Revenue", "file_name", "extension"]
''')
"""

TRAIN = """
import argparse, os
import pandas as pd
from azureml_user.parallel_run import EntryScript

def init():
    global folder, target
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_folder")
    parser.add_argument("--target_col")
    args, _ = parser.parse_known_args()
    folder, target = args.model_folder, args.target_col
    EntryScript().logger.info("begun")

def run(input_data, mini_batch_context):
    keys = mini_batch_context.partition_key_value
    place = os.path.join(folder, *map(str, keys.values()))
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "model.txt"), "w") as file:
        file.write(os.environ["AZUREML_PARALLEL_EXAMPLE"])
    return pd.DataFrame({**{k: [v] for k, v in keys.items()}, "sum": [input_data[target].sum()]})
"""

PIPELINE: dict[str, Any] = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json",
    "type": "pipeline",
    "settings": {"default_compute": "azureml:cpu-cluster"},
    "jobs": {
        "partition_job": {
            "type": "command",
            "command": "python partition.py --out ${{outputs.tabular_output_data}} --keys ${{inputs.partition_keys}}",
            "code": "./src",
            "environment": {"image": "python"},
            "inputs": {"partition_keys": "Store,Brand"},
            "outputs": {"tabular_output_data": {"type": "mltable", "mode": "rw_mount"}},
        },
        "parallel_train": {
            "type": "parallel",
            "compute": "azureml:cpu-cluster",
            "inputs": {
                "data_source": {
                    "path": "${{parent.jobs.partition_job.outputs.tabular_output_data}}",
                    "type": "mltable",
                    "mode": "direct",
                },
                "target_col": "Quantity",
            },
            "outputs": {"model_folder": {"type": "uri_folder", "mode": "rw_mount"}, "rows": {"type": "uri_file"}},
            "partition_keys": ["Store", "Brand"],
            "resources": {"instance_count": 2},
            "error_threshold": -1,
            "mini_batch_error_threshold": 5,
            "logging_level": "INFO",
            "input_data": "${{inputs.data_source}}",
            "max_concurrency_per_instance": 1,
            "retry_settings": {"max_retries": 2, "timeout": 60},
            "environment_variables": {"AZUREML_PARALLEL_EXAMPLE": "1a_yaml"},
            "task": {
                "type": "run_function",
                "code": "./src",
                "entry_script": "train.py",
                "environment": {"image": "python"},
                "program_arguments": "--target_col ${{inputs.target_col}} --model_folder ${{outputs.model_folder}}\n",
                "append_row_to": "${{outputs.rows}}",
            },
        },
    },
}


@pytest.fixture
def server(start_server: ServerFactory) -> LapisServer:
    """A server whose environments are the tests' own interpreter."""
    return start_server(env={"LAPIS_ENVIRONMENT_RESOLUTION": "host"})


def test_a_step_for_each_combination_of_keys(server: LapisServer, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "partition.py").write_text(PARTITION)
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    (tmp_path / "pipeline.yml").write_text(yaml.safe_dump(PIPELINE))

    def lapis(*words: str) -> str:
        return run_lapis(*words, home=server.home, cwd=tmp_path, check=True).stdout

    lapis("compute", "create", "-n", "cpu-cluster", "--type", "amlcompute", "--max-instances", "2")
    name = lapis("job", "create", "-f", "pipeline.yml", "--query", "name", "-o", "tsv").strip()

    def ended() -> bool:
        status, body = server.request("GET", f"/api/v1/workspaces/default/jobs/{name}")
        assert status == 200, body
        assert body["status"] not in ("Failed", "Canceled"), body
        return bool(body["status"] == "Completed")

    eventually(ended, 120, what="the end of the pipeline")
    words = ("job", "list", "--parent-job-name", name, "--query", "[?type=='parallel'].name", "-o", "tsv")
    child = lapis(*words).strip()
    assert child
    lapis("job", "download", "-n", child, "--all", "--download-path", "got")
    files = {path.relative_to(tmp_path / "got").as_posix(): path.read_text() for path in _files(tmp_path / "got")}
    models = [path for path in files if path.endswith("model.txt")]
    assert len(models) == 4
    assert {files[path] for path in models} == {"1a_yaml"}
    assert "1 a 3\n1 b 3\n2 a 6\n2 b 6\n" in files.values()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
