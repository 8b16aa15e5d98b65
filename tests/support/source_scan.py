"""Static search of source text for calls that run what they read and for constants like secrets."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter

_MODULES = {"pickle", "_pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
_CALLS = {
    "torch.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all", "os.system",
    "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "eval", "exec", "pandas.read_pickle",
}  # fmt: skip
_SAFE_LOADERS = {"SafeLoader", "CSafeLoader"}


def unsafe_calls_in(tree: ast.Module) -> list[tuple[int, str]]:
    """Return (line, what) of every import or call in `tree` that could execute data."""
    safe_loaders = _SAFE_LOADERS | {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and {_last(_dotted(b)) for b in node.bases} & _SAFE_LOADERS
    }
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [(node.lineno, f"imports {name}") for name in _imported(node) & _MODULES]
        elif isinstance(node, ast.Call):
            found += [(node.lineno, what) for what in _unsafe_call(node, safe_loaders)]
    return found


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    return {alias.name.partition(".")[0] for alias in node.names}


def _unsafe_call(node: ast.Call, safe_loaders: set[str]) -> list[str]:
    name = _dotted(node.func)
    keywords = {k.arg: k.value for k in node.keywords if k.arg}
    found = [name] if name in _CALLS else []
    if name == "yaml.load":
        loader = keywords.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
        if loader is None or _last(_dotted(loader)) not in safe_loaders:
            found.append("yaml.load without a safe loader")
    found += [f"{k}=True" for k in ("shell", "allow_pickle") if _is_true(keywords.get(k))]
    return found


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


_NAMED = re.compile(
    r"""(?ix) ["']? \b
    \w* (?:password|passwd|secret|token|api_?key|signing_?key|secret_?key|private_?key) ["']? \s*
    (?: :\s*str\s*= | = | : ) \s* (?P<quote>["']) (?P<value>[^"'\s{}<>$%*]{6,}) (?P=quote)"""
)
_LONG = re.compile(r"""["'](?P<value>[A-Za-z0-9+/_-]{32,}={0,2})["']""")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def secrets_in(text: str) -> list[str]:
    """Return the constants in `text` that look like a password, a token or a key."""
    named = [m["value"] for m in _NAMED.finditer(text) if not _is_word(m["value"])]
    long = [m["value"] for m in _LONG.finditer(text) if _looks_random(m["value"])]
    return named + long + _PEM.findall(text)


def _is_word(value: str) -> bool:
    """Say whether `value` is a name, a path or a type rather than a secret."""
    return re.fullmatch(r"[A-Za-z_./:-]+", value) is not None and "change" not in value


def _looks_random(value: str) -> bool:
    """Say whether the characters are mixed as in a key: upper, lower, digits, over 4 bits a character."""
    if not (re.search(r"[A-Z]", value) and re.search(r"[a-z]", value) and len(re.findall(r"\d", value)) > 2):
        return False
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    return entropy > 4.0
