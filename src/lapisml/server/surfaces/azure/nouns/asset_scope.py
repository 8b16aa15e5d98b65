"""How assets and their content are called from outside: ids of a workspace, long addresses, addresses of blobs.

A document names what lies in its own workspace in the short forms, ``azureml:<name>:<version>`` and
``azureml://datastores/<datastore>/paths/<path>``. The protocol's bodies hold the long ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from lapisml.core.errors import LapisError, not_found
from lapisml.documents.references import AssetRef, DatastoreUri, Reference, parse
from lapisml.server.surfaces.azure.nouns.jobs.references import References

_BLOB_WORD = ".blob."
_CODE = "azureml:"


def _as_written(text: str) -> str:
    return text


def _unknown(_reference: str) -> dict[str, Any] | None:
    return None


def _no_job(name: str) -> dict[str, Any]:
    raise not_found("job", name)


class AssetScope:
    """The names of one workspace's assets.

    Args:
        scope_id: ``/subscriptions/<s>/resourceGroups/<g>/providers/…/workspaces/<w>``.
        url: the server's address as the client sees it.
        code_of: id of code → what documents say of it.
        component_of: reference to a component → its document, None when there is no such component.
        job_of: name of a job → its document.

    Attributes:
        job_of: as given.
        references: reads and writes what documents refer to.
        host: of the server's address.
    """

    def __init__(
        self,
        scope_id: str,
        workspace: str,
        url: str = "",
        code_of: Callable[[str], str] = _as_written,
        component_of: Callable[[str], dict[str, Any] | None] = _unknown,
        job_of: Callable[[str], dict[str, Any]] = _no_job,
    ) -> None:
        self.scope_id = scope_id
        self.job_of = job_of
        self.workspace = workspace
        self.references = References(scope_id, code_of, component_of, self.own_uri)
        self.host = urlsplit(url).netloc

    def asset_id(self, collection: str, name: str, version: str | None = None) -> str:
        """Give the id of an asset, or without a version of its container."""
        tail = "" if version is None else f"/versions/{version}"
        return f"{self.scope_id}/{collection}/{name}{tail}"

    def shown_uri(self, uri: str) -> str:
        """Give the long address of content that lies in a datastore of the workspace; others as they are."""
        found = parsed(uri)
        if not isinstance(found, DatastoreUri) or found.scope is not None or found.registry is not None:
            return uri
        words = self.scope_id.split("/")
        place = f"subscriptions/{words[2]}/resourcegroups/{words[4]}/workspaces/{self.workspace}"
        return f"azureml://{place}/datastores/{found.datastore}/paths/{found.path}"

    def own_uri(self, text: str) -> str:
        """Give the short address of content that a body names by a long one or by a blob's; others as they are."""
        if text.lower().startswith("https://"):
            return self._of_blob(text)
        found = parsed(text)
        if isinstance(found, DatastoreUri) and found.scope is not None and self._is_here(found.scope.workspace):
            return str(DatastoreUri(found.datastore, found.path))
        if isinstance(found, AssetRef) and found.scope is not None and self._is_here(found.scope.workspace):
            return str(AssetRef(found.name, found.version, found.label))
        return text

    def shown_reference(self, reference: Any, kind: str) -> Any:
        """Give what a component says it needs as clients read it: ``azureml:`` and the id, or an address of a registry.

        Args:
            kind: of document: ``environment``, ``code``, ``component``.
        """
        found = self.references.write(reference, kind)
        return f"{_CODE}{found}" if isinstance(found, str) and found.startswith("/subscriptions/") else found

    def _is_here(self, workspace: str) -> bool:
        return workspace.lower() == self.workspace.lower()

    def _of_blob(self, text: str) -> str:
        """Give the datastore's address of a blob of this server.

        A blob lies at ``<server>/<workspace>.blob.<suffix>/<container>/<path>``. A client that joins an account's
        address with a container loses the first word of it, so that it counts as said where it is missing.
        """
        address = urlsplit(text)
        if address.netloc != self.host:
            return text
        words = unquote(address.path).lstrip("/").split("/")
        if _BLOB_WORD in words[0] and words.pop(0).rpartition(_BLOB_WORD)[0] != self.workspace:
            return text
        return str(DatastoreUri(words[0], "/".join(words[1:]))) if words and words[0] else text


def parsed(text: str) -> Reference | None:
    """Read a reference; None when it is none, which whoever uses the document says in better words."""
    try:
        return parse(text)
    except LapisError:
        return None
