import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import Shed
from router.engine.slots import MOST_WAITING, Slots, Turns


def test_teams_take_turns() -> None:
    """A team with a thousand waiting does not delay a team with one."""
    turns: Turns[str] = Turns()
    for number in range(1000):
        turns.push("many", f"many-{number}")
    turns.push("one", "one-0")
    assert [turns.pop() for _ in range(3)] == ["many-0", "one-0", "many-1"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["push", "pop", "discard"])), max_size=100))
def test_any_order(steps: list[tuple[str, str]]) -> None:
    """Nobody is lost or served twice, each team is served in its own order, and no team twice before another once."""
    turns: Turns[tuple[str, int]] = Turns()
    waiting: dict[str, list[tuple[str, int]]] = {"a": [], "b": [], "c": []}
    for number, (team, action) in enumerate(steps):
        if action == "push":
            turns.push(team, (team, number))
            waiting[team].append((team, number))
        elif action == "discard" and waiting[team]:
            turns.discard(team, waiting[team].pop())
        elif action == "pop" and any(waiting.values()):
            one = turns.pop()
            assert waiting[one[0]].pop(0) == one
    assert len(turns) == sum(map(len, waiting.values()))
    teams = sum(bool(one) for one in waiting.values())
    assert len({turns.pop()[0] for _ in range(teams)}) == teams


async def test_no_limit() -> None:
    """Without a limit nobody waits."""
    slots = Slots(None)
    for _ in range(1000):
        await slots.take("a", 0.0)
    assert slots.taken == 1000


async def test_a_slot_is_handed_on() -> None:
    """Whoever waits gets the slot that is given back, in turn, and there are never more than the limit."""
    slots, order = Slots(1), []

    async def call(team: str) -> None:
        await slots.take(team, 5.0)
        order.append(team)
        assert slots.taken == 1
        await asyncio.sleep(0)
        slots.give_back(0.0)

    await slots.take("first", 5.0)
    waiting = [asyncio.create_task(call(team)) for team in ("a", "a", "a", "b")]
    await asyncio.sleep(0)
    slots.give_back(0.0)
    await asyncio.gather(*waiting)
    assert order == ["a", "b", "a", "a"]
    assert (slots.taken, len(slots.queue)) == (0, 0)


async def test_too_many_waiting() -> None:
    """A team that has filled its queue is refused at once; another is not."""
    slots = Slots(1)
    await slots.take("many", 5.0)
    waiting = [asyncio.create_task(slots.take("many", 5.0)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Shed):
        await slots.take("many", 5.0)
    waiting.append(asyncio.create_task(slots.take("few", 5.0)))
    await asyncio.sleep(0)
    assert len(slots.queue) == MOST_WAITING + 1
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(slots.queue) == 0


async def test_a_wait_that_cannot_end_in_time() -> None:
    """With calls known to take ten seconds, one that can wait for two is refused at once and told how long."""
    slots = Slots(1)
    await slots.take("a", 5.0)
    slots.give_back(10.0)
    await slots.take("a", 5.0)
    with pytest.raises(Shed) as caught:
        await slots.take("a", 2.0)
    assert caught.value.retry_after == 10.0


async def test_patience_ends() -> None:
    """Who waits in vain is refused and leaves no trace."""
    slots = Slots(1)
    await slots.take("a", 5.0)
    with pytest.raises(Shed):
        await slots.take("a", 0.01)
    assert (slots.taken, len(slots.queue)) == (1, 0)


async def test_a_caller_who_leaves_the_queue() -> None:
    """Even when the slot comes in the same instant, it is not lost."""
    slots = Slots(1)
    await slots.take("a", 5.0)
    waiting = asyncio.create_task(slots.take("a", 5.0))
    await asyncio.sleep(0)
    slots.give_back(0.0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert slots.taken == 0
