"""Feature sets and entities of feature stores: body ⇄ document.

Source of the bodies:
https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/featuresets/versions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.server.features.assets.records import Archived
from lapisml.server.features.feature_sets.service import FeatureContainer, FeatureKind, FeatureRecord
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Routes, ok, paged, settled, system_data
from lapisml.server.surfaces.azure.casing import OPAQUE, camel, snake
from lapisml.server.surfaces.azure.nouns.asset_lists import archived_of, check_list, tags_of
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.schedule_form import NOTE
from lapisml.server.surfaces.azure.nouns.tables import read, texts, write
from lapisml.server.surfaces.azure.services import AzureServices

_COMMON = {"description": "description", "tags": "tags", "properties": "properties", "stage": "stage"}
KEYS: dict[FeatureKind, dict[str, str]] = {
    FeatureKind.SET: {
        **_COMMON,
        "entities": "entities",
        "specification": "specification",
        "materializationSettings": "materialization_settings",
    },
    FeatureKind.ENTITY: {**_COMMON, "indexColumns": "index_columns"},
}
_ASIDE = ("isArchived", "isAnonymous", "provisioningState")
_OPAQUE = OPAQUE | {"sparkConfiguration", "spark_configuration"}
_NOT_RUN = "It is kept and does not run: materialization is not delivered by this version."


def document_of(kind: FeatureKind, properties: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Read a version's ``properties``.

    Raises:
        LapisError: DocumentInvalid for a key that is not known, and for tags that are no text.
    """
    document = read(properties, KEYS[kind], "properties", _ASIDE)
    for key in ("tags", "properties"):
        if key in document:
            document[key] = {name: text for name, text in texts(document[key], key).items() if name != NOTE}
    for key in ("materialization_settings", "index_columns"):
        if key in document:
            document[key] = snake(document[key], _OPAQUE)
    specification = document.get("specification")
    if isinstance(specification, Mapping) and isinstance(specification.get("path"), str):
        document["specification"] = {**specification, "path": scope.own_uri(specification["path"])}
    return document


def properties_of(record: FeatureRecord, scope: AssetScope) -> dict[str, Any]:
    """Write a version as ``properties``."""
    document = dict(record.document)
    for key in ("materialization_settings", "index_columns"):
        if key in document:
            document[key] = camel(document[key], _OPAQUE)
    if document.get("materialization_settings"):
        document["properties"] = {**document.get("properties", {}), NOTE: _NOT_RUN}
    if "specification" in document:
        path = scope.shown_uri(document["specification"]["path"])
        document["specification"] = {**document["specification"], "path": path}
    head = {"tags": {}, "properties": {}, "isAnonymous": False, "isArchived": record.archived}
    return {**head, **write(document, KEYS[record.kind]), "provisioningState": "Succeeded"}


