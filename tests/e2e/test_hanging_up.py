"""A caller who hangs up, in every phase: whoever works for it is told at once, and nothing of it is left."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Final

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from router.app import build
from router.engine.registry import Registry
from router.engine.settings import load
from router.testing.serving import brought_up
from router.testing.stuck import NeverAccepting, SlowReader
from router.testing.vendor import Vendor
from tests.e2e.hanging_calls import InLoop, OnSocket
from tests.e2e.hanging_phases import PATHS, PATIENCE, PHASES, RECORDING, Stage, config, eventually, script

pytestmark = pytest.mark.asyncio(loop_scope="module")

Doubles = tuple[Vendor, SlowReader, NeverAccepting]
WITHIN: Final = 0.1
"""Seconds in which whoever works for a caller learns that it has left."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doubles() -> AsyncIterator[Doubles]:
    with NeverAccepting() as closed:
        async with Vendor() as vendor, SlowReader() as slow:
            script(vendor)
            yield vendor, slow, closed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served router keeps what is temporary."""
    return tmp_path_factory.mktemp("temporary")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(doubles: Doubles, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A router in a process of its own, called over TCP."""
    env = {"KEY": "k", "TMPDIR": str(folder)}
    async with (
        brought_up(config(*doubles), tmp_path_factory.mktemp("served"), env) as router,
        httpx.AsyncClient(base_url=router.url) as client,
    ):
        yield Stage(*doubles, client, OnSocket.dial)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(doubles: Doubles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Litestar]:
    """The application in the test's own event loop, so that its tasks and files can be counted."""
    file = tmp_path_factory.mktemp("in-loop") / "router.yaml"
    file.write_text(config(*doubles))
    registry = Registry.discover()
    built = build(load(file, registry, {"KEY": "k"}), registry, file.parent / "state")
    async with alive(built):
        yield built


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def in_loop(doubles: Doubles, app: Litestar) -> AsyncIterator[Stage]:
    async def dial(request: httpx.Request) -> InLoop:
        return InLoop(app, request)

    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # litestar names the types of ASGI more closely
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield Stage(*doubles, client, dial)


@asynccontextmanager
async def alive(app: Litestar) -> AsyncIterator[None]:
    """Run the application's lifespan in one task from beginning to end, as its task groups demand."""
    started, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    life = asyncio.create_task(live())
    await started.wait()
    yield
    over.set()
    await life


async def seconds_until_noticed(stage: Stage, name: str) -> float:
    """Hang up in a phase; return after how many seconds that was noticed where the work is done."""
    phase = PHASES[name]
    stage.forget()
    async with phase.scene(stage):
        call = await stage.call(phase)
        await asyncio.wait_for(phase.reached(stage, call), PATIENCE)
        began = time.monotonic()
        call.hang_up()
        await asyncio.wait_for(phase.noticed(stage), PATIENCE)
        return time.monotonic() - began


@pytest.mark.parametrize("name", PHASES)
async def test_hanging_up(served: Stage, folder: Path, name: str) -> None:
    """Whoever works for the caller is let go within 100 ms; the router keeps no slot, place, connection or file."""
    took = await seconds_until_noticed(served, name)
    assert took < WITHIN, f"noticed after {took * 1000:.0f} ms"
    await at_rest(served, name)
    assert kept(folder) == []


NAPS = {"SystemClock.sleep", "Event.wait"}


@pytest.mark.parametrize("name", PHASES)
async def test_tasks(in_loop: Stage, name: str) -> None:
    """No task outlives the caller it worked for."""
    before = tasks()
    await seconds_until_noticed(in_loop, name)
    await at_rest(in_loop, name)
    await eventually(lambda: tasks() <= before)


@pytest.mark.parametrize("recording", [RECORDING, bytes(1_000_000)], ids=["in memory", "on disk"])
async def test_in_the_middle_of_sending(in_loop: Stage, app: Litestar, recording: bytes) -> None:
    """Of a caller who leaves before its request is complete nothing is kept, and nobody is asked on its behalf."""
    phase, room = PHASES["uploading"], app.state.site.room
    asks = {**phase.asks, "files": {"file": ("a", recording)}}
    request = in_loop.client.build_request("POST", PATHS[phase.task], **asks)
    before, files = tasks(), temporary_files()
    call = InLoop(app, request, unsent=1000)
    await eventually(lambda: room.free < room.size if recording is RECORDING else temporary_files() > files)
    call.hang_up()
    await eventually(lambda: tasks() <= before)
    assert (temporary_files(), room.free) == (files, room.size)
    await at_rest(in_loop, "uploading")


def tasks() -> Counter[str]:
    """What is under way in this loop, but for the naps of those that look now and then: how many of each kind."""
    kinds = (getattr(one.get_coro(), "__qualname__", "") for one in asyncio.all_tasks())
    return Counter(kind for kind in kinds if kind not in NAPS)


def temporary_files() -> int:
    """How many files of the folder for temporary ones this process has open, the nameless included."""
    opened = (one.readlink() for one in Path("/proc/self/fd").iterdir() if one.is_symlink())
    return sum(one.is_relative_to(gettempdir()) for one in opened)


def kept(folder: Path) -> list[str]:
    """Name the files directly in a folder: what a caller sent would be there."""
    return [one.name for one in folder.iterdir() if one.is_file()]


async def at_rest(stage: Stage, name: str) -> None:
    """Wait until nobody is asked anything any more."""
    await stage.loaded(PHASES[name], 0)
    await eventually(lambda: stage.connections == 0)
    assert stage.vendor.open == 0
