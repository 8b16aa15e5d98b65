"""Train: one command job from submission to download."""

from pathlib import Path

from azure.ai.ml import Input, Output, command
from azure.ai.ml.constants import AssetTypes
from common import ENVIRONMENT, client, followed, gate, over

ml_client = client()

Path("src").mkdir()
Path("src/main.py").write_text(
    "import argparse, os, pathlib, time\n"
    "parser = argparse.ArgumentParser()\n"
    "for name in ('--data', '--rate', '--model', '--gate'):\n"
    "    parser.add_argument(name)\n"
    "given = parser.parse_args()\n"
    "print('rows', len(open(given.data).readlines()), flush=True)\n"
    "while not os.path.exists(given.gate):\n"
    "    time.sleep(0.1)\n"
    "pathlib.Path(given.model, 'rate.txt').write_text(given.rate)\n"
    "os.makedirs('outputs', exist_ok=True)\n"
    "pathlib.Path('outputs/report.txt').write_text('good')\n"
    "print('trained', os.environ['FLAVOUR'], flush=True)\n"
)
Path("rows.csv").write_text("a,b\n1,2\n3,4\n")

job = command(
    display_name="train once",
    description="one command",
    experiment_name="jobs-sdk",
    code="./src",
    command=(
        "python main.py --data ${{inputs.data}} --rate ${{inputs.rate}}"
        " --model ${{outputs.model}} --gate ${{inputs.gate}}"
    ),
    inputs={
        "data": Input(type=AssetTypes.URI_FILE, path="rows.csv"),
        "rate": 0.1,
        "gate": str(gate("command")),
    },
    outputs={"model": Output(type=AssetTypes.CUSTOM_MODEL, name="jobs-sdk-model")},
    environment=f"{ENVIRONMENT}@latest",
    environment_variables={"FLAVOUR": "vanilla"},
    tags={"team": "a"},
)
returned = ml_client.jobs.create_or_update(job)
assert returned.status in ("NotStarted", "Queued", "Preparing", "Starting", "Running"), returned.status
assert returned.services["Studio"].endpoint.startswith("http")
assert returned.display_name == "train once"
assert returned.experiment_name == "jobs-sdk"
assert returned.environment == f"{ENVIRONMENT}:1"
assert returned.tags == {"team": "a"}
assert returned.limits is None
assert returned.environment_variables == {"FLAVOUR": "vanilla"}

again = ml_client.jobs.get(returned.name)
assert again.command == job.command
assert again.inputs["rate"]._data == "0.1"
assert again.name in [listed.name for listed in ml_client.jobs.list()]

gate("command").touch()
shown = followed(ml_client, returned.name)
assert f"RunId: {returned.name}" in shown, shown
assert "Web View: http" in shown, shown
ended = over(ml_client, returned.name)
assert ended.status == "Completed", ended.status
if "Streaming" in shown:  # it was not over before the client looked for the first time
    assert all(words in shown for words in ("Streaming user_logs/std_log.txt", "rows 3", "trained vanilla")), shown

if hasattr(ml_client.jobs, "update"):  # older releases change a job by sending it back
    changed = ml_client.jobs.update(
        returned.name, display_name="trained", tags={"kept": "yes"}, properties={"note": "1"}
    )
    assert (changed.display_name, changed.tags) == ("trained", {"team": "a", "kept": "yes"}), changed.tags
    assert changed.properties["note"] == "1"
fetched = ml_client.jobs.get(returned.name)
fetched.tags["more"] = "too"
assert ml_client.jobs.create_or_update(fetched).tags["more"] == "too"

ml_client.jobs.archive(returned.name)
assert returned.name not in [listed.name for listed in ml_client.jobs.list()]
assert returned.name in [listed.name for listed in ml_client.jobs.list(list_view_type="ArchivedOnly")]
ml_client.jobs.restore(returned.name)
assert returned.name in [listed.name for listed in ml_client.jobs.list()]

ml_client.jobs.download(returned.name, download_path="all", all=True)
assert Path("all/artifacts/outputs/report.txt").read_text() == "good"
assert "trained vanilla" in Path("all/artifacts/user_logs/std_log.txt").read_text()
assert Path("all/named-outputs/model/rate.txt").read_text() == "0.1"
ml_client.jobs.download(returned.name, download_path="one", output_name="model")
assert Path("one/named-outputs/model/rate.txt").read_text() == "0.1"
ml_client.jobs.download(returned.name, download_path="logs")
assert Path("logs/artifacts/outputs/report.txt").exists()

assert ml_client.models.get("jobs-sdk-model", label="latest").type == "custom_model"
assert ml_client.jobs.show_services(returned.name) is None
print("command_job: done")
