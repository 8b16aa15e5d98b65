"""Running Slurm's commands: with argument lists, a deadline, and hardly anything of this process's environment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from lapisml.runner import jobenv

_NOT_FOR_NODES = re.compile(r"CUDA_|NVIDIA_|ROCR_|HIP_|LD_LIBRARY_PATH|TMPDIR|OMP_|OPENBLAS_|MKL_")
_FOR_COMMANDS = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "SLURM_CLUSTERS")
_DEADLINE_S = 20.0
_PASSING = re.compile(
    r"temporarily unable|Unable to contact slurm controller|Socket timed out|not responding|Zero Bytes were transmitted"
    r"|Connection (?:refused|timed out|reset)|Unable to establish|Transport endpoint|No route to host"
    r"|submit limit|MaxSubmitJob|MaxJobCount|Resource temporarily|sleeping and retrying|rate limit"
    r"|authentication error|munge|backup controller|Slurm database|try again|Controller is in standby",
    re.IGNORECASE,
)


class SlurmError(Exception):
    """A command of Slurm did not do what it was asked; its text is what the command said.

    Attributes:
        passing: it may be done later, as it is.
    """

    def __init__(self, said: str, *, passing: bool) -> None:
        super().__init__(said)
        self.passing = passing


def environment() -> dict[str, str]:
    """Return the variables that Slurm's commands get, and through ``sbatch`` the jobs: none that may be a secret."""
    kept = {k: v for k, v in jobenv.from_host(os.environ).items() if _NOT_FOR_NODES.match(k) is None}
    kept.setdefault("PATH", os.defpath)
    return kept | {name: os.environ[name] for name in _FOR_COMMANDS if name in os.environ}


def run(
    command: Sequence[str],
    text: str | None = None,
    *,
    deadline_s: float = _DEADLINE_S,
    keep: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it prints.

    Args:
        command: the argument list.
        text: its stdin.
        deadline_s: after so long it is killed.
        keep: descriptors that it inherits.
        env: its environment; None means `environment`.

    Raises:
        SlurmError: it could not be started, failed, or took too long.
    """
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env or environment()),
            pass_fds=tuple(keep),
            start_new_session=True,
        )
    except OSError as error:
        hint = f"{command[0]} can't be run on this machine: {error.strerror}"
        raise SlurmError(f"{hint}; is it a login host of the cluster?", passing=True) from error
    return _result(process, command[0], text, deadline_s)


def _result(process: subprocess.Popen[bytes], name: str, text: str | None, deadline_s: float) -> str:
    data = text.encode() if text is not None else None
    try:
        out, err = process.communicate(data, timeout=deadline_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise SlurmError(_said(err) or f"{name} did not answer within {deadline_s:g} s", passing=True) from None
    if process.returncode != 0:
        said = _said(err) or f"{name} ended with exit code {process.returncode}"
        raise SlurmError(said, passing=process.returncode < 0 or _PASSING.search(said) is not None)
    return out.decode(errors="replace")


def _said(err: bytes) -> str:
    """Return what a command complains of, in one line."""
    lines = [
        re.sub(r"^\w+: (?:error: |fatal: )?", "", line).strip() for line in err.decode(errors="replace").splitlines()
    ]
    return "; ".join(dict.fromkeys(line for line in lines if line))[:500]
