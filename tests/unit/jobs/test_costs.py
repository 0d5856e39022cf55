"""What jobs cost, which is told when they end, whoever worked on them."""

import asyncio
from functools import partial

import msgspec
import pytest

from router.contract import Busy, Clip, Exhausted, JobState, OutcomeUnknown, SpeechRequest, Ticket, Truncated
from router.jobs import Kept
from router.jobs.claimed import used_by
from router.jobs.control import reopen
from router.testing.media import film
from tests.unit.jobs.making import ADS, DONE, REQUEST, TAKEN, House, Killed, Studio, failed
from tests.unit.web.making import Chunks


def costs(studio: Studio) -> list[tuple[str, list[tuple[str, int, bool]]]]:
    return [
        (one.outcome, [(charge.provider, charge.cost, charge.certain) for charge in one.charges])
        for one in studio.outcomes
    ]


async def at_work(studio: Studio, times: int = 20) -> House:
    house = House(studio)
    await house.create()
    await house.work(times)
    return house


async def test_a_film_is_paid_for_once() -> None:
    """What was ordered in one step is told at the end of another, and only there."""
    studio = Studio(TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING), DONE]
    house = await at_work(studio)
    assert costs(studio) == [("ok", [("a", 7, True)])]
    assert sum(one.cost for one in house.job.charges) == 7


async def test_every_order_is_on_the_bill() -> None:
    """An order that came to nothing is paid for beside the one that took its place."""
    studio = Studio(TAKEN, TAKEN, providers="ab")
    studio.looking, studio.respending = [failed(), DONE], True
    await at_work(studio)
    assert costs(studio) == [("ok", [("a", 7, True), ("b", 5, True)])]


async def test_an_order_whose_answer_was_lost() -> None:
    """It may have to be paid, though there is no film."""
    studio = Studio(OutcomeUnknown("lost"))
    await at_work(studio)
    assert costs(studio) == [("outcome_unknown", [("a", 7, False)])]


async def test_an_order_that_was_refused() -> None:
    """Refusals cost nothing, however often they are heard."""
    busy = Exhausted([("a", Busy("busy", retry_after=5.0))])
    studio = Studio(busy, TAKEN)
    await at_work(studio)
    assert costs(studio) == [("ok", [("a", 0, True), ("a", 7, True)])]


async def test_the_next_process_knows() -> None:
    """A process that dies after its order leaves what that cost to the one that brings the film."""
    studio = Studio(TAKEN)
    studio.looking = [Killed(), DONE]
    await at_work(studio)
    assert costs(studio) == [("ok", [("a", 7, True)])]


async def test_a_text_that_its_maker_speaks() -> None:
    """Nobody knows how long it will be; once it is fetched it costs what it lasts, and its owner is told."""
    studio = Studio(TAKEN, providers="c")
    studio.looking = [Ticket("up-1", JobState.RUNNING), DONE]
    studio.collecting = [Clip(Chunks(film()))]
    house = House(studio)
    await house.create(msgspec.structs.replace(REQUEST, voice=SpeechRequest(text="hello")))
    await house.work(20)
    assert costs(studio) == [("ok", [("c", 203, True)])]
    assert [one.video_ms for one in house.job.charges] == [200]
    assert (house.job.seconds, studio.outcomes[0].video_seconds) == pytest.approx((0.2, 0.2))
    assert used_by(house.job)[3:] == (200, 203)


async def test_a_film_that_is_called_off() -> None:
    """Its owner deletes it, and has it on the bill all the same."""
    studio = Studio(TAKEN)
    studio.looking = [Ticket("up-1", JobState.RUNNING)]
    house = await at_work(studio, times=2)
    await house.jobs.delete(ADS, "video_1")
    assert costs(studio) == [("cancelled", [("a", 7, True)])]


async def test_a_film_that_is_called_off_while_it_is_ordered() -> None:
    """Nobody hears what became of the order, so it may have been taken."""
    asked = asyncio.Event()
    studio = Studio(partial(never, asked))
    house = House(studio)
    await house.create()
    async with house.jobs:
        await asked.wait()
        await house.jobs.delete(ADS, "video_1")
    assert costs(studio) == [("cancelled", [("a", 7, False)])]
    assert [used_by(one)[-1] for one in house.dropped] == [7]


async def test_an_order_that_its_process_did_not_survive() -> None:
    """The next process says that it may have been taken, and may have to be paid."""
    studio = Studio(Killed())
    await at_work(studio)
    assert costs(studio) == [("outcome_unknown", [("a", 7, False)])]


async def test_a_film_that_is_made_anew() -> None:
    """What was told once is not told again when an operator has the job begin anew."""
    studio = Studio(OutcomeUnknown("lost"), TAKEN)
    house = await at_work(studio)
    await reopen(Kept(house.rows, house.media), "video_1", house.clock.wall())
    await house.work(20)
    assert [one for _, one in costs(studio)] == [[("a", 7, False)], [("a", 7, True)]]


async def never(asked: asyncio.Event) -> None:
    asked.set()
    await asyncio.Event().wait()


async def test_a_rendering_that_breaks() -> None:
    """What broke was paid for, and so is what took its place."""
    studio = Studio(Clip(Chunks(b"one", Truncated("cut"))), Clip(Chunks(b"two")), free=True)
    await at_work(studio)
    ((outcome, calls),) = costs(studio)
    assert (outcome, [provider for provider, *_ in calls]) == ("ok", ["a", "a"])
