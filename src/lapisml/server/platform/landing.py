"""The page at ``/``: what this is, and how to use it. Static, no script, nothing about what the server holds."""

from __future__ import annotations

import base64
import hashlib

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color:#123}"
    "code{background:#eef3fb;padding:.1em .3em;border-radius:3px}h1{color:#1a4fa3}dt{margin-top:.6rem}"
)

LANDING_CSP = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: its one style sheet by hash, and nothing else."""

_COMMANDS = (
    ("lapis status", "where this server is and what it runs on"),
    ("lapis auth token", "the access token, for scripts"),
    ("lapis job create -f job.yml --stream", "run a job and follow its log"),
    ("lapis job list", "what ran, and what runs"),
    ("lapis workspace show --query mlflow_tracking_uri -o tsv", "the address for the mlflow client"),
    ("lapis down", "stop this server; jobs go on"),
)


def landing_page(version: str) -> str:
    """Write the page."""
    rows = "".join(f"<dt><code>{command}</code></dt><dd>{purpose}</dd>" for command, purpose in _COMMANDS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lapis</title>'
        f"<style>{_STYLE}</style></head><body><h1>Lapis {version}</h1>"
        "<p>A self-hosted machine-learning platform. This server runs; it is used from the command line, "
        "from Python (<code>from lapisml import MLClient</code>) and by the <code>mlflow</code> client.</p>"
        f"<dl>{rows}</dl></body></html>"
    )
