"""The command template filled in.

Values go in as they are, as on Azure ML: the template is a shell command of the user's own, and quoting in it
is the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lapisml.ports.endings import EndReason
from lapisml.runner.endings import JobEndError


def render(template: str, values: Mapping[str, str], unset: Iterable[str] = ()) -> str:
    """Fill in a command.

    Args:
        template: the command as written, with ``${{inputs.x}}``, ``${{outputs.y}}``, ``${{name}}``, ``$[[ … ]]``.
        values: ``inputs.x`` / ``outputs.y`` / ``name`` → text.
        unset: names of optional inputs that were not given.

    Raises:
        JobEndError: COMMAND for an expression that nothing is known for.
    """
    if "${{" not in template and "$[[" not in template:
        return template
    # Only a command that has expressions pays for the module that reads them (15 ms).
    from lapisml.documents import expressions

    known: dict[str, str | None] = {f"inputs.{name}": None for name in unset}
    known.update(values)
    known.update({f"{name}.path": value for name, value in values.items() if "." in name})
    try:
        return expressions.render(template, known)
    except expressions.ExpressionError as error:
        raise JobEndError(EndReason.COMMAND, error=str(error)) from error
