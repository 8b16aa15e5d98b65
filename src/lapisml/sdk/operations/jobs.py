"""Jobs: submit, look, follow, change, cancel, download."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import new_job_name
from lapisml.sdk.family import QUIET, FamilyTree, change
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record
from lapisml.sdk.streaming import COMPOSITE, TERMINAL, Follower, follow
from lapisml.sdk.views import view_of

CHANGEABLE = ("display_name", "description", "tags", "experiment_name")
DEFAULT_OUTPUT = "artifacts"
_TAIL_BYTES = 8192


class JobOperations:
    """Operations on jobs.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def create_or_update(self, job: Any, *, skip_validation: bool = False, **overrides: Any) -> Any:
        """Submit a job; or, for one that the server gave, store its changed description, tags and names.

        The whole document is checked before anything is uploaded. Without a name the job gets one.

        Args:
            job: an entity, or a `Submission` made from a document.
            skip_validation: leave out the check at the server before the uploads.
            overrides: keys to set on top (``experiment_name="…"``).

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported; Conflict when the name is taken.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(job, "job", overrides)
        if submission.known is not None and submission.known.get("name") == submission.document.get("name"):
            return self._update_known(submission.known, submission.document)
        if not submission.document.get("experiment_name"):
            submission.document["experiment_name"] = _folder_name()
        name = str(submission.document.get("name") or new_job_name())
        if skip_validation:
            submission.check()
        elif submission.has_local_files():
            self._validate(name, submission)
        body = {"document": submission.ready(self._session), "git": submission.git()}
        with submission.decorated():
            return self._wrap("job", self._session.transport.request("PUT", self._path(name), json_body=body))

    def validate(self, job: Any) -> dict[str, Any]:
        """Check a job as `create_or_update` would, and create nothing; return the warnings there are.

        Raises:
            LapisError: as `create_or_update`.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(job, "job")
        return self._validate(str(submission.document.get("name") or new_job_name()), submission)

    def get(self, name: str) -> Any:
        """Read a job.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap("job", self._session.transport.get(self._path(name)))

    def list(
        self,
        *,
        parent_job_name: str | None = None,
        list_view_type: str = "ActiveOnly",
        experiment_name: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        max_results: int | None = None,
    ) -> Iterator[Any]:
        """Yield jobs, newest first.

        Args:
            parent_job_name: children of this job only.
            list_view_type: ``ActiveOnly``, ``ArchivedOnly`` or ``All``.
            experiment_name: of this experiment only.
            status: in this state only.
            tag: ``key`` or ``key=value`` that must be there.
            max_results: at most this many.
        """
        wanted = {"experiment_name": experiment_name, "status": status, "parent": parent_job_name, "tag": tag}
        records = self._session.pages(self._path(), max_results, archived=view_of(list_view_type), **wanted)
        for record in records:
            yield self._wrap("job", record)

    def change(self, name: str, changes: Mapping[str, Any]) -> Any:
        """Set display_name, description, tags or experiment_name of a job; None removes one.

        Raises:
            LapisError: NotFound; Conflict for a key that never changes.
        """
        return self._wrap("job", self._session.transport.request("PATCH", self._path(name), json_body=dict(changes)))

    def stream(self, name: str) -> None:
        """Print the log of a job until it ends; moves of the job go to stderr.

        For a pipeline or a sweep, print a line for each change of one of its jobs.

        Raises:
            LapisError: NotFound; JobFailed, when it fails or is canceled.
        """
        job = self._session.transport.get(self._path(name))
        web = job.get("services", {}).get("Studio", {}).get("endpoint", "")
        sys.stdout.write(f"RunId: {name}\nWeb View: {web}\n\n")
        end = follow(self._session, name, _printing(FamilyTree(name, job)))
        sys.stdout.flush()
        raise_unless_completed(name, end)

    def follow(self, name: str, follower: Follower) -> dict[str, Any]:
        """Tell `follower` what happens to a job until it ends; see `lapisml.sdk.streaming.follow`."""
        return follow(self._session, name, follower)

    def log_tail(self, name: str, most: int) -> Sequence[str]:
        """Give the last lines of a job's own log; none when it has none.

        Raises:
            LapisError: NotFound.
        """
        path = f"{self._path(name)}/logs"
        found = {log["path"]: log["size"] for log in self._session.transport.get(path)["value"]}
        own = next((log for log in sorted(found) if log.startswith("user_logs/")), None)
        if own is None:
            return []
        query = {"path": own, "offset": max(0, found[own] - _TAIL_BYTES)}
        with self._session.transport.open("GET", f"{path}/file", query=query) as response:
            text = response.read(_TAIL_BYTES).decode("utf-8", "replace")
        return text.splitlines()[-most:]

    def begin_cancel(self, name: str) -> Poller[None]:
        """Ask a job to end: politely, then firmly. The poller does not wait for the end.

        Raises:
            LapisError: NotFound.
        """
        self._session.transport.request("POST", f"{self._path(name)}/cancel")
        return Poller(None)

    def archive(self, name: str) -> None:
        """Hide a job from lists."""
        self._session.transport.request("POST", f"{self._path(name)}/archive")

    def restore(self, name: str) -> None:
        """Undo `archive`."""
        self._session.transport.request("POST", f"{self._path(name)}/restore")

    def show_services(self, name: str, node_index: int = 0) -> dict[str, Any]:
        """Give the services of a job: its page, its tracking address.

        Raises:
            LapisError: NotFound; NotSupported for a node other than 0.
        """
        if node_index != 0:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Services run on a job's first node only: node index 0.")
        services: dict[str, Any] = self._session.transport.get(self._path(name)).get("services") or {}
        return services

    def why(self, name: str) -> dict[str, Any]:
        """Say why a step ran or was reused, and where a job stands.

        Returns:
            ``status`` and ``status_reason``; ``cause`` (a stable word) and ``reason`` (a sentence); ``compared_with``,
            the earlier job; ``changes``, each with ``part``, ``old``, ``new``, ``text``; of a pipeline ``steps``.

        Raises:
            LapisError: NotFound.
        """
        found: dict[str, Any] = self._session.transport.get(f"{self._path(name)}/why")
        return found

    def outputs(self, name: str) -> Sequence[dict[str, Any]]:
        """List a job's outputs: name, type, uri; the default artifacts are named ``artifacts``."""
        found: Sequence[dict[str, Any]] = self._session.transport.get(f"{self._path(name)}/outputs")["value"]
        return found

    def download(
        self,
        name: str,
        *,
        download_path: str | Path = ".",
        output_name: str | None = None,
        all: bool = False,  # noqa: A002 - azure.ai.ml's name
        children: bool = False,
    ) -> Sequence[Path]:
        """Download outputs and logs of a job that has ended.

        The default artifacts go to ``<download_path>/artifacts/``, a named output to
        ``<download_path>/named-outputs/<output>/``.

        Args:
            name: the job.
            download_path: folder to write to.
            output_name: this output only.
            all: the default artifacts and every output; else the default artifacts only.
            children: those of the steps of a pipeline and the trials of a sweep too, each below
                ``<download_path>/steps/<step>/``, at any depth.

        Returns:
            The files written.

        Raises:
            LapisError: NotFound; Conflict while the job runs.
        """
        from lapisml.sdk.downloads import download_files, list_files

        job = self._session.transport.get(self._path(name))
        if job["status"] not in TERMINAL:
            hint = f"Wait for its end: lapis job stream -n {name}"
            raise LapisError(ErrorCode.CONFLICT, f"Job '{name}' is {job['status']}; it has not ended.", hint)
        places = [(name, Path(download_path))]
        places += list(self._descendants(name, Path(download_path))) if children else []
        wanted = [
            (file, _folder(folder, output["name"]))
            for one, folder in places
            for output in self._chosen(one, output_name, all)
            for file in list_files(self._session, output["uri"])
        ]
        return download_files(self._session, wanted)

    def _descendants(self, name: str, folder: Path) -> Iterator[tuple[str, Path]]:
        """Yield the jobs below a pipeline or a sweep, each with its folder; of a step's attempts the last."""
        latest: dict[str, dict[str, Any]] = {}
        for record in self._session.pages(self._path(), archived="all", parent=name):
            latest.setdefault(str(record.get("step") or record["name"]), record)
        for step, record in latest.items():
            below = folder / "steps" / _safe(step)
            yield str(record["name"]), below
            if record["type"] in COMPOSITE:
                yield from self._descendants(str(record["name"]), below)

    def _chosen(self, name: str, output_name: str | None, everything: bool) -> Sequence[dict[str, Any]]:
        found = self.outputs(name)
        if everything:
            return found
        asked = output_name or DEFAULT_OUTPUT
        chosen = [output for output in found if output["name"] == asked]
        if not chosen and output_name:
            names = ", ".join(output["name"] for output in found) or "none"
            raise LapisError(ErrorCode.NOT_FOUND, f"Job '{name}' has no output '{asked}'; it has: {names}.")
        return chosen

    def _validate(self, name: str, submission: Any) -> dict[str, Any]:
        body = {"document": submission.document, "git": None}
        with submission.decorated():
            answer: dict[str, Any] = self._session.transport.request(
                "PUT", self._path(name), query={"validate_only": "true"}, json_body=body
            )
        return answer

    def _update_known(self, known: dict[str, Any], document: dict[str, Any]) -> Any:
        changes = {k: document.get(k) for k in CHANGEABLE if document.get(k) != known.get(k)}
        return self.change(str(known["name"]), changes)

    def _path(self, *names: str) -> str:
        return self._session.path("jobs", *names)


def raise_unless_completed(name: str, end: Mapping[str, Any]) -> None:
    """Raise with the reason when a job did not complete.

    Raises:
        LapisError: JobFailed.
    """
    if end["status"] != "Completed":
        sentence = end.get("reason") or ""
        raise LapisError(ErrorCode.JOB_FAILED, f"Job '{name}' ended as {end['status']}. {sentence}".strip())


def _folder(base: Path, output: str) -> Path:
    return base / "artifacts" if output == DEFAULT_OUTPUT else base / "named-outputs" / output


def _safe(step: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in step).lstrip(".") or "_"


def _folder_name() -> str:
    word = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path.cwd().name).strip("_-")
    return word or "Default"


def _printing(tree: FamilyTree) -> Follower:
    def note(sentence: str) -> None:
        sys.stderr.write(sentence.rstrip("\n") + "\n")

    def log(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def build(text: str) -> None:
        sys.stderr.write(text)

    def child(move: dict[str, Any]) -> None:
        member = tree.take(move)
        if member is not None and member.status not in QUIET:
            log(change(member) + "\n")

    return Follower(lambda event: note(f"{event['status']}: {event['reason']}"), note, log, build, note, child)
