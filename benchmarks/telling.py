"""A vendor in a process of its own that tells tales, and breaks off where its instructions say.

Run as `python -m benchmarks.telling`. The first line out is its URL; once standard input ends, the last says as JSON
how often it broke off in each way. Below `/narrow` it speaks at another rate than elsewhere.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import uvloop

from benchmarks.cutting import FOR_GOOD, Way, torn
from benchmarks.tale import RATE, Cut, sentences_in, sounds, spoken
from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked

NARROW: Final = 16_000
READ_WITHIN: Final = 0.1
"""Seconds that the router gets for what comes before a break, which would overtake it."""


def silent(body: bytes, at: int) -> Act:
    """Fall silent at a byte."""
    return Reply((body[:at], body[at:]), pause=FOR_GOOD)


WAYS: Final[Mapping[Way, Callable[[bytes, int], Act]]] = {
    Way.RESET: partial(torn, pause=READ_WITHIN, reset=True),
    Way.UNTERMINATED: partial(torn, pause=READ_WITHIN, chunked=True),
    Way.SHORT: partial(torn, pause=READ_WITHIN),
    Way.SILENT: silent,
}


class Telling(Vendor):
    """Speaks sentences, and knows how often it broke off in each tale."""

    def __init__(self) -> None:
        super().__init__()
        self.broke: Counter[str] = Counter()
        self.did: Counter[Way] = Counter()

    def act(self, asked: Asked) -> Act:
        """Speak, up to where it is time to break off."""
        self.asked.clear()  # fifty thousand of them would fill the memory
        wanted = json.loads(asked.body)
        try:
            sentences = sentences_in(wanted["input"])
        except ValueError as error:
            return Reply.of_json({"error": {"message": str(error)}}, 400)
        rate = NARROW if asked.path.startswith("/narrow/") else RATE
        body = b"".join(spoken(one, rate) for one in sentences)
        cut = self._due(wanted["instructions"], sentences)
        return Reply(body) if cut is None else WAYS[cut.way](body, cut.place(sentences, rate))

    def _due(self, instructions: str, sentences: Sequence[int]) -> Cut | None:
        tale, *cuts = instructions.split()
        left = cuts[self.broke[tale] :]
        if not left or (cut := Cut.of(left[0])).sentence not in sentences:
            return None
        self.broke[tale] += 1
        self.did[cut.way] += 1
        return cut


async def main() -> None:
    """Serve until standard input ends."""
    sounds()
    async with Telling() as vendor:
        sys.stdout.write(f"{vendor.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        sys.stdout.write(json.dumps(vendor.did))


if __name__ == "__main__":
    uvloop.run(main())
