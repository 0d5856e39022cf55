import asyncio

import pytest

from router.loop.within import Within, alarm_here


async def test_waits_that_are_short() -> None:
    """What ends in time ends well, one after another and many at once, and nothing is left of it."""

    async def short() -> str:
        with Within(0.5):
            return await asyncio.sleep(0.01, "done")

    assert [await short(), *await asyncio.gather(*[short() for _ in range(3)])] == ["done"] * 4
    assert not alarm_here().waits


@pytest.mark.parametrize("seconds", [0.05, 0.0, -1.0])
async def test_a_wait_that_is_long(seconds: float) -> None:
    """It ends when its time is over, at once if there is none left, and the task is as free as before."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError), Within(seconds):
        await asyncio.sleep(10)
    assert seconds - 0.01 < loop.time() - began < 1
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("first", [10.0, 0.01])
async def test_one_timer_for_all(first: float) -> None:
    """Each of many waits has its own end, in whatever order they begin."""
    loop = asyncio.get_running_loop()

    async def lasted(seconds: float) -> float:
        began = loop.time()
        with pytest.raises(TimeoutError), Within(seconds):
            await asyncio.sleep(10)
        return loop.time() - began

    async def beside() -> None:
        with Within(first):
            await asyncio.sleep(0)

    await beside()
    times = [0.2, 0.05, 0.1]
    taken = await asyncio.gather(*[lasted(seconds) for seconds in times])
    assert [round(one, 1) for one in taken] == pytest.approx(times, abs=0.06)


async def test_one_within_another() -> None:
    """Of two that are over at once the outer tells of it; an inner one that is over leaves the outer be."""
    seen: list[type[BaseException]] = []

    async def inner() -> None:
        try:
            with Within(0.02):
                await asyncio.sleep(10)
        except BaseException as error:
            seen.append(type(error))
            raise

    with pytest.raises(TimeoutError), Within(0.02):
        await inner()
    with Within(10), pytest.raises(TimeoutError):
        await inner()
    assert seen == [asyncio.CancelledError, TimeoutError]


async def test_a_cancellation_from_elsewhere() -> None:
    """It stays one, and nothing is left behind that could cancel something else."""

    async def reads() -> None:
        with Within(0.05):
            await asyncio.sleep(10)

    task = asyncio.create_task(reads())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alarm_here().waits


class LeavingError(Exception):
    """What a source makes of a cancellation."""


async def test_a_fault_on_the_way_out() -> None:
    """A block that fails when it is cancelled is told by its own error, and the task is as free as before."""

    async def failing() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise LeavingError from None

    with pytest.raises(LeavingError), Within(0.01):
        await failing()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


class LateError(Exception):
    pass


@pytest.mark.parametrize("own", [False, True])
async def test_what_is_raised_in_its_place(own: bool) -> None:
    """Whoever says what it means to be late has that raised, also where the block has run into a bound of its own."""

    async def lasting() -> None:
        async with asyncio.timeout(0.01 if own else 10):
            await asyncio.sleep(10)

    with (
        pytest.raises(LateError, match="too late") as raised,
        Within(1.0 if own else 0.01, lambda: LateError("too late")),
    ):
        await lasting()
    assert isinstance(raised.value.__cause__, TimeoutError if own else asyncio.CancelledError)


async def test_another_error() -> None:
    """What fails in time fails as it does."""
    with pytest.raises(LeavingError), Within(1.0, lambda: LateError("too late")):
        raise LeavingError
