"""A certificate authority of this home, and the certificate of the server's TLS address.

Clients of Azure speak TLS only. The authority is good for this machine's names and for nothing else (its name
constraints say so), so that trusting it trusts no other site. Its key never leaves the home.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from lapisml.core.clock import Clock
from lapisml.server.platform.files import private_folder, write_private

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 397
_RENEW_DAYS = 60
_DAY_MS = 86_400_000

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Certificates:
    """Makes certificates and renews them.

    Args:
        folder: holds them; private.
        names: host names and addresses that the server is reached under, besides the loopback ones.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], clock: Clock) -> None:
        self._folder = folder
        self._names = sorted({*LOOPBACK, *names})
        self._clock = clock
        self.authority = folder / "ca.pem"
        self.server = (folder / "server.pem", folder / "server.key")

    def exist(self) -> bool:
        """Say whether there is an authority, which means that the address was opened once."""
        return self.authority.exists()

    def ensure(self) -> tuple[Path, Path]:
        """Return the server's certificate chain and key, PEM files; make or renew what is missing or too old.

        Other names need another authority: whoever trusted the old one has to trust the new one as well.
        """
        private_folder(self._folder)
        known = self._record()
        same_names = known.get("names") == self._names and self.exist() and (self._folder / "ca.key").exists()
        if not same_names or self._clock.now_ms() > known.get("authority_until", 0):
            self._make_authority()
            known = {}
        if not known or self._clock.now_ms() > known.get("server_until", 0) or not self._is_complete():
            self._make_server()
        return self.server

    def _is_complete(self) -> bool:
        return all(file.exists() for file in self.server)

    def _record(self) -> dict[str, Any]:
        try:
            found = orjson.loads((self._folder / "certificates.json").read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write_record(self, **facts: Any) -> None:
        record = {**self._record(), **facts}
        write_private(self._folder / "certificates.json", orjson.dumps(record))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def _make_authority(self) -> None:
        from lapisml.server.azure import signing  # loads OpenSSL's parts, which a start without a need for them spares

        made = signing.authority(self._names, self._now() - timedelta(days=1), timedelta(days=_AUTHORITY_DAYS))
        write_private(self._folder / "ca.key", made.key_pem())
        write_private(self.authority, made.pem())
        until = self._clock.now_ms() + (_AUTHORITY_DAYS - _SERVER_DAYS) * _DAY_MS
        self._write_record(names=self._names, authority_until=until, server_until=0)

    def _make_server(self) -> None:
        from lapisml.server.azure import signing

        issuer = signing.load((self._folder / "ca.key").read_bytes(), self.authority.read_bytes())
        made = signing.server(issuer, self._names, self._now() - timedelta(days=1), timedelta(days=_SERVER_DAYS))
        chain, key = self.server
        write_private(key, made.key_pem())
        write_private(chain, made.pem() + issuer.pem())
        self._write_record(server_until=self._clock.now_ms() + (_SERVER_DAYS - _RENEW_DAYS) * _DAY_MS)
