"""What the console shows of a router at work, in headless Chromium: targets, requests, jobs, usage, the configuration."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from plugins.embedded.portrait import draw_portrait
from router.testing.acts import Reply
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.browsing import Scheme, Visit, chromium, judged, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN, TEAM = "an-admin-key", "a-team-key"
DIGESTS = {key: f"sha256:{sha256(key.encode()).hexdigest()}" for key in (ADMIN, TEAM)}
CONFIG = """
providers:
  local: {{kind: embedded}}
  flaky: {{kind: openai, base_url: '{vendor}', api_key: '${{env:KEY}}',
          speech: {{models: [tts], formats: [pcm], voices: [alloy], characters: 60}}}}
routes:
  - {{name: shaky, task: speech, tiers: [flaky, local]}}
  - {{name: faces, task: avatar, tiers: [local]}}
voices: {{alloy: {{local: en-us, flaky: alloy}}}}
teams: [{{name: ads, keys: ['{team}']}}]
server: {{admin_keys: ['{admin}']}}
prices: {{currency: EUR, targets: {{local: {{per_million_characters: 20}}}}}}
"""
SECRET = "a-vendors-secret"
TALK = '{"input": "Hello. How are you?", "voice": "alloy", "model": "local/espeak-ng"}'
PCM = bytes(range(1, 241)) * 40
PAGES = ("playground", "targets", "requests", "jobs", "usage", "configuration")
OPENS, CLOSES = 15_000, 25_000
"""Milliseconds: a breaker is open for up to 6 s."""


@dataclass(frozen=True)
class Stage:
    """A router with a team, a vendor that can be made to fail, and a browser."""

    router: Served
    vendor: Vendor
    browser: Browser
    client: httpx.AsyncClient
    folder: Path

    async def speak(self, text: str = "Hello.") -> httpx.Response:
        return await self.client.post("/v1/audio/speech", json={"model": "shaky", "voice": "alloy", "input": text})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str], str]) -> AsyncIterator[Stage]:
    command, folder = needs("chromium"), tmp_path_factory.mktemp("pages")
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor:
        config = CONFIG.format(vendor=vendor.url, team=DIGESTS[TEAM], admin=DIGESTS[ADMIN])
        async with brought_up(config, folder, {"KEY": SECRET}) as router:
            headers = {"authorization": f"Bearer {TEAM}"}
            async with (
                chromium(command, folder / "none.wav") as browser,
                httpx.AsyncClient(base_url=router.url, headers=headers, timeout=60) as client,
            ):
                yield Stage(router, vendor, browser, client, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def visit(stage: Stage) -> AsyncIterator[Visit]:
    async with visiting(stage.browser, stage.router.url) as visit:
        await visit.context.add_init_script(script=kept())
        yield visit


def kept() -> str:
    """Return a script that keeps both keys for the tab, as the dialog does."""
    keys = {"admin": ADMIN, "team": TEAM}
    lines = [f"sessionStorage.setItem('media-router.{whose}', '{key}')" for whose, key in keys.items()]
    return f"if (location.protocol === 'http:') {{ {'; '.join(lines)} }}"


async def test_keys(stage: Stage) -> None:
    """Without an admin key nothing is shown; one that is entered opens the page, and goes with the tab."""
    async with visiting(stage.browser, stage.router.url) as visit:
        page = await visit.page("targets")
        await expect(page.get_by_role("alert")).to_contain_text("admin key")
        await page.get_by_role("button", name="Enter a key").click()
        await page.get_by_label("Admin key").fill(ADMIN)
        await page.get_by_label("Admin key").press("Enter")
        await expect(page.get_by_role("row", name=re.compile("flaky"))).to_be_visible()
        other = await visit.page("targets")
        await expect(other.get_by_role("alert")).to_contain_text("admin key")
        stored = await page.evaluate("() => [localStorage.length, document.cookie, location.href.includes('key=')]")
        assert stored == [0, "", False]
        assert all(one.startswith("Failed to load resource") for one in visit.complaints)
        visit.complaints.clear()


async def test_a_breaker(visit: Visit, stage: Stage) -> None:
    """It is seen to open while its vendor fails, and to close once that is back."""
    page = await visit.page("targets")
    row = page.get_by_role("row", name=re.compile("^flaky"))
    breaker = row.locator(".badge").first
    await expect(breaker).to_have_text("closed")
    stage.vendor.on("/", Reply(status=503))
    for _ in range(5):
        assert (await stage.speak()).status_code == 200
    await expect(breaker).to_have_text("open", timeout=OPENS)
    await page.screenshot(path=stage.folder / "open.png")
    stage.vendor.on("/", Reply(PCM, content_type="audio/pcm"))
    async with asyncio.timeout(CLOSES / 1000):
        while await breaker.inner_text() != "closed":
            await stage.speak()
            await asyncio.sleep(0.3)
    await expect(row).to_contain_text("ms")


async def test_a_trail(visit: Visit, stage: Stage) -> None:
    """A request shows each attempt, whom it was put to and why, and why others declined; no word of its text."""
    stage.vendor.on("/", Reply(status=429, headers={"retry-after": "1"}), Reply(PCM, content_type="audio/pcm"))
    moved = (await stage.speak("One secret text.")).headers["x-request-id"]
    declined = (
        await stage.speak("Another secret text, which is far too long for what the first provider takes.")
    ).headers["x-request-id"]
    page = await visit.page("requests")
    for request, words in {
        moved: ["flaky", "busy", "left alone", "local"],
        declined: ["Declined", "at most 60"],
    }.items():
        await page.get_by_label("Find").fill(request)
        await expect(page.locator("summary")).to_have_count(1)
        await page.locator("summary").press("Enter")
        for word in words:
            await expect(page.locator("details .more")).to_contain_text(word)
    await page.screenshot(path=stage.folder / "requests.png", full_page=True)
    await page.get_by_label("Find").fill("")
    await expect(page.locator("summary").nth(1)).to_be_visible()
    assert "secret" not in await page.content()


async def test_a_job(visit: Visit, stage: Stage) -> None:
    """Its progress is shown until it is done, and its film plays."""
    page = await visit.page("jobs")
    files = {"ref_image": ("me.png", await asyncio.to_thread(draw_portrait), "image/png")}
    made = await stage.client.post("/v1/videos", files=files, data={"input_tts": TALK})
    name = made.raise_for_status().json()["id"]
    row = page.get_by_role("row", name=re.compile(name))
    await expect(row).to_contain_text("completed", timeout=OPENS)
    await row.get_by_role("button", name="Play").click()
    video = page.locator("video")
    await expect(video).to_be_visible()
    await video.evaluate(
        "(one) => one.readyState >= 2 || new Promise((done) => one.addEventListener('loadeddata', done))"
    )
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    await page.screenshot(path=stage.folder / "jobs.png", full_page=True)
    seen = await video.evaluate("(one) => [one.duration, one.videoWidth, one.src]")
    assert seen[0] > 1
    assert seen[1] > 0
    assert seen[2].startswith("blob:")


async def test_usage(visit: Visit, stage: Stage) -> None:
    """A team's requests and money are drawn and written, by what one asks for."""
    stage.vendor.on("/", Reply(status=503))
    await stage.speak("Paid for.")
    await asyncio.sleep(1.2)  # the ledger is written once a second
    page = await visit.page("usage")
    await page.get_by_role("combobox", name="Team").select_option("ads")
    await expect(page.get_by_role("row", name=re.compile("^local"))).to_be_visible()
    bars = page.locator("svg.chart rect")
    await expect(bars.first).to_be_visible()
    await page.get_by_role("combobox", name="Show").select_option("cost")
    await expect(page.get_by_role("heading", name="Cost in EUR by day and provider")).to_be_visible()
    await page.get_by_role("combobox", name="By").select_option("route")
    await expect(page.get_by_role("row", name=re.compile("^shaky"))).to_be_visible()
    await page.screenshot(path=stage.folder / "usage.png", full_page=True)


