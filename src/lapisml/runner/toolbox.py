"""The toolbox: an interpreter with the packages that builds and object stores need, on a machine that has none.

``<toolbox>/requirements.txt`` says what is wanted (written by whoever hands a job over); ``<toolbox>/bin/python`` is
made of it by the first job that needs it, with uv where the machine has it, else with venv and pip. The environment
lies there whole or not at all; jobs that need it at the same time wait for the one that makes it.

Run by `lapisml.runner.tools` as a helper of its own: reads ``{"folder"}`` from stdin, writes JSON lines ``{"log"}``,
``{"error"}``.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from lapisml.runner import copying, tools

REQUIREMENTS = "requirements.txt"
_PASSED_ON = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|XDG_\w+|(?i:(https?|all|no)_proxy)|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|"
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|CERT|NO_INDEX|FIND_LINKS|CACHE_DIR|CONFIG_FILE)|"
    r"UV_(INDEX|INDEX_URL|DEFAULT_INDEX|EXTRA_INDEX_URL|CACHE_DIR|OFFLINE|FIND_LINKS|NATIVE_TLS)|NETRC"
)
_UV_PLACES = ("~/.local/bin/uv", "~/.cargo/bin/uv")

Log = Callable[[str], None]


def make_ready(
    toolbox: str | None, on_line: Callable[[tools.Line], None], should_stop: Callable[[], bool], log: str
) -> str | None:
    """Return the interpreter of a toolbox, made now if need be; None means the runner's own.

    Args:
        toolbox: path of the interpreter, as the launch specification says.
        on_line, should_stop, log: as for `tools.run`.

    Raises:
        ToolError: it can't be made; the sentence says what to do.
        StoppedError: as `tools.run`.
    """
    if toolbox is None or os.path.exists(toolbox):
        return toolbox
    folder = os.path.dirname(os.path.dirname(toolbox))
    try:
        tools.run("toolbox", {"folder": folder}, on_line, should_stop, log)
    except tools.ToolError as error:
        raise tools.ToolError(f"the tools for it can't be installed on this node: {error}") from error
    return toolbox


def main() -> None:
    """Make the toolbox named on stdin; exit code 1 when it can't be."""
    folder = str(json.load(sys.stdin)["folder"])
    try:
        with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(os.path.join(folder, "bin", "python")):
                _make(folder, lambda line: _say({"log": line}))
    except (OSError, RuntimeError) as error:
        _say({"error": str(error)})
        sys.exit(1)


def _make(folder: str, log: Log) -> None:
    """Make the environment beside its place and move its parts there, the interpreter's folder last."""
    made, wanted = f"{folder}.new", os.path.join(folder, REQUIREMENTS)
    copying.remove_tree(made)
    uv = _uv()
    log(f"Installing tools with {'uv' if uv else 'pip'} into {folder}.")
    try:
        if uv:
            _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, made], log)
            _run([uv, "pip", "install", "--python", f"{made}/bin/python", "-r", wanted], log)
        else:
            _with_pip(made, wanted, log)
    except RuntimeError:
        copying.remove_tree(made)
        raise
    for name in sorted(os.listdir(made), key=lambda name: (name == "bin", name)):
        copying.remove_tree(os.path.join(folder, name))
        os.rename(os.path.join(made, name), os.path.join(folder, name))
    copying.remove_tree(made)


def _with_pip(made: str, wanted: str, log: Log) -> None:
    """Use venv with its own pip, or, where the system leaves that out (Debian does), the pip beside the interpreter."""
    try:
        _run([sys.executable, "-I", "-m", "venv", made], log)
        pip = [f"{made}/bin/python", "-I", "-m", "pip"]
    except RuntimeError:
        copying.remove_tree(made)
        _run([sys.executable, "-I", "-m", "venv", "--without-pip", made], log)
        pip = [sys.executable, "-I", "-m", "pip", "--python", f"{made}/bin/python"]
    _run([*pip, "install", "--quiet", "--disable-pip-version-check", "-r", wanted], log)


def _run(argv: list[str], log: Log) -> None:
    """Run a command and pass its lines on.

    Raises:
        RuntimeError: it failed; its last line, and the way out.
    """
    env = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    last = ""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip() or last
            log(_without_secrets(line.rstrip("\n")))
    if process.returncode != 0:
        raise RuntimeError(
            f"{_without_secrets(last)} (status {process.returncode}). Install uv on the node, or name by "
            "`interpreter:` in the compute's document a Python that has the packages of its toolbox/requirements.txt."
        )


def _uv() -> str | None:
    found = shutil.which("uv")
    beside = (os.path.expanduser(place) for place in _UV_PLACES)
    return found or next((place for place in beside if os.access(place, os.X_OK)), None)


def _without_secrets(line: str) -> str:
    return re.sub(r"(?<=://)[^/@\s'\"]+@", "***@", line)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
