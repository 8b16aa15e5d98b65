"""The server's process: one at a time over a home and a database, ready in a moment, gone in two seconds."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import orjson
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from lapisml import __version__
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.app import create_app
from lapisml.server.exposure import check_exposure
from lapisml.server.platform.errors import is_disk_full
from lapisml.server.platform.files import FileLock, private_folder, write_private
from lapisml.server.platform.listening import bind
from lapisml.server.platform.logs import configure_logging
from lapisml.server.platform.processes import ProcessIdentity
from lapisml.server.platform.web import run_web
from lapisml.server.platform.wire import timestamp
from lapisml.server.settings import Settings

log = logging.getLogger("lapisml.server")

DEFAULT_PORT = 8787
_URL_HINT = "It looks like sqlite:////folder/lapis.db or postgresql://user:password@host/name."
_PORT_HINT = "Choose another with LAPIS_HOST and LAPIS_PORT (or --host, --port)."


def serve(settings: Settings, warnings: list[str]) -> None:
    """Run the server until it is asked to end (SIGTERM, SIGINT).

    Args:
        warnings: sentences for the log.

    Raises:
        LapisError: DatabaseInUse, DatabaseVersion, Usage, … when it cannot start.
    """
    check_exposure(settings)
    try:
        _prepare_home(settings)
        for warning in warnings:
            log.warning("settings.unknown %s", warning)
        with locked(settings), listening(settings) as listener:
            _run(settings, listener)
    except OSError as error:
        raise _start_failed(settings, error) from error


def _prepare_home(settings: Settings) -> None:
    home = private_folder(settings.home)
    for name in ("run", "logs", "storage"):
        private_folder(home / name)
    configure_logging(settings.log_level, home / "logs" / "server.log" if settings.log_file else None)


def _run(settings: Settings, listener: socket.socket) -> None:
    url = public_url(settings, listener)
    application = create_app(settings, url, settings.peer_url.rstrip("/") or own_url(settings, listener))
    record = settings.home / "run" / "server.json"
    try:
        application.lifetime.start()
        tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
        run_web(
            application.asgi,
            listener,
            lambda: _tell_ready(record, url, settings.tls_cert),
            tls,
            application.side_door,
            application.on_stopping,
        )
    finally:
        record.unlink(missing_ok=True)
        application.lifetime.stop()
        log.info("server.stopped")


def _start_failed(settings: Settings, error: OSError) -> LapisError:
    if is_disk_full(error):
        sentence = f"The disk of {settings.home} is full: there is no room to start in."
        return LapisError(ErrorCode.STORAGE_FULL, sentence, "Free at least 1 MiB.")
    what = f"{error.filename}: " if error.filename else ""
    return LapisError(ErrorCode.STORAGE_UNREACHABLE, f"The server can't run: {what}{error.strerror or error}.")


def _tell_ready(record: Path, url: str, certificate: Path | None) -> None:
    facts = {"url": url, "version": __version__, "started_at": timestamp(SystemClock().now_ms())}
    if certificate is not None:
        facts["tls_cert"] = str(certificate.absolute())  # jobs on this machine trust it
    write_private(record, orjson.dumps({**ProcessIdentity.own().to_json(), **facts}))
    log.info("server.ready at %s", url)
    gc.freeze()  # code and tables stay: no later search goes through them
    gc.enable()


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the home, and a SQLite file, for this process alone.

    Raises:
        LapisError: DatabaseInUse.
    """
    with contextlib.ExitStack() as stack:
        for lock in _locks(settings):
            lock.acquire()
            stack.callback(lock.release)
        file = _sqlite_file(settings)
        if file is not None:
            file.touch(mode=0o600)
        yield


def _locks(settings: Settings) -> list[FileLock]:
    home = settings.home
    locks = [FileLock(home / "run" / "server.lock", f"A server (process {{pid}}) already runs over {home}.")]
    file = _sqlite_file(settings)
    if file is not None:
        held = f"The database {file} is in use by another server (process {{pid}}); SQLite serves one at a time."
        locks.append(FileLock(file.with_name(f"{file.name}.lock"), held))
    return locks


def _sqlite_file(settings: Settings) -> Path | None:
    try:
        url = make_url(settings.database)
        is_sqlite = url.get_backend_name() == "sqlite"
    except ArgumentError as error:
        raise LapisError(ErrorCode.USAGE, "LAPIS_DATABASE_URL is not a database URL.", _URL_HINT) from error
    if not is_sqlite and url.get_backend_name() not in ("postgresql", "postgres"):
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"Lapis does not run on {url.get_backend_name()}.", _URL_HINT)
    if not is_sqlite:
        return None
    if not url.database or url.database == ":memory:":
        raise LapisError(ErrorCode.USAGE, "LAPIS_DATABASE_URL must name a file.", _URL_HINT)
    return Path(url.database).resolve()


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Bind the port: the one asked for, else the one used last, else the first free one from 8787 on.

    Raises:
        LapisError: Usage when the port or the address can't be had.
    """
    with bind(settings.host, settings.port, settings.home / "port", DEFAULT_PORT, _PORT_HINT) as listener:
        yield listener


def public_url(settings: Settings, listener: socket.socket) -> str:
    """Give the address for users, without a slash at its end."""
    return settings.public_url.rstrip("/") or own_url(settings, listener)


def own_url(settings: Settings, listener: socket.socket) -> str:
    """Give the address that the server listens on, without a slash at its end."""
    scheme = "https" if settings.tls_cert is not None else "http"
    host = settings.host if settings.host not in ("0.0.0.0", "::") else socket.gethostname()  # noqa: S104
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
