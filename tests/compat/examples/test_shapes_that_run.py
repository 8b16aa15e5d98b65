"""Shapes of public examples, in words of our own, through the command line: what their commands rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Lapis

Write = Callable[[str, str], Path]

GRIND = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: grind
type: command
display_name: Grind
description: grinds beans
tags: {team: kitchen}
inputs:
  beans: {type: uri_folder}
  coarse: {type: integer, optional: true}
outputs:
  powder: {type: uri_folder}
code: ./mill
environment: {image: any}
command: >-
  python grind.py ${{inputs.beans}} ${{outputs.powder}}
  $[[--coarse ${{inputs.coarse}}]]
"""


@pytest.fixture(autouse=True)
def documents(write: Write) -> None:
    write("grind.yml", GRIND)
    write("mill/grind.py", "import pathlib, sys; print(*[p.name for p in pathlib.Path(sys.argv[1]).iterdir()])")


def test_a_component_is_updated_by_the_file_that_made_it(lapis: Lapis, write: Write) -> None:
    lapis("component create -f grind.yml --set version=3")
    write("grind.yml", GRIND.replace("grinds beans", "grinds them finely").replace("kitchen", "bar"))
    changed = json.loads(lapis("component update -f grind.yml").stdout)
    assert (changed["version"], changed["description"], changed["tags"]) == ("3", "grinds them finely", {"team": "bar"})
    changed = json.loads(lapis("component update -f grind.yml -v 3 --set display_name=Mill tags.size=small").stdout)
    assert (changed["display_name"], changed["tags"]) == ("Mill", {"team": "bar", "size": "small"})
    assert lapis("component list -n grind --query [].version -o tsv").stdout == "3\n"


def test_an_update_leaves_what_the_file_does_not_say(lapis: Lapis, write: Write) -> None:
    lapis("component create -f grind.yml --set name=kept version=1")
    write("bare.yml", GRIND.replace("description: grinds beans\n", "").replace("name: grind", "name: kept"))
    changed = json.loads(lapis("component update -f bare.yml --remove tags.team").stdout)
    assert changed["description"] == "grinds beans"
    assert not changed.get("tags")


def test_an_update_never_changes_the_content(lapis: Lapis, write: Write) -> None:
    lapis("component create -f grind.yml --set name=fixed version=1")
    write("mill/grind.py", "print('another program')")
    said = lapis("component update -f grind.yml -n fixed", code=1).stderr
    assert "other content" in said
    assert lapis("component list -n fixed --query [].version -o tsv").stdout == "1\n"


def test_an_update_says_which_name_it_lacks(lapis: Lapis, write: Write) -> None:
    assert "--name" in lapis("component update --set description=x", code=2).stderr
    write("note.yml", "description: nobody's\n")
    assert "--name" in lapis("component update -f note.yml", code=2).stderr
    lapis("component update -f grind.yml -n nobody", code=1)


LATE = """
type: pipeline
settings: {default_compute: azureml:serverless}
outputs:
  written: {path: "azureml://datastores/workspaceblobstore/paths/brew/late"}
jobs:
  writes:
    command: echo pot > ${{outputs.place}}/pot.txt; echo cup > ./outputs/cup.txt
    environment: {image: any}
    outputs:
      place: ${{parent.outputs.written}}
      artifacts:
  reads:
    command: cat ${{inputs.late}} ${{inputs.cups}}/outputs/cup.txt; echo ${{inputs.plain}}
    environment: {image: any}
    inputs:
      late: {type: uri_file, path: "azureml://datastores/workspaceblobstore/paths/brew/late/pot.txt", mode: download}
      plain: ${{parent.jobs.writes.outputs.place}}
      cups: ${{parent.jobs.writes.outputs.artifacts}}
"""
"""A step reads a path that another writes, known to the pipeline by another edge only; and default artifacts."""


def test_what_a_step_reads_is_looked_for_when_it_starts(lapis: Lapis, write: Write, tmp_path: Path) -> None:
    write("late.yml", LATE)
    lapis("job create -f late.yml --name late --stream")
    lapis("job download -n late --all --download-path all")
    log = tmp_path / "all" / "late" / "steps" / "reads" / "artifacts" / "user_logs" / "std_log.txt"
    assert log.read_text().split()[:2] == ["pot", "cup"]
