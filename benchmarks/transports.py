"""What asking a vendor costs: µs of CPU per request for a 48 KB answer, by each way there is.

    python -m benchmarks.transports [--model whole] [--callers 64] [--requests 2000] [--rounds 3]

The model says how it comes: `whole`, or as `paced-1000` in 50 pieces within a second, or as `bulk-5000000` without end.

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
from functools import partial
from typing import Final

import aiohttp
import httpx
import msgspec
import uvloop

from benchmarks.gateways.cores import Places, pinned
from router.contract import AnyOffer, HttpProvider, HttpSettings
from router.contract.wire import HttpxWire
from router.engine import transport

PATH: Final = "/v1/audio/speech"
FIELDS: Final = {"model": "whole", "voice": "v", "input": "Good morning, all of you.", "response_format": "mp3"}
HEADERS: Final = {"authorization": "Bearer key", "accept-encoding": "identity"}
CONNECT: Final = 5.0

Fields = Mapping[str, str]
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

    async def speak(self, fields: Fields) -> int:
        """Return how many bytes came."""
        answer = await self.stream("POST", PATH, json=fields)
        try:
            return sum([len(chunk) async for chunk in answer.body])
        finally:
            await answer.body.aclose()


async def by_httpx(stack: AsyncExitStack, client: httpx.AsyncClient, base: str, fields: Fields) -> Ask:
    """Ask as anybody would who uses httpx."""
    await stack.enter_async_context(client)

    async def ask() -> int:
        async with client.stream("POST", base + PATH, headers=HEADERS, json=fields) as answer:
            return sum([len(chunk) async for chunk in answer.aiter_raw()])

    return ask


async def stock_httpx(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return httpx on its own transport."""
    limits = httpx.Limits(max_connections=transport.CONNECTIONS)
    return await by_httpx(stack, httpx.AsyncClient(trust_env=False, limits=limits), base, fields)


async def httpx_over_aiohttp(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return our client's face."""
    return await by_httpx(stack, transport.client(CONNECT), base, fields)


async def aiohttp_alone(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return aiohttp by itself."""
    connector = aiohttp.TCPConnector(limit=transport.CONNECTIONS)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    headers = {**HEADERS, "content-type": "application/json"}

    async def ask() -> int:
        async with session.post(base + PATH, headers=headers, data=msgspec.json.encode(fields)) as answer:
            return sum([len(chunk) async for chunk in answer.content.iter_any()])

    return ask


async def wire_alone(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return our own connections by themselves."""
    client = await stack.enter_async_context(transport.client(CONNECT))
    headers = {**HEADERS, "content-type": "application/json"}

    async def ask() -> int:
        answer = await client.ask("POST", base + PATH, headers, msgspec.json.encode(fields))
        try:
            return sum([len(chunk) async for chunk in answer.body])
        finally:
            await answer.body.aclose()

    return ask


async def provider_by_httpx(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return a provider whose requests go by the face."""
    client = await stack.enter_async_context(transport.client(CONNECT))
    speaker = Speaker("speaker", HttpSettings(base_url=base), client)
    speaker.wire = HttpxWire(client)
    return partial(speaker.speak, fields)


async def provider(stack: AsyncExitStack, base: str, fields: Fields) -> Ask:
    """Return a provider as the router makes it."""
    client = await stack.enter_async_context(transport.client(CONNECT))
    return partial(Speaker("speaker", HttpSettings(base_url=base), client).speak, fields)


WAYS: Final = {
    one.__name__: one
    for one in (stock_httpx, httpx_over_aiohttp, aiohttp_alone, wire_alone, provider_by_httpx, provider)
}


async def cost(way: str, base: str, model: str, callers: int, requests: int) -> float:
    """Return the µs of CPU that a request takes of this process, all its threads counted."""
    grow()
    async with AsyncExitStack() as stack:
        ask = await WAYS[way](stack, base, {**FIELDS, "model": model})
        await asyncio.gather(*(ask() for _ in range(callers)))
        begun = time.process_time()
        sizes = await asyncio.gather(*(several(ask, requests // callers) for _ in range(callers)))
        spent = time.process_time() - begun
    if len({size for one in sizes for size in one} | {0}) != 2:
        raise RuntimeError(f"{way} did not bring the same each time")
    return spent / sum(map(len, sizes)) * 1e6


def grow() -> None:
    """Use and release much memory, as the router has when it serves.

    Until then glibc hands back to the system what one answer took and asks for it anew for the next: 30 to 50 µs each.
    """
    bytearray(16 * 1024 * 1024)


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


def turn(way: str, base: str, given: argparse.Namespace) -> float:
    """Measure one way in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.transports",
        way,
        base,
        f"--model={given.model}",
        f"--callers={given.callers}",
        f"--requests={given.requests}",
    ]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - our own


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def compare(given: argparse.Namespace) -> None:
    """Print the table."""
    places = Places.here()
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    with vendor(places) as base, pinned(places.contestant):
        for _ in range(given.rounds):
            for way, costs in found.items():
                costs.append(turn(way, base, given))
    rounds = f"{given.model}, {given.callers} at once, {given.rounds} rounds of {given.requests}"
    say(f"{rounds}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    for way, costs in found.items():
        say(f"{way:20} {min(costs):6.0f} {statistics.median(costs):6.0f} {max(costs):6.0f}  µs min, median, max")


def main() -> None:
    """Compare all ways, or measure one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", nargs="?", choices=WAYS)
    parser.add_argument("base", nargs="?")
    parser.add_argument("--model", default="whole")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.way:
        say(str(uvloop.run(cost(given.way, given.base, given.model, given.callers, given.requests))))
    else:
        compare(given)


if __name__ == "__main__":
    main()
