"""What the server's settings mean for endpoints and for the gateway."""

from __future__ import annotations

from lapisml.backends.registry import load_backend
from lapisml.core.clock import Clock
from lapisml.ports.serving import Places
from lapisml.server.features.endpoints.assembly import ServingSettings
from lapisml.server.features.endpoints.gateway import Gateway, GatewayWatch
from lapisml.server.settings import Settings

_GATEWAY = "local"


def serving_settings(settings: Settings) -> ServingSettings:
    """Give what the installation decides for every endpoint."""
    return ServingSettings(
        home=settings.home / "serving",
        accelerate=settings.accelerate,
        token_lifetime_s=settings.endpoint_token_minutes * 60,
        max_body=settings.endpoint_max_body_mb * 2**20,
        certificate=settings.tls_cert,
    )


def gateway_watch(settings: Settings, clock: Clock) -> GatewayWatch:
    """Make what looks after the gateway; nothing of it is loaded before the first endpoint."""

    def make() -> Gateway:
        from lapisml.gateway.settings import GatewaySettings

        wanted = GatewaySettings(
            home=settings.home / "serving",
            host=settings.host,
            port=settings.gateway_port,
            public_url=settings.gateway_url,
            allowed_hosts=settings.allowed_hosts,
            tls_cert=settings.tls_cert,
            tls_key=settings.tls_key,
            behind_tls_proxy=settings.behind_tls_proxy,
            log_days=settings.request_log_days,
        )
        made: Gateway = load_backend("serving", _GATEWAY)(wanted, settings.home / "logs" / "gateway.log")
        return made

    return GatewayWatch(clock, Places(settings.home / "serving"), make)
