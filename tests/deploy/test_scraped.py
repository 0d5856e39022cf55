"""What we ship for Prometheus and Grafana, on a real Prometheus that scrapes a router under every sort of load."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
import pytest
import pytest_asyncio

from deploy.grafana.boards import BOARDS
from deploy.grafana.queries import WINDOW
from router.testing.serving import Served, serving
from tests.deploy.loading import ADS, SURROUNDINGS, Moody, config, one_of_each, provoke_hedges
from tests.deploy.scraping import Prometheus, prometheus, selected

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGE: Final = 10_000
AT_ONCE: Final = 16
SPAN: Final = "1m"
NEVER: Final = {
    'media_router_ledger_entries_total{outcome="lost"}': "the database is there",
}
"""What rules look at and a router that is well does not have, and why."""
EMPTY: Final = {
    "sum (rate(media_router_unmetered_requests_total[1m]))": "what counts is there",
}
"""Queries of dashboards that have no answer while all is well, and why."""


@dataclass(frozen=True)
class Scene:
    router: Served
    scraper: Prometheus


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A router that has seen everything twice, the second time after its series had been scraped."""
    command, folder = needs("prometheus"), tmp_path_factory.mktemp("scraped")
    async with Moody() as vendor:
        with (
            serving(config(vendor.url), folder, SURROUNDINGS) as router,
            prometheus(command, router.url, folder) as scraper,
        ):
            async with httpx.AsyncClient(base_url=router.url, headers=ADS, timeout=60) as client:
                for _ in range(2):
                    await provoke_hedges(client, vendor)
                    await one_of_each(client, router.url)
                    await reload(router, scraper)
                    await scraper.scraped()
                await scraper.until("task_route:media_router_failed:ratio_rate5m", lambda value: value > 0)
                yield Scene(router, scraper)


async def reload(router: Served, scraper: Prometheus) -> None:
    """Change the configuration, in vain."""
    good = router.config.read_text()
    router.config.write_text(good.replace("providers:", "provider:"))
    await scraper.until('media_router_reloads_total{outcome="refused"}')
    router.config.write_text(good)


async def test_every_chart_shows_something(scene: Scene) -> None:
    """Each query of each dashboard answers with numbers, but for those that are named with their reason."""
    queries = [
        query.replace(WINDOW, SPAN) for board in BOARDS for chart in board.charts for query in chart.queries.values()
    ]
    assert len(queries) >= 50
    assert await scene.scraper.unanswered(queries, EMPTY) == set(EMPTY)


async def test_every_rule_has_something_to_look_at(scene: Scene) -> None:
    """All rules are evaluated without error, and whatever they look at is there, but for what is named with its reason."""
    rules = scene.scraper.rules()
    looked_at = {one for rule in rules for one in selected(rule["query"])}
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    assert len(looked_at) > 20
    assert await scene.scraper.unanswered(looked_at, NEVER) == set(NEVER)


async def test_strangers_make_no_series(scene: Scene) -> None:
    """Models, voices and users that nobody has heard of, 10,000 of each, leave the router with as many series as before."""
    await attack(scene.router.url, range(32))  # whatever refusals and direct targets count as is there from now on
    await scene.scraper.scraped()
    before = scene.scraper.series()
    await attack(scene.router.url, range(32, STRANGE))
    await scene.scraper.scraped()
    print(f"{before} series before, {scene.scraper.series()} after {STRANGE} models, voices and users")
    assert scene.scraper.series() <= before
    assert scene.scraper.values("sum (media_router_requests_total)")[0] > STRANGE


async def attack(url: str, numbers: range) -> None:
    """Ask with another model, voice and user each time: one in ten of a route that is there, the rest of none."""
    left = iter(numbers)

    async def ask(session: aiohttp.ClientSession) -> None:
        for number in left:
            model = "narration" if number % 10 == 0 else f"{'steady/' * (number % 2)}strange-{number}"
            who = {"voice": f"voice-{number}", "user": f"user-{number}"}
            body = {"model": model, "input": "Hi.", "response_format": "pcm", **who}
            async with session.post("/v1/audio/speech", json=body, headers={"x-request-id": f"r-{number}"}) as answer:
                await answer.read()

    async with aiohttp.ClientSession(url, headers=ADS) as session:
        await asyncio.gather(*(ask(session) for _ in range(AT_ONCE)))
