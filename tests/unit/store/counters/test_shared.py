import asyncio
import time
from typing import Any

import pytest

from router.store.counters import CountersUnavailable, Ending
from router.store.shared_counters import SharedCounters
from router.testing.redis import Redis, program, redis
from tests.unit.store.counters.making import claim, end, entry, settled, standing, team


async def test_replicas_share_one_count(server: Redis) -> None:
    """What one process claims another cannot, and either may end what the other began."""
    ads = team()
    async with SharedCounters(server.url) as one, SharedCounters(server.url) as other:
        begun = claim(ads, entry(ads, 10, 10), most=1)
        assert (await one.claim(begun)).refused is None
        assert (await other.claim(claim(ads, entry(ads, 1, 10)))).refused == 0
        await end(other, begun, 0)
        assert (await other.claim(claim(ads, entry(ads, 10, 10), most=1))).refused is None


async def test_an_end_that_overtakes_its_claim(server: Redis) -> None:
    """Who gave up on a claim's answer says that it ended; should it arrive after that, nothing is counted."""
    ads = team()
    async with SharedCounters(server.url) as shared:
        late = claim(ads, entry(ads, 10, 100))
        await end(shared, late, 0)
        with pytest.raises(CountersUnavailable):
            await shared.claim(late)
        assert await standing(shared, ads) == 0


async def test_counters_go_with_their_time(server: Redis) -> None:
    """A counter whose span is over takes no room, even if a claim in it ends later."""
    ads = team()
    async with SharedCounters(server.url) as shared:
        one = claim(ads, entry(ads, 10, 100, lasts=1))
        await shared.claim(one)
        await asyncio.sleep(1.5)
        await end(shared, one, 4)
        assert await standing(shared, ads) == 0


async def test_a_dead_process_does_not_run_for_ever(server: Redis) -> None:
    """Requests that nobody renews no longer count as under way once their lease is over."""
    ads = team()
    async with SharedCounters(server.url, lease=0.3) as shared, SharedCounters(server.url, lease=0.3) as dead:
        kept = claim(ads, most=2)
        await shared.claim(kept)
        lost = claim(ads, most=2)
        await dead.claim(lost)
        dead._running.clear()
        assert (await shared.claim(claim(ads, most=2))).refused is not None
        await asyncio.sleep(0.5)
        assert (await shared.claim(claim(ads, most=2))).running == 2


async def test_a_server_that_dies_and_comes_back() -> None:
    """While it is away claims fail, soon and then at once; it has forgotten nothing, and hears what ended meanwhile."""
    if program() is None:
        pytest.skip("needs redis-server, which is not installed")
    ads = team()
    with redis() as server:
        async with SharedCounters(server.url) as shared:
            before = claim(ads, entry(ads, 10, 100))
            await shared.claim(before)
            await asyncio.to_thread(server.kill)
            for longest in (2.0, 0.05):
                began = time.monotonic()
                with pytest.raises(CountersUnavailable):
                    await shared.claim(claim(ads, entry(ads, 1, 100)))
                assert time.monotonic() - began < longest
            assert not shared.there
            shared.end(Ending(before, (4,)))
            await asyncio.sleep(0.1)
            assert shared.untold == 1
            await asyncio.to_thread(server.start)
            await settled(shared)
            assert await standing(shared, ads) == 4
            assert shared.there


class Torn(SharedCounters):
    """Counters whose connection is lost at the very moment that it is written to, as often as `faults` says."""

    faults: tuple[Exception, ...] = ()

    async def _eval(self, script: str, *told: Any) -> Any:
        self._break()
        return await super()._eval(script, *told)

    async def _told_some(self) -> bool:
        self._break()
        return await super()._told_some()

    def _break(self) -> None:
        if self.faults:
            fault, *rest = self.faults
            self.faults = tuple(rest)
            raise fault


async def test_a_connection_that_is_lost_while_it_is_written_to(server: Redis) -> None:
    """Whoever claims hears that nobody counts now, as at any other loss."""
    ads = team()
    async with Torn(server.url) as shared:
        shared.faults = (RuntimeError("the handler is closed"),)
        with pytest.raises(CountersUnavailable):
            await shared.claim(claim(ads, entry(ads, 1, 10)))


async def test_whatever_befalls_the_telling_of_ends(server: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """They are told again, also after what nobody foresaw, which is logged."""
    ads = team()
    async with Torn(server.url) as shared:
        one = claim(ads, entry(ads, 10, 100))
        await shared.claim(one)
        shared.faults = (RuntimeError("the handler is closed"), LookupError("who would have thought"))
        await end(shared, one, 4)
        assert await standing(shared, ads) == 4
    assert "nobody foresaw" in caplog.text


async def test_ends_are_told_before_a_process_leaves(server: Redis) -> None:
    """What ended last is counted although the process stops."""
    ads = team()
    async with SharedCounters(server.url) as shared:
        one = claim(ads, entry(ads, 10, 100))
        await shared.claim(one)
        shared.end(Ending(one, (2,)))
    async with SharedCounters(server.url) as other:
        assert await standing(other, ads) == 2
