"""What the job soak knows of routers that die: what they said, and what it is like to be their caller."""

from pathlib import Path
from random import Random

import httpx
import pytest

from benchmarks.film_callers import Callers
from benchmarks.replicas import Replica

SAID = (
    b'{"event": "job video_1 is about to be ordered from keyless", "timestamp": "1970-01-01T00:01:40.500000Z"}\n'
    b"a line of somebody else's\n"
    b'{"event": "job video_1 waits for its store: storage_failed", "timestamp": "1970-01-01T00:01:41Z"}\n'
    b'{"event": "job video_2 is about to be ordered from keyless", "timestamp": "1970-01-01T00:02:00Z"}\n'
    b'{"event": "job video_3 is about to be ord'
)


def test_what_a_router_said_it_was_about_to_order(tmp_path: Path) -> None:
    """Job by job, in unix time; a last line that a kill has cut says nothing."""
    router = Replica(tmp_path, "", 1)
    router.log.write_bytes(SAID)
    assert list(router.orders()) == [("video_1", 100.5), ("video_2", 120.0)]


@pytest.mark.parametrize("death", [httpx.ReadError("reset"), AttributeError("no socket"), OSError("closed")], ids=repr)
async def test_a_router_that_dies_while_it_is_asked(tmp_path: Path, death: Exception) -> None:
    """In whichever way its caller's client fails, the caller asks again."""
    deaths = [death]

    def answer(_: httpx.Request) -> httpx.Response:
        if deaths:
            raise deaths.pop()
        return httpx.Response(200, json={"status": "completed"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        callers = Callers([Replica(tmp_path, "", 1)], client, Random(1), "")
        assert (await callers.end("video_1"), deaths) == ("completed", [])
