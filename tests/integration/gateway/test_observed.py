"""What can be seen of the gateway from outside: metrics, request log, traces; and TLS."""

from __future__ import annotations

import datetime as dt
import http.client
import http.server
import json
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lapisml.core.errors import LapisError
from lapisml.server.features.endpoints.gateway_client import GatewayClient
from tests.integration.gateway.conftest import StartGateway
from tests.support.gateway import ADMIN_KEY, KEY, RunningGateway
from tests.support.polling import eventually

A = "a" * 12
BLUE = 'workspace="ws",endpoint="ep",deployment="blue"'


def _serve(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0, hello={"max_concurrent": 8})
    gateway.route({"blue": A}, {"blue": 100})


def test_metrics_count_what_was_answered(gateway: RunningGateway) -> None:
    _serve(gateway)
    for _ in range(3):
        gateway.score({"sleep": 0.03})
    gateway.score({"answer": {"status": 400}, "body": "no"})
    gateway.score(key="wrong")
    gateway.score(path="/ws/none/score")
    metric = gateway.metric
    assert metric(f'lapis_requests_total{{{BLUE},status="200"}}') == 3
    assert metric(f'lapis_requests_total{{{BLUE},status="400"}}') == 1
    assert metric('lapis_unrouted_requests_total{status="401"}') == 1
    assert metric('lapis_unrouted_requests_total{status="404"}') == 1
    assert metric(f'lapis_request_duration_seconds_bucket{{{BLUE},le="0.025"}}') <= 1
    assert metric(f'lapis_request_duration_seconds_bucket{{{BLUE},le="+Inf"}}') == 4
    assert metric(f"lapis_request_duration_seconds_count{{{BLUE}}}") == 4
    assert metric(f"lapis_request_duration_seconds_sum{{{BLUE}}}") > 0.09
    assert metric(f"lapis_replicas_ready{{{BLUE}}}") == 1
    assert metric("lapis_gateway_connections") == 1


def test_metrics_are_in_the_format_of_prometheus(gateway: RunningGateway) -> None:
    import re

    _serve(gateway)
    gateway.score()
    _, text = gateway.get("/metrics", Authorization="Bearer admin-key-of-this-test")
    seen: set[str] = set()
    current = ""
    for line in text.decode().splitlines():
        if line.startswith("# HELP "):
            current = line.split()[2]
            assert current not in seen, "a name is described twice"
            seen.add(current)
        elif not line.startswith("# TYPE "):
            assert re.fullmatch(r'[a-z_]+(\{([a-z]+="[^"\\]*",?)*\})? [0-9.e+-]+', line), line
            assert line.startswith(current)


def test_the_request_log_leads_from_an_answer_to_what_gave_it(gateway: RunningGateway) -> None:
    _serve(gateway)
    answer = gateway.score({"data": "a secret of the patient"}, x_ms_client_request_id="mine")
    gateway.score(key="wrong-key-that-nobody-may-read")
    (file,) = eventually(lambda: list(gateway.places.requests.glob("*.jsonl")))
    lines = eventually(lambda: _two(file))
    assert lines[0]["request_id"] == answer.headers["x-ms-request-id"]
    assert (lines[0]["deployment"], lines[0]["revision"], lines[0]["status"]) == ("blue", A, 200)
    assert lines[0]["client_request_id"] == "mine"
    assert 0 <= lines[0]["wait_ms"] <= lines[0]["duration_ms"]
    assert (lines[1]["status"], lines[1]["deployment"], lines[1]["endpoint"]) == (401, "", "ep")
    written = file.read_text() + gateway.log.read_text()
    assert "secret of the patient" not in written
    assert KEY not in written
    assert "wrong-key" not in written


def _two(file: Path) -> list[dict[str, object]]:
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return found if len(found) >= 2 else []


def test_no_log_is_kept_when_none_is_wanted(start_gateway: StartGateway) -> None:
    gateway = start_gateway("--log-days", "0")
    _serve(gateway)
    assert gateway.score().status == 200
    assert gateway.process is not None
    gateway.process.terminate()
    gateway.process.wait()
    assert list(gateway.places.requests.iterdir()) == []


def test_traces_are_sent_where_the_environment_says(start_gateway: StartGateway) -> None:
    bodies: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    gateway = start_gateway(env={"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"})
    _serve(gateway)
    trace = "0af7651916cd43dd8448eb211c80319c"
    assert gateway.score(traceparent=f"00-{trace}-b7ad6b7169203331-01").status == 200
    path, body = eventually(lambda: bodies and bodies[0], timeout=20)
    server.shutdown()
    assert path == "/v1/traces"
    sent = b"".join(one for _, one in bodies)
    assert b"lapis-gateway" in sent
    assert body
    eventually(lambda: bytes.fromhex(trace) in b"".join(one for _, one in bodies))


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _subject(port: int) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    connection.request("POST", "/ws/ep/score", b"{}", {"Authorization": f"Bearer {KEY}"})
    assert connection.getresponse().read() == b'{"fast": true}'
    assert connection.sock is not None
    found = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
    connection.close()
    return found.subject.rfc4514_string()


def test_tls_and_a_certificate_that_is_renewed(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, "first")
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key), "--host", "127.0.0.1")
    gateway = RunningGateway(tmp_path / "home" / "serving", *flags).start(wait=False)
    try:
        eventually(gateway.places.gateway.exists)
        _serve(gateway)
        assert gateway.record.url == f"https://127.0.0.1:{gateway.port}"
        assert _subject(gateway.port) == "CN=first"
        _certificate(tmp_path, "second")
        eventually(lambda: _subject(gateway.port) == "CN=second")
        (gateway.places.home / "metrics.key").write_text(ADMIN_KEY)
        client = GatewayClient(gateway.places, lambda: gateway.record, certificate)
        assert 'lapis_replicas_wanted{workspace="ws"' in client.counts()
        (tmp_path / "other").mkdir()
        other, _ = _certificate(tmp_path / "other", "other")
        with pytest.raises(LapisError, match="CERTIFICATE_VERIFY_FAILED"):
            GatewayClient(gateway.places, lambda: gateway.record, other).counts()
    finally:
        gateway.stop()
