"""``lapis data``."""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.cli import flags
from lapisml.cli.assets import asset_verbs
from lapisml.cli.parsing import refused, run_noun

_CREATE = (
    flags.values(
        ("--path/-p", "file, folder or address of the data"),
        ("--type/-t", "uri_file, uri_folder (default) or mltable"),
        ("--description/-d", "what it is"),
    ),
    flags.refusing(
        skip_validation="the document is always checked; leave the flag out.",
        datastore="data is uploaded to the workspace's default datastore; put an azureml:// path into --path.",
    ),
)

VERBS = asset_verbs("data", "a data asset", _CREATE, ("path", "type", "description")) | {
    "import": refused("Importing from databases is not part of this version; create data from files."),
    "mount": refused("Data is not mounted on your machine; use it as the input of a job."),
    "list-materialization-status": refused("Importing from databases is not part of this version."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis data words…``."""
    return run_noun("data", "Data assets: files, folders and tables, with versions and labels.", VERBS, words)
