"""Every noun through its verbs with the real command, server and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.cli.conftest import Lapis
from tests.support.server import LapisServer

Write = Callable[[str, str], Path]


def _json(done: Any) -> Any:
    return json.loads(done.stdout)


def test_data(lapis: Lapis, write: Write) -> None:
    write("files/a.csv", "x\n1\n")
    write("data.yml", "name: ignored\ntype: uri_file\npath: files/a.csv\ntags: {team: one}\n")
    made = _json(lapis("data create -f data.yml -n patients --set tags.draft=yes description=first"))
    assert (made["name"], made["version"], made["type"], made["description"]) == ("patients", "1", "uri_file", "first")
    assert made["tags"] == {"team": "one", "draft": "yes"}
    assert made["path"].startswith("azureml://datastores/workspaceblobstore/paths/LocalUpload/")
    assert made["path"].endswith("/a.csv")
    write("files/a.csv", "x\n2\n")
    second = _json(lapis("data create -f data.yml -n patients"))
    assert second["version"] == "2"
    folder = _json(lapis("data create --name folder --version 2024-01 --path files"))
    assert (folder["version"], folder["type"]) == ("2024-01", "uri_folder")
    assert lapis("data list -n patients --query [].version -o tsv").stdout == "2\n1\n"
    assert set(lapis("data list --query [].name -o tsv").stdout.split()) == {"patients", "folder"}
    assert lapis("data list --tag team=one --max-results 1 --query [].name -o tsv").stdout == "patients\n"
    assert lapis("data show -n patients -l latest --query version -o tsv").stdout == "2\n"
    changed = _json(lapis("data update -n patients -v 1 --set description=second tags.ok=true --remove tags.draft"))
    assert (changed["description"], changed["tags"]) == ("second", {"team": "one", "ok": "true"})
    lapis("data archive -n patients -v 2")
    assert lapis("data show -n patients --query version -o tsv").stdout == "1\n"
    lapis("data restore -n patients -v 2")
    lapis("data archive -n folder")
    assert lapis("data list --query [].name -o tsv").stdout == "patients\n"
    assert lapis("data list --archived-only --query [].name -o tsv").stdout == "folder\n"
    assert set(lapis("data list --include-archived --query [].name -o tsv").stdout.split()) == {"patients", "folder"}


def test_same_version_with_other_content_is_a_conflict(lapis: Lapis, write: Write) -> None:
    write("a.txt", "1")
    lapis("data create -n fixed -v 1 --type uri_file --path a.txt")
    again = _json(lapis("data create -n fixed -v 1 --type uri_file --path a.txt"))
    assert again["version"] == "1"
    write("a.txt", "2")
    assert "fixed" in lapis("data create -n fixed -v 1 --type uri_file --path a.txt", code=1).stderr


def test_environment(lapis: Lapis, write: Write) -> None:
    write("env/conda.yml", "dependencies: [python=3.11, {pip: [mlflow]}]\n")
    write("env/env.yml", "name: e\nimage: img\nconda_file: conda.yml\n")
    made = _json(lapis("environment create -f env/env.yml --set version=7"))
    assert made["version"] == "7"
    assert made["conda_file"]["dependencies"][0] == "python=3.11"
    flags = _json(lapis("environment create -n from-flags --image img --conda-file env/conda.yml --tags a=b c"))
    assert flags["conda_file"] == made["conda_file"]
    assert flags["tags"] == {"a": "b", "c": ""}
    assert "e" in lapis("environment list --query [].name -o tsv").stdout.split()


def test_model(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write("weights/w.bin", "weights")
    write("weights/more/v.bin", "more")
    made = _json(lapis("model create -n net -p weights -t custom_model --stage Development"))
    assert (made["name"], made["version"], made["type"]) == ("net", "1", "custom_model")
    lapis("model update -n net -v 1 --set stage=Production")
    assert lapis("model list -n net --stage Production --query [].version -o tsv").stdout == "1\n"
    assert lapis("model list -n net --stage Development --query [].version -o tsv").stdout == ""
    lapis("model download -n net -v 1 --download-path out")
    files = {str(p.relative_to(tmp_path / "out" / "net")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert {name.split("/")[-1] for name in files} == {"w.bin", "v.bin"}


def test_component(lapis: Lapis, write: Write) -> None:
    write("src/run.py", "print(1)")
    write(
        "c.yml",
        "name: step\ntype: command\ndisplay_name: Step\ncode: src\ncommand: python run.py ${{inputs.rate}}\n"
        "inputs: {rate: {type: number, default: 0.1}}\nenvironment: {image: img}\n",
    )
    made = _json(lapis("component create --file c.yml --set version=5"))
    assert (made["name"], made["version"]) == ("step", "5")
    assert made["code"].startswith("azureml://codes/")
    lapis("component archive -n step -v 5")
    lapis("component restore -n step -v 5")
    assert lapis("component show --name step --version 5 --query display_name -o tsv").stdout == "Step\n"


def test_compute(lapis: Lapis) -> None:
    words = "compute create -n cpu-cluster --type amlcompute --min-instances 0 --max-instances 4 --size STANDARD_DS3_V2"
    made = _json(lapis(words))
    assert (made["max_instances"], made["size"], made["provisioning_state"]) == (4, "STANDARD_DS3_V2", "Succeeded")
    assert _json(lapis("compute update -n cpu-cluster --max-instances 2"))["max_instances"] == 2
    assert len(_json(lapis("compute list-nodes -n cpu-cluster"))) == 2
    assert _json(lapis("compute list-sizes"))
    assert [u["name"] for u in _json(lapis("compute list-usage"))] == ["cpu-cluster"]
    lapis("compute create -n box --type computeinstance")
    assert lapis("compute list --type computeinstance --query [].name -o tsv").stdout == "box\n"
    lapis("compute stop -n box --no-wait")
    assert lapis("compute show -n box --query state -o tsv").stdout == "Stopped\n"
    lapis("compute restart -n box")
    assert lapis("compute show -n box --query state -o tsv").stdout == "Running\n"
    assert "Nobody can be asked here: add --yes" in lapis("compute delete -n box", code=2).stderr
    lapis("compute delete -n box --yes")
    assert "box" in lapis("compute show -n box", code=1).stderr


def test_datastore(lapis: Lapis, write: Write) -> None:
    write(
        "store.yml",
        "name: bucket\ntype: s3\nbucket: b\ncredentials: {access_key_id: AKIAXXXX, secret_access_key: s3cr3t-canary}\n",
    )
    made = lapis("datastore create -f store.yml")
    assert "s3cr3t-canary" not in made.stdout
    changed = lapis("datastore update -n bucket --set description=mine")
    assert _json(changed)["description"] == "mine"
    assert "s3cr3t-canary" not in lapis("datastore show -n bucket").stdout
    assert "bucket" in lapis("datastore list --query [].name -o tsv").stdout.split()
    lapis("datastore delete -n bucket -y")
    assert "bucket" not in lapis("datastore list --query [].name -o tsv").stdout.split()


def test_workspace(lapis: Lapis, write: Write, server: LapisServer) -> None:
    assert lapis("workspace show --query mlflow_tracking_uri -o tsv").stdout == f"{server.url}/mlflow/default\n"
    lapis("workspace create -n team --display-name Team --location westeurope --resource-group g --set tags.a=b")
    assert _json(lapis("workspace show -n team"))["tags"] == {"a": "b"}
    assert _json(lapis("workspace update -w team --description ours"))["description"] == "ours"
    write("x.txt", "1")
    lapis("data create -n only-here --type uri_file --path x.txt -w team")
    assert lapis("data list --query [].name -o tsv -w team -g any").stdout == "only-here\n"
    assert "only-here" not in lapis("data list --query [].name -o tsv").stdout.split()
    write(".azureml/config.json", '{"subscription_id": "s", "resource_group": "g", "workspace_name": "team"}')
    assert lapis("data list --query [].name -o tsv").stdout == "only-here\n"
    assert "not empty" in lapis("workspace delete -n team --yes", code=1).stderr
    lapis("workspace delete -n team --all-resources --yes")
    assert "team" in lapis("data list", code=1).stderr


def test_tables_have_columns_and_the_default_form_is_json(lapis: Lapis) -> None:
    lapis("compute create -n tabled --type amlcompute --max-instances 1 -o none")
    head, rule, *rows = lapis("compute list -o table").stdout.splitlines()
    assert head.split()[:2] == ["Name", "Type"]
    assert set(rule) == {"-", " "}
    assert any(row.startswith("tabled") for row in rows)
    assert isinstance(_json(lapis("compute list")), list)


def test_ml_may_stand_before_the_noun(lapis: Lapis) -> None:
    assert lapis("ml workspace list --query [0].name --out tsv").stdout == "default\n"
