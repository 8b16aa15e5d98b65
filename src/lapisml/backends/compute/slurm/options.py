"""What a compute of type ``slurm`` sets for all of its jobs; checked on the server, and again on the login host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lapisml.backends.compute.slurm import words
from lapisml.core.errors import ErrorCode, LapisError

KEYS = (
    "partition",
    "account",
    "qos",
    "constraint",
    "max_nodes",
    "time_limit_minutes",
    "requeue",
    "interpreter",
    "sbatch_options",
)
"""Keys of the document that are for Slurm."""


@dataclass(frozen=True)
class SlurmOptions:
    """What every job of the compute is submitted with.

    Attributes:
        partition, account, qos, constraint: as for ``sbatch``; None leaves it to Slurm.
        max_nodes: how many nodes one job may have, and the trials of one array at a time; None means any number.
        time_limit_minutes: limit on one job, its preparation included; None means the partition's own.
        requeue: whether Slurm may start a job again whose command has not begun.
        interpreter: Python on the nodes; None means the path of the one on the login host.
        sbatch_options: further options, see `words.SBATCH_OPTIONS`.
        poll_s: seconds between two questions to Slurm.
        settle_s: how long a job that Slurm calls over may take until its own words are seen on the shared storage.
        lost_after_s: how long a job that Slurm does not know any more is looked for.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    max_nodes: int | None = None
    time_limit_minutes: int | None = None
    requeue: bool = True
    interpreter: str | None = None
    sbatch_options: Mapping[str, Any] = field(default_factory=dict)
    poll_s: float = 2.0
    settle_s: float = 10.0
    lost_after_s: float = 60.0

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> SlurmOptions:
        """Read the plain form, or a compute's document's keys.

        Raises:
            LapisError: DocumentInvalid for a key that it does not have, or a value that can't be.
        """
        unknown = sorted(set(body) - set(cls.__dataclass_fields__))
        if unknown:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"There is no option {unknown[0]!r} for Slurm.")
        made = cls(**{key: value for key, value in body.items() if value is not None})
        made.arguments()
        for name in ("max_nodes", "time_limit_minutes"):
            value = getattr(made, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise LapisError(ErrorCode.DOCUMENT_INVALID, f"`{name}` is a whole number, from 1.")
        return made

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return asdict(self)

    def arguments(self) -> list[str]:
        """Return the arguments of ``sbatch`` that are the same for every job.

        Raises:
            LapisError: DocumentInvalid for a word that can't be.
        """
        found = []
        for name in ("partition", "account", "qos"):
            value = getattr(self, name)
            if value is not None:
                found.append(f"--{name}={words.word(name, value)}")
        if self.constraint is not None:
            found.append(f"--constraint={words.constraint(self.constraint)}")
        found += [made for name, value in self.sbatch_options.items() if (made := words.option(name, value))]
        return [*found, "--requeue" if self.requeue else "--no-requeue"]
