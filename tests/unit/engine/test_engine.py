import asyncio
from typing import Any

import msgspec
import pytest

from router.contract import (
    AudioFormat,
    AvatarRequest,
    Busy,
    Clip,
    ContentRefused,
    DeadlinePassed,
    Exhausted,
    Inline,
    MediaError,
    NotFound,
    OutcomeUnknown,
    Speech,
    SpeechRequest,
    Task,
    TimedOut,
    Transcript,
    TranscriptionRequest,
    Truncated,
    Unavailable,
    Url,
)
from router.engine.breaker import IN_A_ROW, Verdict
from tests.unit.engine.making import HELLO, SPEAKS_PCM, Chunks
from tests.unit.engine.stage import FACE, MP4, PCM, SOUND, route, speech, staged, whole


async def test_the_first_target_serves() -> None:
    """One good answer is one attempt, passed on as it is and measured."""
    async with staged() as stage:
        stage.acts("a", speech(PCM, PCM))
        assert await whole(await stage.speak()) == PCM + PCM
        assert stage.outcomes() == ["a ok"]
        assert stage.exchange.audio_seconds == pytest.approx(2 * len(PCM) / 48_000)
        assert stage.exchange.route == "speech-route"


@pytest.mark.parametrize(
    ("acts", "outcomes"),
    [
        ([Unavailable("")] * 2, ["a unavailable", "a unavailable", "b ok"]),
        ([TimedOut("")], ["a timed_out", "b ok"]),
        ([Busy("", retry_after=9)], ["a busy", "b ok"]),
        ([speech(b"")], ["a bad_output", "b ok"]),
        ([speech(Unavailable("cut"))] * 2, ["a unavailable", "a unavailable", "b ok"]),
        ([asyncio.Event().wait], ["a timed_out", "b ok"]),
    ],
)
async def test_failing_over(acts: list[Any], outcomes: list[str]) -> None:
    """Whatever goes wrong before the first plausible byte, the next target serves and the trail says why."""
    async with staged(route(Task.SPEECH, "ab", first_byte=0.05)) as stage:
        stage.acts("a", *acts)
        stage.acts("b", speech())
        assert await whole(await stage.speak()) == PCM
        assert stage.outcomes() == outcomes
        assert stage.told == stage.exchange.attempts


async def test_blocked_targets_are_shared() -> None:
    """After one request was told to wait, the next does not even ask."""
    async with staged() as stage:
        stage.acts("a", Busy("", retry_after=60))
        stage.acts("b", speech(), speech())
        for _ in range(2):
            await whole(await stage.speak())
        assert len(stage.of("a").asked) == 1
        assert stage.outcomes() == ["b ok"]


async def test_everybody_busy() -> None:
    """With every target blocked for longer than the deadline, the caller learns the shortest wait."""
    async with staged() as stage:
        stage.acts("a", Busy("", retry_after=300))
        stage.acts("b", Busy("", retry_after=120))
        with pytest.raises(Exhausted) as first:
            await stage.speak()
        assert (first.value.status, first.value.retry_after) == (429, 120)
        with pytest.raises(Exhausted) as second:
            await stage.speak()
        assert second.value.retry_after is not None
        assert 110 < second.value.retry_after <= 120
        assert stage.exchange.attempts == []


async def test_nobody_answers() -> None:
    """Each target's last failure is named, and none of their words."""
    async with staged() as stage:
        stage.acts("a", TimedOut("secret"))
        stage.acts("b", TimedOut("secret"))
        with pytest.raises(Exhausted) as caught:
            await stage.speak()
        assert caught.value.status == 504
        assert str(caught.value) == "every provider failed (a: timed_out, b: timed_out)"


@pytest.mark.parametrize("error", [ContentRefused("no"), OutcomeUnknown("lost")])
async def test_errors_that_stop(error: MediaError) -> None:
    """What no other provider can mend, or must not repeat, goes to the caller as it is."""
    async with staged() as stage:
        stage.acts("a", error)
        with pytest.raises(type(error)):
            await stage.speak()
        assert stage.of("b").asked == []


async def test_the_deadline() -> None:
    """The caller's own limit bounds all attempts together."""
    async with staged(route(Task.SPEECH, "ab", first_byte=30)) as stage:
        stage.acts("a", asyncio.Event().wait)
        with pytest.raises(DeadlinePassed):
            await stage.serve(SpeechRequest(text="hello"), within=0.05)
        assert stage.outcomes() == ["a cancelled"]


