"""The console's playground in headless Chromium: heard, written down, animated, talked with."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from jiwer import wer
from playwright.async_api import Browser, Page, expect

from plugins.embedded.portrait import draw_portrait
from router.testing.serving import Served, brought_up
from tests.e2e.browsing import PATIENCE, chromium, judged, spoken, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED = Path(__file__).parents[2] / "config" / "router.yaml"
QUESTION = "can you tell me how many people live in the united states"
LOUD = """() => new Promise((done) => {
  const Plain = window.AudioContext
  window.peaks = []
  window.AudioContext = class extends Plain {
    createBufferSource() {
      const source = super.createBufferSource()
      const start = source.start.bind(source)
      source.start = (at) => { window.peaks.push(Math.max(...source.buffer.getChannelData(0).map(Math.abs))); start(at) }
      return source
    }
  }
  done()
})"""
"""Notes how loud each piece of sound is that the page plays, beside playing it."""

DRAWN = """() => {
  const canvas = document.querySelector("#speak canvas")
  const middle = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data
  return new Set(middle).size > 2
}"""
"""Whether there is a waveform: it is drawn twelve times a second, and the text may have come in less."""


@dataclass(frozen=True)
class Stage:
    """A router as it is shipped, and a browser that will hear the question."""

    router: Served
    browser: Browser
    folder: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str], str]) -> AsyncIterator[Stage]:
    command, folder = needs("chromium"), tmp_path_factory.mktemp("console")
    async with (
        brought_up(SHIPPED.read_text(), folder) as router,
        chromium(command, await spoken(router.url, QUESTION, folder)) as browser,
    ):
        yield Stage(router, browser, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def page(stage: Stage) -> AsyncIterator[Page]:
    async with visiting(stage.browser, stage.router.url) as visit:
        yield await visit.page("playground")


async def test_speaking(page: Page, stage: Stage) -> None:
    """A text is heard while it is spoken, its waveform is drawn, and it can be heard again."""
    await page.evaluate(LOUD)
    card = page.locator("#speak")
    await card.locator("textarea").fill("Good morning. This is the console.")
    await card.get_by_label("Route or provider/model").fill("tts-1")
    await card.get_by_label("Voice").fill("nova")
    await card.get_by_role("button", name="Speak").click()
    said = card.locator(".said")
    await expect(said).to_contain_text("of speech by local", timeout=PATIENCE)
    seconds = float(re.findall(r"^[\d.]+", await said.inner_text())[0])
    peaks = await page.evaluate("() => window.peaks")
    await page.wait_for_function(DRAWN, timeout=PATIENCE)
    again = await card.locator("audio").evaluate("(one) => one.play().then(() => one.duration)")
    await page.screenshot(path=stage.folder / "speak.png", full_page=True)
    assert seconds > 1
    assert max(peaks) > 0.1
    assert again == pytest.approx(seconds, abs=0.05)


async def test_a_refusal(stage: Stage) -> None:
    """What the router refuses is told where it was asked for."""
    async with visiting(stage.browser, stage.router.url) as visit:
        card = (await visit.page("playground")).locator("#speak")
        await card.get_by_label("Voice").fill("nobody-at-all")
        await card.get_by_role("button", name="Speak").click()
        await expect(card.locator(".said.bad")).to_contain_text("nobody-at-all")
        assert visit.complaints.pop().startswith("Failed to load resource")


async def test_recording(page: Page, stage: Stage) -> None:
    """What the microphone hears is written down with the time of each word, to which the recording can be wound."""
    card = page.locator("#hear")
    await card.get_by_role("button", name="Record", exact=True).click()
    await expect(card.locator("canvas")).to_have_attribute(
        "aria-label", re.compile(r"Waveform: [4-9]\."), timeout=PATIENCE
    )
    await card.get_by_role("button", name="Stop and write down").click()
    await expect(card.locator(".said")).to_contain_text("Written down by local", timeout=PATIENCE)
    heard = await card.locator(".transcript").inner_text()
    times = [float(one.removesuffix(" s")) for one in await card.locator(".words small").all_inner_texts()]
    await card.locator(".words button").nth(3).click()
    at = await card.locator("audio").evaluate("(one) => one.currentTime")
    await page.screenshot(path=stage.folder / "hear.png", full_page=True)
    assert await judged(page) == []
    assert wer(QUESTION, heard) < 0.5
    assert times == sorted(times)
    assert len(times) == len(heard.split())
    assert at == pytest.approx(times[3], abs=0.3)


async def test_a_file_that_is_dropped(page: Page, stage: Stage) -> None:
    """It is written down like a recording."""
    data = await page.evaluate_handle(
        "(bytes) => { const held = new DataTransfer();"
        " held.items.add(new File([new Uint8Array(bytes)], 'said.wav', {type: 'audio/wav'})); return held }",
        list((stage.folder / "microphone.wav").read_bytes()),
    )
    card = page.locator("#hear")
    await card.locator(".drop").dispatch_event("drop", {"dataTransfer": data})
    await expect(card.locator(".said")).to_contain_text("Written down by local", timeout=PATIENCE)
    assert wer(QUESTION, await card.locator(".transcript").inner_text()) < 0.35


async def test_animating(page: Page, stage: Stage) -> None:
    """A portrait is seen to talk while the film is still being rendered."""
    portrait = await asyncio.to_thread(draw_portrait)
    card = page.locator("#animate")
    await card.get_by_label("Portrait (PNG").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": portrait}
    )
    await card.locator("textarea").fill("This portrait has quite a lot to say, so that its film takes a while. " * 2)
    await card.get_by_role("button", name="Animate").click()
    await expect(card.locator(".said")).to_contain_text("first picture after", timeout=PATIENCE)
    early = await card.locator(".said").inner_text()
    await expect(card.locator(".said")).to_contain_text("all of it after", timeout=PATIENCE)
    video = await card.locator("video").evaluate(
        "(one) => ({width: one.videoWidth, seconds: one.duration, source: one.currentSrc, error: one.error})"
    )
    await page.screenshot(path=stage.folder / "animate.png", full_page=True)
    assert early.startswith("Rendering: local")
    assert video["width"] >= 480
    assert video["seconds"] > 5
    assert video["source"].startswith("blob:")
    assert video["error"] is None


async def test_talking(page: Page, stage: Stage) -> None:
    """A spoken question and a written one are answered aloud, each shown in words."""
    await page.evaluate(LOUD)
    card = page.locator("#talk")
    await card.get_by_role("button", name="Talk", exact=True).click()
    await expect(card.locator(".log .mine")).to_contain_text("people", timeout=PATIENCE)
    await asyncio.sleep(1.5)
    await card.get_by_role("button", name="Done talking").click()
    await expect(card.locator(".said")).to_have_text("Your turn.", timeout=PATIENCE)
    await card.get_by_label("Or in writing").fill("are you there")
    await card.get_by_role("button", name="Ask").click()
    await expect(card.locator(".log p").nth(3)).to_contain_text("You said: are you there.", timeout=PATIENCE)
    await expect(card.locator(".said")).to_have_text("Your turn.", timeout=PATIENCE)
    peaks = await page.evaluate("() => window.peaks")
    await page.screenshot(path=stage.folder / "talk.png", full_page=True)
    assert await judged(page) == []
    assert "people" in await card.locator(".log p").nth(1).inner_text()
    assert max(peaks) > 0.1
