"""Notices of how jobs ended: what they say, what becomes of them after each try, and how one is sent anew."""

import enum
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Final
from urllib.parse import urlsplit

import msgspec

from router.contract import NotFound, retry_after
from router.jobs.post import Answer
from router.jobs.signing import Scheme
from router.store.rows import NoticeRow, NoticeRows, Stale

DELAYS: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds from one try to the next, as Standard Webhooks recommends: ten tries in 76 hours."""
JITTER: Final = 0.2
"""By how much of itself a delay is off, either way."""
LONGEST: Final = DELAYS[-1]
"""Seconds: no receiver puts a try off by more."""
RECENT: Final = 200
"""How many of a team's newest notices are searched for one that its receiver answered with 410."""


class Ended(enum.StrEnum):
    """Why nothing more happens to a notice."""

    DELIVERED = "delivered"
    GONE = "gone"
    DISABLED = "disabled"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


class Event(enum.StrEnum):
    """What a notice tells."""

    COMPLETED = "video.completed"
    FAILED = "video.failed"


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of a job's end, and how that is signed. The URL has passed `check_url`."""

    team: str
    job: str
    url: str
    scheme: Scheme = Scheme.STANDARD


def notice(receiver: Receiver, body: bytes, now: float, new_id: Callable[[], str]) -> NoticeRow:
    """Return a notice that is due at once; `body` is what will be signed and sent."""
    return NoticeRow(
        id=new_id(),
        team=receiver.team,
        job=receiver.job,
        url=receiver.url,
        kind=receiver.scheme.value,
        body=body,
        created_at=now,
        run_at=now,
    )


def told(event: Event, rendered: bytes, now: float) -> bytes:
    """Return a Standard Webhooks body around an object that is JSON already."""
    when = datetime.fromtimestamp(int(now), UTC)
    return msgspec.json.encode({"type": event, "timestamp": when, "data": msgspec.Raw(rendered)})


def delay(tries: int, random: Random, asked: float | None = None) -> float | None:
    """Return the seconds until the next try, `tries` having been made, or None after the last.

    Never less than the receiver asked for.
    """
    if tries > len(DELAYS):
        return None
    return max(DELAYS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER), asked or 0.0)


def answered(row: NoticeRow, answer: Answer, now: float, random: Random) -> NoticeRow:
    """Return the notice after an answer: taken by any 2xx, ended by 410, and to be tried again after anything else."""
    row = msgspec.structs.replace(row, status=answer.status)
    if 200 <= answer.status < 300:
        return over(row, Ended.DELIVERED)
    if answer.status == 410:
        return over(row, Ended.GONE)
    return again(row, now, random, retry_after(answer.headers, now, LONGEST))


def again(row: NoticeRow, now: float, random: Random, asked: float | None = None) -> NoticeRow:
    """Return the notice as due later, or as given up after its last try."""
    wait = delay(row.tries, random, asked)
    return over(row, Ended.GIVEN_UP) if wait is None else msgspec.structs.replace(row, run_at=now + wait)


def over(row: NoticeRow, ended: Ended) -> NoticeRow:
    """Return the notice as ended."""
    return msgspec.structs.replace(row, run_at=None, ended=ended.value)


def host(row: NoticeRow) -> str:
    """Return who receives it, as host and port: a whole URL may hold a key."""
    try:
        return urlsplit(row.url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


async def gone(rows: NoticeRows, like: NoticeRow) -> Sequence[NoticeRow]:
    """Return what the same URL of the same team answered with 410: while there is any, nothing is sent there."""
    recent = await rows.page(like.team, None, RECENT)
    return [row for row in recent if row.ended == Ended.GONE and row.url == like.url]


async def redeliver(rows: NoticeRows, id: str, now: float) -> NoticeRow:  # noqa: A002 - what it is
    """Send a notice anew, with all its tries; where its URL was disabled, what that had answered with 410 goes first.

    Returns it as it is then. Raises `NotFound`, and `Stale` if it was on its way just now.
    """
    row = await rows.get(id)
    if row is None:
        raise NotFound(f"there is no webhook {id}", param="id")
    for one in await gone(rows, row):
        if one.id != id:
            with suppress(Stale):
                await rows.write(_anew(one, now))
    return await rows.write(_anew(row, now))


def _anew(row: NoticeRow, now: float) -> NoticeRow:
    return msgspec.structs.replace(row, run_at=now, tries=0, status=None, ended="")
