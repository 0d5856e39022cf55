"""A vendor in a process of its own that speaks at once, so that a router's own time is not lost in its vendor's.

Run as `python -m benchmarks.brisk`. The first line out is its URL; it serves until standard input ends.
"""

import asyncio
import sys
from typing import Final

import uvloop

from router.testing.acts import Act, Reply
from router.testing.media import tone
from router.testing.vendor import Vendor
from router.testing.wire import Asked

SPOKEN: Final = Reply(tone(), content_type="audio/pcm")


class Brisk(Vendor):
    """Answers everything with the same fifth of a second."""

    def act(self, asked: Asked) -> Act:  # noqa: ARG002 - it is all one to it
        """Return the one answer it has."""
        self.asked.clear()  # nobody looks, and a measurement asks thousands of times
        return SPOKEN


async def main() -> None:
    """Serve until standard input ends."""
    async with Brisk() as vendor:
        sys.stdout.write(f"{vendor.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
