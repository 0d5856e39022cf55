import asyncio

import pytest

from router.contract import OverQuota
from router.engine.settings import Limits, WhenAway
from router.store.counters import Claim, Count, CountersUnavailable, LocalCounters
from router.teams.quota import OverLimit
from router.teams.reserve import Admission, Hold, unlimited
from tests.unit.teams.making import Moody, Wall, door, film, outcome, recording, speech

FIVE = Limits(characters="10/min")


async def admitted(gate: Admission, text: str) -> Hold:
    hold = await gate.admit("ads", speech(text))
    assert hold is not None
    return hold


async def left(gate: Admission) -> int:
    """Return how many characters there are left, by asking for one too many."""
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech("x" * 11))
    return int(refused.value.headers["ratelimit"].split("r=")[1].split(";")[0])


async def test_a_team_without_limits_is_told_nothing() -> None:
    """Nothing is claimed for it, so there is nothing to end and nothing to tell."""
    assert await unlimited().admit("ads", speech()) is None
    assert await door(FIVE).admit("games", speech()) is None


@pytest.mark.parametrize(
    ("ended", "stays"),
    [
        (outcome("ok"), 6),
        (outcome("ok", attempts=3), 6),
        (outcome("truncated"), 6),
        (outcome("cancelled"), 6),
        (outcome("cancelled", attempts=0), 10),
        (outcome("outcome_unknown"), 6),
        (outcome("all_providers_failed", attempts=3), 10),
        (outcome("deadline_passed"), 10),
        (outcome("unsupported", attempts=0), 10),
        (outcome("ok", attempts=0, cache="hit"), 10),
        (outcome("ok", attempts=0, cache="joined"), 10),
        (outcome("ok", cache="miss"), 6),
    ],
)
async def test_what_failed_is_given_back(ended: object, stays: int) -> None:
    """An answer counts, and so does what a provider may have done for one that broke off; a failure does not."""
    gate = door(FIVE)
    (await admitted(gate, "four")).end(ended)  # type: ignore[arg-type]  # an outcome, which parametrize calls an object
    assert await left(gate) == stays


async def test_what_is_held_is_not_there_for_others() -> None:
    """Before it is known what a request used, all that it may use is taken."""
    gate = door(FIVE)
    first = await admitted(gate, "seven77")
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech("four"))
    assert isinstance(refused.value, OverQuota)
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (429, "over_quota", 30)
    first.release()
    await admitted(gate, "four")


async def test_a_new_span_begins_at_nothing() -> None:
    """When the time told has passed the same request is let through."""
    wall = Wall()
    gate = door(FIVE, wall)
    await admitted(gate, "0123456789")
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech("x"))
    wall.time += refused.value.retry_after or 0
    assert dict((await admitted(gate, "x")).headers)["ratelimit"] == '"characters-min";r=9;t=60'


async def test_a_clock_that_begins_at_nothing() -> None:
    """Limits do not share a counter at any time, not even in the first minute that there is."""
    wall = Wall()
    wall.time = 0.0
    gate = door(Limits(requests="5/min", characters="4/min"), wall)
    for left in ("2", "0"):
        told = dict((await admitted(gate, "ab")).headers)["ratelimit"]
        assert f'"characters-min";r={left};' in told


async def test_a_request_that_will_never_fit_is_not_asked_to_wait() -> None:
    """What is larger than the whole allowance has no Retry-After: waiting would not help."""
    with pytest.raises(OverLimit) as refused:
        await door(FIVE).admit("ads", speech("x" * 11))
    assert refused.value.retry_after is None


async def test_money_that_is_gone_is_402() -> None:
    """Callers that try again by themselves at 429 do not at 402; what was spent is what calls have cost."""
    gate = door(Limits(spend="0.01 USD/month"))
    (await admitted(gate, "x" * 2000)).end(outcome("ok", cost=9_990))
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech("x" * 2000))
    assert refused.value.status == 402
    await admitted(gate, "x" * 5)


async def test_a_failure_that_cost_money_has_cost_it() -> None:
    """Units are given back for what failed; what its calls may have cost is not."""
    gate = door(Limits(characters="10/min", spend="0.01 USD/day"))
    (await admitted(gate, "four")).end(outcome("truncated", cost=10_000))
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech("x"))
    assert refused.value.name == "spend-day"


