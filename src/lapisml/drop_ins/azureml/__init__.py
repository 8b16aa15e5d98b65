"""A folder of packages; those that are really installed come first, this stand-in last."""

from pkgutil import extend_path

_own = list(__path__)
__path__ = [path for path in extend_path(__path__, __name__) if path not in _own] + _own

from ._lapis import missing  # noqa: E402 - after the path is whole

missing.explain()
