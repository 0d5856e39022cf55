"""A vendor in a process of its own that refuses what begins with `fail`, speaks all else at once, and counts what it spoke.

Run as `python -m benchmarks.tellers`. The first line out is its URL; once standard input ends, the last is how many
texts it spoke.
"""

import asyncio
import json
import sys
from typing import Final

import uvloop

from router.testing.acts import Act, Reply
from router.testing.media import tone
from router.testing.vendor import Vendor
from router.testing.wire import Asked

FAIL: Final = "fail"
SPOKEN: Final = Reply(tone(), content_type="audio/pcm")
REFUSED: Final = Reply.of_json({"error": {"message": "not this one"}}, 400)


class Teller(Vendor):
    """Counts, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.spoke = 0

    def act(self, asked: Asked) -> Act:
        """Speak, or refuse."""
        self.asked.clear()  # nobody looks, and a soak asks thousands of times
        if json.loads(asked.body)["input"].startswith(FAIL):
            return REFUSED
        self.spoke += 1
        return SPOKEN


async def main() -> None:
    """Serve until standard input ends."""
    async with Teller() as vendor:
        sys.stdout.write(f"{vendor.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        sys.stdout.write(str(vendor.spoke))


if __name__ == "__main__":
    uvloop.run(main())
