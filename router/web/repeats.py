"""Answers kept under the callers' own keys (`Idempotency-Key`): what was paid for once is not paid for again.

After draft-ietf-httpapi-idempotency-key-header: 409 while the first request is worked on, 422 for another request with
the same key. Keys belong to a team and are forgotten after a day.
"""

import logging
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from router.contract import Conflict, Held, Invalid, MediaError
from router.engine.clock import Clock
from router.jobs.inputs import Read
from router.store.idempotency import Answer, Begun, Claim, Done, IdempotencyRows, Mismatch, Running
from router.store.media import MediaStore
from router.store.rows import Stale
from router.web.sent import Sent

log = logging.getLogger(__name__)

AGE: Final = 24 * 3600.0
"""Seconds that an answer is kept."""
LEASE: Final = 15 * 60.0
"""Seconds after which a request that has not ended is taken for one whose router is gone."""
COME_BACK: Final = 2.0
"""Seconds after which to look again at a request that is being worked on."""
IN_ROW: Final = 16 * 1024
"""Bytes of an answer that are kept in its row; longer ones go to the media store."""
LONGEST: Final = 32 * 1024 * 1024
"""Bytes of the longest answer that is kept."""
SWEEP: Final = 60.0
"""Seconds between looks for what has expired."""
LOST: Final = Answer(status=409)
"""Stands for an answer that cannot be given again."""

Headers = Sequence[tuple[str, str]]


class InProgress(Conflict):
    """The same request is being worked on; `retry_after` in seconds."""

    code = "idempotency_in_progress"

    def __init__(self) -> None:
        super().__init__("a request with this Idempotency-Key is being worked on", param="Idempotency-Key")
        self.retry_after = COME_BACK


def mismatch() -> Invalid:
    """Return the error for a key that stands for another request."""
    told = "this Idempotency-Key was used for another request; take a new key for each"
    return Invalid(told, status=422, code="idempotency_mismatch", param="Idempotency-Key")


def lost() -> Conflict:
    """Return the error for an answer that is not there to be given again."""
    return Conflict(
        "a request with this Idempotency-Key was carried out, and may have been paid for, but its answer was not kept: "
        f"it broke off, or had more than {LONGEST} bytes; take a new key to have it done again",
        code="idempotency_not_replayable", param="Idempotency-Key", limit=LONGEST,
    )  # fmt: skip


class Repeats(msgspec.Struct, frozen=True):
    """The answers, over their rows and the media store."""

    rows: IdempotencyRows
    media: MediaStore
    clock: Clock

    def claim(self, team: str, key: str, fingerprint: str) -> Claim:
        """Return what a request needs to begin."""
        now = self.clock.wall()
        return Claim(
            team=team, key=key, fingerprint=fingerprint, owner=secrets.token_hex(16),
            now=now, lease=LEASE, expires_at=now + AGE,
        )  # fmt: skip

    async def begin(self, claim: Claim) -> Begun | Answer:
        """Return the answer that was given before, or `Begun` for whoever is to work. Raises `InProgress`, or what says why not."""
        outcome = await self.rows.begin(claim)
        match outcome:
            case Running():
                raise InProgress
            case Mismatch():
                raise mismatch()
            case Done(answer):
                if answer.body is None and answer.media is None:
                    raise lost()
                return answer
            case Begun(stale=str(name)):
                await self.media.remove(name)
        return outcome

    async def keep(self, claim: Claim, status: int, headers: Headers, body: Sent) -> None:
        """Keep an answer for repeats. Raises nothing: the caller has been served, whatever the stores say."""
        told = (*headers, ("content-length", str(body.size)))
        name = None if body.size <= IN_ROW else f"answers/{claim.owner}"
        kind = dict(headers).get("content-type", "")
        try:
            if name is not None:
                await self.media.put(name, Read(body.path) if body.path else Held(body.whole), kind)
            content = body.whole if name is None else None
            answer = Answer(status=status, headers=told, media_type=kind, body=content, media=name)
            await self.rows.settle(claim, answer)
        except (MediaError, Stale) as error:
            log.warning("an answer is not kept for repeats: %s", type(error).__name__)
            await self._undo(name)

    async def lose(self, claim: Claim) -> None:
        """Settle a request whose answer cannot be given again, and which must not be carried out again."""
        try:
            await self.rows.settle(claim, LOST)
        except (MediaError, Stale) as error:
            log.warning("a key is not settled: %s", type(error).__name__)

    async def drop(self, claim: Claim) -> None:
        """Let a key be used again; where the stores are away, its lease ends by itself."""
        try:
            await self.rows.drop(claim)
        except MediaError as error:
            log.warning("a key is not free again: %s", type(error).__name__)

    async def sweep(self) -> None:
        """Forget what has expired, now and then, for ever."""
        while True:
            await self.clock.sleep(SWEEP)
            try:
                gone = await self.rows.expired(self.clock.wall(), 100)
                await self.media.remove(*(one.media for one in gone if one.media))
                await self.rows.remove(*gone)
            except MediaError:
                continue

    async def _undo(self, name: str | None) -> None:
        if name is not None:
            try:
                await self.media.remove(name)
            except MediaError:
                log.warning("an answer that nobody will ask for is left in the media store")
