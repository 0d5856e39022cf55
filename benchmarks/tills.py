"""Vendors that keep their own books: what they were asked, by whose number, and what they might send a bill for."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from benchmarks.fickle import PAGE, answer, refused
from router.testing.acts import Act, HangUp, Reply, Stall
from router.testing.vendor import Vendor
from router.testing.wire import Asked

NUMBER: Final = re.compile(rb"no\. (\d{6})")
FREE: Final = frozenset({"429", "500"})
"""What a vendor says that does nothing. Of all else it may think that it was worth its price."""
SLOW: Final = 6.0
"""Seconds: longer than anybody waits."""
SELDOM: Final[Mapping[str, float]] = {"429": 0.1, "slow": 0.5}
"""How often a vendor does what it does less often than other things: for a second after 429 nobody asks it, and where to be slow
is usual nobody is asked in its place."""
WAYS: Final[Mapping[str, Callable[[Reply], Act]]] = {
    "429": lambda _: refused(429),
    "500": lambda _: refused(500),
    "hang-up": lambda _: HangUp(),
    "empty": lambda good: replace(good, body=b""),
    "wrong-type": lambda _: Reply(PAGE, content_type="text/html"),
    "cut": lambda good: replace(good, cut=len(body_of(good)) // 2),
    "slow": lambda good: Stall(good, SLOW),
}


def body_of(reply: Reply) -> bytes:
    """Return all bytes of a reply."""
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


@dataclass
class Account:
    """What one request was to one vendor: calls that came, and those of them that may be charged."""

    calls: int = 0
    charged: int = 0


@dataclass
class Books:
    """All vendors' accounts, by the request's number and the vendor's name; `waiting` are callers who leave once heard."""

    accounts: dict[tuple[int, str], Account] = field(default_factory=lambda: defaultdict(Account))
    did: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waiting: dict[int, asyncio.Event] = field(default_factory=dict)


class Till(Vendor):
    """Answers speech and transcription requests, spoils a share of them, and writes down every one."""

    def __init__(self, name: str, books: Books, spoilt: float, random: Random) -> None:
        super().__init__()
        self.name = name
        self.books = books
        self.spoilt = spoilt
        self.random = random

    def act(self, asked: Asked) -> Act:
        """Return a good answer or another, having noted which."""
        self.asked.clear()  # thousands of them would fill the memory
        number = number_of(asked)
        ear = "-ear" if asked.path.endswith("transcriptions") else ""
        account = self.books.accounts[number, f"{self.name}{ear}"]
        account.calls += 1
        left = self.books.waiting.get(number)
        if left is not None:
            left.set()
            account.charged += 1
            return Stall(answer(asked))
        spoilt = self.random.random() < self.spoilt
        (way,) = self.random.choices(tuple(WAYS), [SELDOM.get(one, 1.0) for one in WAYS]) if spoilt else ("good",)
        self.books.did[way] += 1
        account.charged += way not in FREE
        good = answer(asked)
        return good if way == "good" else WAYS[way](good)


def number_of(asked: Asked) -> int:
    """Return the number that a request carries in its text, or in the prompt beside its sound."""
    found = NUMBER.search(asked.body)
    if found is None:
        raise ValueError("a request without a number")
    return int(found[1])
