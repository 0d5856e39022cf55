import base64

import pytest

from router.contract import Invalid, JobState, Unauthenticated
from router.jobs import Step
from router.jobs.hints import Hint, heed, sync_hint
from router.jobs.lease import Lease
from router.jobs.signing import sync_headers
from router.store.rows import Stale
from tests.unit.jobs.making import PAUSE, TAKEN, House, Studio

NOW = 1_700_000_000.0
HINT = Hint("a", "up-1")
OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
BODY = b'{"id":"gen_1","status":"COMPLETED","outputUrl":"https://elsewhere.test/film.mp4"}'


def test_a_signed_webhook_says_where_to_look_and_nothing_else() -> None:
    """Of its content only the id is taken: neither the state nor the film's URL."""
    assert sync_hint("sync-eu", [NEW], sync_headers([NEW], BODY, NOW), BODY, NOW) == Hint("sync-eu", "gen_1")
    assert Hint.__struct_fields__ == ("provider", "upstream_id")


def test_the_account_s_former_secret_counts_while_it_is_configured() -> None:
    """Secrets can be changed without losing a webhook."""
    assert sync_hint("sync", [NEW, OLD], sync_headers([OLD], BODY, NOW), BODY, NOW).upstream_id == "gen_1"


@pytest.mark.parametrize(
    ("secrets", "later", "body"),
    [([OLD], 0.0, BODY), ([], 0.0, BODY), ([NEW], 301.0, BODY), ([NEW], 0.0, BODY.replace(b"gen_1", b"gen_2"))],
    ids=["another secret", "no secret", "replayed later", "changed"],
)
def test_whoever_cannot_sign_is_not_heard(secrets: list[str], later: float, body: bytes) -> None:
    """A forged, replayed or changed webhook is refused before it is read."""
    with pytest.raises(Unauthenticated) as caught:
        sync_hint("sync", secrets, sync_headers([NEW], BODY, NOW), body, NOW + later)
    assert caught.value.code == "invalid_signature"


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b"{}", b'{"id":1}', b'{"id":""}', b'{"id":"' + b"x" * 201 + b'"}', b"\xff", b"[" * 9999],
)
def test_a_signed_body_that_names_nothing(body: bytes) -> None:
    """Even the provider's own signature makes no sense of it."""
    with pytest.raises(Invalid):
        sync_hint("sync", [NEW], sync_headers([NEW], body, NOW), body, NOW)


async def test_a_hint_makes_a_job_due_at_once() -> None:
    """Whoever waits for a provider looks now, not when the pause is over; what the job is stays as it was."""
    house = await waiting()
    before = house.job
    assert await heed(HINT, house.rows, house.clock.wall())
    assert await house.rows.due(house.clock.wall(), 10) == ["video_1"]
    assert house.job == before
    await house.work()
    assert house.job.state is JobState.DONE


async def test_a_hint_for_a_job_at_which_somebody_looks() -> None:
    """What that worker saw does not count any more: it might have been a moment too early."""
    house = await waiting()
    house.clock.advance(PAUSE)
    lease = await Lease.take(house.rows, "video_1", house.clock)
    assert lease is not None
    assert await heed(HINT, house.rows, house.clock.wall())
    with pytest.raises(Stale):
        await lease.leave(lease.job, PAUSE)
    assert await house.rows.due(house.clock.wall(), 10) == ["video_1"]


async def test_hints_that_are_passed_over() -> None:
    """Unknown jobs, those of another account, and those that are over are left alone."""
    house = await waiting()
    now = house.clock.wall()
    for hint in (Hint("b", "up-1"), Hint("a", "up-2"), Hint("a", "\0")):
        assert not await heed(hint, house.rows, now)
    assert not await house.rows.due(now, 10)
    await house.work()
    assert not await heed(HINT, house.rows, now)
    assert house.job.final


async def waiting() -> House:
    """A house with a job that is looked at again after a pause."""
    studio = Studio(TAKEN)
    house = House(studio)
    await house.create()
    await house.work()
    assert house.job.step is Step.WAITING
    return house
