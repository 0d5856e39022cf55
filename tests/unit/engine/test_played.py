from typing import Any

import pytest

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Busy,
    Clip,
    Inline,
    JobFailed,
    JobOffer,
    JobState,
    OutcomeUnknown,
    Ticket,
    Unavailable,
)
from router.engine.played import FAULTS, played
from router.testing.clock import FakeClock
from tests.unit.engine.making import Chunks

REQUEST = AvatarRequest(face=Inline(b"face", "image/png"), voice=Inline(b"voice", "audio/wav"))
QUEUED, RUNNING, DONE = (Ticket("job-1", one) for one in (JobState.QUEUED, JobState.RUNNING, JobState.DONE))


class Studio:
    """Answers polls and collects with what it is given; an exception is raised in its turn."""

    def __init__(
        self, *polls: Ticket | Exception, films: tuple[Clip | Exception, ...] = (), made: Ticket = QUEUED
    ) -> None:
        self.made = made
        self.polls = list(polls)
        self.films = list(films or (Clip(Chunks(b"film")),))
        self.created = 0

    async def create(self, _: AvatarRequest) -> Ticket:
        self.created += 1
        return self.made

    async def poll(self, provider_id: str) -> Ticket:
        assert provider_id == "job-1"
        answer: Any = self.polls.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    async def collect(self, provider_id: str) -> Clip:
        answer: Any = self.films.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    async def play(self, clock: FakeClock) -> Clip:
        offer = JobOffer(AvatarRequest, self.create, AvatarLimits(), poll=self.poll, collect=self.collect, pause=3.0)
        return await played(offer, clock).handle(REQUEST)


async def test_a_job_that_succeeds() -> None:
    """It is made once, polled at the vendor's pace, and its film brought with the vendor's id."""
    clock, studio = FakeClock(), Studio(RUNNING, DONE)
    clip = await studio.play(clock)
    assert (clip.provider_id, studio.created) == ("job-1", 1)
    assert clock.slept == [3.0, 3.0]


async def test_done_at_once() -> None:
    """A job that is done when it is made is not polled."""
    clock = FakeClock()
    await Studio(made=DONE).play(clock)
    assert clock.slept == []


async def test_a_job_that_fails() -> None:
    """Its reason reaches the caller, and nobody else is paid to try."""
    failed = Ticket("job-1", JobState.FAILED, error="the face is hidden")
    with pytest.raises(JobFailed, match="the face is hidden"):
        await Studio(failed).play(FakeClock())


async def test_polling_through_faults() -> None:
    """Faults while polling or collecting never make a second job; a named wait is kept."""
    clock = FakeClock()
    studio = Studio(Unavailable(""), Busy("", retry_after=9), DONE, films=(Unavailable(""), Clip(Chunks(b"film"))))
    await studio.play(clock)
    assert studio.created == 1
    assert clock.slept == [3.0, 3.0, 9, 3.0]


@pytest.mark.parametrize("polls", [[Unavailable("")] * FAULTS, [DONE]])
async def test_an_end_that_cannot_be_learnt(polls: list[Ticket | Exception]) -> None:
    """When patience ends, the job's outcome is unknown: it is paid for, so it is not made again."""
    studio = Studio(*polls, films=(Unavailable(""),) * FAULTS)
    with pytest.raises(OutcomeUnknown):
        await studio.play(FakeClock())
    assert studio.created == 1
