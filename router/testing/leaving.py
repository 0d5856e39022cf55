"""Connections: let go when the caller leaves, when an answer is closed in the middle, when an error never ends."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from router.contract import MediaError, Unavailable
from router.testing.account import Account, Call, calls, keyed
from router.testing.acts import Act, Reply
from router.testing.claims import claim
from router.testing.faults import Fault, content, failure, plainly
from router.testing.vendor import Vendor
from router.testing.wire import Wire

PATIENCE: Final = 2.0
"""Seconds in which a connection is cut once nobody wants its answer."""
PAUSE: Final = 0.4
"""Seconds between the halves of an answer that is left in the middle."""
BOUND: Final = 16 * 1024 * 1024
"""Bytes, of which any provider has stopped reading an error long before."""


@dataclass(frozen=True)
class Endless:
    """An error whose body never ends; it is given up, with an end, once the caller has read far too much."""

    status: int = 502

    async def play(self, wire: Wire) -> None:
        """Write until the caller leaves."""
        await wire.send(f"HTTP/1.1 {self.status} Error\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"x" * 65536
        for _ in range(BOUND // len(piece)):
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")


@dataclass(frozen=True)
class Silence:
    """No answer at all; `heard` is set once the request is in."""

    heard: asyncio.Event

    async def play(self, wire: Wire) -> None:
        """Wait until the caller leaves."""
        self.heard.set()
        await wire.wait(None)


ENDLESS: Final = Fault(plainly(Endless()), (Unavailable,), lost=True)


async def endless_errors_are_bounded(account: Account) -> None:
    """Of an error that never ends only the beginning is read."""
    await ENDLESS(account)
    for sample in account.samples:
        request = keyed(sample)
        async with account.served(request) as (provider, vendor):
            under_test = await calls(provider, request)
            account.play(vendor, request, ENDLESS.spoil)
            for call in under_test:
                await failure(call)
                claim(await abandoned(vendor), f"{call.what} reads an error of {BOUND} bytes to its end")


async def leaving_is_noticed(account: Account) -> None:
    """A caller who leaves while the vendor is silent is gone for the vendor too."""
    for sample in account.samples:
        async with account.served(sample) as (provider, vendor):
            for call in await calls(provider, sample):
                heard = asyncio.Event()
                account.play(vendor, sample, plainly(Silence(heard)))
                await cancelled(call, vendor, heard)


async def cancelled(call: Call, vendor: Vendor, heard: asyncio.Event) -> None:
    """Cancel a call once the vendor has its request."""
    task = asyncio.ensure_future(call.make())
    await asyncio.wait_for(heard.wait(), PATIENCE)
    task.cancel()
    with suppress(asyncio.CancelledError, MediaError):
        await task
    claim(task.cancelled(), f"{call.what} goes on although it was cancelled")
    claim(await abandoned(vendor), f"the vendor goes on with {call.what} although the caller left")


async def unread_answers_are_cut(account: Account) -> None:
    """An answer closed in the middle keeps no connection busy."""
    for sample in account.samples:
        async with account.served(sample) as (provider, vendor):
            under_test = await calls(provider, sample)
            account.play(vendor, sample, slow)
            for call in under_test:
                await closed(call, vendor)


async def closed(call: Call, vendor: Vendor) -> None:
    """Close what a call gives before all of it has come; calls that read the whole answer first have nothing to close."""
    result = await call.make()
    chunks = getattr(result, "chunks", None)
    if chunks is None or vendor.asked[-1].over.is_set():
        return
    await chunks.aclose()
    claim(await abandoned(vendor), f"closing what {call.what} gives leaves its connection open")


async def abandoned(vendor: Vendor) -> bool:
    """Whether the vendor notices in time that the caller of the last request has left."""
    last = vendor.asked[-1]
    with suppress(TimeoutError):
        await asyncio.wait_for(last.over.wait(), PATIENCE)
    return last.abandoned


def slow(reply: Reply) -> Act:
    """Let an answer pause in the middle."""
    whole = content(reply)
    middle = len(whole) // 2
    return replace(reply, body=(whole[:middle], whole[middle:]), pause=PAUSE)
