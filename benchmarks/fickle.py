"""Three vendors in a process of their own: two spoil three answers in ten, each in one of twelve ways; one is sound.

Run as `python -m benchmarks.fickle SEED`. The first line out is their URLs as JSON; once standard input ends,
the last is what each of them did, counted.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from email.utils import formatdate
from random import Random
from typing import Final

import uvloop

from router.contract import AudioFormat
from router.testing.acts import Act, HangUp, Reply, Stall
from router.testing.media import film, sound
from router.testing.vendor import Vendor
from router.testing.wire import Asked

SPOILT: Final = 0.3
"""The share of a misbehaving vendor's answers that are faulty."""
VENDORS: Final[Mapping[str, float]] = {"fickle": SPOILT, "moody": SPOILT, "sound": 0.0}
HEARD: Final = "good morning"
GOOD: Final = "good"
PAGE: Final = b"<html><body>something went wrong</body></html>"


def refused(status: int, **headers: str) -> Reply:
    """Return a refusal; `_` in a header's name stands for `-`."""
    return Reply(PAGE, status, "text/html", {name.replace("_", "-"): text for name, text in headers.items()})


WAYS: Final[Mapping[str, Callable[[Reply], Act]]] = {
    "reset": lambda _: HangUp(),
    "hang-up": lambda _: HangUp(reset=False),
    "500": lambda _: refused(500),
    "503": lambda _: refused(503),
    "503-retry-after": lambda _: refused(503, Retry_After="1"),
    "429-seconds": lambda _: refused(429, Retry_After="1"),
    "429-date": lambda _: refused(429, Retry_After=formatdate(time.time() + 2, usegmt=True)),
    "429-ms": lambda _: refused(429, Retry_After_Ms="400"),
    "slow": Stall,
    "empty": lambda good: replace(good, body=b""),
    "wrong-type": lambda _: Reply(PAGE, content_type="text/html"),
    "cut": lambda good: replace(good, cut=0),
}
"""Each spoils a good answer before its first byte. `slow` waits for as long as the caller does."""


class Fickle(Vendor):
    """Answers speech, transcription and video requests, of which it spoils a share."""

    def __init__(self, spoilt: float, random: Random) -> None:
        super().__init__()
        self.spoilt = spoilt
        self.random = random
        self.did: Counter[str] = Counter()

    def act(self, asked: Asked) -> Act:
        """Return a good answer, or one of the twelve."""
        self.asked.clear()  # a hundred thousand of them would fill the memory
        spoils = self.random.random() < self.spoilt
        way = self.random.choice(tuple(WAYS)) if spoils else GOOD
        self.did[way] += 1
        good = answer(asked)
        return WAYS[way](good) if spoils else good


def answer(asked: Asked) -> Reply:
    """Return the good answer to a request."""
    match asked.path.rpartition("/")[2]:
        case "transcriptions":
            return Reply.of_json({"text": HEARD})
        case "stream":
            return Reply(film(), content_type="video/mp4")
    wanted = AudioFormat(json.loads(asked.body)["response_format"])
    return Reply(sound(wanted), content_type=f"audio/{wanted}")


async def main(seed: int) -> None:
    """Serve until standard input ends."""
    random = Random(seed)  # noqa: S311 - it must be the same each time
    vendors = {name: Fickle(spoilt, random) for name, spoilt in VENDORS.items()}
    async with AsyncExitStack() as stack:
        for one in vendors.values():
            await stack.enter_async_context(one)
        say({name: one.url for name, one in vendors.items()})
        await asyncio.to_thread(sys.stdin.read)
        say({name: one.did for name, one in vendors.items()})


def say(what: object) -> None:
    """Write one line of JSON."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
