"""Checks a sweep job as a whole before anything is created, its trial as a command job too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.sweeps.plan import Plan, read_plan
from lapisml.core.sweeps.spaces import first_of_each
from lapisml.documents.references import AssetRef, parse
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.kinds import JobKinds
from lapisml.server.features.jobs.submission import Submission, valid_document
from lapisml.server.features.sweeps.trial_documents import (
    expression_faults,
    place_in_sweep,
    trial_document,
    unused,
)
from lapisml.server.features.workspaces.service import Workspace

_EXAMPLE = "trial"


class Trials:
    """Finds what the trial of a sweep is: it stands in the document, or is a component of the workspace."""

    def __init__(self, assets: AssetService) -> None:
        self._assets = assets

    def component(self, workspace: Workspace, trial: Any) -> dict[str, Any]:
        """Give the command with what belongs to it.

        Raises:
            LapisError: ReferenceNotFound; NotSupported when the component is no command.
        """
        if isinstance(trial, Mapping) and isinstance(trial.get("component"), (str, Mapping)):
            return {**self.component(workspace, trial["component"]), **_without(trial, "component")}
        found = dict(trial) if isinstance(trial, Mapping) else self._resolved(workspace, str(trial))
        kind = str(found.get("type") or "command")
        if kind != "command":
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"A trial is a command; this is a component of type {kind}.")
        return found

    def pinned(self, workspace: Workspace, trial: Any) -> Any:
        """Replace a label such as ``@latest`` by the version that it means now."""
        if not isinstance(trial, str):
            return trial
        reference = parse(trial)
        if not isinstance(reference, AssetRef):
            return trial
        return self._assets.resolve(workspace, AssetKind.COMPONENTS, trial).reference

    def _resolved(self, workspace: Workspace, reference: str) -> dict[str, Any]:
        return dict(self._assets.resolve(workspace, AssetKind.COMPONENTS, reference).document)


class SweepKind:
    """The type ``sweep``."""

    def __init__(self, trials: Trials, kinds: JobKinds) -> None:
        self._trials = trials
        self._kinds = kinds

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a sweep's document, and a trial of it.

        Raises:
            LapisError: DocumentInvalid, NotSupported or ReferenceNotFound, with a problem for every fault.
        """
        checked = valid_document(document, uploaded=uploaded)
        plan = read_plan(checked, str(checked.get("name") or _EXAMPLE))
        component = self._component(workspace, checked)
        problems = list(expression_faults(component, list(first_of_each(plan.space))))
        if problems:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The sweep is not valid.", None, problems)
        taken = self._check_trial(workspace, checked, component, plan, uploaded)
        return Submission(
            document=checked,
            experiment_name=str(checked.get("experiment_name") or "Default"),
            display_name=checked.get("display_name"),
            pool=None,
            wanted_nodes=0,
            priority=0,
            warnings=[*taken.warnings, *_warnings(checked, component, plan)],
        )

    def _component(self, workspace: Workspace, checked: dict[str, Any]) -> dict[str, Any]:
        try:
            checked["trial"] = self._trials.pinned(workspace, checked["trial"])
            return self._trials.component(workspace, checked["trial"])
        except LapisError as error:
            problem = Problem(" ".join(part for part in (error.message, error.hint) if part), "trial")
            raise LapisError(error.code, "The sweep's trial can't be run.", None, [problem]) from error

    def _check_trial(
        self, workspace: Workspace, checked: dict[str, Any], component: dict[str, Any], plan: Plan, uploaded: bool
    ) -> Submission:
        values = next(iter(first_of_each(plan.space)))
        try:
            made = trial_document(checked, component, values, _EXAMPLE, plan.limits.trial_timeout)
            return self._kinds.check(workspace, made, uploaded=uploaded)
        except LapisError as error:
            inline = isinstance(checked["trial"], Mapping)
            problems = [
                Problem(p.message, place_in_sweep(p.path, inline), expected=p.expected, suggestion=p.suggestion)
                for p in error.problems
            ]
            raise LapisError(
                error.code, "The sweep's trial can't be run as it is written.", error.hint, problems
            ) from error


def _warnings(document: Mapping[str, Any], component: Mapping[str, Any], plan: Plan) -> list[str]:
    found = [
        f"Parameter '{name}' is searched, but the trial's command does not mention it."
        for name in unused(document, component, plan.space)
    ]
    for name, output in (document.get("outputs") or {}).items():
        path = (output or {}).get("path")
        if path and "${{name}}" not in str(path):
            found.append(
                f"Output '{name}': each trial writes into a folder of its own name below the given path; "
                "the output of the sweep is that of the best trial."
            )
    return found


def _without(given: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != key and value is not None}
