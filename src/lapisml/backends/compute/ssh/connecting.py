"""Opening an SSH connection, and saying in a sentence that helps why it could not be opened."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

import asyncssh

from lapisml.backends.compute.ssh.access import Access
from lapisml.backends.compute.ssh.hostkeys import Known
from lapisml.backends.compute.ssh.hosts import SshHost
from lapisml.core.errors import ErrorCode, LapisError

_CONNECT_S = 15
_LOGIN_S = 30
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")


class _Client(asyncssh.SSHClient):
    """Keeps the host key that was refused, for the sentence."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """Refuse: whatever is known was compared before."""
        self._known.shown = key
        return False


async def connect(host: SshHost, access: Access, known: Known) -> asyncssh.SSHClientConnection:
    """Log in.

    Raises:
        LapisError: ServerUnreachable, with what to do.
    """
    known.shown = None
    try:
        return await asyncssh.connect(
            host.address,
            host.port,
            username=host.username,
            client_factory=lambda: _Client(known),
            client_keys=[access.key] if access.key is not None else None,
            password=access.password,
            known_hosts=lambda _host, _addr, _port: known.lists,
            server_host_key_algs=known.algorithms,
            encryption_algs=_CIPHERS,
            compression_algs="none",
            config=None,
            agent_path=None,
            gss_host=None,
            x509_trusted_certs=None,
            preferred_auth="publickey,password,keyboard-interactive",
            connect_timeout=_CONNECT_S,
            login_timeout=_LOGIN_S,
            keepalive_interval=0,  # links ask for signs of life, and know what is merely slow
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise known.refusal() from error
    except (OSError, asyncssh.Error, TimeoutError, ValueError) as error:
        raise explained(error, host, access) from error


async def let_go(connection: asyncssh.SSHClientConnection, within_s: float = 1.0) -> None:
    """Close a connection, whatever state its network is in."""
    connection.close()
    with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
        await asyncio.wait_for(connection.wait_closed(), within_s)
    connection.abort()


def explained(error: Exception, host: SshHost, access: Access) -> LapisError:
    """Turn what asyncssh and the system raise into an error for a person."""
    for kind, explain in _EXPLAINED:
        if isinstance(error, kind):
            sentence, hint = explain(error, host, access)
            return LapisError(ErrorCode.SERVER_UNREACHABLE, sentence, hint)
    return LapisError(ErrorCode.SERVER_UNREACHABLE, f"{host.name} can't be logged in to: {_words(error)}.")


_Explain = Callable[[Exception, SshHost, Access], tuple[str, str | None]]


def _denied(_error: Exception, host: SshHost, access: Access) -> tuple[str, str]:
    way = f"ssh {host.username}@{host.address}"
    hint = f"See that `{way}` works with it; on the machine, ~/.ssh/authorized_keys names the key."
    if access.key is None:
        hint = (
            "Check `admin_username` and `admin_password`; many machines take keys only (`PasswordAuthentication no`)."
        )
    return f"{host.name} does not let {host.username} in with {access.described}.", hint


def _unknown_name(_error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    hint = "Check `address` (where there is none: the last part of `resource_id`) and the DNS."
    return f"There is no machine named '{host.address}': its name can't be resolved.", hint


def _refused(_error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    hint = "Is sshd running there, and is the port right? `ssh_port:` (or `port:` of the host) sets another."
    return f"Nothing listens on port {host.port} of {host.address}.", hint


def _silent(_error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    sentence = f"{host.name} did not answer within {_CONNECT_S} s."
    return sentence, "Is it switched on, is the address right, and does no firewall stand between?"


def _no_ssh(error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    sentence = f"What listens on port {host.port} of {host.address} does not speak SSH as expected: {_words(error)}."
    return sentence, "Check the port."


def _cut(error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    sentence = f"The connection to {host.name} was cut before one was logged in: {_words(error)}."
    return sentence, "A firewall, fail2ban or `MaxStartups` of sshd may do that; it is tried again."


def _no_common(error: Exception, host: SshHost, _access: Access) -> tuple[str, str]:
    sentence = f"{host.name} and this server have no method of encryption in common: {_words(error)}."
    return sentence, "OpenSSH 7.4 or newer is needed there."


def _of_system(error: Exception, host: SshHost, access: Access) -> tuple[str, str | None]:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return f"There is no way to {host.address}: {_words(error)}.", "Check the address and the network."
    if number == errno.ETIMEDOUT:
        return _silent(error, host, access)
    return f"{host.name} can't be reached: {_words(error)}.", None


def _words(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return " ".join(text.split())[:300]


_EXPLAINED: tuple[tuple[type[Exception] | tuple[type[Exception], ...], _Explain], ...] = (
    ((asyncssh.PermissionDenied, asyncssh.IllegalUserName), _denied),
    (socket.gaierror, _unknown_name),
    (ConnectionRefusedError, _refused),
    (TimeoutError, _silent),
    (asyncssh.KeyExchangeFailed, _no_common),
    ((asyncssh.ConnectionLost, ConnectionResetError, BrokenPipeError), _cut),
    ((asyncssh.ProtocolError, asyncssh.ProtocolNotSupported), _no_ssh),
    (OSError, _of_system),
)