async def test_the_configuration(visit: Visit, stage: Stage) -> None:
    """What is in force is shown without its secrets, and so is what the last reload changed."""
    page = await visit.page("configuration")
    tree = page.get_by_role("region", name="Configuration in force")
    await expect(tree).to_contain_text('api_key: "***"')
    before = stage.router.config.read_text()
    stage.router.config.write_text(before.replace("name: faces", "name: portraits"))
    await expect(page.locator(".diff").first).to_contain_text("added routes[portraits]", timeout=OPENS)
    await expect(tree).to_contain_text("name: portraits")
    stage.router.config.write_text(before + "nonsense: true\n")
    await expect(page.locator(".diff").first).to_contain_text("nonsense", timeout=OPENS)
    await page.screenshot(path=stage.folder / "configuration.png", full_page=True)
    stage.router.config.write_text(before)
    text = await page.content()
    assert not [secret for secret in (SECRET, ADMIN, TEAM, *DIGESTS.values()) if secret in text]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(stage: Stage, scheme: Scheme) -> None:
    """axe-core finds nothing serious on any page or in the dialog, light or dark, and no page is wider than a small telephone."""
    await stage.speak()
    found: dict[str, list[str]] = {}
    wide: list[str] = []
    async with visiting(stage.browser, stage.router.url, color_scheme=scheme) as visit:
        await visit.context.add_init_script(script=kept())
        page = await visit.page("")
        for name in PAGES:
            await page.get_by_role("link", name=name.capitalize()).click()
            await expect(page.locator("main")).not_to_be_empty()
            await page.wait_for_load_state("networkidle")
            if name == "requests":
                await page.locator("summary").first.click()
            found[name] = await judged(page)
            await page.screenshot(path=stage.folder / f"{name}-{scheme}.png")
        await page.get_by_role("button", name="Keys").click()
        found["keys"] = await judged(page)
        await page.get_by_role("button", name="Cancel").click()
        await page.set_viewport_size({"width": 360, "height": 740})
        for name in PAGES:
            await page.get_by_role("link", name=name.capitalize()).click()
            await page.wait_for_load_state("networkidle")
            wide += [name] if await page.evaluate("() => document.documentElement.scrollWidth > 360") else []
            await page.screenshot(path=stage.folder / f"{name}-{scheme}-small.png")
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert wide == []


async def test_with_the_keyboard_alone(visit: Visit) -> None:
    """From the address bar one comes past the links to the page, and every stop is seen to have the focus."""
    page: Page = await visit.page("playground")
    seen = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        seen.append(
            await page.evaluate(
                "() => [document.activeElement.textContent || document.activeElement.tagName,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert seen[0][0] == "Skip to the page"
    assert [one for one, _ in seen[1:8]] == [*(name.capitalize() for name in PAGES), "Keys"]
    assert {style for _, style in seen} == {"solid"}
