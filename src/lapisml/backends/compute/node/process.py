"""An agent that is a child process of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from lapisml.backends.compute.node import boot
from lapisml.backends.compute.node.transport import Streams
from lapisml.core.errors import ErrorCode, LapisError

_LINE_LIMIT = 1 << 20
_ENDS_WITHIN_S = 2.0


class ProcessTransport:
    """Starts the agent by a command of this machine.

    Args:
        root: the agent's folder.
        python: the interpreter it runs on; None means this one.
        prefix: words before the interpreter, as ``("ip", "netns", "exec", "n1")``.
        environment: its whole environment; None means this process's.
        name: how messages name the machine.
    """

    def __init__(
        self,
        root: str,
        python: str | None = None,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        name: str = "this machine",
    ) -> None:
        self._root = root
        self._command = [*prefix, *boot.argv(python or sys.executable)]
        self._environment = environment
        self._name = name
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The agent's pid while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def open(self) -> Streams:
        """Start the agent."""
        await self.close()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )
        except OSError as error:
            sentence = f"{self._command[0]} can't be started on {self._name}: {error.strerror}."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        await boot.start(reader, writer, self._root, self._name)
        return reader, writer

    async def close(self) -> None:
        """End the agent."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN_S)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # jobs are in sessions of their own
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _ENDS_WITHIN_S)
