"""The batch script, and the command that hands it over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lapisml.backends.compute.slurm import words
from lapisml.backends.compute.slurm.batches import Batch

STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.backends.compute.slurm.start import main; main()"
LARGEST_ARRAY = 500

_TEXT = """\
#!/bin/bash
# Made by Lapis. Starts the runner of each job of this batch, which keeps its own records.
python={python}
[ -x "$python" ] || python=$(command -v python3) || {{ echo "There is no Python on $(hostname)."; exit 127; }}
exec {launcher}"$python" -I -S -c {starter} {source} {root} {mark}
"""
_SRUN = "srun --no-kill --kill-on-bad-exit=0 --wait=0 --export=ALL --cpus-per-task=${SLURM_CPUS_PER_TASK:-1} "


def render(batch: Batch, root: Path, python: str, source: str) -> str:
    """Write the script of a batch.

    Args:
        batch: the batch; no word of it but its mark is in the script.
        root: the agent's folder, at the same place on the nodes.
        python: the nodes' interpreter; where there is none, ``python3`` of their PATH is taken.
        source: the folder that holds the package ``lapisml``.
    """
    return _TEXT.format(
        python=words.quoted(words.path(python)),
        launcher=_SRUN if batch.nodes > 1 else "",
        starter=words.quoted(STARTER),
        source=words.quoted(words.path(source)),
        root=words.quoted(words.path(str(root))),
        mark=words.quoted(batch.mark),
    )


def command(batch: Batch, folder: Path, root: Path, at_once: int | None = None) -> list[str]:
    """Return the command that hands a batch over; the script goes to its stdin.

    Args:
        batch: the batch.
        folder: the batch's folder.
        root: the agent's folder.
        at_once: how many jobs of an array may run at a time; None means all.
    """
    out = words.pattern(str(folder))
    found = ["sbatch", "--parsable", f"--job-name={batch.name}", f"--comment=lapis-{batch.mark}"]
    found += [f"--chdir={words.path(str(root))}", "--export=ALL", "--open-mode=append", "--input=/dev/null"]
    found += [f"--nodes={batch.nodes}", "--ntasks-per-node=1", *batch.arguments]
    if len(batch.jobs) > 1:
        limit = f"%{at_once}" if at_once else ""
        return [*found, f"--array=0-{len(batch.jobs) - 1}{limit}", f"--output={out}/out.%a"]
    return [*found, f"--output={out}/out.0"]


def number_of(printed: str) -> str | None:
    """Return the job's number from what ``sbatch --parsable`` prints (``123`` or ``123;cluster``)."""
    for line in reversed(printed.strip().splitlines()):
        number = line.partition(";")[0].strip()
        if number.isdigit():
            return number
    return None


def wish(cpus: float | None, memory_mb: int | None, gpus: int, minutes: int | None) -> Sequence[str]:
    """Return the arguments for what a job asks of each of its nodes."""
    found = []
    if cpus is not None:
        found.append(f"--cpus-per-task={max(1, -int(-cpus // 1))}")
    if memory_mb is not None:
        found.append(f"--mem={int(memory_mb)}M")
    if gpus:
        found.append(f"--gres=gpu:{int(gpus)}")
    if minutes is not None:
        found.append(f"--time={int(minutes)}")
    return found
