"""Callers as a process of their own: jobs as JSON on standard input, what came back on standard output, a line each."""

import asyncio
import gc
import sys
import time
from pathlib import Path
from random import Random
from typing import BinaryIO

import msgspec
import uvloop

from benchmarks.gateways.load.caller import Caller
from benchmarks.gateways.load.job import Job, Tally


async def call(job: Job) -> Tally:
    """Do a job."""
    request = await asyncio.to_thread(Path(job.request).read_bytes)
    tally, random = Tally(), Random(job.connections)  # noqa: S311 - spreads the starts, the same way each time
    async with asyncio.TaskGroup() as callers:
        for _ in range(job.connections):
            callers.create_task(one(job, Caller(job, request, tally), job.start + random.random() * job.spread))
    return tally


async def one(job: Job, caller: Caller, start: float) -> None:
    """Be one of the callers."""
    await asyncio.sleep(start - time.monotonic())
    try:
        await asyncio.get_running_loop().create_connection(lambda: caller, job.host, job.port)
        async with asyncio.timeout(job.end - time.monotonic()):
            await caller.done.wait()
    except TimeoutError:
        caller.stop()
    except OSError as error:
        caller.tally.failures[str(error)] = caller.tally.failures.get(str(error), 0) + 1


def main() -> None:
    """Do the jobs that stand on standard input, a line each."""
    gc.freeze()
    gc.disable()
    # sys.stdout may be unbuffered, and then it writes only a part.
    with open(sys.stdout.fileno(), "wb", closefd=False) as told:
        tell(told, b"ready")
        for line in sys.stdin.buffer:
            gc.collect()
            tell(told, msgspec.json.encode(uvloop.run(call(msgspec.json.decode(line, type=Job)))))


def tell(told: BinaryIO, line: bytes) -> None:
    """Write a line."""
    told.write(line + b"\n")
    told.flush()


if __name__ == "__main__":
    main()
