import asyncio
from typing import Any

import msgspec
import numpy as np
import pytest

from router.contract import (
    AudioFormat,
    Exhausted,
    Inline,
    Speech,
    SpeechRequest,
    Task,
    Truncated,
    Unavailable,
)
from router.engine.hedge_budget import REQUESTS_EACH
from router.engine.settings import Route, Splice, Target, Tier
from router.media import audio_meter
from router.media.join import BREATH
from router.testing.media import tone
from tests.unit.engine.making import Chunks
from tests.unit.engine.stage import Stage, route, staged, whole

ONE = "The first of three sentences is long enough alone."
TWO = "The second one is not much shorter than the first."
THREE = "And here the third of them comes to its very end."
TEXT = SpeechRequest(text=" ".join((ONE, TWO, THREE)), format=AudioFormat.PCM)
TONE = tone(0.1)
RATE = 24_000
CUT = Unavailable("reset")
VOICES = {"narrator": {"a": "eleanor", "b": "bluebell"}}


def spliced(names: str = "ab", splice: Splice = Splice.SAME_VOICE, **limits: Any) -> Route:
    return route(Task.SPEECH, names, splice=splice, **limits)


def apart(splice: Splice = Splice.SAME_VOICE) -> Route:
    """Two targets with a model each: nothing says that they sound alike."""
    tiers = tuple(Tier(targets=(Target(provider=name, model=f"{name}-model"),)) for name in "ab")
    return Route(name="apart", task=Task.SPEECH, tiers=tiers, splice=splice)


def spoken(*chunks: bytes | Exception, rate: int = RATE) -> Speech:
    return Speech(AudioFormat.PCM, Chunks(*(chunks or (TONE,))), sample_rate=rate)


def seconds(sound: bytes) -> float:
    return len(sound) / 2 / RATE


def heard(stage: Stage, name: str) -> list[str]:
    return [one.text for one in stage.of(name).asked]


async def test_sentences_go_up_one_after_another() -> None:
    """A whole text is asked for in its sentences, of one target, and heard with a breath between them."""
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(), spoken(), spoken())
        sound = await whole(await stage.serve(TEXT))
        assert heard(stage, "a") == [ONE, TWO, THREE]
        assert seconds(sound) == pytest.approx(0.3 + 2 * BREATH, abs=0.001)
        assert stage.exchange.audio_seconds == pytest.approx(seconds(sound))


async def test_the_next_target_resumes_at_the_sentence_that_broke() -> None:
    """What was delivered is not said again, the sentence that broke off is, and the rest stays with who took over."""
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(), spoken(TONE, CUT))
        stage.acts("b", spoken(), spoken())
        sound = await whole(await stage.serve(TEXT))
        assert heard(stage, "a") == [ONE, TWO]
        assert heard(stage, "b") == [TWO, THREE]
        assert seconds(sound) == pytest.approx(0.4 + 3 * BREATH, abs=0.001)
        assert [(one.provider, one.resumes) for one in stage.exchange.attempts] == [
            ("a", False),
            ("a", False),
            ("b", True),
            ("b", False),
        ]


async def test_a_target_that_fails_before_it_begins_a_sentence_is_left() -> None:
    """Between two sentences the ordinary rules of failing over hold."""
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(), Unavailable("503"), Unavailable("503"))
        stage.acts("b", spoken(), spoken())
        assert await whole(await stage.serve(TEXT))
        assert heard(stage, "b") == [TWO, THREE]
        assert not any(one.resumes for one in stage.exchange.attempts)


