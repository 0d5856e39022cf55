import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from pickle import PicklingError

import pytest

from router.contract import Busy, Invalid
from router.media import WorkerCrashed, Workers
from router.media.workers import Job
from tests.unit.media import jobs

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def each(*chunks: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then:
        raise then


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def wait_until_gone(pid: int) -> None:
    while not gone(pid):
        time.sleep(0.005)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_items(pool: Workers) -> None:
    """Bytes arrive as they are, other objects as equal ones, arguments reach the job."""
    running = await pool.start(jobs.mixed, 1, "two")
    assert [item async for item in running] == [b"raw", {"parts": (1, "two")}]


async def test_call(pool: Workers) -> None:
    """`call` returns the last item, or None where there is none."""
    assert await pool.call(jobs.count, 4) == 3
    assert await pool.call(jobs.silent) is None


async def test_feed(pool: Workers) -> None:
    """What is fed arrives whole and in order, whatever its size."""
    chunks = [b"", b"a", b"b" * 300_000, b"c"]
    running = await pool.start(jobs.echo, feed=each(*chunks))
    assert [item async for item in running] == chunks


async def test_stream_while_fed(pool: Workers) -> None:
    """The first output is there before the second input exists."""
    seen = asyncio.Event()

    async def feed() -> AsyncIterator[bytes]:
        yield b"one"
        await seen.wait()
        yield b"two"

    running = await pool.start(jobs.echo, feed=feed())
    assert await anext(running) == b"one"
    seen.set()
    assert [item async for item in running] == [b"two"]


async def test_reuse(pool: Workers) -> None:
    """A job that ended leaves its process to the next, even with input unread or a MediaError raised."""
    first = await pool.call(jobs.pid)
    running = await pool.start(jobs.count, 1, feed=each(b"never", b"read"))
    assert [item async for item in running] == [0]
    with pytest.raises(Invalid):
        await pool.call(jobs.rejects)
    running = await pool.start(jobs.echo, feed=each(b"mine"))
    assert [item async for item in running] == [b"mine"]
    assert await pool.call(jobs.pid) == first


async def test_endless_feed_is_left(pool: Workers) -> None:
    """A job that ends before its feed does not wait for it."""
    running = await pool.start(jobs.count, 1, feed=never())
    assert [item async for item in running] == [0]
    assert await pool.call(jobs.count, 1) == 0


async def never() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def test_media_error(pool: Workers) -> None:
    """A MediaError comes back as the same class with all its fields, after what was yielded before."""
    running = await pool.start(jobs.rejects)
    assert await anext(running) == b"first"
    with pytest.raises(Invalid, match="no good") as caught:
        await anext(running)
    assert (caught.value.code, caught.value.param, caught.value.limit) == ("bad_thing", "file", 3)


async def test_other_exception(pool: Workers) -> None:
    """Any other exception is a WorkerCrashed that names its type and place but repeats none of its text."""
    with pytest.raises(WorkerCrashed, match=r"ValueError in tests\.unit\.media\.jobs\.breaks") as caught:
        await pool.call(jobs.breaks, "the caller's words")
    assert "jobs.py" in caught.value.__notes__[0]
    assert "the caller's words" not in f"{caught.value}{caught.value.__notes__}"
    assert await pool.call(jobs.count, 2) == 1


async def test_unpicklable_item(pool: Workers) -> None:
    """An item that cannot travel is a crash of the job, not of the pool."""
    with pytest.raises(WorkerCrashed):
        await pool.call(jobs.unpicklable)
    assert await pool.call(jobs.count, 2) == 1


async def test_unpicklable_argument(pool: Workers) -> None:
    """An argument that cannot travel fails at once and costs no place in the pool."""
    for _ in range(3):
        with pytest.raises((AttributeError, TypeError, PicklingError)):
            await pool.start(jobs.count, lambda: None)
    assert await pool.call(jobs.count, 2) == 1


async def test_segfault(pool: Workers) -> None:
    """A process that dies is a WorkerCrashed after what it had yielded; the pool replaces it."""
    running = await pool.start(jobs.dies)
    assert await anext(running) == b"first"
    with pytest.raises(WorkerCrashed, match="died"):
        await anext(running)
    assert await pool.call(jobs.count, 2) == 1


async def test_idle_process_killed(pool: Workers) -> None:
    """A process that died between jobs is not given the next one."""
    pid = await pool.call(jobs.pid)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(wait_until_gone, pid)
    assert await pool.call(jobs.pid) != pid


async def test_close_kills(pool: Workers) -> None:
    """Closing a job that is busy computing ends its process at once; closing twice is fine."""
    running = await pool.start(jobs.spins)
    pid = await anext(running)
    await running.aclose()
    assert gone(pid)
    await running.aclose()
    assert [item async for item in running] == []


async def test_cancelled_call_kills(pool: Workers) -> None:
    """A caller who is cancelled leaves no process at work."""
    running = await pool.start(jobs.spins)
    pid = await anext(running)

    async def rest() -> None:
        try:
            await anext(running)
        finally:
            await running.aclose()

    task = asyncio.create_task(rest())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(pid)


async def test_patience_can_run_out(pool: Workers) -> None:
    """A read given up on loses nothing: the next read goes on where it stopped."""
    gate = asyncio.Event()

    async def feed() -> AsyncIterator[bytes]:
        await gate.wait()
        yield b"late" * 50_000

    running = await pool.start(jobs.echo, feed=feed())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(running), 0.01)
    gate.set()
    assert [item async for item in running] == [b"late" * 50_000]