async def test_a_deadline_in_a_later_attempt() -> None:
    """It is the request's, however many were asked before."""
    async with staged(route(Task.SPEECH, "ab", first_byte=30)) as stage:
        stage.acts("a", TimedOut(""))
        stage.acts("b", asyncio.Event().wait)
        with pytest.raises(DeadlinePassed):
            await stage.serve(SpeechRequest(text="hello"), within=0.1)
        assert stage.outcomes() == ["a timed_out", "b cancelled"]
        assert stage.engine.health.of("b", Task.SPEECH).breaker.bad_in_a_row == 0


async def test_a_deadline_before_anybody_is_asked() -> None:
    """What has to be done for a provider first, such as fetching a face, is bounded by it as well."""

    async def fetch(url: str, param: str, limit: int) -> Inline:
        await asyncio.Event().wait()
        raise AssertionError

    asked = AvatarRequest(face=Url("http://a/face.png", "image"), voice=SOUND)
    async with staged(route(Task.AVATAR, "a")) as stage:
        stage.engine.world = msgspec.structs.replace(stage.engine.world, fetch=fetch)
        with pytest.raises(DeadlinePassed):
            await stage.serve(asked, Task.AVATAR, within=0.05)
        assert (stage.outcomes(), stage.of("a").asked) == ([], [])


async def test_a_deadline_that_is_past() -> None:
    """Nobody is asked, and so nobody paid, for an answer that would come too late."""
    async with staged() as stage:
        with pytest.raises(DeadlinePassed):
            await stage.serve(SpeechRequest(text="hello"), within=0.0)
        assert (stage.outcomes(), stage.of("a").asked) == ([], [])


async def test_a_cut_after_the_first_byte() -> None:
    """Once bytes are out nobody else takes over: the break is a truncation, counted against the target."""
    async with staged() as stage:
        stage.acts("a", speech(PCM, Unavailable("cut")))
        result = await stage.speak()
        with pytest.raises(Truncated):
            await whole(result)
        assert stage.of("b").asked == []
        assert stage.engine.health.of("a", Task.SPEECH).breaker.window.marked == 1


@pytest.mark.parametrize("read", [True, False])
async def test_no_slot_is_left(*, read: bool) -> None:
    """A stream read to its end or left at once gives its target's place back and is closed."""
    async with staged() as stage:
        source = Chunks(PCM)
        stage.acts("a", Speech(AudioFormat.PCM, source))
        result = await stage.speak()
        health = stage.engine.health.of("a", Task.SPEECH)
        assert health.load == 1
        if read:
            await whole(result)
        else:
            await result.chunks.aclose()
        assert health.load == 0
        assert source.closed >= 1


async def test_a_caller_who_leaves() -> None:
    """A request cancelled in the middle of an attempt leaves no slot and says so in the trail."""
    async with staged() as stage:
        begun = asyncio.Event()

        async def never() -> None:
            begun.set()
            await asyncio.Event().wait()

        stage.acts("a", never)
        work = asyncio.create_task(stage.speak())
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert stage.outcomes() == ["a cancelled"]
        assert stage.engine.health.of("a", Task.SPEECH).load == 0


async def test_a_face_and_a_text() -> None:
    """A text is spoken through the speech route, with failover, and handed on as audio of known length."""
    async with staged(route(Task.SPEECH, "ab"), route(Task.AVATAR, "c")) as stage:
        stage.acts("a", TimedOut(""))
        stage.acts("b", Speech(AudioFormat.PCM, Chunks(bytes(48_000))))
        stage.acts("c", Clip(Chunks(MP4)))
        clip = await stage.serve(AvatarRequest(face=FACE, voice=SpeechRequest(text="hi")), Task.AVATAR)
        assert await whole(clip) == MP4
        assert stage.outcomes() == ["a timed_out", "b ok", "c ok"]
        voice = stage.of("c").asked[0].voice
        assert (voice.media_type, voice.seconds) == ("audio/wav", pytest.approx(1.0, abs=0.01))
        assert (stage.exchange.route, stage.exchange.characters) == ("avatar-route", 2)
        assert stage.exchange.video_seconds == pytest.approx(1.0, abs=0.01)


async def test_a_provider_that_takes_one_call_at_a_time() -> None:
    """While its slot is taken the next request waits as long as for a first byte, then goes elsewhere."""
    async with staged(route(Task.SPEECH, "ab", first_byte=0.05), concurrency=1) as stage:
        stage.acts("a", speech(), speech())
        stage.acts("b", speech())
        first = await stage.speak()
        await whole(await stage.speak())
        assert stage.outcomes() == ["a shed", "b ok"]
        await whole(first)
        await whole(await stage.speak())
        assert stage.outcomes() == ["a ok"]


