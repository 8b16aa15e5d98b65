"""Where in a deployment's document, or in an invocation, stands what the document of its job says. Pure."""

from __future__ import annotations

from lapisml.core.errors import LapisError, Problem
from lapisml.server.features.batch_endpoints.invocation import DATA, STEP

_PLACES = {
    f"jobs.{STEP}.task.environment": "environment",
    f"jobs.{STEP}.task.code": "code_configuration.code",
    f"jobs.{STEP}.task.entry_script": "code_configuration.scoring_script",
    f"jobs.{STEP}.inputs.model": "model",
    f"jobs.{STEP}.compute": "compute",
    f"jobs.{STEP}.resources": "resources",
    f"jobs.{STEP}.environment_variables": "settings.environment_variables",
    f"jobs.{STEP}": "settings",
}
_WHOLE = ("model",)


def as_written(error: LapisError) -> LapisError:
    """Say of a job that is refused where in the deployment's document the faults are."""
    problems = [_moved(problem, place_of(problem.path)) for problem in error.problems]
    message = "The deployment can't be run as it is written."
    return LapisError(error.code, message if problems else error.message, error.hint, problems)


def as_asked(error: LapisError, name: str) -> LapisError:
    """Say of a job that is refused where in the invocation the faults are.

    Args:
        name: of the invocation's only input.
    """
    data = f"jobs.{STEP}.inputs.{DATA}"
    problems = [
        _moved(p, f"inputs.{name}{p.path[len(data) :]}" if p.path.startswith(data) else place_of(p.path))
        for p in error.problems
    ]
    message = "The invocation can't be carried out." if problems else error.message
    return LapisError(error.code, message, error.hint, problems)


def place_of(path: str) -> str:
    """Say where in the deployment's document stands what a path in its job's document names."""
    for mine, theirs in _PLACES.items():
        if path == mine or path.startswith(f"{mine}."):
            return theirs if theirs in _WHOLE else f"{theirs}{path[len(mine) :]}"
    return path


def _moved(problem: Problem, path: str) -> Problem:
    return Problem(problem.message, path, expected=problem.expected, suggestion=problem.suggestion)