async def test_feed_fails(pool: Workers) -> None:
    """An input that breaks surfaces as its own error, and the job never writes its end."""
    running = await pool.start(jobs.upper_then_tail, feed=each(b"a", then=Busy("full", retry_after=3)))
    got: list[bytes] = []

    async def read() -> None:
        async for item in running:
            got.append(item)  # noqa: PERF401 - what came before the error is the point

    with pytest.raises(Busy, match="full"):
        await read()
    assert b"tail" not in got
    assert await pool.call(jobs.count, 2) == 1


async def test_slow_reader_stops_the_job(pool: Workers, tmp_path: Path) -> None:
    """A job runs ahead of its reader by no more than the buffers between them."""
    running = await pool.start(jobs.floods, tmp_path / "tally")
    await anext(running)
    produced = -1
    while (now := int((tmp_path / "tally").read_text() or 0)) != produced or now == 0:
        produced = now
        await asyncio.sleep(0.1)
    assert produced < 20
    await running.aclose()


async def test_slow_job_stops_the_feed(pool: Workers) -> None:
    """A feed is asked for no more than the buffers hold while the job does not read."""
    asked = 0

    async def feed() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield bytes(64 * 1024)

    running = await pool.start(jobs.spins, feed=feed())
    await anext(running)
    await asyncio.sleep(0.2)
    assert 0 < asked < 20
    await running.aclose()


async def test_waiting_is_first_come_first_served() -> None:
    """With every process busy, jobs start in the order they were asked for; one that gave up costs nothing."""
    async with Workers(1) as workers:
        holder = await workers.start(jobs.count, 2)
        order: list[int] = []

        async def join(number: int) -> None:
            await workers.call(jobs.count, 1)
            order.append(number)

        tasks = [asyncio.create_task(join(number)) for number in range(4)]
        await asyncio.sleep(0.05)
        assert not order
        tasks[1].cancel()
        assert [item async for item in holder] == [0, 1]
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2, 3]


async def test_size_is_kept(pool: Workers) -> None:
    """No more processes than asked for, however many jobs."""
    assert len(set(await asyncio.gather(*(pool.call(jobs.pid) for _ in range(8))))) <= 2


async def test_cancelled_start() -> None:
    """A start that is cancelled while its process is being made gives its place back."""
    async with Workers(1) as workers:
        for _ in range(3):
            task = asyncio.create_task(workers.start(jobs.count, 1))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await workers.call(jobs.count, 2) == 1


async def test_printing_job(pool: Workers) -> None:
    """What a job prints, to stdout or stderr and by whatever means, corrupts nothing and blocks nothing."""
    running = await pool.start(jobs.prints)
    assert [item async for item in running] == [b"clean"]


async def test_interrupt_is_ignored(pool: Workers) -> None:
    """Ctrl-C, which reaches the whole group, does not end a worker: the server does."""
    assert await pool.call(jobs.interrupted) == b"still here"