async def test_a_wait_for_a_slot() -> None:
    """Whoever got one after a wait is served, and the trail says how much of the time was waiting."""
    async with staged(route(Task.SPEECH, "a"), concurrency=1) as stage:
        stage.acts("a", speech(), speech())
        first = await stage.speak()
        second = asyncio.create_task(stage.speak())
        await asyncio.sleep(0.05)
        await whole(first)
        await whole(await second)
        (attempt,) = stage.exchange.attempts
        assert attempt.outcome == "ok"
        assert 0.04 < attempt.waited < attempt.seconds


@pytest.mark.parametrize("first_byte", [0.05, 0.08, 30.0])
async def test_a_deadline_in_the_queue(first_byte: float) -> None:
    """If the deadline comes first, or with the end of patience, it is the deadline that is told, and what it cost."""
    async with staged(route(Task.SPEECH, "a", first_byte=first_byte), concurrency=1) as stage:
        stage.acts("a", speech())
        first = await stage.speak()
        with pytest.raises(DeadlinePassed):
            await stage.serve(SpeechRequest(text="hello", format=AudioFormat.PCM), within=0.05)
        (attempt,) = stage.exchange.attempts
        assert attempt.outcome == "cancelled"
        assert attempt.waited == pytest.approx(attempt.seconds, abs=0.01)
        await whole(first)
        assert stage.engine.health.of("a", Task.SPEECH).load == 0


async def test_patience_in_the_queue() -> None:
    """If patience ends first, the caller is told that the provider is full, though the deadline is near."""
    async with staged(route(Task.SPEECH, "a", first_byte=0.05), concurrency=1) as stage:
        stage.acts("a", speech())
        first = await stage.speak()
        with pytest.raises(Exhausted) as caught:
            await stage.serve(SpeechRequest(text="hello", format=AudioFormat.PCM), within=0.5)
        assert (caught.value.status, stage.outcomes()) == (429, ["a shed"])
        await whole(first)


async def test_a_transcript() -> None:
    """It comes back whole, and the audio heard is what is metered."""
    async with staged(route(Task.TRANSCRIPTION, "a")) as stage:
        stage.acts("a", Transcript("hello", duration=2.5))
        transcript = await stage.serve(TranscriptionRequest(audio=SOUND), Task.TRANSCRIPTION)
        assert transcript.text == "hello"
        assert stage.exchange.audio_seconds == 2.5
        assert stage.engine.health.of("a", Task.TRANSCRIPTION).load == 0


@pytest.mark.parametrize("model", ["gpt-9", "a/nothing", "nobody/x"])
async def test_an_unknown_model(model: str) -> None:
    """It is refused by name before anybody is asked."""
    async with staged() as stage:
        with pytest.raises(NotFound) as caught:
            await stage.speak(model=model)
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def test_a_listener_that_raises() -> None:
    """It never hurts a request."""

    def broken(**_: Any) -> None:
        raise ValueError

    async with staged() as stage:
        stage.engine.world.announcer.hook.media_attempt_finished = broken
        stage.acts("a", speech())
        assert await whole(await stage.speak()) == PCM


async def test_a_probe_of_a_target_that_stalls() -> None:
    """A caller who happens to be the probe does not pay the whole limit: the target's own pace bounds the wait."""
    async with staged(route(Task.SPEECH, "ab", first_byte=30.0)) as stage:
        health = stage.engine.health.of("a", Task.SPEECH)
        health.saw_first_byte(0.01)
        for _ in range(IN_A_ROW):
            health.leave(health.enter(0.0), Verdict.BAD, 0.0)
        stage.acts("a", asyncio.Event().wait)
        stage.acts("b", speech())
        assert await whole(await stage.speak()) == PCM
        assert stage.outcomes() == ["a timed_out", "b ok"]
        assert stage.exchange.elapsed() < 5


async def test_the_remaining_time_is_passed_on() -> None:
    """Who can be told how long it has is told, attempt by attempt less, and never more than a first byte may take."""
    timed = msgspec.structs.replace(SPEAKS_PCM, timed=True)
    async with staged(route(Task.SPEECH, "ab", first_byte=5.0), limits=timed) as stage:
        stage.acts("a", Unavailable(""), Unavailable(""))
        stage.acts("b", speech())
        await whole(await stage.serve(HELLO, within=2.0))
        left = [one.within for one in (*stage.of("a").asked, *stage.of("b").asked)]
        assert left == sorted(left, reverse=True)
        assert 1.0 < left[-1] < left[0] <= 2.0
        stage.acts("a", speech())
        await whole(await stage.serve(HELLO, within=60.0))
        assert stage.of("a").asked[-1].within == 5.0
