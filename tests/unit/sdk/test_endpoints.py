"""Operations on endpoints against a small peer: what is sent, how long is waited, what a refusal says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.credentials import EndpointAuthKeys, EndpointAuthToken, credentials_of
from lapisml.sdk.operations.online_deployments import OnlineDeploymentOperations
from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations
from lapisml.sdk.pending import PendingPoller, Time
from lapisml.sdk.records import viewed
from lapisml.sdk.scoring import Question, ask, question_of_file
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport
from tests.unit.sdk.conftest import Peer, answer, hang_up


@dataclass
class Clock:
    """A clock that only waiting moves."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def time(self) -> Time:
        return Time(lambda: self.seconds, self.sleep)


def _poller(answers: list[Any], clock: Clock, *, is_removal: bool = False) -> PendingPoller[Any]:
    def read() -> Any:
        one = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(one, LapisError):
            raise one
        return one

    first = {"provisioning_state": "Creating"}
    return PendingPoller("thing", read, lambda found: found, first, is_removal=is_removal, clock=clock.time())


def test_it_waits_for_the_end_with_growing_pauses() -> None:
    clock, ready = Clock(), {"provisioning_state": "Succeeded", "x": 1}
    poller = _poller([{"provisioning_state": "Creating"}] * 30 + [ready], clock)
    assert (poller.done(), poller.status()) == (False, "Creating")
    assert poller.result() == ready
    assert clock.pauses == sorted(clock.pauses)
    assert (clock.pauses[0], clock.pauses[-1]) == (0.05, 1.0)
    assert (poller.done(), poller.status()) == (True, "Succeeded")


def test_a_failure_says_why() -> None:
    poller = _poller([{"provisioning_state": "Failed", "provisioning_error": "No module named x"}], Clock())
    with pytest.raises(LapisError, match="The thing failed: No module named x") as failed:
        poller.result()
    assert failed.value.code is ErrorCode.DEPLOYMENT_FAILED


def test_a_limit_gives_what_there_is() -> None:
    clock = Clock()
    assert _poller([{"provisioning_state": "Creating"}], clock).result(2) == {"provisioning_state": "Creating"}
    assert clock.seconds == pytest.approx(2)


def test_a_removal_ends_when_nothing_is_left() -> None:
    assert _poller([{"provisioning_state": "Deleting"}, None], Clock(), is_removal=True).result() is None
    with pytest.raises(LapisError, match="deleted while"):
        _poller([None], Clock()).result()


def test_a_server_that_is_away_for_a_while_is_waited_for() -> None:
    away = LapisError(ErrorCode.SERVER_UNREACHABLE, "away")
    clock = Clock()
    assert _poller([away, away, {"provisioning_state": "Succeeded"}], clock).result()["provisioning_state"]
    clock = Clock()
    with pytest.raises(LapisError, match="away"):
        _poller([away], clock).result()
    assert 60 <= clock.seconds < 62


@pytest.fixture
def endpoints(transport: Transport) -> OnlineEndpointOperations:
    return OnlineEndpointOperations(Session(transport, "default"))


def test_invoke_takes_the_endpoints_own_key(peer: Peer, endpoints: OnlineEndpointOperations, tmp_path: Path) -> None:
    record = {"name": "e", "auth_mode": "key", "scoring_uri": f"{peer.url}/default/e/score"}
    peer.script = [answer(200, record), answer(200, {"primaryKey": "k1", "secondaryKey": "k2"}), answer(200, [1.5])]
    (tmp_path / "r.txt").write_text('{"data": [1]}')
    assert endpoints.invoke("e", request_file=tmp_path / "r.txt", deployment_name="green") == "[1.5]"
    method, target, headers, body = peer.seen[-1]
    assert (method, target, body) == ("POST", "/default/e/score", b'{"data": [1]}')
    sent = {name.lower(): value for name, value in headers.items()}
    assert (sent["authorization"], sent["content-type"]) == ("Bearer k1", "application/json")
    assert sent["azureml-model-deployment"] == "green"
    assert peer.seen[1][:2] == ("POST", "/api/v1/workspaces/default/online-endpoints/e/keys")


@pytest.mark.parametrize("mode", ["aml_token", "aad_token"])
def test_invoke_takes_a_token_where_tokens_are_taken(
    peer: Peer, endpoints: OnlineEndpointOperations, mode: str
) -> None:
    record = {"name": "e", "auth_mode": mode, "scoring_uri": f"{peer.url}/default/e/score"}
    peer.script = [answer(200, record), answer(200, {"accessToken": "t", "tokenType": "Bearer"}), answer(200, "ok")]
    assert endpoints.invoke("e", input_data={"data": 1}) == '"ok"'
    assert peer.seen[1][1].endswith("/online-endpoints/e/token")
    assert peer.seen[2][2]["Authorization"] == "Bearer t"


def test_a_request_is_given_once(endpoints: OnlineEndpointOperations) -> None:
    for wrong in ({}, {"request_file": "a", "input_data": 1}):
        with pytest.raises(LapisError) as refused:
            endpoints.invoke("e", **wrong)  # type: ignore[arg-type]
        assert refused.value.code is ErrorCode.USAGE


