from collections.abc import Callable, Sequence

import pytest

from router.contract import Declined, Exhausted, JobState, OutcomeUnknown, Ticket
from router.engine.settings import Limits, Team
from router.jobs import Job, Kept
from router.jobs.claimed import end_claim, used_by
from router.jobs.control import reopen
from router.store.counters import LocalCounters
from router.store.rows import NoticeRow
from router.teams.reserve import Admission
from tests.unit.jobs.making import ADS, REQUEST, TAKEN, House, Studio
from tests.unit.teams.making import settings

CLAIMED = None
LIMITS = Limits(video_seconds="60s/day", requests="10/day")


async def left(gate: Admission) -> dict[str, str]:
    """Return what a team has left of each of its limits, by asking for it once more and giving that back."""
    hold = await gate.admit(ADS, REQUEST)
    assert hold is not None
    hold.release()
    told = dict(hold.headers)["ratelimit"].split(", ")
    return {name.strip('"'): rest.split(";")[0] for name, rest in (one.split(";r=") for one in told)}


def ending(gate: Admission) -> Callable[[Job], Sequence[NoticeRow]]:
    """Return what counts the end of a job and sends nothing."""

    def end(job: Job) -> Sequence[NoticeRow]:
        end_claim(gate, job)
        return ()

    return end


@pytest.mark.parametrize(
    ("studio", "times", "used"),
    [
        (Studio(TAKEN), 20, (CLAIMED, CLAIMED, CLAIMED, 4000, 7)),
        (Studio(Exhausted([("a", Declined("no"))])), 20, (0, 0, 0, 0, 0)),
        (Studio(OutcomeUnknown("lost")), 20, (0, 0, 0, 0, 7)),
        (Studio(TAKEN), 0, (0, 0, 0, 0, 0)),
    ],
    ids=["done", "refused", "lost", "queued"],
)
async def test_what_a_job_has_used(studio: Studio, times: int, used: tuple[int | None, ...]) -> None:
    """A film is as long as it is; what failed used nothing; money is what the calls have cost, which is not what was claimed."""
    house = House(studio)
    await house.create()
    await house.work(times)
    assert used_by(house.job) == used


async def test_one_that_is_called_off() -> None:
    """What may have been made counts as it was claimed, for the money that is known."""
    studio = Studio(TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING)]
    house = House(studio)
    await house.create()
    await house.work(2)
    await house.jobs.delete(ADS, "video_1")
    assert [used_by(one) for one in house.dropped] == [(CLAIMED, CLAIMED, CLAIMED, 4000, 7)]


async def test_one_that_an_operator_has_made_anew() -> None:
    """It counts again, under a name of its own and when it began anew, however often its end is told."""
    studio = Studio(OutcomeUnknown("lost"), TAKEN)
    wall = studio.clock.wall
    gate = Admission(settings(Team(name=ADS, limits=LIMITS)), LocalCounters(wall), wall)
    house = House(studio, notices=ending(gate))
    await gate.admit_job(ADS, REQUEST, "video_1")
    await house.create()
    await house.work(20)
    assert await left(gate) == {"requests-day": "9", "video_seconds-day": "56"}
    await reopen(Kept(house.rows, house.media), "video_1", wall())
    await house.work(20)
    assert house.job.state is JobState.DONE
    end_claim(gate, house.job)
    assert used_by(house.job) == (1, 0, 0, 4000, 7)
    assert await left(gate) == {"requests-day": "8", "video_seconds-day": "52"}
