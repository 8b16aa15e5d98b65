"""How a job can end: one reason for every ending, and what it means.

Plain standard library: the runner reads this beside the user's code.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The state in which a job ends; the words are those of Azure ML."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


class EndReason(StrEnum):
    """Why a job ended. `OUTCOMES` and `SENTENCES` hold every member."""

    SUCCEEDED = "Succeeded"
    EXIT_CODE = "ExitCode"
    SIGNALLED = "Signalled"
    OUT_OF_MEMORY = "OutOfMemory"
    KILLED = "Killed"
    TIMEOUT = "Timeout"
    CANCELED = "Canceled"
    DISK_FULL = "DiskFull"
    ENVIRONMENT = "EnvironmentFailure"
    INPUT = "InputFailure"
    OUTPUT = "OutputFailure"
    CODE = "CodeFailure"
    CODE_INTEGRITY = "CodeIntegrity"
    COMMAND = "CommandFailure"
    MINI_BATCHES = "MiniBatchFailure"
    SERVING = "ServingFailure"
    SUPERVISOR_LOST = "SupervisorLost"
    MACHINE_RESTARTED = "MachineRestarted"
    NODE_LOST = "NodeLost"
    REFUSED = "ComputeRefused"
    ENDED_BY_COMPUTE = "EndedByCompute"
    INTERNAL = "RunnerFailure"


OUTCOMES: dict[EndReason, Outcome] = {
    EndReason.SUCCEEDED: Outcome.COMPLETED,
    EndReason.EXIT_CODE: Outcome.FAILED,
    EndReason.SIGNALLED: Outcome.FAILED,
    EndReason.OUT_OF_MEMORY: Outcome.FAILED,
    EndReason.KILLED: Outcome.FAILED,
    EndReason.TIMEOUT: Outcome.CANCELED,
    EndReason.CANCELED: Outcome.CANCELED,
    EndReason.DISK_FULL: Outcome.FAILED,
    EndReason.ENVIRONMENT: Outcome.FAILED,
    EndReason.INPUT: Outcome.FAILED,
    EndReason.OUTPUT: Outcome.FAILED,
    EndReason.CODE: Outcome.FAILED,
    EndReason.CODE_INTEGRITY: Outcome.FAILED,
    EndReason.COMMAND: Outcome.FAILED,
    EndReason.MINI_BATCHES: Outcome.FAILED,
    EndReason.SERVING: Outcome.FAILED,
    EndReason.SUPERVISOR_LOST: Outcome.FAILED,
    EndReason.MACHINE_RESTARTED: Outcome.FAILED,
    EndReason.NODE_LOST: Outcome.FAILED,
    EndReason.REFUSED: Outcome.FAILED,
    EndReason.ENDED_BY_COMPUTE: Outcome.FAILED,
    EndReason.INTERNAL: Outcome.FAILED,
}
"""Reason → outcome. A job over its time limit is cancelled by the system, as on Azure ML."""

SENTENCES: dict[EndReason, str] = {
    EndReason.SUCCEEDED: "The command ended with exit code 0.",
    EndReason.EXIT_CODE: "The command ended with exit code {code}{meaning}.",
    EndReason.SIGNALLED: "The command was ended by signal {signal}.",
    EndReason.OUT_OF_MEMORY: "The kernel ended a process of the command because memory ran out ({evidence}).",
    EndReason.KILLED: ("The command was killed (SIGKILL) by something other than Lapis; most likely memory ran out."),
    EndReason.TIMEOUT: "The command ran longer than its limit of {limit} and was stopped.",
    EndReason.CANCELED: "Canceled{by}.",
    EndReason.DISK_FULL: "The disk of {host} that holds {held} is full{where}.",
    EndReason.ENVIRONMENT: "The environment could not be prepared: {error}",
    EndReason.INPUT: "Input '{name}' could not be prepared: {error}",
    EndReason.OUTPUT: "Output '{name}' could not be stored: {error}",
    EndReason.CODE: "The code snapshot could not be unpacked: {error}",
    EndReason.CODE_INTEGRITY: ("The code snapshot is not what was submitted, so the job was not started: {error}"),
    EndReason.COMMAND: "The command could not be started: {error}",
    EndReason.MINI_BATCHES: "{error}",
    EndReason.SERVING: "{error}",
    EndReason.SUPERVISOR_LOST: (
        "The processes that watched the command were killed, and its exit status with them: {evidence}."
    ),
    EndReason.MACHINE_RESTARTED: "The machine was restarted {when}.",
    EndReason.NODE_LOST: "Node {node} is gone, and the job's processes with it: {evidence}.",
    EndReason.REFUSED: "The compute refused the job: {error}",
    EndReason.ENDED_BY_COMPUTE: "The compute ended the job: {error}",
    EndReason.INTERNAL: "Lapis's own runner failed: {error}",
}
"""Reason → the sentence that a person reads; the words in braces are given by whoever writes the ending."""
