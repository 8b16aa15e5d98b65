"""Facts about the Git repository that code comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_TIMEOUT = 10


def git_facts(folder: Path) -> dict[str, str] | None:
    """Return branch, commit, repository and cleanliness of the repository that holds `folder`.

    The keys are Azure ML's job properties ``azureml.git.repository_uri``, ``….branch``, ``….commit`` and
    ``….dirty`` (``True`` or ``False``; untracked files don't count). None outside a repository or without git.
    Passwords in the repository's address are left out.
    """
    if not _inside_repository(folder):
        return None
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None
    lines = status.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    facts = {"dirty": str(any(not line.startswith("#") for line in lines))}
    if heads.get("branch.oid", "(initial)") != "(initial)":
        facts["commit"] = heads["branch.oid"]
    if heads.get("branch.head", "(detached)") != "(detached)":
        facts["branch"] = heads["branch.head"]
    address = _git(folder, "config", "--get", "remote.origin.url")
    if address:
        facts["repository_uri"] = _without_secrets(address)
    return {f"azureml.git.{name}": value for name, value in facts.items()}


def _inside_repository(folder: Path) -> bool:
    place = folder.absolute()
    return any((parent / ".git").exists() for parent in (place, *place.parents))


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _without_secrets(address: str) -> str:
    parts = urlsplit(address)
    if not parts.scheme or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
