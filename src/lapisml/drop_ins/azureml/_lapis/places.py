"""Where on this machine the data lies that an ``azureml://`` address names: the data of the job itself."""

from __future__ import annotations

import json
import os
import re
from typing import Dict

VARIABLE = "LAPIS_PLACES"
"""Names a JSON file: address of an input or output of the job → its path."""

_LONG = re.compile(
    r"azureml:(?://|/)subscriptions/[^/]+/resource[gG]roups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/(?P<rest>.+)\Z"
)


class UnknownPlaceError(FileNotFoundError):
    """An address names nothing that the job has as input or output."""


def is_address(text: str) -> bool:
    """Say whether `text` is an address of a workspace, and no path."""
    return text.startswith("azureml:")


def local_path(address: str) -> str:
    """Give the path of what an address names: an input or output of the job, or something below one.

    Raises:
        UnknownPlaceError: it is none of them.
    """
    wanted = short(address)
    for known, path in _places().items():
        base = short(known)
        if wanted == base:
            return path
        if wanted.startswith(base.rstrip("/") + "/"):
            return _below(path, wanted[len(base.rstrip("/")) + 1 :], address)
    raise UnknownPlaceError(
        f"'{address}' is no input or output of this job. Give it to the job as an input, and use the path or the "
        "address that the input has there"
    )


def short(address: str) -> str:
    """Give an address without the words for subscription, group and workspace, of which a job knows one."""
    found = _LONG.match(address.strip())
    text = "azureml://" + found.group("rest") if found else address.strip()
    return text.rstrip("/")


def _below(path: str, rest: str, address: str) -> str:
    joined = os.path.normpath(os.path.join(path, rest.lstrip("/")))
    if joined != path.rstrip("/") and not joined.startswith(path.rstrip("/") + os.sep):
        raise UnknownPlaceError(f"'{address}' leads out of the data that it names")
    return joined


def _places() -> Dict[str, str]:
    name = os.environ.get(VARIABLE)
    if not name:
        return {}
    with open(name, encoding="utf-8") as file:
        return {str(address): str(path) for address, path in json.load(file).items()}
