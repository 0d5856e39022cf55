import asyncio
from types import SimpleNamespace
from typing import Any, cast

from litestar import Request

from router.contract import JobState
from router.web.awaiting import awaited
from router.web.leaving import Leaving
from router.web.site import CALL, Call
from tests.unit.jobs.making import ADS
from tests.unit.jobs.rendering import Rendering, house_of
from tests.unit.web.test_presence import Line


async def test_a_caller_who_left_waits_for_nothing() -> None:
    """The request of one who is gone ends at once, though it would have waited for a minute."""
    rendering, line = Rendering(), Line()
    house = house_of(rendering)
    async with house.jobs as jobs:
        job = await house.create()
        await rendering.begun.wait()
        call = Call(cast("Any", SimpleNamespace(jobs=jobs)), ADS, "req_1", cast("Any", None))
        app = SimpleNamespace(state=SimpleNamespace(leaving=Leaving()))
        scope: Any = {"type": "http", "method": "GET", "headers": [], "litestar_app": app, "state": {CALL: call}}
        waiting = asyncio.create_task(awaited(Request(scope, line.receive), job.id, 60))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        line.close()
        async with asyncio.timeout(5):
            assert (await waiting).state is JobState.RUNNING
        rendering.going.set()