class _Noun:
    """The handlers of one of the two.

    Args:
        word: of the address, ``featuresets`` or ``featurestoreEntities``.
    """

    def __init__(self, services: AzureServices, kind: FeatureKind, word: str) -> None:
        self._sets = services.feature_sets
        self._kind = kind
        self._word = word

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create a version, or change what may change of it."""
        given = call.properties()
        archived = given.get("isArchived")
        if archived is not None and not isinstance(archived, bool):
            problem = Problem("it is neither true nor false", "properties.isArchived")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", problems=[problem])
        name, version = call.names
        document = document_of(self._kind, given, _scope(call))
        record, is_new = self._sets.put(call.workspace, self._kind, name, version, document, call.by, archived=archived)
        return settled(call, self._body(call, record), is_new)

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer a version."""
        return ok(self._body(call, self._sets.get(call.workspace, self._kind, *call.names)))

    def list_versions(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of a name's versions."""
        found = self._sets.versions(call.workspace, self._kind, call.names[0])
        return paged(call, _wanted(call, found), lambda record: self._body(call, record))

    def get_container(self, call: ArmCall) -> ArmAnswer:
        """Answer a name."""
        return ok(self._container(call, self._sets.container(call.workspace, self._kind, call.names[0])))

    def list_containers(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of the names."""
        found = self._sets.containers(call.workspace, self._kind)
        kept = {record.id for record in _wanted(call, [container.shown for container in found])}
        shown = [container for container in found if container.shown.id in kept]
        return paged(call, shown, lambda container: self._container(call, container))

    def _body(self, call: ArmCall, record: FeatureRecord) -> dict[str, Any]:
        words = (self._word, record.name, "versions", record.version)
        properties = properties_of(record, _scope(call))
        return call.resource(f"workspaces/{self._word}/versions", words, properties, systemData=_system(record))

    def _container(self, call: ArmCall, container: FeatureContainer) -> dict[str, Any]:
        shown = container.shown
        properties = {
            "description": shown.document.get("description"),
            "tags": shown.document.get("tags") or {},
            "properties": {},
            "isArchived": container.archived,
            "latestVersion": shown.version,
            "nextVersion": container.next_version,
            "provisioningState": "Succeeded",
        }
        words = (self._word, container.name)
        return call.resource(f"workspaces/{self._word}", words, properties, systemData=_system(shown))


class _Features:
    """The handlers of what a feature set holds."""

    def __init__(self, services: AzureServices) -> None:
        self._sets = services.feature_sets

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of the features, or those of a name, or whose description holds a word."""
        name, words, tags = call.query.get("featureName"), call.query.get("description", ""), tags_of(call)
        found = [
            feature
            for feature in self._sets.features(call.workspace, *call.names[:2])
            if (not name or feature["name"] == name)
            and words in (feature["description"] or "")
            and _has_tags(feature["tags"], tags)
        ]
        return paged(call, found, lambda feature: _feature(call, feature))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one feature."""
        found = self._sets.features(call.workspace, *call.names[:2])
        feature = next((feature for feature in found if feature["name"] == call.names[2]), None)
        if feature is None:
            raise not_found("feature", call.names[2])
        return ok(_feature(call, feature))

    def backfill(self, call: ArmCall) -> ArmAnswer:
        """Refuse to fill a store."""
        self._sets.backfill(call.workspace, *call.names)
        return ArmAnswer(200)


def _feature(call: ArmCall, feature: Mapping[str, Any]) -> dict[str, Any]:
    words = ("featuresets", call.names[0], "versions", call.names[1], "features", feature["name"])
    properties = {
        "featureName": feature["name"],
        "dataType": feature["data_type"],
        "description": feature["description"],
        "tags": feature["tags"],
    }
    return call.resource("workspaces/featuresets/versions/features", words, properties)


def _wanted(call: ArmCall, found: list[FeatureRecord]) -> list[FeatureRecord]:
    """Leave out what a list does not ask for."""
    check_list(call)
    view, tags, stage = archived_of(call), tags_of(call), call.query.get("stage")
    return [
        record
        for record in found
        if (view is Archived.ALL or record.archived is (view is Archived.ARCHIVED))
        and _has_tags(record.document.get("tags") or {}, tags)
        and (not stage or record.document.get("stage") == stage)
    ]


def _has_tags(found: Mapping[str, Any], wanted: Mapping[str, str | None]) -> bool:
    return all(key in found and value in (None, found[key]) for key, value in wanted.items())


def _scope(call: ArmCall) -> AssetScope:
    return AssetScope(call.scope_id, call.workspace.name, call.url)


def _system(record: FeatureRecord) -> dict[str, Any]:
    return system_data(record.created_by, record.created_at, record.updated_at)


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    features = _Features(services)
    below = "featuresets/*/versions/*"
    found: Routes = {
        ("GET", f"{below}/features"): features.list,
        ("GET", f"{below}/features/*"): features.get,
        ("POST", f"{below}/backfill"): features.backfill,
    }
    for kind, word in ((FeatureKind.SET, "featuresets"), (FeatureKind.ENTITY, "featurestoreEntities")):
        noun = _Noun(services, kind, word)
        found |= {
            ("GET", word): noun.list_containers,
            ("GET", f"{word}/*"): noun.get_container,
            ("GET", f"{word}/*/versions"): noun.list_versions,
            ("GET", f"{word}/*/versions/*"): noun.get,
            ("PUT", f"{word}/*/versions/*"): noun.put,
        }
    return found
