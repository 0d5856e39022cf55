"""How far a video is, by a vendor that does not say so."""

import asyncio
from pathlib import Path

from tests.e2e.metrics import metric
from tests.e2e.outages import scene

TAKES = 3.0


async def test_progress_by_the_films_before(tmp_path: Path) -> None:
    """Shown is how long such films have taken: near nine tenths by then, never less than before, and 100 at the end alone."""
    async with scene(tmp_path) as on:
        await on.order()
        await asyncio.sleep(TAKES)
        on.studio.ready = True
        await on.recovered()
        assert (
            await asyncio.to_thread(metric, on.router.url, "webhook_deliveries_total", team="ads", outcome="delivered")
            == 3
        )
    async with scene(tmp_path) as on:  # films are looked at once a minute, or by the next process
        await on.order(1)
        seen = [(await on.looked()).json()]
        while len(seen) < 50:
            await asyncio.sleep(0.1)
            seen.append((await on.looked()).json())
        assert await asyncio.to_thread(metric, on.router.url, "records_available") == 1
        on.studio.ready = True
        done = (await on.client.get(f"/v1/videos/{on.names[0]}?wait=30")).json()
    shown = [one["progress"] for one in seen if one["status"] == "in_progress"]
    assert len(shown) > 40
    assert shown == sorted(shown)
    assert 15 <= shown[10] <= 60
    assert 80 <= shown[-1] <= 98
    assert (done["status"], done["progress"]) == ("completed", 100)
