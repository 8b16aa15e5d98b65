"""How the processes of a mini-batch job that stand in the command's place begin and end."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from lapisml.runner import durable
from lapisml.runner.parallel.plan import Plan

_TERMINATED = 128 + signal.SIGTERM


class Work(Protocol):
    """What one of the processes does."""

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """What it may raise that is no fault of the code: its text is the reason why the job fails."""
        ...

    def run(self) -> dict[str, Any] | None:
        """Work to the end.

        Returns:
            What the supervisor is to be told; None for nothing.
        """
        ...

    def fail(self, reason: str) -> None:
        """Tell of one of the `faults`."""
        ...

    def stop(self) -> None:
        """Let go of what was begun; called at the end, however it came."""
        ...


def work(made: Callable[[Plan, str], Work]) -> NoReturn:
    """Do what `made` gives for the plan whose path is the last argument, and end the process."""
    path = sys.argv[-1]
    plan = Plan.read(path)
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(_TERMINATED))
    os.makedirs(plan.scratch, exist_ok=True)
    plan.lay_out_model()
    code = _do(plan, made(plan, path))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that still read are not waited for


def _do(plan: Plan, given: Work) -> int:
    try:
        said = given.run()
        if said is not None:
            durable.write_json(plan.verdict, said)
    except given.faults as error:
        given.fail(str(error))
        durable.write_json(plan.verdict, {"reason": str(error)})
        return 1
    except Exception:  # noqa: BLE001 - the process's boundary: it ends through os._exit, which shows no traceback
        traceback.print_exc()
        return 1
    finally:
        given.stop()
        shutil.rmtree(plan.scratch, ignore_errors=True)
    return 0