def test_a_full_endpoint_is_asked_again_when_it_says(peer: Peer) -> None:
    clock = Clock()
    full = answer(429, {"error": {"code": "TooManyRequests", "message": "full"}}, Retry_After="2")
    peer.script = [full, full, answer(200, 7)]
    assert ask(peer.url + "/w/e/score", "k", Question(b"{}"), sleep=clock.sleep) == "7"
    assert clock.pauses == [2.0, 2.0]
    peer.script = [full]
    with pytest.raises(LapisError, match="429: TooManyRequests: full"):
        ask(peer.url + "/w/e/score", "k", Question(b"{}"), sleep=clock.sleep)
    assert len(peer.seen) == 3 + 4


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ErrorCode.SCORING_FAILED),
        (401, ErrorCode.UNAUTHENTICATED),
        (403, ErrorCode.FORBIDDEN),
        (404, ErrorCode.NOT_FOUND),
        (408, ErrorCode.SCORING_FAILED),
        (413, ErrorCode.REQUEST_TOO_LARGE),
        (424, ErrorCode.SCORING_FAILED),
    ],
)
def test_a_refusal_says_what_the_endpoint_said(peer: Peer, status: int, code: ErrorCode) -> None:
    error = {"code": "BadInput", "message": "column", "details": [{"path": "age", "expected": "a number"}]}
    peer.script = [answer(status, {"error": error}, x_ms_request_id="abc-1", azureml_model_deployment="blue")]
    with pytest.raises(LapisError) as refused:
        ask(peer.url + "/w/e/score", None, Question(b"{}"))
    assert refused.value.code is code
    assert f"{status}: BadInput: column" in refused.value.message
    assert "age: expected a number" in refused.value.message
    assert refused.value.hint == "Request abc-1 of deployment 'blue'."


def test_nobody_answers(peer: Peer) -> None:
    peer.script = [hang_up]
    with pytest.raises(LapisError) as refused:
        ask(peer.url + "/w/e/score", None, Question(b"{}"))
    assert refused.value.code is ErrorCode.SERVER_UNREACHABLE


def test_files_go_as_what_they_are(tmp_path: Path) -> None:
    for name, content, expected in (
        ("a.json", b"{broken", "application/json"),
        ("a.yml_", b"[1]", "application/json"),
        ("a.jpg", b"\xff\xd8", "image/jpeg"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
    ):
        (tmp_path / name).write_bytes(content)
        made = question_of_file(tmp_path / name)
        assert (made.content_type, made.body) == (expected, content)
    with pytest.raises(LapisError, match="can't be read"):
        question_of_file(tmp_path / "gone.json")


def test_keys_and_tokens_by_azures_names() -> None:
    keys = credentials_of({"primaryKey": "a", "secondaryKey": "b"})
    assert isinstance(keys, EndpointAuthKeys)
    assert (keys.primary_key, keys.secondary_key) == ("a", "b")
    assert "a" not in repr(keys).replace("EndpointAuthKeys", "")
    token = credentials_of({"accessToken": "t", "expiryTimeUtc": 5, "refreshAfterTimeUtc": 4, "tokenType": "Bearer"})
    assert isinstance(token, EndpointAuthToken)
    assert (token.access_token, token.expiry_time_utc, token.token_type) == ("t", 5, "Bearer")


def test_logs_of_a_deployment(peer: Peer, transport: Transport) -> None:
    peer.script = [answer(200, {"content": "one\ntwo"})]
    found = OnlineDeploymentOperations(Session(transport, "default"))
    assert found.get_logs(name="blue", endpoint_name="e", lines=5) == "one\ntwo"
    assert peer.seen[0][1].endswith("/e/deployments/blue/logs?lines=5&container=inference-server")
    with pytest.raises(LapisError, match="storage-initializer"):
        found.get_logs("blue", "e", container_type="sidecar")


def test_a_deployment_waits_until_it_is_gone(peer: Peer, transport: Transport) -> None:
    gone = answer(404, {"error": {"code": "NotFound", "message": "gone"}})
    peer.script = [answer(202, b""), answer(200, {"provisioning_state": "Deleting"}), gone]
    assert OnlineDeploymentOperations(Session(transport, "default")).begin_delete("blue", "e").result() is None
    assert [method for method, *_ in peer.seen] == ["DELETE", "GET", "GET"]


def test_the_state_of_what_a_request_gave_is_not_asked_again(peer: Peer, endpoints: OnlineEndpointOperations) -> None:
    from lapisml.documents.loading import load_dict
    from lapisml.sdk.submission import Submission

    peer.script = [answer(200, {"name": "e", "provisioning_state": "Succeeded"})]
    made = Submission(load_dict({"name": "e", "tags": {"a": "b"}}, kind="online-endpoint"))
    assert endpoints.begin_create_or_update(made).result()["name"] == "e"
    assert len(peer.seen) == 1
    assert json.loads(peer.seen[0][3])["tags"] == {"a": "b"}


def test_times_of_a_creation_context_can_be_subtracted() -> None:
    times = {"created_at": "2026-01-01T10:00:00.000000+00:00", "last_modified_at": "2026-01-01T10:00:07.500000+00:00"}
    seen = viewed({"creation_context": {**times, "created_by": "ada"}, "created_at": "as it is"})
    assert (seen.creation_context.last_modified_at - seen.creation_context.created_at).total_seconds() == 7.5
    assert seen.created_at == "as it is"
    assert viewed({"created_by": "ada", "last_modified_at": None}).last_modified_at is None
