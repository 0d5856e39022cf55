"""The vendor as a process of its own: `python -m benchmarks.gateways.vendor PORT`, until standard input ends."""

import asyncio
import gc
import sys

import uvloop

from benchmarks.gateways.vendor.answers import Answers
from benchmarks.gateways.vendor.connection import Connection
from benchmarks.gateways.vendor.pacer import Pacer


async def main(port: int) -> None:
    """Serve until standard input ends."""
    answers, pacer = Answers(), Pacer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers, pacer), "127.0.0.1", port, backlog=4096)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a pause would look like the contestant's
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
