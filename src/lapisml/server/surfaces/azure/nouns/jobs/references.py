"""What job bodies refer to: ARM ids there, short references in our documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.reference_forms import KINDS, AssetRef, CodeRef, DatastoreUri
from lapisml.documents.references import parse

ANONYMOUS_COMPONENT = "azureml_anonymous"
ANONYMOUS_ENVIRONMENT = "CliV2AnonymousEnvironment"
SERVERLESS = "serverless"
"""The compute that every workspace has, and that no client looks up."""

_COLLECTIONS = {kind: collection for collection, kind in KINDS.items()}
_UNVERSIONED = ("compute", "datastore")


def _as_written(text: str) -> str:
    return text


def _unknown(_reference: str) -> dict[str, Any] | None:
    return None


@dataclass(frozen=True)
class References:
    """Reads and writes references within one workspace.

    Attributes:
        scope: ARM id of the workspace.
        code_of: ARM id of a code asset → what our documents say of it.
        component_of: reference to a component → its document, None when there is no such component.
        uri_of: address of content as a client knows it → as our documents name it.
    """

    scope: str
    code_of: Callable[[str], str] = _as_written
    component_of: Callable[[str], dict[str, Any] | None] = _unknown
    uri_of: Callable[[str], str] = _as_written

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self.scope.rsplit("/", 1)[-1]

    def read(self, text: Any, kind: str | None = None) -> Any:
        """Give the short form of an id that leads into this workspace; anything else as it is."""
        if not isinstance(text, str) or "${{" in text:
            return text
        try:
            reference = parse(text, kind)
        except LapisError:
            return text  # the document's own check says what is wrong with it
        if isinstance(reference, DatastoreUri) and kind == "datastore":
            return f"azureml:{reference.datastore}"
        if kind == "code":
            return self.code_of(text) if isinstance(reference, AssetRef) else text
        if not isinstance(reference, AssetRef) or reference.registry is not None:
            return text
        if reference.scope is not None and reference.scope.workspace.lower() != self.workspace.lower():
            return text
        return str(AssetRef(reference.name, reference.version, reference.label))

    def read_uri(self, uri: Any) -> Any:
        """Give what an input or an output names: an asset in its short form, content of ours as documents name it."""
        if not isinstance(uri, str) or "${{" in uri:
            return uri
        return self.read(self.uri_of(uri))

    def write(self, reference: Any, kind: str) -> Any:
        """Give the ARM id of what a document refers to; anything that has none as it is."""
        if not isinstance(reference, str) or "${{" in reference:
            return reference
        try:
            found = parse(reference, kind)
        except LapisError:
            return reference
        if isinstance(found, CodeRef):
            return f"{self.scope}/codes/{found.digest}/versions/1"
        if not isinstance(found, AssetRef) or found.registry is not None or found.scope is not None:
            return reference
        head = f"{self.scope}/{_COLLECTIONS[found.kind or kind]}/{found.name}"
        if kind in _UNVERSIONED:
            return found.name if found.name == SERVERLESS else head
        if found.label:
            return f"{head}/labels/{found.label}"
        return f"{head}/versions/{found.version}" if found.version else head

    def write_environment(self, environment: Any) -> Any:
        """Give the id of an environment; one that stands in the document has an id of its content."""
        if isinstance(environment, Mapping):
            return f"{self.scope}/environments/{ANONYMOUS_ENVIRONMENT}/versions/{_digest(environment)}"
        return self.write(environment, "environment")

    def write_component(self, component: Any) -> Any:
        """Give the id of a component; one that stands in the document has an id of its content."""
        if isinstance(component, Mapping):
            return f"{self.scope}/components/{ANONYMOUS_COMPONENT}/versions/{_digest(component)}"
        return self.write(component, "component")


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
