"""What teams used and what it cost, through a real router: its ledger, its page for teams, its command for operators."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.testing.acts import Reply
from router.testing.serving import Served, serving
from router.testing.vendor import Vendor

PCM = bytes(range(1, 241)) * 200  # 1 s
TEXT = "Hello."


def config(url: str) -> str:
    teams = "".join(
        f"  - {{name: {team}, keys: ['sha256:{sha256(team.encode()).hexdigest()}']}}\n" for team in ("ads", "news")
    )
    return (
        f"providers:\n  one: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}'}}\n"
        "routes:\n  - {name: r, task: speech, tiers: [one]}\n"
        "  - {name: kept, task: speech, tiers: [one], cache: {age: 1d}}\n"
        f"teams:\n{teams}"
        "prices: {currency: EUR, targets: {one: {per_million_characters: 15, per_request: 0.0005}}}\n"
    )


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor:
        yield vendor


async def speak(client: httpx.AsyncClient, team: str, model: str = "r") -> httpx.Response:
    body = {"model": model, "voice": "v", "input": TEXT, "response_format": "pcm"}
    return await client.post("/v1/audio/speech", json=body, headers={"x-api-key": team})


async def used(client: httpx.AsyncClient, team: str, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/usage{query}", headers={"x-api-key": team})
    lines: list[dict[str, Any]] = answer.raise_for_status().json()["lines"]
    return lines


async def noted(client: httpx.AsyncClient, team: str, requests: int) -> None:
    """Wait until the ledger has so many requests, which it writes once a second."""
    for _ in range(100):
        if sum(one["requests"] for one in await used(client, team)) >= requests:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the ledger never had them")


def command(router: Served, *words: str) -> Any:
    """Run `media-router usage` on a router's state."""
    env = {**os.environ, "MEDIA_ROUTER_STATE": str(router.config.parent / "state"), "KEY": "k"}
    ran = subprocess.run(
        (sys.executable, "-m", "router", "usage", "--config", str(router.config), "--as", "json", *words),
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


async def test_what_a_team_used(vendor: Vendor, tmp_path: Path) -> None:
    """Each team sees its own, exactly; what was kept from before costs nothing; the operator sees all, after the end too."""
    with serving(config(vendor.url), tmp_path, {"KEY": "k"}) as router:
        async with httpx.AsyncClient(base_url=router.url) as client:
            for _ in range(2):
                assert "x-cache" not in (await speak(client, "ads")).headers
            told = [await speak(client, "news", "kept")]
            await noted(client, "news", 1)  # by then it is kept, too
            told.append(await speak(client, "news", "kept"))
            assert [one.headers["x-cache"] for one in told] == ["miss", "hit"]
            assert told[0].content == told[1].content
            await noted(client, "ads", 2)
            await noted(client, "news", 2)
            (ads,) = await used(client, "ads", "?group_by=route,provider")
            news = await used(client, "news", "?group_by=provider")
            metrics = (await client.get("/metrics")).text
            await speak(client, "ads")
    assert len(vendor.asked) == 4
    assert (ads["route"], ads["provider"], ads["requests"], ads["characters"]) == ("r", "one", 2, 2 * len(TEXT))
    assert (ads["cost"], ads["currency"], ads["doubtful"]) == ("0.00118", "EUR", "0")
    assert [(one["provider"], one["cached"], one["cost"]) for one in news] == [("", 1, "0"), ("one", 0, "0.00059")]
    assert 'media_router_cost_total{provider="one",route="r",team="ads"} 0.00118' in metrics
    assert 'media_router_cache_requests_total{outcome="hit",route="kept",team="news"} 1.0' in metrics
    # The last request ended just before the router did: its entry is written all the same.
    assert [(one["team"], one["requests"]) for one in command(router, "--by", "team")] == [("ads", 3), ("news", 2)]
