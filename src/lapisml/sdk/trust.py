"""Which certificates a client trusts: those it trusts already, and the server's authority."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError

VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where clients written in Python look for the file with what they trust."""

_MARK = "# Lapis: the authority of this server\n"


def write_bundle(file: Path, authority: str, environment: Mapping[str, str]) -> Path:
    """Write the bundle of what was trusted before and the server's authority; return its path.

    Args:
        authority: PEM.
        environment: names the bundle that was trusted before, if it is a special one.
    """
    known = _trusted(environment)
    text = f"{known.rstrip()}\n\n{_MARK}{authority}"
    if not file.exists() or file.read_text(encoding="utf-8", errors="replace") != text:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    return file


def _trusted(environment: Mapping[str, str]) -> str:
    """Read what is trusted without us: the environment's bundle, else certifi's, else the system's."""
    for variable in VARIABLES:
        named = environment.get(variable)
        if not named:
            continue
        try:
            return _before_mark(Path(named).read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise LapisError(ErrorCode.USAGE, f"{variable} names {named}, which can't be read.") from error
    return _default()


def _before_mark(text: str) -> str:
    return text.partition(_MARK)[0]


def _default() -> str:
    system = ssl.get_default_verify_paths().cafile
    try:
        import certifi
    except ImportError:
        return Path(system).read_text(encoding="utf-8", errors="replace") if system else ""
    return Path(certifi.where()).read_text(encoding="utf-8")
