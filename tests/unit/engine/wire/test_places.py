import asyncio

from router.engine.wire.places import Places


async def test_so_many() -> None:
    """There are as many places as were given, and one given back is there again."""
    places = Places(2)
    assert [places.take() for _ in range(3)] == [True, True, False]
    places.give_back()
    assert [places.take(), places.take()] == [True, False]


async def test_from_hand_to_hand() -> None:
    """A place that somebody waits for is never free in between, so that nobody who has only just come gets it."""
    places = Places(1)
    places.take()
    first, second = (asyncio.ensure_future(places.wait()) for _ in range(2))
    await asyncio.sleep(0)
    places.give_back()
    assert not places.take()
    await first
    assert not second.done()
    places.give_back()
    await second


async def test_given_to_one_who_has_just_left() -> None:
    """A place whose taker is called off in the moment it comes goes to the next, and is not lost after the last."""
    places = Places(1)
    places.take()
    first, second = (asyncio.ensure_future(places.wait()) for _ in range(2))
    await asyncio.sleep(0)
    places.give_back()
    first.cancel()
    await asyncio.wait({first})
    await second
    third = asyncio.ensure_future(places.wait())
    await asyncio.sleep(0)
    places.give_back()
    third.cancel()
    await asyncio.wait({third})
    assert places.take()


async def test_left_before_it_came() -> None:
    """One who stopped waiting is passed over."""
    places = Places(1)
    places.take()
    gone = asyncio.ensure_future(places.wait())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    places.give_back()
    assert places.take()
