import asyncio

import pytest

from router.contract import Inline, Invalid, TranscriptionRequest, Unavailable
from router.engine.settings.scenarios import Scenario
from router.testing.clock import FakeClock
from router.voice import Partial, Recording, Stages
from tests.unit.voice.making import Engine, Kept

SECOND = bytes(range(250)) * 128


class Desk:
    """A recording in steps of a clock that moves when told."""

    def __init__(self, **scenario: float | None) -> None:
        self.engine, self.sink, self.clock = Engine(), Kept(), FakeClock(waits=True)
        stages = Stages(self.engine, Scenario(**scenario), "ads", "talk.1")  # type: ignore[arg-type]  # named settings
        self.recording = Recording(stages, self.sink.emit, self.clock, 16_000)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.clock.advance(seconds)
        for _ in range(8):
            await asyncio.sleep(0)

    def partials(self) -> list[str]:
        return [one.text for one in self.sink.events if isinstance(one, Partial)]


async def test_partials() -> None:
    """Every 0.7 s all that was recorded so far is written down; only what is new is told, and silence never."""
    desk = Desk()
    told = iter(["", "how", "how", "how are"])
    desk.engine.hears = lambda _: next(told)
    for _ in range(4):
        desk.recording.add(SECOND)
        await desk.pass_time(0.7)
    await desk.recording.discard()

    assert desk.partials() == ["how", "how are"]
    assert desk.recording.told == 2
    assert [one.audio.seconds for one in desk.engine.of(TranscriptionRequest)] == [1, 2, 3, 4]


async def test_nothing_new() -> None:
    """What did not grow is not written down again."""
    desk = Desk()
    desk.recording.add(SECOND)
    for _ in range(3):
        await desk.pass_time(0.7)
    assert len(desk.engine.asked) == 1
    await desk.recording.discard()


async def test_one_at_a_time() -> None:
    """While a transcript is being made no other is begun; the next begins as soon as it is there."""
    desk = Desk()
    slow = asyncio.Event()
    answers = iter([slow, "second"])
    desk.engine.hears = lambda _: next(answers)
    desk.recording.add(SECOND)
    await desk.pass_time(0.7)
    desk.recording.add(SECOND)
    await desk.pass_time(5)
    assert len(desk.engine.asked) == 1

    slow.set()
    await desk.pass_time(0)
    assert desk.partials() == ["second"]
    await desk.recording.discard()


async def test_one_that_fails() -> None:
    """It is passed over: the next may do better."""
    desk = Desk()
    answers = iter([Unavailable("down"), "fine"])
    desk.engine.hears = lambda _: next(answers)
    for _ in range(2):
        desk.recording.add(SECOND)
        await desk.pass_time(0.7)
    assert desk.partials() == ["fine"]
    await desk.recording.discard()


async def test_the_end() -> None:
    """It cancels the transcript under way, tells nothing any more, and gives all that was recorded."""
    desk = Desk()
    desk.engine.hears = lambda _: asyncio.Event()
    desk.recording.add(SECOND)
    await desk.pass_time(0.7)
    recording = await desk.recording.end()

    assert isinstance(recording, Inline)
    assert recording.seconds == 1
    assert [outcome for _, outcome in desk.engine.outcomes] == ["cancelled"]
    await desk.pass_time(5)
    assert desk.partials() == []
    assert len(desk.engine.asked) == 1


async def test_without_partials() -> None:
    """A scenario that wants none gets none."""
    desk = Desk(partials=None)
    desk.recording.add(SECOND)
    await desk.pass_time(60)
    assert desk.engine.asked == []


async def test_too_long() -> None:
    """What would make it longer than it may be is refused, exactly there."""
    desk = Desk(partials=None, longest=2.0)
    desk.recording.add(SECOND)
    desk.recording.add(SECOND)
    with pytest.raises(Invalid, match="2 seconds") as refused:
        desk.recording.add(b"\0\0")
    assert (refused.value.code, refused.value.limit) == ("recording_too_long", 2.0)


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(3198)])
async def test_too_short(pcm: bytes) -> None:
    """Less than a tenth of a second is no question."""
    desk = Desk(partials=None)
    desk.recording.add(pcm)
    with pytest.raises(Invalid) as refused:
        await desk.recording.end()
    assert refused.value.code == "empty_recording"
