"""Online endpoints as people and programs see them: create, look, share out traffic, open, delete.

A change is written down and answered at once; `worker` brings it about. The number of the change and the number of
the last one that the gateway goes by say whether it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.hosts import Hosts, compute_named
from lapisml.server.features.endpoints.keys import Secrets, issue_token
from lapisml.server.features.endpoints.parts import check_shares
from lapisml.server.features.endpoints.records import DeploymentRecord, EndpointRecord, Revision, RevisionState
from lapisml.server.features.endpoints.topics import TOPIC_ENDPOINTS
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.vault import Vault

KIND = "online-endpoint"
_SHARES = ("traffic", "mirror_traffic")


class EndpointService:
    """Keeps endpoints.

    Args:
        site: lasting name of this installation, whose gateway serves the endpoints made here.
        token_lifetime_s: how long the token of an endpoint with `auth_mode` ``aml_token`` is good for.
        hosts: the computes that endpoints may name.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        vault: Vault,
        site: str,
        token_lifetime_s: int,
        hosts: Hosts,
    ) -> None:
        self._hosts = hosts
        self._database = database
        self._clock = clock
        self._events = events
        self._vault = vault
        self._site = site
        self._token_lifetime_s = token_lifetime_s

    def create_or_update(self, workspace: Workspace, name: str, document: Mapping[str, Any], by: str) -> EndpointRecord:
        """Keep an endpoint; one that exists gets the document. Traffic that is not written stays as it is.

        Raises:
            LapisError: DocumentInvalid, NotSupported, with a problem for every fault; Conflict while it is being
                deleted, or for traffic to a deployment that is not ready.
        """
        parsed = _parsed(name, document)
        self._hosts.compute_of(workspace, parsed)
        shares = {key: parsed.pop(key, None) for key in _SHARES}
        try:
            with self._database.write() as connection:
                present = store.endpoint(connection, workspace.id, name, lock=True)
                if present is None:
                    self._add(connection, workspace, name, parsed, shares, by)
                else:
                    self._change(connection, present, parsed, shares)
        except IntegrityError:  # made by another request at the same moment
            self.get(workspace, name)
            return self.create_or_update(workspace, name, document, by)
        self._events.notify(TOPIC_ENDPOINTS)
        return self.get(workspace, name)

    def get(self, workspace: Workspace, name: str) -> EndpointRecord:
        """Read an endpoint.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.endpoint(connection, workspace.id, name)
        if found is None:
            raise not_found("online endpoint", name, "List them: lapis online-endpoint list")
        return found

    def all_of(self, workspace: Workspace) -> list[EndpointRecord]:
        """Read the endpoints of a workspace, by name."""
        with self._database.read() as connection:
            return store.endpoints_of(connection, workspace.id)

    def delete(self, workspace: Workspace, name: str) -> None:
        """Have an endpoint deleted with its deployments; they finish the requests that they have.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self.get(workspace, name)
        with self._database.write() as connection:
            for deployment in store.deployments_of(connection, endpoint.id):
                store.change_deployment(connection, deployment.id, deleting=True)
            changes = {"deleting": True, "traffic": {}, "mirror": {}, "error": None}
            store.change_endpoint(connection, endpoint.id, wanted=endpoint.wanted + 1, **changes)
        self._events.notify(TOPIC_ENDPOINTS)

    def keys(self, workspace: Workspace, name: str) -> dict[str, str]:
        """Give the two keys of an endpoint.

        Raises:
            LapisError: NotFound; Conflict when it is opened by tokens; Integrity when they can't be decrypted.
        """
        secrets = self._secrets(workspace, name, by_key=True)
        return {"primaryKey": secrets.primary, "secondaryKey": secrets.secondary}

    def token(self, workspace: Workspace, name: str) -> dict[str, Any]:
        """Make a token for an endpoint.

        Raises:
            LapisError: NotFound; Conflict when it is opened by keys; Integrity when the secret can't be decrypted.
        """
        secrets = self._secrets(workspace, name, by_key=False)
        return issue_token(secrets, f"{workspace.name}/{name}", self._clock.now_ms(), self._token_lifetime_s)

    def regenerate_key(self, workspace: Workspace, name: str, key_type: str) -> EndpointRecord:
        """Replace one of the keys; the other one goes on opening the endpoint.

        Raises:
            LapisError: NotFound; DocumentInvalid for another word than primary or secondary; Conflict when it is
                opened by tokens.
        """
        changed = self._secrets(workspace, name, by_key=True).with_new(key_type)
        with self._database.write() as connection:
            present = store.endpoint(connection, workspace.id, name, lock=True)
            if present is None:
                raise not_found("online endpoint", name)
            current = Secrets.opened(self._vault, present.secrets)
            kept = {word: getattr(current, word) for word in ("primary", "secondary") if word != key_type.lower()}
            sealed = Secrets(**{"primary": changed.primary, "secondary": changed.secondary, **kept},
                             token=current.token).sealed(self._vault)  # fmt: skip
            values = {"secrets": sealed, "wanted": present.wanted + 1, "error": None}
            store.change_endpoint(connection, present.id, updated_at=self._clock.now_ms(), **values)
        self._events.notify(TOPIC_ENDPOINTS)
        return self.get(workspace, name)

    def objection(self, workspace: Workspace) -> str | None:
        """Give the sentence why a workspace can't be deleted now."""
        found = [endpoint.name for endpoint in self.all_of(workspace)]
        if not found:
            return None
        return f"Workspace '{workspace.name}' has online endpoints; delete them first: {', '.join(found)}."

    def objection_to_detaching(self, workspace: Workspace, compute: str) -> str | None:
        """Give the sentence why a compute can't be detached now."""
        named = [e.name for e in self.all_of(workspace) if compute_named(e.document) == compute]
        if not named:
            return None
        return f"Compute '{compute}' keeps the models of online endpoints; delete them first: {', '.join(named)}."

    def _secrets(self, workspace: Workspace, name: str, *, by_key: bool) -> Secrets:
        endpoint = self.get(workspace, name)
        if (endpoint.auth_mode == "key") != by_key:
            opens = "keys" if by_key else "tokens"
            sentence = f"Endpoint '{name}' has auth_mode {endpoint.auth_mode}; it has no {opens}."
            raise LapisError(ErrorCode.CONFLICT, sentence, f"lapis online-endpoint get-credentials -n {name}")
        return Secrets.opened(self._vault, endpoint.secrets)

    def _add(
        self,
        connection: Connection,
        workspace: Workspace,
        name: str,
        document: dict[str, Any],
        shares: Mapping[str, Any],
        by: str,
    ) -> None:
        check_shares(shares["traffic"] or {}, shares["mirror_traffic"] or {}, {}, {})
        now = self._clock.now_ms()
        values = {
            "workspace_id": workspace.id, "site": self._site, "name": name, "document": document,
            "traffic": {}, "mirror": {}, "secrets": Secrets.new().sealed(self._vault), "wanted": 1, "applied": 0,
            "deleting": False, "error": None, "url": "", "created_by": by, "created_at": now, "updated_at": now,
        }  # fmt: skip
        store.add_endpoint(connection, values)

    def _change(
        self, connection: Connection, present: EndpointRecord, document: dict[str, Any], shares: Mapping[str, Any]
    ) -> None:
        if present.deleting:
            raise LapisError(ErrorCode.CONFLICT, f"Endpoint '{present.name}' is being deleted.", "Wait, and try again.")
        given = (shares["traffic"], shares["mirror_traffic"])
        traffic, mirror = (
            old if new is None else {name: int(share) for name, share in new.items()}
            for new, old in zip(given, (present.traffic, present.mirror), strict=True)
        )
        if any(shares is not None for shares in given):
            check_shares(traffic, mirror, _standing(connection, present), {**present.mirror, **present.traffic})
        changes = {"document": document, "traffic": traffic, "mirror": mirror}
        if present.error is None and all(getattr(present, key) == value for key, value in changes.items()):
            return
        numbers = {"wanted": present.wanted + 1, "error": None, "updated_at": self._clock.now_ms()}
        store.change_endpoint(connection, present.id, **changes, **numbers)