async def test_leaving_ends_all() -> None:
    """Leaving the pool ends busy and idle processes and the feeds, and closes every descriptor."""
    before = descriptors()
    async with Workers(2) as workers:
        busy = await workers.start(jobs.spins, feed=never())
        pids = [await anext(busy), await workers.call(jobs.pid)]
    assert all(gone(pid) for pid in pids)
    gc.collect()
    assert descriptors() <= before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_leaving_with_a_queue() -> None:
    """A job still waiting for its turn when the pool closes is refused, and no process is started for it."""
    async with Workers(1) as workers:
        await workers.start(jobs.spins)
        waiting = asyncio.create_task(workers.call(jobs.pid))
        await asyncio.sleep(0)
    with pytest.raises(WorkerCrashed, match="closed"):
        await waiting


async def test_leaving_while_one_starts() -> None:
    """A process that is being made when the pool closes does not outlive it."""
    before = children()
    async with Workers(1) as workers:
        waiting = asyncio.create_task(workers.call(jobs.pid))
        await asyncio.sleep(0.002)
    with pytest.raises(WorkerCrashed):
        await waiting
    assert children() == before


async def test_close_while_read(pool: Workers) -> None:
    """A reader whose job is closed by somebody else is told that it died, not that it ended."""
    running = await pool.start(jobs.spins, feed=never())
    await anext(running)
    reading = asyncio.ensure_future(anext(running))
    await asyncio.sleep(0)
    await running.aclose()
    with pytest.raises(WorkerCrashed):
        await reading


async def test_uvloop() -> None:
    """Under uvloop, which serves, the pool works, kills and leaves nothing behind."""
    program = (
        "import uvloop\n"
        "from router.media import Workers\n"
        "from tests.unit.media import jobs\n"
        "async def feed():\n"
        "    yield b'x' * 300_000\n"
        "async def main():\n"
        "    async with Workers(1) as workers:\n"
        "        running = await workers.start(jobs.echo, feed=feed())\n"
        "        print(len(b''.join([chunk async for chunk in running])))\n"
        "        running = await workers.start(jobs.spins)\n"
        "        await anext(running)\n"
        "        await running.aclose()\n"
        "        print(await workers.call(jobs.count, 3))\n"
        "uvloop.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-X", "dev", "-c", program),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, complaints = await server.communicate()
    assert (answer.split(), complaints) == ([b"300000", b"2"], b"")


async def test_parent_dies() -> None:
    """A worker whose server was killed leaves by itself, idle or in the middle of its output."""
    program = (
        "import asyncio, pathlib, os, tempfile\n"
        "from router.media import Workers\n"
        "from tests.unit.media import jobs\n"
        "async def main():\n"
        "    workers = Workers(2)\n"
        "    tally = pathlib.Path(tempfile.mkdtemp()) / 'tally'\n"
        "    busy = await workers.start(jobs.floods, tally)\n"
        "    await anext(busy)\n"
        "    print(busy.pid, await workers.call(jobs.pid), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    answer, _ = await server.communicate()
    pids = [int(word) for word in answer.split()]
    assert len(pids) == 2
    await asyncio.wait_for(asyncio.to_thread(wait_until_ended, pids), 30)


def wait_until_ended(pids: list[int]) -> None:
    while not all(map(ended, pids)):
        time.sleep(0.005)


def ended(pid: int) -> bool:
    """Whether an orphan is gone, or a zombie that whoever adopted it has not reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(("job", "feed"), [(jobs.for_ever, False), (jobs.after_its_inbox, True)])
async def test_closed_while_it_yields_or_waits_for_its_inbox(pool: Workers, job: Job, *, feed: bool) -> None:
    """A job that comes by its next item soon is stopped, and its process takes the next job whole."""
    running = await pool.start(job, feed=never() if feed else None)
    pid = await anext(running)
    await running.aclose()
    for _ in range(3):
        assert await pool.call(jobs.pid) == pid
        assert await pool.call(jobs.count, 100) == 99


async def test_closed_after_its_end(pool: Workers) -> None:
    """A word to stop that comes too late does not stop the next job."""
    running = await pool.start(jobs.count, 1)
    await asyncio.sleep(0.05)
    await running.aclose()
    assert await pool.call(jobs.count, 100) == 99
