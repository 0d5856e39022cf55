"""Two vendors of films that misbehave, in a process that outlives the routers, and the book they keep of their orders.

Run as `python -m benchmarks.fickle_studios`. The first line out is their URLs as JSON, and that of a receiver of webhooks;
once standard input ends, the second is the book, and what was received. One vendor is shaped like sync, whose creates take
an idempotency key, the other like Boson, whose do not.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import count
from random import Random
from re import compile as regex
from typing import Any, Final

import uvloop

from benchmarks.deck import Deck
from benchmarks.film_receiver import Receiver
from router.testing.acts import Act, HangUp, Reply, Stall
from router.testing.media import film
from router.testing.vendor import Vendor
from router.testing.wire import Asked, Wire

SEED: Final = 6
ERRAND: Final = regex(rb"errand \d+\.\d+")
"""What tells our jobs apart: it is in the text to be spoken."""
BUSY: Final = 0.3
"""Seconds that a vendor asks to be left alone for."""
SILENCE: Final = 60.0
"""Seconds of a stall: nobody waits that long."""
CREATES: Final = {"good": 12, "busy": 2, "full": 1, "slow": 1, "cut": 2, "crashed": 1, "stalled": 1}
"""How often of twenty times a create goes each way. Busy and full take no order, all others do."""
LOOKS: Final = {"good": 17, "crashed": 1, "cut": 1, "busy": 1}
FETCHES: Final = {"good": 15, "short": 3, "crashed": 1, "cut": 1}
ENDS: Final = {"good": 15, "failed": 1}
SWALLOWING: Final = frozenset({"cut", "crashed", "stalled"})
"""Ways in which nobody is told of an order that was taken."""


def spoken(errand: str) -> bytes:
    """Return the film of an errand, which is nobody else's: what follows the film's end is no part of it."""
    return film() + sha256(errand.encode()).digest() * 64


@dataclass
class Order:
    """What became of one errand at its vendor.

    `taken` counts orders, `repeats` creates that came again under the key of one, `others` those whose body was not
    the same. `calls` are its creates: whose key they showed, from when they had been read until they were answered or
    their caller was gone, in unix time. `untold`: the vendor swallowed an answer; `unheard`: a caller hung up before he had one.
    """

    vendor: str
    taken: int = 0
    repeats: int = 0
    others: int = 0
    untold: bool = False
    unheard: bool = False
    fails: bool = False
    calls: list[tuple[str, float, float]] = field(default_factory=list)


@dataclass
class Film:
    """A vendor's own job."""

    id: str
    errand: str
    body: str
    ready: float
    fails: bool

    @property
    def state(self) -> str:
        """How it stands, in Boson's terms."""
        if time.monotonic() < self.ready:
            return "in_progress"
        return "failed" if self.fails else "completed"


class Studio(Vendor):
    """A vendor that makes films. `book` is what it was ordered, by errand; `did` counts its ways with creates."""

    name: str

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.decks = {name: Deck(shares, random) for name, shares in SHARES.items()}
        self.numbers = count(1)
        self.films: dict[str, Film] = {}
        self.book: dict[str, Order] = {}
        self.did: dict[str, int] = dict.fromkeys(CREATES, 0)

    def act(self, asked: Asked) -> Act:
        """Return what to do: a create is written into the book by its act, everything else is but answered."""
        self.asked.clear()  # the films of a thousand orders would fill the memory
        if asked.method == "POST":
            return Creating(self, asked)
        *_, name = asked.path.removesuffix("/content").split("/")
        film = self.films.get(name)
        if film is None:
            return Reply(status=404)
        fetches = asked.path.endswith("/content")
        good = Reply(spoken(film.errand), content_type="video/mp4") if fetches else Reply.of_json(self.told(film))
        return spoilt(good, self.decks["fetches" if fetches else "looks"].draw())

    def order(self, asked: Asked) -> tuple[Order, Film | None]:
        """Return the order that a create belongs to, and the film it made before, if its key says so."""
        errand = ERRAND.findall(asked.body)[0].decode()
        return self.book.setdefault(errand, Order(self.name)), None

    def take(self, order: Order, asked: Asked) -> Film:
        """Take an order."""
        errand = ERRAND.findall(asked.body)[0].decode()
        order.taken += 1
        order.fails = self.decks["ends"].draw() == "failed"
        ready = time.monotonic() + self.random.uniform(0.3, 4.0)
        made = Film(f"{self.name}-{next(self.numbers)}", errand, fingerprint(asked), ready, order.fails)
        self.films[made.id] = made
        return made

    def told(self, film: Film) -> dict[str, Any]:
        """Return what is said of a film."""
        raise NotImplementedError


