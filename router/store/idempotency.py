"""Answers kept for repeats of a request: who sends the same key again gets the same answer, and nothing is paid twice.

Keys belong to a team: another team's equal key is another key. Times are unix seconds.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A request that carries a key. `fingerprint` stands for all that the answer depends on.

    `owner` is new for every request. It has `lease` seconds to settle; after that another may take its place.
    """

    team: str
    key: str
    fingerprint: str
    owner: str
    now: float
    lease: float
    expires_at: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered: its body, or the name of that in the media store."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = ""
    body: bytes | None = None
    media: str | None = None


class Begun(msgspec.Struct, frozen=True):
    """Nobody answered this key yet: do the work, then settle or drop the claim.

    `resumed` says that an earlier owner began and never ended: what it spent is not known. `stale` names media of an
    expired answer that this one replaces, to be removed.
    """

    resumed: bool = False
    stale: str | None = None


class Running(msgspec.Struct, frozen=True):
    """The same request is being worked on; its lease ends at `until`."""

    until: float


class Mismatch(msgspec.Struct, frozen=True):
    """The key was used for another request."""


class Done(msgspec.Struct, frozen=True):
    """It was answered before."""

    answer: Answer


class Expired(msgspec.Struct, frozen=True):
    """A key whose time is over, and its media, which goes first."""

    team: str
    key: str
    expires_at: float
    media: str | None = None


class IdempotencyRows(Protocol):
    """The answers' table."""

    async def begin(self, claim: Claim) -> Begun | Running | Mismatch | Done:
        """Claim a key: of many who do so at once, one begins."""

    async def settle(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer. Raises `Stale` where another has taken over since."""

    async def drop(self, claim: Claim) -> None:
        """Let the key be used again, since nothing was spent; no matter if another has taken over."""

    async def expired(self, now: float, limit: int) -> Sequence[Expired]:
        """Return keys whose `expires_at` has come, the longest ago first."""

    async def remove(self, *gone: Expired) -> None:
        """Forget keys, except those in use again."""
