"""Who is let in: the service that knows tokens and sessions, and the policy of the gate."""

from __future__ import annotations

from urllib.parse import urlsplit

from lapisml.core.scoring_tokens import SUBKEY
from lapisml.server.azure.assembly import BLOB_ENDING, OPEN_WORDS
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.parts import Platform
from lapisml.server.platform.policy import LOOPBACK_NAMES, RequestPolicy
from lapisml.server.settings import Settings
from lapisml.server.surfaces.studio.surface import PREFIX as STUDIO


def identity_service(platform: Platform) -> IdentityService:
    """Make the service; its cookie is the same on all servers over one database, and another one elsewhere."""
    vault = platform.vault
    prefix = "__Host-" if platform.url.startswith("https:") else ""
    cookie = f"{prefix}lapis-{vault.subkey('browser-cookie').hex()[:8]}"
    keys = (vault.subkey("access-tokens"), vault.subkey(SUBKEY))
    return IdentityService(platform.database, platform.clock, *keys, cookie)


def request_policy(settings: Settings, url: str, cookie: str) -> RequestPolicy:
    """Make the gate's policy.

    Args:
        url: the server's public URL.
        cookie: name of the cookie of browsers' sessions.
    """
    public = urlsplit(url)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    peer = urlsplit(settings.peer_url).hostname or ""
    named = {name.lower() for name in (host, public.hostname or "", peer, *settings.allowed_hosts)}
    return RequestPolicy(
        hosts=LOOPBACK_NAMES | frozenset(name for name in named if name not in ("", "0.0.0.0", "[::]")),  # noqa: S104
        origins=frozenset(settings.allowed_origins),
        scheme=public.scheme,
        max_body=settings.max_body_mb * 2**20,
        open_words=OPEN_WORDS,
        open_root=STUDIO,
        signed_ending=BLOB_ENDING,
        cookie=cookie,
    )