def _standing(connection: Connection, endpoint: EndpointRecord) -> dict[str, str | None]:
    """Say of each deployment why it can't take requests, None for one that can."""
    deployments = [one for one in store.deployments_of(connection, endpoint.id) if not one.deleting]
    wanted = [one for found in deployments for one in (found.serving, found.revision) if one is not None]
    revisions = store.revisions_by_id(connection, wanted)
    return {one.name: _why_not(one, revisions) for one in deployments}


def _why_not(deployment: DeploymentRecord, revisions: Mapping[str, Revision]) -> str | None:
    revision = revisions.get(deployment.serving or deployment.revision)
    if revision is None or revision.is_ready:
        return None
    if revision.state is RevisionState.STARTING:
        return "it is not ready yet."
    return f"it does not run. {revision.reason}".rstrip()


def _parsed(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    if not is_valid_name(name):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be an endpoint's name.")
    return {**registry.parse(KIND, {**document, "name": name}).to_dict(), "name": name}


def page(names: Sequence[str], limit: int, token: str | None) -> tuple[list[int], str | None]:
    """Cut a page out of a list that is sorted by name.

    Returns:
        The indexes, and what asks for the page that follows.
    """
    found = [index for index, name in enumerate(names) if token is None or name > token]
    following = names[found[limit - 1]] if len(found) > limit else None
    return found[:limit], following
