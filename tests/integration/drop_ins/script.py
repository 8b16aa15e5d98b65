# ruff: noqa: PT017, PT018, PTH103, PTH110, PTH119, PTH123 - as such scripts are written
"""What scripts that were written for jobs in the cloud do, all in one job; every line checks itself."""

import io
import json
import os
import sys

import fsspec
import mlflow
import mltable
import pandas as pd
from azureml.core import Experiment, Model, Run, Workspace
from azureml.core.model import Model as SameModel
from azureml.core.run import Run as SameRun
from azureml.fsspec import AzureMachineLearningFileSystem
from mlflow import MlflowClient

folder_address, table_address, long_address, model_file = sys.argv[1:5]


def refused(action, word):
    try:
        action()
    except (ImportError, AttributeError, FileNotFoundError) as error:
        assert word in str(error), str(error)
        return
    raise AssertionError(f"nothing was refused: {word}")


# --- the run
run = Run.get_context()
assert SameRun is Run and SameModel is Model
assert run.id == os.environ["MLFLOW_RUN_ID"] == os.environ["AZUREML_RUN_ID"]
assert run.experiment.name == "drop-ins", run.experiment.name
assert run.status in ("Running", "Queued", "Starting"), run.status
assert run.get_details()["runId"] == run.id

run.log("accuracy", 0.91, description="of the test set")
run.log("loss", 0.5)
Run.get_context().log("loss", 0.25)
run.log("count", 3, step=7)
run.log("words", "are a tag")
run.log_list("curve", [1, 2, 3.5])
run.log_row("row", x=1, y=2)
run.log_row("row", x=3, y=4)
run.log_table("table", {"a": [1, 2], "b": [3.0, 4.0]})
run.log("broken", float("nan"))
assert [one.step for one in MlflowClient().get_metric_history(run.id, "loss")] == [0, 1]
metrics = run.get_metrics()
assert metrics["accuracy"] == 0.91 and metrics["loss"] == [0.5, 0.25], metrics
assert metrics["curve"] == [1.0, 2.0, 3.5] and metrics["row/x"] == [1.0, 3.0], metrics
assert run.get_metrics("count") == {"count": 3.0}
refused(lambda: run.input_datasets, "paths that the job's inputs have")

run.tag("color", "blue")
run.set_tags({"size": 3})
run.add_properties({"origin": "a test"})
assert run.tags["color"] == "blue" and run.tags["size"] == "3" and run.tags["words"] == "are a tag"
assert run.properties == {"origin": "a test"}
run.remove_tags(["size"])
assert "size" not in run.get_tags()
run.display_name = "a name for people"
assert run.display_name == "a name for people" and Run(None, run.id).name == "a name for people"

# --- files
with open("report 1.txt", "w") as file:
    file.write("hello")
run.upload_file("reports/report 1.txt", "report 1.txt")
run.upload_file("stream.txt", io.BytesIO(b"bytes"))
os.makedirs("many/below")
for name in ("many/a.txt", "many/below/b.txt", "many/MLmodel"):
    with open(name, "w") as file:
        file.write("flavors: {}\n" if name.endswith("MLmodel") else name)
run.upload_folder("folder", "many")
names = run.get_file_names()
assert {"reports/report 1.txt", "stream.txt", "folder/a.txt", "folder/below/b.txt"} <= set(names), names
run.download_file("stream.txt", "fetched.txt")
with open("fetched.txt") as file:
    assert file.read() == "bytes"
run.download_files("folder/", "fetched")
assert os.path.exists("fetched/folder/below/b.txt")
assert os.path.exists(mlflow.artifacts.download_artifacts(run_id=run.id, artifact_path="folder/a.txt"))

# --- runs below
with run.child_run("below") as child:
    child.log("depth", 1)
assert child.get_status() == "Completed" and child.parent.id == run.id
assert [one.id for one in run.get_children()] == [child.id]
run.complete()
assert run.get_status() != "Completed", "the job's own run ends with its command"

# --- workspace, experiments, models
workspace = run.experiment.workspace
assert workspace.name == Workspace.from_config().name == "default"
assert {run.id, child.id} <= {one.id for one in Experiment(workspace, "drop-ins").get_runs()}
model = run.register_model("from-run", "folder", tags={"k": "v"}, description="a folder")
assert (model.name, model.version, model.tags, model.description) == ("from-run", 1, {"k": "v"}, "a folder")
again = Model.register(workspace, model_file, "from-file")
assert Model(workspace, "from-file").id == again.id == "from-file:1"
with open(Model.get_model_path("from-file")) as file:
    assert file.read() == "weights"
assert os.path.basename(model.download("fetched-model")) in ("folder", "fetched-model")
assert {one.name for one in Model.list(workspace)} == {"from-run", "from-file"} == set(workspace.models)
refused(lambda: Model(workspace, "from-run").deploy, "online-deployment")

# --- mlflow with an address of the cloud
mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri())
cloud = "azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/x/workspaces/w"
mlflow.set_tracking_uri(cloud)
assert mlflow.get_run(run.id).data.metrics["accuracy"] == 0.91
client = MlflowClient(cloud)
client.log_metric(run.id, "through", 1.0)
client.log_text(run.id, "text", "through.txt")
assert "through.txt" in [one.path for one in client.list_artifacts(run.id)]
mlflow.log_text("fluent", "fluent.txt")
assert mlflow.artifacts.load_text(f"runs:/{run.id}/fluent.txt") == "fluent"
assert {one.name for one in client.search_registered_models()} == {"from-run", "from-file"}
version = mlflow.register_model(f"runs:/{run.id}/folder", "from-mlflow")
assert int(version.version) == 1
assert Run.get_context().get_metrics("through") == {"through": 1.0}

# --- data under its addresses
assert folder_address.startswith("azureml://"), folder_address
files = AzureMachineLearningFileSystem(folder_address)
assert files.ls() == ["a.csv", "deep"], files.ls()
assert files.glob("**/*.csv") == ["a.csv", "deep/b.csv"], files.glob("**/*.csv")
with files.open("deep/b.csv") as file:
    assert file.read() == b"n\n2\n"
assert files.exists("a.csv") and not files.exists("c.csv") and files.info("a.csv")["size"] == 4
files.download("deep", "fetched-deep", recursive=True)
assert os.path.exists("fetched-deep/b.csv")
assert pd.read_csv(folder_address + "/deep/b.csv")["n"].tolist() == [2]
assert pd.read_csv(long_address + "/a.csv")["n"].tolist() == [1]
with fsspec.open(folder_address + "/a.csv", "rt") as file:
    assert file.read() == "n\n1\n"
assert mltable.load(table_address).to_pandas_dataframe()["n"].tolist() == [1]
refused(lambda: AzureMachineLearningFileSystem("azureml://datastores/other/paths/x"), "no input or output of this job")
refused(lambda: AzureMachineLearningFileSystem(folder_address + "/../.."), "leads out")

# --- beyond
refused(lambda: __import__("azureml.core", fromlist=["Dataset"]).Dataset, "as an input")
refused(lambda: __import__("azureml.train.automl"), "sweep job")
refused(lambda: Run.get_context().submit_child, "pipeline job")

with open("outputs/done.json", "w") as file:
    json.dump({"run": run.id}, file)
print("all of it works")
