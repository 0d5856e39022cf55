"""Pieces of a stream that are sent as they come."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from router.contract import Task
from router.engine.exchange import Exchange
from router.testing.clock import FakeClock
from router.web.answer import passing


def exchange() -> Exchange:
    return Exchange(Task.SPEECH, "", "req_1", FakeClock())


async def test_sent_at_once() -> None:
    """A piece that the server has sent at once is taken, and counted."""
    sent: list[Any] = []
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)

    def send(message: Any) -> Awaitable[None]:
        sent.append(message)
        return done

    counted = exchange()
    assert passing(counted, send)(b"piece")
    assert sent == [{"type": "http.response.body", "body": b"piece", "more_body": True}]
    assert counted.bytes_out == 5


async def test_not_sent_at_once() -> None:
    """A piece that has to wait for the caller is not taken, nor sent, nor counted."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    counted = exchange()
    assert not passing(counted, send)(b"piece")
    assert sent == []
    assert counted.bytes_out == 0