async def test_another_rate_is_made_the_first_ones() -> None:
    """A target that speaks at another rate goes on at the rate that was begun with."""
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(TONE, CUT))
        stage.acts("b", *(spoken(tone(0.1), rate=RATE // 2) for _ in range(3)))
        speech = await stage.serve(TEXT)
        sound = await whole(speech)
        assert speech.sample_rate == RATE
        assert seconds(sound) == pytest.approx(0.1 + 3 * 0.2 + 3 * BREATH, abs=0.01)


async def test_no_voice_like_it() -> None:
    """Whoever is not known to sound alike is not asked; the error names who was passed over and the setting."""
    async with staged(apart()) as stage:
        stage.acts("a", *(spoken(TONE, CUT) for _ in range(3)))
        with pytest.raises(Truncated) as broke:
            await whole(await stage.serve(msgspec.structs.replace(TEXT, text=ONE)))
        assert heard(stage, "b") == []
        assert "b/b-model" in str(broke.value)
        assert "any_voice" in str(broke.value)


@pytest.mark.parametrize(
    ("route_", "fields"),
    [
        (apart(Splice.ANY_VOICE), {}),
        (apart(), {"voice": "narrator"}),
        (apart(), {"ref_audio": Inline(b"RIFF", "audio/wav")}),
        (spliced(), {"voice": "nova"}),
    ],
    ids=["any voice allowed", "one voice by configuration", "one recording cloned", "one model's voice"],
)
async def test_who_sounds_alike(route_: Route, fields: dict[str, Any]) -> None:
    """Another target goes on if the route allows any voice, or if the voice is known to be the same there."""
    async with staged(route_, voices=VOICES) as stage:
        stage.acts("a", spoken(TONE, CUT))
        stage.acts("b", spoken())
        await whole(await stage.serve(msgspec.structs.replace(TEXT, text=ONE, **fields)))
        assert heard(stage, "b") == [ONE]


async def test_a_lone_target_is_asked_again() -> None:
    """Without another target the same one resumes, and the attempts bound how often."""
    async with staged(spliced("a", attempts=3)) as stage:
        stage.acts("a", *(spoken(TONE, CUT) for _ in range(9)))
        with pytest.raises(Truncated):
            await whole(await stage.serve(TEXT))
        assert heard(stage, "a") == [ONE] * 3


async def test_many_sentences_are_no_many_attempts() -> None:
    """Sentences that go well cost nothing of what a request may spend on failures."""
    async with staged(spliced("a", attempts=1)) as stage:
        stage.acts("a", spoken(), spoken(), spoken())
        assert await whole(await stage.serve(TEXT))


async def test_nobody_to_begin() -> None:
    """Before the first byte nothing differs: the caller gets an answer with a status."""
    async with staged(spliced("a", attempts=1)) as stage:
        stage.acts("a", Unavailable("503"))
        with pytest.raises(Exhausted):
            await stage.serve(TEXT)


async def test_nobody_to_go_on() -> None:
    """After it, a text that nobody goes on with is a broken stream."""
    async with staged(spliced("a", attempts=2)) as stage:
        stage.acts("a", spoken(), Unavailable("503"), Unavailable("503"))
        with pytest.raises(Truncated):
            await whole(await stage.serve(TEXT))


async def test_any_format() -> None:
    """The whole is encoded once, so that the caller gets one file of its own format."""
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(), spoken(TONE, CUT))
        stage.acts("b", spoken(), spoken())
        speech = await stage.serve(msgspec.structs.replace(TEXT, format=AudioFormat.FLAC))
        meter = audio_meter(AudioFormat.FLAC, speech.sample_rate)
        meter.feed(await whole(speech))
        assert meter.seconds == pytest.approx(0.4 + 3 * BREATH, abs=0.001)


async def test_word_times_are_of_one_stream() -> None:
    """Who asks for word times is served the ordinary way."""
    async with staged(spliced("a")) as stage:
        stage.acts("a", spoken())
        with pytest.raises(Exception, match="words"):
            await stage.serve(msgspec.structs.replace(TEXT, text=ONE, words=True))


async def test_leaving_in_the_middle() -> None:
    """A caller who leaves stops the part that is being spoken, and its slot is free."""
    async with staged(spliced("a"), concurrency=1) as stage:
        begun = spoken(TONE, TONE)
        stage.acts("a", begun)
        speech = await stage.serve(TEXT)
        await anext(aiter(speech.chunks))
        await speech.chunks.aclose()
        assert isinstance(begun.chunks, Chunks)
        assert begun.chunks.closed
        assert all(not one.load for one in stage.engine.health.targets.values())


async def test_nothing_clicks() -> None:
    """Where a stream broke at full sound, the step to silence is a fade."""
    loud = np.full(2400, 20_000, "<i2").tobytes()
    async with staged(spliced()) as stage:
        stage.acts("a", spoken(loud, CUT))
        stage.acts("b", spoken(loud))
        sound = np.frombuffer(await whole(await stage.serve(msgspec.structs.replace(TEXT, text=ONE))), "<i2")
        assert np.abs(np.diff(sound.astype(int))).max() < 200


async def test_a_hedged_route() -> None:
    """Each part may be hedged like any request, and whoever was first to begin one goes on."""
    slow = asyncio.Event()

    async def never() -> Speech:
        await slow.wait()
        raise AssertionError("it was outrun")

    async with staged(spliced(hedge=True)) as stage:
        stage.engine.hedges.budgets["speech-route"].saved = 10 * REQUESTS_EACH
        stage.acts("a", spoken(), never)
        stage.acts("b", spoken(), spoken())
        assert await whole(await stage.serve(TEXT))
        await stage.engine.drain()
        assert heard(stage, "b") == [TWO, THREE]
        assert [one.outcome for one in stage.exchange.attempts] == ["ok", "ok", "outrun", "ok"]
