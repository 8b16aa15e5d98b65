"""``lapis model``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from lapisml.cli import flags
from lapisml.cli.assets import asset_verbs, operations
from lapisml.cli.parsing import Verb, refused, run_noun

_CREATE = (
    flags.values(
        ("--path/-p", "local path, azureml://jobs/…, azureml://datastores/…, runs:/… of the model"),
        ("--type/-t", "custom_model (default), mlflow_model or triton_model"),
        ("--description/-d", "what it is"),
        ("--stage/-s", "Development, Production or Archived"),
    ),
    flags.refusing(datastore="models are uploaded to the workspace's default datastore."),
)


def _download_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--download-path", "-p", metavar="FOLDER", default=".", help="where to; default: here")


def _stage(parser: ArgumentParser) -> None:
    parser.add_argument("--stage", "-s", metavar="STAGE", help="those in this stage only")


def _download(args: Namespace) -> None:
    found = operations(args, "model")
    version = args.version or found.get(args.name, None, args.label)["version"]
    found.download(args.name, version, args.download_path)


_ASSET = asset_verbs("model", "a model", _CREATE, ("path", "type", "description", "stage"))
_LIST = _ASSET["list"]

VERBS = _ASSET | {
    "list": Verb(_LIST.help, _LIST.run, (*_LIST.arguments, _stage)),
    "download": Verb(
        "download the files of a model to <download path>/<name>/",
        _download,
        (flags.name(), flags.version, flags.label, _download_flags, flags.asset_scope),
    ),
    "package": refused("Models are not packaged into images; they are files that any MLflow client loads."),
}


def run(words: Sequence[str]) -> int:
    """Run ``lapis model words…``."""
    return run_noun("model", "Registered models, with versions, labels and stages.", VERBS, words)
