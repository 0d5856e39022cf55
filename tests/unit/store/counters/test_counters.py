import asyncio

from router.store.counters import SLOTS, Counters, Ending
from tests.unit.store.counters.making import claim, end, entry, settled, standing, team


async def test_a_claim_fits_or_raises_nothing(counters: Counters) -> None:
    """Of several counters all are raised or none, and it is said which one is in the way and how they stand."""
    ads = team()
    first = await counters.claim(claim(ads, entry(ads, 6, 10), entry(ads, 1, 5, unit=1)))
    assert (first.refused, list(first.used)) == (None, [6, 1])
    second = await counters.claim(claim(ads, entry(ads, 4, 10), entry(ads, 5, 5, unit=1)))
    assert (second.refused, list(second.used)) == (1, [6, 1])
    assert (await counters.claim(claim(ads, entry(ads, 4, 10)))).refused is None
    assert (await counters.claim(claim(ads, entry(ads, 1, 10)))).refused == 0


async def test_an_end_says_what_was_used(counters: Counters) -> None:
    """Less gives the rest back, more is counted above the limit too, nothing gives all back, None leaves it as claimed."""
    ads = team()
    for used, stands in ((4, 4), (15, 19), (0, 19), (None, 29)):
        one = claim(ads, entry(ads, 10, 1000))
        await counters.claim(one)
        await end(counters, one, used)
        assert await standing(counters, ads) == stands


async def test_a_claim_may_be_sent_twice_and_so_may_its_end(counters: Counters) -> None:
    """Whoever did not hear the answer asks again: it is counted once, and put right once."""
    ads = team()
    one = claim(ads, entry(ads, 10, 15))
    assert [(await counters.claim(one)).refused for _ in range(2)] == [None, None]
    assert await standing(counters, ads) == 10
    await end(counters, one, 3)
    await end(counters, one, 3)
    assert await standing(counters, ads) == 3


async def test_what_was_used_while_nobody_counted_is_booked(counters: Counters) -> None:
    """The end of a claim that was never granted is counted by what was used, once; by what was claimed if that is not said."""
    ads, games = team(), team()
    await end(counters, claim(games, entry(games, 10, 100), most=1), None)
    assert await standing(counters, games) == 10
    assert (await counters.claim(claim(games, most=1))).running == 1
    one = claim(ads, entry(ads, 10, 100))
    await end(counters, one, 7)
    await end(counters, one, 7)
    assert await standing(counters, ads) == 7


async def test_so_many_at_once(counters: Counters) -> None:
    """One more than `most` is refused until one has ended; other teams' do not count."""
    ads, games = team(), team()
    running = [claim(ads, most=2) for _ in range(3)]
    counts = [await counters.claim(one) for one in running]
    assert [(one.running, one.refused) for one in counts] == [(1, None), (2, None), (2, SLOTS)]
    assert (await counters.claim(claim(games, most=1))).refused is None
    await end(counters, running[0])
    assert (await counters.claim(running[2])).refused is None


async def test_claims_at_once_never_come_above_the_limit(counters: Counters) -> None:
    """Of many at the same moment exactly as many are granted as there is room for."""
    ads = team()
    counts = await asyncio.gather(*(counters.claim(claim(ads, entry(ads, 7, 100))) for _ in range(200)))
    assert sum(one.refused is None for one in counts) == 14
    assert await standing(counters, ads) == 98


async def test_claims_and_ends_in_any_order_leave_what_was_used(counters: Counters) -> None:
    """After claims and ends of many, some of which failed, the counter is the sum of what was used."""
    ads = team()

    async def use(number: int) -> int:
        one = claim(ads, entry(ads, 10, 1_000_000))
        await counters.claim(one)
        used = number % 11
        counters.end(Ending(one, (used,)))
        return used

    used = await asyncio.gather(*map(use, range(300)))
    await settled(counters)
    assert await standing(counters, ads) == sum(used)
