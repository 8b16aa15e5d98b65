"""Data, models, environments and components: names with versions, labels and an archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.session import API, Session, Wrap, as_record
from lapisml.sdk.transport import segment
from lapisml.sdk.views import view_of

PLURALS = {"data": "data", "model": "models", "environment": "environments", "component": "components"}


class AssetOperations:
    """Operations on one kind of asset.

    Args:
        session: the workspace.
        kind: ``data``, ``model``, ``environment`` or ``component``.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, kind: str, wrap: Wrap = as_record) -> None:
        self._session = session
        self._kind = kind
        self._wrap = wrap

    def create_or_update(self, asset: Any = None, **overrides: Any) -> Any:
        """Create a version of an asset, or change description, tags and properties of one that exists.

        Local files that it names are uploaded first. Without a version the next number is taken. The content
        of a version never changes.

        Args:
            asset: an entity, a `Submission` made from a document, or a function with ``@dsl.pipeline``.
                It may be given by the name of its kind too: ``create_or_update(model=…)``.
            overrides: keys to set on top (``description="…"``).

        Raises:
            LapisError: DocumentInvalid; Conflict when the version exists with other content.
        """
        from lapisml.sdk.submission import submission_of

        asset = overrides.pop(self._kind, None) if asset is None else asset
        if self._kind == "component" and callable(asset):
            asset = getattr(asset, "__lapis_component__", lambda: asset)()
        submission = submission_of(asset, self._kind, overrides)
        if submission.has_local_files():
            submission.check_environment(self._session)
        document = submission.ready(self._session)
        with submission.decorated():
            return self._wrap(self._kind, self._post(document))

    def get(self, name: str, version: str | int | None = None, label: str | None = None) -> Any:
        """Read one version, by number or by label; the latest when neither is given.

        Raises:
            LapisError: NotFound; Usage when both are given.
        """
        return self._wrap(self._kind, self._session.transport.get(self._version_path(name, version, label)))

    def list(
        self,
        name: str | None = None,
        *,
        list_view_type: str = "ActiveOnly",
        tag: str | None = None,
        max_results: int | None = None,
        stage: str | None = None,
    ) -> Iterator[Any]:
        """Yield the latest version of each name, or with `name` all versions of it, newest first.

        Args:
            name: exact name.
            list_view_type: ``ActiveOnly``, ``ArchivedOnly`` or ``All``.
            tag: ``key`` or ``key=value`` that must be there.
            max_results: at most this many.
            stage: stage of a model.
        """
        records = self._session.pages(
            self._path(), None if stage else max_results, name=name, archived=view_of(list_view_type), tag=tag
        )
        left = max_results
        for record in records:
            if stage and record.get("stage") != stage:
                continue
            if left is not None and left <= 0:
                return
            left = None if left is None else left - 1
            yield self._wrap(self._kind, record)

    def archive(self, name: str, version: str | int | None = None, label: str | None = None, **_: Any) -> None:
        """Hide a version, or the whole name when no version is given, from lists."""
        self._mark("archive", name, version, label)

    def restore(self, name: str, version: str | int | None = None, label: str | None = None, **_: Any) -> None:
        """Undo `archive`."""
        self._mark("restore", name, version, label)

    def change(self, name: str, version: str | int | None, label: str | None, changes: Mapping[str, Any]) -> Any:
        """Set keys of a version that may change (description, tags, properties, stage); None removes one.

        Raises:
            LapisError: NotFound; Conflict for a key that never changes.
        """
        exact = version if version is not None else self._exact_version(name, label)
        path = self._version_path(name, exact, None)
        return self._wrap(self._kind, self._session.transport.request("PATCH", path, json_body=dict(changes)))

    def download(self, name: str, version: str | int, download_path: str | Path = ".") -> Path:
        """Download the content of a version to ``<download_path>/<name>/`` and return that folder.

        Raises:
            LapisError: NotFound; NotSupported when the asset has no content at the server.
        """
        from lapisml.sdk.downloads import download_tree

        record = self._session.transport.get(self._version_path(name, version, None))
        uri = record.get("path")
        if not isinstance(uri, str):
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"The {self._kind} '{name}:{version}' has no files.")
        target = Path(download_path) / name
        download_tree(self._session, uri, target)
        return target

    def share(
        self,
        name: str,
        version: str | int | None = None,
        *,
        registry_name: str,
        share_with_name: str | None = None,
        share_with_version: str | None = None,
        label: str | None = None,
    ) -> Any:
        """Copy a version of the workspace into a registry, with what it needs; return the version there.

        Args:
            registry_name: the registry.
            share_with_name, share_with_version: what it is called there; as here when left out.

        Raises:
            LapisError: NotFound, ReferenceNotFound; Conflict when the registry has other content under that name.
        """
        if self._session.registry is not None:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "What is shared comes from a workspace, not from a registry.")
        given = {
            "workspace": self._session.workspace, "kind": self._kind, "name": name,
            "version": None if version is None else str(version), "label": label,
            "share_with_name": share_with_name,
            "share_with_version": None if share_with_version is None else str(share_with_version),
        }  # fmt: skip
        body = {key: value for key, value in given.items() if value is not None}
        path = f"{API}/registries/{segment(registry_name)}/share"
        return self._wrap(self._kind, self._session.transport.request("POST", path, json_body=body))

    def _post(self, document: dict[str, Any]) -> dict[str, Any]:
        posted: dict[str, Any] = self._session.transport.request("POST", self._path(), json_body=document)
        return posted

    def _mark(self, verb: str, name: str, version: str | int | None, label: str | None) -> None:
        if version is None and label is not None:
            version = self._exact_version(name, label)
        where = self._path(name) if version is None else self._path(name, "versions", str(version))
        self._session.transport.request("POST", f"{where}/{verb}")

    def _exact_version(self, name: str, label: str | None) -> str:
        record = self._session.transport.get(self._version_path(name, None, label))
        return str(record["version"])

    def _version_path(self, name: str, version: str | int | None, label: str | None) -> str:
        if version is not None and label is not None:
            raise LapisError(ErrorCode.USAGE, "Give either a version or a label, not both.")
        if version is not None:
            return self._path(name, "versions", str(version))
        return self._path(name, "labels", label or "latest")

    def _path(self, *names: str) -> str:
        return self._session.path(PLURALS[self._kind], *names)
