from random import Random

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import NotFound
from router.jobs.notices import (
    DELAYS,
    LONGEST,
    Ended,
    Event,
    Receiver,
    again,
    answered,
    delay,
    gone,
    host,
    notice,
    over,
    redeliver,
    told,
)
from router.jobs.post import Answer
from router.jobs.signing import Scheme
from router.store.rows import NoticeRow
from router.testing.clock import Rolls
from router.testing.notices import MemoryNotices

NOW = 1_700_000_000.0
EVEN = Rolls(0.5)
"""No jitter."""
THREE_DAYS = 3 * 86_400.0


def row(name: str = "msg_1", *, url: str = "https://a.test/hook", team: str = "red", tries: int = 0) -> NoticeRow:
    receiver = Receiver(team=team, job="video_1", url=url)
    return msgspec.structs.replace(notice(receiver, b"{}", NOW, lambda: name), tries=tries)


def test_a_new_notice_is_due_at_once_and_knows_how_it_is_signed() -> None:
    """It carries the very bytes, and the id that receivers tell repeats by."""
    receiver = Receiver(team="red", job="video_1", url="https://a.test/", scheme=Scheme.SYNC)

    made = notice(receiver, b'{"id":1}', NOW, lambda: "msg_1")

    assert made == NoticeRow(
        id="msg_1", team="red", job="video_1", url="https://a.test/", kind="sync", body=b'{"id":1}',
        created_at=NOW, run_at=NOW,
    )  # fmt: skip


def test_the_body_is_a_standard_webhook() -> None:
    """Type, ISO timestamp and the object, whose bytes are not touched."""
    body = told(Event.FAILED, b'{"b": 1, "a": 1e2}', NOW + 0.75)

    assert body == b'{"type":"video.failed","timestamp":"2023-11-14T22:13:20Z","data":{"b": 1, "a": 1e2}}'


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_delivers(status: int) -> None:
    """And nothing more is due."""
    after = answered(row(tries=1), Answer(status), NOW, EVEN)

    assert (after.ended, after.run_at, after.status) == ("delivered", None, status)


def test_410_ends_it() -> None:
    """The receiver wants no more."""
    after = answered(row(tries=1), Answer(410), NOW, EVEN)

    assert (after.ended, after.run_at, after.status) == ("gone", None, 410)


@pytest.mark.parametrize("status", [301, 302, 308, 400, 401, 404, 409, 429, 500, 502, 503, 504])
def test_anything_else_is_tried_again(status: int) -> None:
    """Redirects too: they are answers, and not the right one."""
    after = answered(row(tries=2), Answer(status), NOW, EVEN)

    assert (after.ended, after.run_at, after.status) == ("", NOW + DELAYS[1], status)


def test_ten_tries_in_three_days() -> None:
    """The first at once, each pause longer than the one before, none after the tenth, which is when it is given up."""
    waits = [delay(tries, EVEN) for tries in range(1, 11)]

    assert waits == [*DELAYS, None]
    assert sorted(set(DELAYS)) == list(DELAYS)
    assert THREE_DAYS <= sum(DELAYS) <= THREE_DAYS * 1.1
    assert again(row(tries=10), NOW, EVEN) == over(row(tries=10), Ended.GIVEN_UP)


@given(st.integers(), st.floats(0, LONGEST))
def test_the_schedule_holds_whatever_the_jitter(seed: int, asked: float) -> None:
    """Each pause is within a fifth of its length and never shorter than asked for; all are about three days together."""
    random = Random(seed)
    plain = [delay(tries, random) or 0.0 for tries in range(1, 10)]
    told_to = [delay(tries, random, asked) or 0.0 for tries in range(1, 10)]

    assert all(0.8 * due <= wait <= 1.2 * due for wait, due in zip(plain, DELAYS, strict=True))
    assert 0.8 * sum(DELAYS) <= sum(plain) <= 1.2 * sum(DELAYS)
    assert min(told_to) >= asked


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "3"}, 300.0),
        ({"Retry-After": "7200"}, 7200.0),
        ({"Retry-After": "Tue, 14 Nov 2023 23:13:20 GMT"}, 3600.0),
        ({"Retry-After": "9999999"}, 86_400.0),
        ({"Retry-After": "soon"}, 300.0),
    ],
)
def test_retry_after_counts_where_it_is_later(headers: dict[str, str], wait: float) -> None:
    """Seconds or a date, up to a day."""
    after = answered(row(tries=2), Answer(503, httpx.Headers(headers)), NOW, EVEN)

    assert after.run_at == NOW + wait


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.test/x?key=secret", "a.test"),
        ("http://a.test:81/", "a.test:81"),
        ("http://u:secret@a.test/", "a.test"),
        ("http://[::1", ""),
    ],
)
def test_the_host_says_where_without_saying_a_secret(url: str, name: str) -> None:
    """Neither path nor query nor password is in it, and no URL makes it fail."""
    assert host(row(url=url)) == name


async def test_a_disabled_url_is_one_team_s_own() -> None:
    """Another team's or another URL's 410 is none of theirs, and a delivery disables nothing."""
    rows = MemoryNotices(
        over(row("1"), Ended.GONE),
        over(row("2", url="https://a.test/other"), Ended.DELIVERED),
        over(row("3", team="blue"), Ended.REFUSED),
    )

    assert [one.id for one in await gone(rows, row())] == ["1"]
    assert await gone(rows, row(url="https://a.test/other")) == []
    assert await gone(rows, row(team="blue")) == []


async def test_redelivery_sends_anew_and_enables_the_url() -> None:
    """The notice has all its tries again; so has what its URL answered with 410, and what others answered has not."""
    ended = over(msgspec.structs.replace(row("1", tries=10), status=500), Ended.GIVEN_UP)
    rows = MemoryNotices(ended, over(row("2"), Ended.GONE), over(row("3", team="blue"), Ended.GONE))

    after = await redeliver(rows, "1", NOW + 9)

    assert (after.run_at, after.tries, after.status, after.ended) == (NOW + 9, 0, None, "")
    assert sorted(one.id for one in await rows.due(NOW + 9, 10)) == ["1", "2"]
    assert await gone(rows, row()) == []
    assert len(await gone(rows, row(team="blue"))) == 1


async def test_redelivery_of_nothing() -> None:
    """An unknown id is told as such."""
    with pytest.raises(NotFound, match="no webhook msg_9"):
        await redeliver(MemoryNotices(), "msg_9", NOW)
