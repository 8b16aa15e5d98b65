"""How assets of a registry are called from outside: by the registry's ids, and content by addresses of blobs."""

from __future__ import annotations

from lapisml.documents.references import AssetRef, DatastoreUri
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope, parsed


class RegistryScope(AssetScope):
    """The names of one registry's assets; made like an `AssetScope`, with the registry's place as the workspace."""

    def shown_uri(self, uri: str) -> str:
        """Give the address of content of the registry as a blob's: clients take the container and the path from it.

        They take the second word of the path for the path's beginning, so that the word for the account is left out.
        """
        found = parsed(uri)
        if not isinstance(found, DatastoreUri) or found.scope is not None:
            return uri
        if found.registry is not None and found.registry != self.registry:
            return uri
        return f"https://{self.host}/{found.datastore}/{found.path}"

    def own_uri(self, text: str) -> str:
        """Give the registry's address of content that a body names by a blob's; others as they are."""
        own = super().own_uri(text)
        found = parsed(own)
        if found is None:
            return own  # whoever uses it says what is wrong with it
        if isinstance(found, DatastoreUri) and found.scope is None and found.registry is None:
            return str(DatastoreUri(found.datastore, found.path, registry=self.registry))
        if isinstance(found, AssetRef) and found.registry == self.registry:
            return str(AssetRef(found.name, found.version, found.label))
        return text

    @property
    def registry(self) -> str:
        """Name of the registry."""
        return self.scope_id.rpartition("/")[2]
