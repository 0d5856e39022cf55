import asyncio

import pytest

from router.contract import Load, Settings, Shed
from router.engine.settings import ProviderSettings, RouterSettings, Server, Team
from router.engine.slots import MOST_WAITING, NEWS_AFTER, Patience, Slots, slots_of

LONG = Patience(5.0, 60.0)
NOW = Patience(0.0, 0.0)


async def full(limit: int = 1, usual: float = 0.0) -> Slots:
    """Slots that are all taken, where calls are known to take `usual` seconds."""
    slots = Slots(limit, {"heavy": 3.0})
    for _ in range(limit):
        await slots.take("first", NOW)
    slots.give_back(usual)
    await slots.take("first", NOW)
    return slots


async def queued(slots: Slots, *teams: str, patience: Patience = LONG) -> list[asyncio.Task[None]]:
    waiting = [asyncio.create_task(slots.take(team, patience)) for team in teams]
    await asyncio.sleep(0)
    return waiting


async def sent_away(waiting: list[asyncio.Task[None]]) -> None:
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_no_limit() -> None:
    """Without a limit nobody waits."""
    slots = Slots(None)
    for _ in range(1000):
        await slots.take("a", NOW)
    assert slots.taken == 1000


async def test_a_slot_is_handed_on() -> None:
    """Whoever waits gets the slot that is given back, in turn, and there are never more than the limit."""
    slots, order = await full(), []

    async def call(team: str) -> None:
        await slots.take(team, LONG)
        order.append(team)
        assert slots.taken == 1
        await asyncio.sleep(0)
        slots.give_back(0.0)

    waiting = [asyncio.create_task(call(team)) for team in ("a", "a", "a", "b")]
    await asyncio.sleep(0)
    slots.give_back(0.0)
    await asyncio.gather(*waiting)
    assert order == ["a", "b", "a", "a"]
    assert (slots.taken, len(slots.queue)) == (0, 0)


async def test_weights() -> None:
    """A team of three times the weight gets three slots for each of another's."""
    slots, order = await full(), []

    async def call(team: str) -> None:
        await slots.take(team, LONG)
        order.append(team)
        slots.give_back(0.0)

    waiting = [asyncio.create_task(call(team)) for team in ["light"] * 8 + ["heavy"] * 8]
    await asyncio.sleep(0)
    slots.give_back(0.0)
    await asyncio.gather(*waiting)
    assert order[:8].count("heavy") == 6


async def test_too_many_waiting() -> None:
    """A team that has filled its queue is refused at once; another is not."""
    slots = await full()
    waiting = await queued(slots, *["many"] * MOST_WAITING)
    with pytest.raises(Shed):
        await slots.take("many", LONG)
    waiting += await queued(slots, "few")
    assert len(slots.queue) == MOST_WAITING + 1
    await sent_away(waiting)
    assert len(slots.queue) == 0


@pytest.mark.parametrize("patience", [Patience(2.0, 60.0), Patience(60.0, 2.0)], ids=["first-byte", "deadline"])
async def test_a_wait_that_cannot_end_in_time(patience: Patience) -> None:
    """With calls known to take ten seconds, one that can wait for two is refused at once and told how long."""
    slots = await full(usual=10.0)
    with pytest.raises(Shed) as caught:
        await slots.take("a", patience)
    assert caught.value.retry_after == 10.0


async def test_the_expected_wait_is_the_teams_own() -> None:
    """While a team floods it is refused, and told of its own queue; a team with nobody waiting is let in."""
    slots = await full(limit=2, usual=1.0)
    waiting = await queued(slots, *["many"] * 10)
    with pytest.raises(Shed) as caught:
        await slots.take("many", LONG)
    assert caught.value.retry_after == pytest.approx(5.5)
    assert slots.expected("few") <= 1.0
    waiting += await queued(slots, "few")
    slots.give_back(1.0)
    slots.give_back(1.0)
    await asyncio.sleep(0)
    assert waiting[-1].done()
    await sent_away(waiting)


async def test_patience_ends() -> None:
    """Who waits in vain is refused and leaves no trace."""
    slots = await full()
    with pytest.raises(Shed):
        await slots.take("a", Patience(0.01, 60.0))
    assert (slots.taken, len(slots.queue)) == (1, 0)


@pytest.mark.parametrize("patience", [0.01, 0.05, 60.0])
async def test_the_deadline_ends(patience: float) -> None:
    """When the request's deadline comes first, or with the patience, it is always the deadline that ends the wait."""
    slots = await full()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await slots.take("a", Patience(patience, 0.01))
    assert (slots.taken, len(slots.queue)) == (1, 0)


