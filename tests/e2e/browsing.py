"""A browser before a router's console: headless Chromium, driven by Playwright, with a recording for its microphone."""

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / ".tools/axe/node_modules/axe-core/axe.min.js"
PATIENCE: Final = 20_000
"""Milliseconds for anything to appear."""
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
SERIOUS: Final = frozenset({"serious", "critical"})
HARMLESS: Final = ("blob:", "data:", "about:")
Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """A visit to a console: what it asked for elsewhere, and what the browser complained about."""

    origin: str
    context: BrowserContext
    strays: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def follow(self) -> None:
        self.context.on("request", lambda one: self._asked(one.url))
        self.context.on("console", lambda one: self.complaints.append(one.text) if one.type == "error" else None)
        self.context.on("weberror", lambda one: self.complaints.append(str(one.error)))

    def _asked(self, url: str) -> None:
        if not url.startswith(HARMLESS) and urlsplit(url).netloc != urlsplit(self.origin).netloc:
            self.strays.append(url)

    async def page(self, name: str) -> Page:
        """Open a page of the console."""
        page = await self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("websocket", lambda one: self._asked(one.url.replace("ws", "http", 1)))
        await page.goto(f"{self.origin}/console#/{name}")
        await page.wait_for_selector("h1")
        return page


@asynccontextmanager
async def chromium(command: str, microphone: Path) -> AsyncIterator[Browser]:
    """Open a browser that hears a WAV file, once, whenever it listens."""
    flags = (*FLAGS, f"--use-file-for-fake-audio-capture={microphone}%noloop")
    async with async_playwright() as playing:
        browser = await playing.chromium.launch(executable_path=command, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, origin: str, **options: Any) -> AsyncIterator[Visit]:
    """Visit a console as somebody new, who asks for nothing elsewhere and hears no complaint of the browser."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    visit = Visit(origin, context)
    visit.follow()
    try:
        yield visit
    finally:
        await context.close()
    assert visit.strays == []
    assert visit.complaints == []


async def judged(page: Page) -> list[str]:
    """Return what axe-core finds serious about a page as it is now."""
    if not AXE.exists():
        pytest.skip("needs axe-core, which `make axe` installs")
    await page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


async def spoken(url: str, text: str, folder: Path) -> Path:
    """Return a WAV file in which a text is spoken, with half a second of silence at either end."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        body = {"input": text, "voice": "en-us+edward", "response_format": "pcm"}
        pcm = (await client.post("/v1/audio/speech", json=body)).raise_for_status().content
    file, quiet, written = folder / "microphone.wav", bytes(24_000), io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setparams((1, 2, 24_000, 0, "NONE", ""))
        sound.writeframes(quiet + pcm + quiet)
    file.write_bytes(written.getvalue())
    return file
