"""Answers kept for repeats, in memory; the real ones are in `router/store/answers.py`."""

from collections.abc import Sequence

import msgspec

from router.contract import MediaError
from router.store.idempotency import Answer, Begun, Claim, Done, Expired, Mismatch, Running
from router.store.rows import Stale


class MemoryAnswers:
    """`IdempotencyRows` as a dictionary. `away` makes every call raise it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[Claim, Answer | None]] = {}
        self.away: MediaError | None = None

    async def begin(self, claim: Claim) -> Begun | Running | Mismatch | Done:
        """Claim a key."""
        self._check()
        held, answer = self.rows.get((claim.team, claim.key), (None, None))
        outcome = _judged(held, answer, claim)
        if isinstance(outcome, Begun):
            self.rows[claim.team, claim.key] = (claim, None)
        return outcome

    async def settle(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer. Raises `Stale`."""
        self._check()
        if self.rows.get((claim.team, claim.key)) != (claim, None):
            raise Stale(claim.owner)
        self.rows[claim.team, claim.key] = (claim, answer)

    async def drop(self, claim: Claim) -> None:
        """Let the key be used again."""
        self._check()
        if self.rows.get((claim.team, claim.key)) == (claim, None):
            del self.rows[claim.team, claim.key]

    async def expired(self, now: float, limit: int) -> Sequence[Expired]:
        """Return keys whose time is over."""
        self._check()
        over = [(claim, answer) for claim, answer in self.rows.values() if claim.expires_at <= now]
        return [
            Expired(team=claim.team, key=claim.key, expires_at=claim.expires_at, media=answer.media if answer else None)
            for claim, answer in sorted(over, key=lambda one: one[0].expires_at)[:limit]
        ]

    async def remove(self, *gone: Expired) -> None:
        """Forget keys, except those in use again."""
        self._check()
        for one in gone:
            held, _ = self.rows.get((one.team, one.key), (None, None))
            if held is not None and held.expires_at == one.expires_at:
                del self.rows[one.team, one.key]

    def abandon(self) -> None:
        """Let every lease be over: whoever had begun is gone."""
        self.rows = {
            key: (msgspec.structs.replace(claim, lease=0.0), answer) for key, (claim, answer) in self.rows.items()
        }

    def _check(self) -> None:
        if self.away is not None:
            raise self.away


def _judged(held: Claim | None, answer: Answer | None, claim: Claim) -> Begun | Running | Mismatch | Done:
    """Say what is held under a key means for a claim."""
    if held is None:
        return Begun()
    if held.expires_at <= claim.now:
        return Begun(stale=answer.media if answer else None)
    if held.fingerprint != claim.fingerprint:
        return Mismatch()
    if answer is not None:
        return Done(answer)
    until = held.now + held.lease
    return Begun(resumed=True) if until <= claim.now else Running(until)
