"""The one line that a machine's shell is given: a constant, so no word of a user ever reaches a shell.

It reads its only parameter, the interpreter that the document names (an empty line for none), from stdin. It looks for
Python 3.11 or newer, or for uv, which brings one, and becomes `lapisml.backends.compute.node.boot.TEXT`. It has no
newline, no ``!`` and no quote of its own kind, so that sh, bash, zsh, fish and csh as login shells read it alike.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from lapisml.backends.compute.node import boot

_LOOK = r"""
IFS= read -r asked || exit 3;
say() { printf "\nlapis-node refused %s\n" "$1"; exit 4; };
fits() {
  command -v "$1" >/dev/null 2>&1 &&
  "$1" -I -c "import sys; sys.exit(sys.version_info < (3, 11))" </dev/null >/dev/null 2>&1;
};
become() { exec "$1" -I -c "import base64; exec(base64.b64decode(\"@TEXT@\"))"; };
case "$asked" in "~/"*) asked="$HOME/${asked#??}";; esac;
if [ -n "$asked" ]; then
  [ -x "$asked" ] || say "no program at $asked, which the document names as interpreter";
  become "$asked";
fi;
for p in python3 python3.14 python3.13 python3.12 python3.11 "$HOME/.local/bin/python3" /usr/local/bin/python3; do
  if fits "$p"; then become "$p"; fi;
done;
for u in uv "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv" /usr/local/bin/uv; do
  if command -v "$u" >/dev/null 2>&1; then
    p=$("$u" python find --no-project ">=3.11" </dev/null 2>/dev/null) || {
      "$u" python install 3.12 </dev/null >/dev/null 2>&1;
      p=$("$u" python find --no-project ">=3.11" </dev/null 2>/dev/null); };
    if fits "$p"; then become "$p"; fi;
    say "uv, but uv could not bring a Python 3.11 or newer (no internet access?)";
  fi;
done;
old=$(python3 --version 2>/dev/null </dev/null);
say "no Python 3.11 or newer (${old:-no python3 at all}) and no uv";
"""


@lru_cache(maxsize=1)
def line() -> str:
    """Return the line."""
    text = base64.b64encode(boot.TEXT.encode()).decode()
    script = " ".join(part.strip() for part in _LOOK.splitlines()).strip().replace("@TEXT@", text)
    assert not set("'!\n") & set(script)
    return f"exec /bin/sh -c '{script}'"
