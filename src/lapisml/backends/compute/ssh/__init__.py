"""Jobs on machines that are reached by SSH."""

from lapisml.backends.compute.ssh.login import login_transport
from lapisml.backends.compute.ssh.pool import SshPool
from lapisml.backends.compute.ssh.transport import SshTransport

__all__ = ["SshPool", "SshTransport", "login_transport"]
