"""``lapis environment``."""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.cli import flags
from lapisml.cli.assets import asset_verbs
from lapisml.cli.parsing import run_noun

_CREATE = (
    flags.values(
        ("--image/-i", "container image"),
        ("--conda-file/-c", "conda file"),
        ("--build-context/-b", "folder with a Dockerfile"),
        ("--dockerfile-path/-d", "Dockerfile within the build context"),
        ("--os-type", "linux"),
        ("--description", "what it is"),
    ),
    flags.refusing(datastore="build contexts are uploaded to the workspace's default datastore."),
)
_KEYS = ("image", "conda_file", "build_context", "dockerfile_path", "os_type", "description")

VERBS = asset_verbs("environment", "an environment", _CREATE, _KEYS)


def run(words: Sequence[str]) -> int:
    """Run ``lapis environment words…``."""
    about = "Environments: what jobs run in. They are built once, when first used."
    return run_noun("environment", about, VERBS, words)
