"""Chromium for tests: unpacked once, started once a session, and pages that fail a test by themselves."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from tests.support.processes import REPOSITORY, clean_environment
from tests.support.server import LapisServer

CHROMIUM = REPOSITORY / "tests" / "support" / "chromium"
AXE = CHROMIUM / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = "LAPIS_TEST_SHOTS"
"""Variable that names a folder for screenshots; without it none are made."""

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]

_UNPACKED = CHROMIUM / "node_modules" / ".unpacked"
_FONTS = {
    "Open Sans": ("sans", "sans-serif", "system-ui"),
    "DejaVu Sans Mono": ("monospace", "ui-monospace"),
}
"""What stands for the general names that a page asks for; Japanese comes from the font that has it."""
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_DEADLINE_MS = 15_000


def missing_browser() -> str | None:
    """Say why there is no browser; None when there is one."""
    if shutil.which("node") is None:
        return "node is missing"
    if not (CHROMIUM / "node_modules" / "@sparticuz").is_dir():
        return "the browser is not installed: run scripts/setup"
    return None


def start_browser(playwright: Playwright) -> Browser:
    """Start Chromium."""
    executable = _unpacked()
    libraries = [str(executable.parent / "al2023" / "lib")] if _lacks_libraries(executable) else []
    environment = {
        **clean_environment(),
        "FONTCONFIG_FILE": str(_font_settings(executable.parent)),
        "LD_LIBRARY_PATH": os.pathsep.join([*libraries, os.environ.get("LD_LIBRARY_PATH", "")]).strip(os.pathsep),
    }
    return playwright.chromium.launch(executable_path=executable, args=FLAGS, env=dict(environment), timeout=60_000)


def _unpacked() -> Path:
    """Give Chromium, which one process unpacks for all."""
    CHROMIUM.joinpath("node_modules").mkdir(exist_ok=True)
    version = json.loads((CHROMIUM / "node_modules/@sparticuz/chromium/package.json").read_text())["version"]
    folder = _UNPACKED / version
    with _locked(CHROMIUM / "node_modules" / ".unpacked.lock"):
        mark = folder / ".whole"
        if not mark.exists():
            shutil.rmtree(_UNPACKED, ignore_errors=True)
            folder.mkdir(parents=True)
            environment = {**clean_environment(), "TMPDIR": str(folder), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
            done = subprocess.run(
                ["node", "unpack.mjs"], cwd=CHROMIUM, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            mark.write_text(done.stdout.strip())
        return Path(mark.read_text())


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _lacks_libraries(executable: Path) -> bool:
    found = subprocess.run(["ldd", str(executable)], capture_output=True, text=True, check=False)
    return found.returncode != 0 or "not found" in found.stdout


def _font_settings(folder: Path) -> Path:
    """Write the settings that show Chromium the system's fonts and the Japanese one of the test dependencies."""
    fonts = ["/usr/share/fonts", "/usr/local/share/fonts", str(folder / "fonts")]
    japanese = importlib.util.find_spec("matplotlib_fontja")
    if japanese is not None and japanese.origin is not None:
        fonts.append(str(Path(japanese.origin).parent / "fonts"))
    file = folder / "fonts.conf"
    places = "".join(f"<dir>{place}</dir>" for place in fonts)
    choices = "".join(_font_choice(name, font) for font, names in _FONTS.items() for name in names)
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig>{places}{choices}<cachedir>{folder / 'font-cache'}</cachedir></fontconfig>"
    )
    return file


def _font_choice(name: str, font: str) -> str:
    preferred = f"<prefer><family>{font}</family><family>IPAexGothic</family></prefer>"
    return f'<alias binding="same"><family>{name}</family>{preferred}</alias>'


@dataclass
class Studio:
    """The web page of a server, as a person uses it.

    Attributes:
        server: what serves it.
        faults: what no page may do, gathered from all of them: errors on the console, broken policies, exceptions.
    """

    browser: Browser
    server: LapisServer
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    _pages: list[Page] = field(default_factory=list)

    def open(
        self,
        path: str = "/studio/default",
        *,
        signed_in: bool = True,
        width: int = 1440,
        height: int = 900,
        language: str = "en-US",
        dark: bool = False,
    ) -> Page:
        """Open a page in a browser profile of its own.

        Args:
            path: from the server's root.
            signed_in: with the owner's session.
            width, height: of the window, CSS pixels.
            language: of the browser.
            dark: the person prefers dark colours.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme="dark" if dark else "light",
            timezone_id="Asia/Tokyo",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_DEADLINE_MS)
        if signed_in:
            context.add_cookies([self._session()])  # type: ignore[list-item]  # a mapping of the form it wants
        page = context.new_page()
        self._pages.append(page)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.goto(self.server.url + path)
        return page

    def allow(self, text: str) -> None:
        """Expect errors on the console that hold `text`: a test provokes them."""
        self.allowed.append(text)

    def close(self) -> None:
        """Close every page."""
        for page in self._pages:
            page.context.close()
        self._pages.clear()

    def _session(self) -> dict[str, Any]:
        import urllib.request

        request = urllib.request.Request(self.server.url + "/api/v1/session", method="POST")
        request.add_header("Authorization", f"Bearer {self.server.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
        return {"name": name, "value": value, "url": self.server.url, "httpOnly": True, "sameSite": "Strict"}

    def _note(self, message: ConsoleMessage) -> None:
        is_policy = "Content Security Policy" in message.text or "violates the following" in message.text
        if (message.type == "error" or is_policy) and not any(text in message.text for text in self.allowed):
            self.faults.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


def axe(page: Page, exclude: tuple[str, ...] = ()) -> list[str]:
    """Judge a page's accessibility; give what is wrong, a line each.

    Args:
        exclude: selectors of parts that are not ours to judge.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())  # evaluated by the debugger: the page's policy does not apply
    context = {"exclude": [[selector] for selector in exclude]}
    found = page.evaluate(
        "([context, tags]) => axe.run(context.exclude.length ? context : document, {runOnly: tags})",
        [context, _AXE_TAGS],
    )
    return [_fault(fault, node) for fault in found["violations"] for node in fault["nodes"]]


def _fault(fault: dict[str, Any], node: dict[str, Any]) -> str:
    return f"{fault['id']}: {fault['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:200]}"


def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """Write a picture of the page to the folder that `SHOTS` names, if it names one."""
    folder = os.environ.get(SHOTS)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole, animations="disabled")
