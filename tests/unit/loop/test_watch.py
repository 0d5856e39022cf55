import asyncio

import pytest

from router.loop.watch import Watch
from router.loop.within import alarm_here


async def test_in_time() -> None:
    """Many short waits are none that is too long, and after them nothing is left with the alarm."""
    watch = Watch(gap=0.1, left=10)
    for _ in range(5):
        with watch:
            await asyncio.sleep(0.03)
    assert alarm_here().waits == {watch}
    watch.close()
    assert not alarm_here().waits


async def test_a_wait_that_is_too_long() -> None:
    """It ends as long after its own beginning as it may take, whatever was waited for before, and so does the next."""
    watch, now = Watch(gap=0.08, left=10), asyncio.get_running_loop().time
    with watch:
        await asyncio.sleep(0.05)
    for _ in range(2):
        began = now()
        with pytest.raises(TimeoutError), watch:
            await asyncio.sleep(5)
        assert 0.08 <= now() - began < 0.5


async def test_what_is_left_in_all() -> None:
    """Waits that are each short enough end when there have been too many, and every later one at once."""
    watch, now = Watch(gap=10, left=0.05), asyncio.get_running_loop().time

    async def wait() -> None:
        while True:
            with watch:
                await asyncio.sleep(0.01)

    began = now()
    with pytest.raises(TimeoutError):
        await wait()
    assert 0.05 <= now() - began < 0.5
    with pytest.raises(TimeoutError), watch:
        await asyncio.sleep(5)


async def test_between_two_waits() -> None:
    """Time in which nobody waits does not count, and the alarm does not ring for it again."""
    watch = Watch(gap=0.03, left=10)
    with watch:
        pass
    await asyncio.sleep(0.06)
    assert not alarm_here().waits
    with watch:
        await asyncio.sleep(0.01)


async def test_several_tasks() -> None:
    """Each wait is its task's: nobody else is cancelled."""
    watch = Watch(gap=0.03, left=10)

    async def wait(seconds: float) -> None:
        with watch:
            await asyncio.sleep(seconds)

    await asyncio.create_task(wait(0))
    with pytest.raises(TimeoutError):
        await asyncio.create_task(wait(5))


async def test_cancelled_from_elsewhere() -> None:
    """A cancellation stays one, also when the time is over in the same moment."""
    watch = Watch(gap=0.02, left=10)

    async def wait() -> None:
        with watch:
            await asyncio.sleep(5)

    for moment in (0.0, 0.02):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(moment, waiting.cancel)
        asyncio.get_running_loop().call_later(moment, watch.ring)
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_an_error_from_within() -> None:
    """What is raised in time comes through, and what is raised on being cancelled for the time comes through as well."""
    watch = Watch(gap=0.01, left=10)

    async def leave() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), watch:
        raise KeyError
    with pytest.raises(KeyError), watch:
        await leave()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