class Keyless(Studio):
    """Shaped like Boson: every create is an order."""

    name = "keyless"

    def told(self, film: Film) -> dict[str, Any]:
        """Return a video."""
        error = "the pipeline failed" if film.state == "failed" else None
        return {"id": film.id, "object": "video", "status": film.state, "progress": 0, "error": error}


class Keyed(Studio):
    """Shaped like sync: a create that repeats a key is told of the film made before."""

    name = "keyed"
    states: Final = {"in_progress": "PROCESSING", "completed": "COMPLETED", "failed": "FAILED"}

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.keys: dict[str, Film] = {}

    def order(self, asked: Asked) -> tuple[Order, Film | None]:
        """Return the order and the film of the key; a key with another body is noted."""
        order, _ = super().order(asked)
        made = self.keys.get(asked.headers["idempotency-key"])
        if made is not None:
            order.repeats += 1
            order.others += made.body != fingerprint(asked)
        return order, made

    def take(self, order: Order, asked: Asked) -> Film:
        """Take an order, and remember its key."""
        made = self.keys[asked.headers["idempotency-key"]] = super().take(order, asked)
        return made

    def told(self, film: Film) -> dict[str, Any]:
        """Return a generation."""
        told = {"id": film.id, "status": self.states[film.state], "outputUrl": f"{self.url}/{film.id}/content"}
        return told | ({"errorCode": "generation_pipeline_failed"} if film.state == "failed" else {})


SHARES: Final = {"creates": CREATES, "looks": LOOKS, "fetches": FETCHES, "ends": ENDS}


@dataclass
class Creating:
    """A create, taken a short while after it came, refused, or taken and not told."""

    studio: Studio
    asked: Asked

    async def play(self, wire: Wire) -> None:
        """Draw a way, act on it, and note when it was over."""
        order, made = self.studio.order(self.asked)
        way, began = self.studio.decks["creates"].draw(), time.time()
        self.studio.did[way] += 1
        try:
            await wire.wait(self.studio.random.uniform(0.01, 0.3))
            if way in {"busy", "full"}:
                await spoilt(Reply(), way).play(wire)
                return
            made = made or self.studio.take(order, self.asked)
            order.untold |= way in SWALLOWING
            await spoilt(Reply.of_json(self.studio.told(made)), way).play(wire)
        except ConnectionError:
            order.unheard = True
            raise
        finally:
            order.calls.append((account(self.asked), began, time.time()))


def spoilt(good: Reply, way: str) -> Act:
    """Return an answer as that way has it."""
    acts: dict[str, Act] = {
        "good": good,
        "slow": Stall(good, 2.0),
        "busy": Reply.of_json({"error": {"type": "rate_limit"}}, 429, Retry_After=str(BUSY)),
        "full": Reply.of_json(
            {"error": {"type": "all_replicas_busy"}, "errorCode": "generation_infra_service_unavailable"},
            503,
            Retry_After=str(BUSY),
        ),
        "cut": HangUp(),
        "crashed": Reply(b"<html>", 500, "text/html"),
        "stalled": Stall(HangUp(), SILENCE),
        "short": replace(good, cut=len(b"".join(good.body if isinstance(good.body, tuple) else (good.body,))) // 2),
    }
    return acts[way]


def account(asked: Asked) -> str:
    """Return the key that a create was sent with, in either vendor's header."""
    return asked.headers.get("x-api-key") or asked.headers["authorization"].removeprefix("Bearer ")


def fingerprint(asked: Asked) -> str:
    """Return what two creates of one order have in common: a form's parts, whatever stands between them."""
    if not asked.headers["content-type"].startswith("multipart/"):
        return sha256(asked.body).hexdigest()
    parts = sorted((name, part.content) for name, part in asked.form.items())
    return sha256(repr(parts).encode()).hexdigest()


async def main() -> None:
    """Serve until standard input ends."""
    random = Random(SEED)  # noqa: S311 - it must be the same each time
    async with Keyless(random) as keyless, Keyed(random) as keyed, Receiver(random) as receiver:
        studios: Sequence[Studio] = (keyless, keyed)
        say({one.name: one.url for one in studios} | {"receiver": receiver.url})
        await asyncio.to_thread(sys.stdin.read)
        book = {errand: asdict(order) for one in studios for errand, order in one.book.items()}
        say({"book": book, "did": {one.name: one.did for one in studios}, "notices": asdict(receiver.notices)})


def say(what: object) -> None:
    """Write one line of JSON."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
