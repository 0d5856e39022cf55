"""What asking a vendor costs: µs of CPU per request for a 48 KB answer, by each way there is.

    python -m benchmarks.transports [--callers 64] [--requests 2000] [--rounds 3]

The vendor is a process on a core of its own. The ways take turns on another, a process for each turn; all its threads
count. Absolute figures are for orientation: what holds is how the rows of one run compare.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import aiohttp
import httpx
import msgspec
import uvloop

from benchmarks.gateways.cores import Places, pinned
from router.contract import AnyOffer, HttpProvider, HttpSettings
from router.contract.wire import HttpxWire
from router.engine import transport

SIZE: Final = 48_000
PATH: Final = "/v1/audio/speech"
FIELDS: Final = {"model": "whole", "voice": "v", "input": "Good morning, all of you.", "response_format": "mp3"}
HEADERS: Final = {"authorization": "Bearer key", "accept-encoding": "identity"}
CONNECT: Final = 5.0

Ask = Callable[[], Awaitable[int]]


class Speaker(HttpProvider[HttpSettings]):
    """The least that a provider does."""

    kind = "speaker"
    settings_type = HttpSettings

    def offers(self) -> Sequence[AnyOffer]:
        """Offer nothing: it is asked directly."""
        return ()

    def headers(self) -> Mapping[str, str]:
        """Return the credential."""
        return HEADERS

    async def speak(self) -> int:
        """Return how many bytes came."""
        answer = await self.stream("POST", PATH, json=FIELDS)
        try:
            return sum([len(chunk) async for chunk in answer.body])
        finally:
            await answer.body.aclose()


async def by_httpx(stack: AsyncExitStack, client: httpx.AsyncClient, base: str) -> Ask:
    """Ask as anybody would who uses httpx."""
    await stack.enter_async_context(client)

    async def ask() -> int:
        async with client.stream("POST", base + PATH, headers=HEADERS, json=FIELDS) as answer:
            return sum([len(chunk) async for chunk in answer.aiter_raw()])

    return ask


async def stock_httpx(stack: AsyncExitStack, base: str) -> Ask:
    """Return httpx on its own transport."""
    limits = httpx.Limits(max_connections=transport.CONNECTIONS)
    return await by_httpx(stack, httpx.AsyncClient(trust_env=False, limits=limits), base)


async def httpx_over_aiohttp(stack: AsyncExitStack, base: str) -> Ask:
    """Return our client's face."""
    return await by_httpx(stack, transport.client(CONNECT), base)


async def aiohttp_alone(stack: AsyncExitStack, base: str) -> Ask:
    """Return aiohttp by itself."""
    connector = aiohttp.TCPConnector(limit=transport.CONNECTIONS)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    headers = {**HEADERS, "content-type": "application/json"}

    async def ask() -> int:
        async with session.post(base + PATH, headers=headers, data=msgspec.json.encode(FIELDS)) as answer:
            return sum([len(chunk) async for chunk in answer.content.iter_any()])

    return ask


async def provider_by_httpx(stack: AsyncExitStack, base: str) -> Ask:
    """Return a provider whose requests go by the face."""
    client = await stack.enter_async_context(transport.client(CONNECT))
    speaker = Speaker("speaker", HttpSettings(base_url=base), client)
    speaker.wire = HttpxWire(client)
    return speaker.speak


async def provider(stack: AsyncExitStack, base: str) -> Ask:
    """Return a provider as the router makes it."""
    client = await stack.enter_async_context(transport.client(CONNECT))
    return Speaker("speaker", HttpSettings(base_url=base), client).speak


WAYS: Final = {
    one.__name__: one for one in (stock_httpx, httpx_over_aiohttp, aiohttp_alone, provider_by_httpx, provider)
}


async def cost(way: str, base: str, callers: int, requests: int) -> float:
    """Return the µs of CPU that a request takes of this process, all its threads counted."""
    async with AsyncExitStack() as stack:
        ask = await WAYS[way](stack, base)
        await asyncio.gather(*(ask() for _ in range(callers)))
        begun = time.process_time()
        sizes = await asyncio.gather(*(several(ask, requests // callers) for _ in range(callers)))
        spent = time.process_time() - begun
    if {size for one in sizes for size in one} != {SIZE}:
        raise RuntimeError(f"{way} did not bring {SIZE} bytes each time")
    return spent / sum(map(len, sizes)) * 1e6


async def several(ask: Ask, times: int) -> list[int]:
    """Ask one after the other."""
    return [await ask() for _ in range(times)]


@contextmanager
def vendor(places: Places) -> Iterator[str]:
    """Run the vendor and return its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.gateways.vendor", str(port)]
    with pinned(places.vendor):
        process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def turn(way: str, base: str, callers: int, requests: int) -> float:
    """Measure one way in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.transports",
        way,
        base,
        f"--callers={callers}",
        f"--requests={requests}",
    ]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - our own


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def compare(callers: int, requests: int, rounds: int) -> None:
    """Print the table."""
    places = Places.here()
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    with vendor(places) as base, pinned(places.contestant):
        for _ in range(rounds):
            for way, costs in found.items():
                costs.append(turn(way, base, callers, requests))
    say(f"{callers} at once, {rounds} rounds of {requests}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    for way, costs in found.items():
        say(f"{way:20} {min(costs):6.0f} {statistics.median(costs):6.0f} {max(costs):6.0f}  µs min, median, max")


def main() -> None:
    """Compare all ways, or measure one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", nargs="?", choices=WAYS)
    parser.add_argument("base", nargs="?")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.way:
        say(str(uvloop.run(cost(given.way, given.base, given.callers, given.requests))))
    else:
        compare(given.callers, given.requests, given.rounds)


if __name__ == "__main__":
    main()
