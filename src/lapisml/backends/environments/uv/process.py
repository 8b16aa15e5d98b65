"""Running the uv command: its arguments, its environment, its lines."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uv as uv_package

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import Log

_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|XDG_\w+|"
    r"(?i:(https?|ftp|all|no)_proxy)|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|"
    r"UV_(?!PYTHON|SYSTEM_PYTHON|PROJECT|BREAK|PRERELEASE|RESOLUTION|COMPILE|CONSTRAINT|OVERRIDE|REQUIRE|NO_BUILD|"
    r"NO_BINARY|LINK_MODE|TORCH)\w+|UV_PYTHON_INSTALL_\w+|NETRC|SSH_AUTH_SOCK|"
    r"CC|CXX|FC|CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS|MAKEFLAGS|PKG_CONFIG_PATH|LD_LIBRARY_PATH|LIBRARY_PATH|CPATH|"
    r"C_INCLUDE_PATH|CUDA_HOME|CUDA_PATH|RUSTUP_HOME|CARGO_HOME"
)
"""The host's variables that uv's process gets: no tokens and passwords of the server, for packages that are built
from source run their own code; nothing that would make one definition mean two things."""

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s'\"]+@")
_QUERY_SECRETS = re.compile(r"(?<=[?&])(sig|token|access_token|key|password)=[^&\s'\"]+", re.IGNORECASE)


def redact(line: str) -> str:
    """Hide user names, passwords and tokens in the addresses within `line`."""
    return _QUERY_SECRETS.sub(r"\1=***", _CREDENTIALS.sub("***@", line))


BUILD_BROKE = "Failed to build"
"""How uv says that a package could not be built from source."""


@dataclass(frozen=True)
class Outcome:
    """What a run of uv left.

    Attributes:
        code: exit status.
        lines: standard output and error together, credentials hidden.
    """

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Uv:
    """The uv command on this machine.

    Attributes:
        binary: its path.
        offline: never reach the network.
        cache_dir: uv's cache; None means uv's own default, which the user's other projects share.
        python_downloads: let uv fetch interpreters.
    """

    offline: bool = False
    cache_dir: Path | None = None
    python_downloads: bool = False
    binary: str = field(default_factory=lambda: os.fsdecode(uv_package.find_uv_bin()))

    def run(self, arguments: Sequence[str], log: Log | None = None, keep: Sequence[int] = ()) -> Outcome:
        """Run ``uv <arguments>`` and wait.

        Args:
            arguments: without the command's name.
            log: is given each line as it appears, credentials hidden.
            keep: file descriptors that uv and its children hold open as long as they live.

        Raises:
            LapisError: ``StorageFull`` when the disk is full; ``MissingPackage`` when uv cannot be started.
        """
        lines: list[str] = []
        command = [self.binary, *arguments, "--color", "never", "--no-progress"]
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=self._environment(), cwd="/", pass_fds=tuple(keep), text=True, errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise LapisError(ErrorCode.MISSING_PACKAGE, f"uv cannot be started: {error}.", "pip install uv") from error
        with process:
            _collect(process, lines.append, log)
        if process.returncode and any("No space left on device" in line for line in lines):
            raise disk_full()
        return Outcome(process.returncode, tuple(lines))

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if _PASSED_ON.fullmatch(k)}
        kept["UV_PYTHON_DOWNLOADS"] = "automatic" if self.python_downloads else "never"
        kept["UV_OFFLINE"] = "1" if self.offline else "0"
        if self.cache_dir is not None:
            kept["UV_CACHE_DIR"] = str(self.cache_dir)
        return kept


def disk_full() -> LapisError:
    """Make the error for a disk that has no room for an environment."""
    return LapisError(
        ErrorCode.STORAGE_FULL,
        "The disk is full: the environment could not be written.",
        "Free some space (`uv cache prune` removes what no environment needs) and submit again.",
    )


def _collect(process: subprocess.Popen[str], add: Callable[[str], None], log: Log | None) -> None:
    assert process.stdout is not None
    for raw in process.stdout:
        line = redact(raw.rstrip("\r\n"))
        add(line)
        if log is not None and line.strip():
            log(line)