async def test_a_caller_who_leaves_the_queue() -> None:
    """Even when the slot comes in the same instant, it is not lost."""
    slots = await full()
    waiting = await queued(slots, "a")
    slots.give_back(0.0)
    await sent_away(waiting)
    assert waiting[0].cancelled()
    assert slots.taken == 0


async def test_a_slot_that_came_too_late_goes_on() -> None:
    """It goes to the next in line, and counts for nothing in how long calls take."""
    slots = await full(usual=1.0)
    waiting = await queued(slots, "a", "b")
    slots.give_back(1.0)
    await sent_away(waiting[:1])
    await waiting[1]
    assert (slots.taken, slots.usual) == (1, 1.0)


async def test_a_limit_that_grows() -> None:
    """Those who wait and have room now go at once, no more of them than there is room for."""
    slots = await full()
    waiting = await queued(slots, "a", "b", "c")
    slots.adapt(3, {})
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [True, True, False]
    assert (slots.taken, len(slots.queue)) == (3, 1)
    slots.adapt(None, {})
    await waiting[2]
    assert (slots.taken, len(slots.queue)) == (4, 0)


async def test_a_limit_that_shrinks() -> None:
    """No call is cut short for it, and nobody goes until there are fewer than it allows; no slot is lost on the way."""
    slots = await full(limit=3)
    slots.adapt(1, {})
    waiting = await queued(slots, "a")
    for left in (2, 1):
        slots.give_back(0.0)
        assert (slots.taken, waiting[0].done()) == (left, False)
    slots.give_back(0.0)
    await waiting[0]
    slots.give_back(0.0)
    assert (slots.taken, len(slots.queue)) == (0, 0)


async def test_other_weights() -> None:
    """Weights that change count from then on, for those who wait already too."""
    slots, order = await full(), []

    async def call(team: str) -> None:
        await slots.take(team, LONG)
        order.append(team)
        slots.give_back(0.0)

    waiting = [asyncio.create_task(call(team)) for team in ["light"] * 8 + ["heavy"] * 8]
    await asyncio.sleep(0)
    slots.adapt(1, {"light": 3.0})
    slots.give_back(0.0)
    await asyncio.gather(*waiting)
    assert order[:8].count("light") == 6


async def test_slots_that_are_kept() -> None:
    """They are the same, under the new limit; the others are new."""
    accounts = {name: ProviderSettings(name=name, kind="k", settings=Settings(), concurrency=2) for name in "ab"}
    settings = RouterSettings(providers=accounts, routes=())
    kept = Slots(1)
    found = slots_of(settings, lambda load: None, {"a": kept})
    assert found["a"] is kept
    assert (kept.limit, found["b"].limit) == (2, 2)


async def test_the_share_of_a_process() -> None:
    """Of several processes each makes its part of the calls, those that are kept and those that are new."""
    accounts = {name: ProviderSettings(name=name, kind="k", settings=Settings(), concurrency=9) for name in "ab"}
    accounts["c"] = ProviderSettings(name="c", kind="k", settings=Settings())
    settings = RouterSettings(providers=accounts, routes=(), server=Server(workers=4))
    found = slots_of(settings, lambda load: None, {"a": Slots(1)})
    assert {name: slots.limit for name, slots in found.items()} == {"a": 2, "b": 2, "c": None}


async def test_the_load_is_told() -> None:
    """Soon after a change it is announced, once for all that changed meanwhile, and so is the end of it all."""
    told: list[Load] = []
    accounts = {"a": ProviderSettings(name="a", kind="k", settings=Settings(), concurrency=1)}
    slots = slots_of(RouterSettings(providers=accounts, routes=()), told.append)["a"]
    await slots.take("x", NOW)
    waiting = await queued(slots, "x", "y", "y")
    await sent_away(waiting[:1])
    assert told == []
    await asyncio.sleep(1.5 * NEWS_AFTER)
    assert told == [Load(provider="a", in_flight=1, queued=2)]
    for one in waiting[1:]:
        slots.give_back(0.0)
        await one
    slots.give_back(0.0)
    await asyncio.sleep(1.5 * NEWS_AFTER)
    assert told[1:] == [Load(provider="a", in_flight=0, queued=0)]


async def test_the_teams_weights() -> None:
    """They are the configuration's, one for a team that says nothing."""
    digest = "sha256:" + "0" * 64
    teams = (Team(name="heavy", keys=(digest,), weight=2.5), Team(name="usual", keys=(digest,)))
    accounts = {"a": ProviderSettings(name="a", kind="k", settings=Settings())}
    slots = slots_of(RouterSettings(providers=accounts, routes=(), teams=teams), lambda load: None)["a"]
    assert slots.queue.weights == {"heavy": 2.5, "usual": 1.0}
    assert slots.limit is None
