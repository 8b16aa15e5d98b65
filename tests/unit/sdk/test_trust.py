from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.core.errors import LapisError
from lapisml.sdk.trust import write_bundle

OURS = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"


def test_what_was_trusted_stays_trusted(tmp_path: Path) -> None:
    company = tmp_path / "company.pem"
    company.write_text("company\n")
    made = write_bundle(tmp_path / "a" / "bundle.pem", OURS, {"REQUESTS_CA_BUNDLE": str(company)})
    assert made.read_text().startswith("company\n")
    assert made.read_text().endswith(OURS)


def test_the_usual_authorities_are_there_when_nothing_is_named(tmp_path: Path) -> None:
    text = write_bundle(tmp_path / "bundle.pem", OURS, {}).read_text()
    assert text.count("BEGIN CERTIFICATE") > 20
    assert text.endswith(OURS)


def test_a_bundle_of_ours_is_not_added_to_itself(tmp_path: Path) -> None:
    company = tmp_path / "company.pem"
    company.write_text("company\n")
    first = write_bundle(tmp_path / "bundle.pem", "old\n", {"SSL_CERT_FILE": str(company)})
    second = write_bundle(
        tmp_path / "bundle.pem", OURS, {"SSL_CERT_FILE": str(first), "REQUESTS_CA_BUNDLE": str(first)}
    )
    assert second.read_text() == write_bundle(tmp_path / "other.pem", OURS, {"SSL_CERT_FILE": str(company)}).read_text()
    assert "old" not in second.read_text()


def test_a_bundle_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(LapisError, match="SSL_CERT_FILE names"):
        write_bundle(tmp_path / "bundle.pem", OURS, {"SSL_CERT_FILE": str(tmp_path / "nowhere")})
