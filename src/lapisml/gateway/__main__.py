"""``python -m lapisml.gateway``: serve the endpoints of a home, in the foreground.

Exit status: 0 after a stop, 2 for a bad setting or a port that can't be had, 3 when a gateway already runs over this
home, 1 when it can't start for another reason.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.gateway.settings import GatewaySettings

_STATUS = {ErrorCode.USAGE: 2, ErrorCode.CONFLICT: 3}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gateway; return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as an exception it could get lost in an import
    given = list(sys.argv[1:] if arguments is None else arguments)
    flags = vars(_parser().parse_args(given))
    flags["allowed_hosts"] = tuple(name.strip() for name in flags["allowed_hosts"].split(",") if name.strip())
    try:
        from lapisml.gateway.master import ADOPTED, Master

        adopted = os.environ.pop(ADOPTED, "")
        Master(GatewaySettings(**flags), given).run(int(adopted) if adopted else None)
    except LapisError as error:
        sys.stderr.write(f"error: {error}\n")
        return _STATUS.get(error.code, 1)
    except OSError as error:
        sys.stderr.write(f"error: the gateway can't start: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lapisml.gateway", description="Serve online endpoints.")
    add = parser.add_argument
    add("--home", type=_absolute, required=True, help="the folder <LAPIS_HOME>/serving")
    add("--host", default="127.0.0.1", help="address to listen on; one that is not loopback needs TLS")
    add("--port", type=int, default=0, help="0: the one used last, else the first free one from 8797 on")
    add("--public-url", default="", help="address for clients when it is another one (a proxy)")
    add("--allowed-hosts", default="", help="names accepted in the Host header besides the own ones; comma-separated")
    add("--tls-cert", type=_absolute, default=None, help="PEM file with the certificate chain")
    add("--tls-key", type=_absolute, default=None, help="PEM file with its private key")
    add("--behind-tls-proxy", action="store_true", help="a proxy in front ends TLS")
    add("--log-days", type=int, default=14, help="days for which the request log is kept; 0 keeps none")
    return parser


def _absolute(text: str) -> Path:
    return Path(text).absolute()


if __name__ == "__main__":
    sys.exit(main())