async def test_so_many_at_once() -> None:
    """One more is refused for a second, until one has ended."""
    gate = door(Limits(concurrent=1))
    first = await admitted(gate, "x")
    assert first.headers == (
        ("ratelimit-policy", '"concurrent";q=1;qu="concurrent-requests"'),
        ("ratelimit", '"concurrent";r=0'),
    )
    with pytest.raises(OverLimit) as refused:
        await gate.admit("ads", speech())
    assert (refused.value.status, refused.value.retry_after) == (429, 1.0)
    first.end(outcome())
    await admitted(gate, "x")


async def test_what_the_team_is_told() -> None:
    """Every policy with its size, window and unit, and those that a request raised with what is left until when."""
    gate = door(Limits(requests=("3/min", "1k/month"), audio_seconds="1h/day", spend="5 USD/day"))
    hold = await gate.admit("ads", recording(90.5))
    assert hold is not None
    assert dict(hold.headers) == {
        "ratelimit-policy": '"requests-min";q=3;w=60;qu="requests", "requests-month";q=1000;qu="requests", '
        '"audio_seconds-day";q=3600;w=86400;qu="seconds", "spend-day";q=5;w=86400;qu="USD"',
        "ratelimit": '"requests-min";r=2;t=30, "requests-month";r=999;t=1440030, "audio_seconds-day";r=3509;t=57630',
    }


async def test_a_film_is_counted_by_its_own_length() -> None:
    """What it was taken to last at most gives way to how long it is."""
    gate = door(Limits(video_seconds="60s/min"))
    hold = await gate.admit("ads", film(speech("x" * 75)))
    assert hold is not None
    assert '"video_seconds-min";r=49;' in dict(hold.headers)["ratelimit"]
    hold.end(outcome(video=5.0))
    again = await gate.admit("ads", film(speech("x" * 75)))
    assert again is not None
    assert '"video_seconds-min";r=44;' in dict(again.headers)["ratelimit"]


async def test_a_job_ends_by_its_id() -> None:
    """Whoever finishes a video counts it, once, by what was held when it was asked for; it does not run at once with others."""
    wall = Wall()
    gate = door(Limits(video_seconds="60s/min", concurrent=1), wall)
    for _ in range(2):
        assert await gate.admit_job("ads", film(speech("x" * 75)), "video_1") is not None
    for _ in range(2):
        gate.end_job("ads", "video_1", wall.time, (None, None, None, 5_000, None))
    hold = await gate.admit("ads", film(speech("x" * 75)))
    assert hold is not None
    assert '"video_seconds-min";r=44;' in dict(hold.headers)["ratelimit"]


async def test_closed_while_nobody_counts() -> None:
    """A request of a limited team is refused with 503; what may have been claimed for it is given back, and nothing else said."""
    counters = Moody()
    counters.there = False
    gate = door(FIVE, counters=counters)
    for counters.asked in (False, True):
        with pytest.raises(CountersUnavailable) as refused:
            await gate.admit("ads", speech())
        assert (refused.value.status, refused.value.retry_after) == (503, 2.0)
    assert [one.amounts for one in counters.ends] == [(0, 0, 0, 0, 0)]
    assert gate.unmetered == 0


async def test_open_while_nobody_counts() -> None:
    """It is served, said to be uncounted, told nothing of its limits, and counted once somebody can."""
    counters = Moody()
    counters.there = False
    gate = door(FIVE, counters=counters, fail=WhenAway.OPEN)
    hold = await admitted(gate, "far more than is allowed")
    assert (hold.headers, gate.unmetered) == ((), 1)
    hold.end(outcome())
    assert len(counters.ends) == 1


class Slow(LocalCounters):
    """Counters that grant a claim and take their time to say so."""

    async def claim(self, claim: Claim) -> Count:
        count = await super().claim(claim)
        await asyncio.sleep(60)
        return count


async def test_who_leaves_while_it_is_counted_has_used_nothing() -> None:
    """A caller may go at any moment; nothing stays claimed for it."""
    counters = Slow(Wall())
    asking = asyncio.ensure_future(door(FIVE, counters=counters).admit("ads", speech("0123456789")))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert set(counters._used.values()) == {0}


async def test_limits_change_without_forgetting() -> None:
    """After the configuration changed, what was used before still counts."""
    counters, wall = LocalCounters(Wall()), Wall()
    await admitted(door(Limits(characters="10/min"), wall, counters), "seven77")
    with pytest.raises(OverLimit):
        await door(Limits(characters="9/min"), wall, counters).admit("ads", speech("333"))
