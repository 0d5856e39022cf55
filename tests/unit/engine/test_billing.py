import asyncio
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import (
    AudioFormat,
    AvatarRequest,
    BadOutput,
    Busy,
    Charge,
    Clip,
    ContentRefused,
    Declined,
    Exhausted,
    Inline,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    ProviderFailed,
    RequestRejected,
    SpeechRequest,
    Stretch,
    Task,
    TimedOut,
    Transcript,
    TranscriptionRequest,
    Truncated,
    Unavailable,
    Upload,
)
from router.engine.billing import Bill, cost
from router.engine.settings import Price, Prices
from router.engine.settings.tree import Splice
from router.testing.media import film
from tests.unit.engine.making import Chunks
from tests.unit.engine.stage import FACE, MP4, PCM, SOUND, Stage, route, speech, staged, whole

PRICES = Prices(
    currency="EUR",
    targets={
        "a": Price(per_million_characters=15_000_000, per_request=7),
        "b": Price(per_audio_minute=6000),
        "c": Price(per_video_second=100_000),
    },
)
AMOUNTS = st.integers(0, 10**12)
UNITS = st.integers(0, 10**7)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged(route(Task.SPEECH, "ab"), route(Task.TRANSCRIPTION, "ab"), route(Task.AVATAR, "c")) as stage:
        stage.engine.prices = PRICES
        yield stage


def charges(stage: Stage) -> list[tuple[str, int, bool]]:
    return [(one.provider, one.cost, one.certain) for one in stage.exchange.settle()]


def unreached() -> Unavailable:
    error = Unavailable("no answer: ConnectError")
    error.__cause__ = httpx.ConnectError("refused")
    return error


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), st.tuples(UNITS, UNITS, UNITS))
def test_costs_are_exact(amounts: tuple[int, int, int, int], units: tuple[int, int, int]) -> None:
    """What a call costs is within half a millionth of what the prices say, whatever they are."""
    millions, minutes, seconds, once = amounts
    characters, audio, video = units
    price = Price(per_million_characters=millions, per_audio_minute=minutes, per_video_second=seconds, per_request=once)
    exact = Fraction(characters * millions, 10**6) + Fraction(audio * minutes, 60_000) + Fraction(video * seconds, 1000)
    assert Fraction(-1, 2) < cost(price, *units) - once - exact <= Fraction(1, 2)


async def test_speech_costs_its_characters(stage: Stage) -> None:
    """A served text costs what its characters and its request cost where it was spoken, and nothing elsewhere."""
    stage.acts("a", speech())
    await whole(await stage.speak())
    stage.exchange.finish("ok", 200)
    outcome = stage.told[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.charges == (
        Charge(task=Task.SPEECH, provider="a", target="a", outcome="ok", characters=5, audio_ms=10, cost=5 * 15 + 7),
    )
    assert (outcome.cost, outcome.currency) == (82, "EUR")


@pytest.mark.parametrize(
    "refusal",
    [
        unreached(),
        Unavailable("500", upstream_status=500),
        Busy("429", upstream_status=429),
        Declined("400", upstream_status=400),
        Misconfigured("no such voice"),
        TimedOut("504", upstream_status=504),
    ],
    ids=lambda error: f"{type(error).__name__} {error.upstream_status}",
)
async def test_who_refused_charges_nothing(stage: Stage, refusal: ProviderFailed) -> None:
    """A target that was not reached, or answered with an error, costs nothing; the next is paid for what it did."""
    stage.acts("a", refusal, refusal)
    stage.acts("b", speech(bytes(48_000)))
    await whole(await stage.speak())
    *free, (provider, paid, _) = charges(stage)
    assert {one[:2] for one in free} == {("a", 0)}
    assert (provider, paid) == ("b", 100)


@pytest.mark.parametrize(
    "failure", [BadOutput("silence", upstream_status=200), TimedOut("nothing came"), Unavailable("reset")]
)
async def test_who_took_a_request_may_charge_for_it(stage: Stage, failure: ProviderFailed) -> None:
    """A call that was sent, and whose answer nobody could use, counts as one that may have been charged."""
    stage.acts("a", failure, failure)
    stage.acts("b", speech())
    await whole(await stage.speak())
    first, *_ = charges(stage)
    assert first == ("a", 82, False)


async def test_content_that_is_refused_costs_nothing(stage: Stage) -> None:
    """A vendor that will not work on something has not worked."""
    stage.acts("a", ContentRefused("no face"))
    with pytest.raises(RequestRejected):
        await stage.speak()
    assert charges(stage) == [("a", 0, True)]


async def test_a_stream_that_broke(stage: Stage) -> None:
    """It costs the characters that were sent and the sound that came, and perhaps less: that is not certain."""
    stage.acts("a", Unavailable("500", upstream_status=500), Unavailable("500", upstream_status=500))
    stage.acts("b", speech(bytes(48_000), Unavailable("reset")))
    with pytest.raises(Truncated):
        await whole(await stage.speak())
    assert charges(stage)[-1] == ("b", 100, False)


async def test_a_stream_that_its_caller_left(stage: Stage) -> None:
    """The text was sent, so its characters are paid for."""
    stage.acts("a", speech(bytes(4800), bytes(48_000)))
    got = await stage.speak()
    await anext(aiter(got.chunks))
    await got.chunks.aclose()
    assert charges(stage) == [("a", 82, True)]


async def test_a_call_that_was_cancelled(stage: Stage) -> None:
    """A caller who leaves before the answer may have been charged for it."""
    asked = asyncio.Event()

    async def silent() -> None:
        asked.set()
        await asyncio.Event().wait()

    stage.acts("a", silent)
    request = asyncio.create_task(stage.speak())
    await asked.wait()
    request.cancel()
    await asyncio.wait([request])
    assert charges(stage) == [("a", 82, False)]


async def test_a_recording_costs_its_length(stage: Stage) -> None:
    """Transcription is paid by the sound that is sent; where nobody measured that, by what was heard."""
    stage.acts("a", Busy("429", upstream_status=429), Busy("429", upstream_status=429))
    stage.acts("b", Transcript("hello", duration=9.0), Transcript("hello", duration=9.0))
    known = Upload(Path("spool"), 1, "audio/wav", seconds=30.0)
    await stage.serve(TranscriptionRequest(audio=known), Task.TRANSCRIPTION)
    assert stage.exchange.settle()[-1].audio_ms == 30_000
    await stage.serve(TranscriptionRequest(audio=Upload(Path("spool"), 1, "audio/wav")), Task.TRANSCRIPTION)
    assert (stage.exchange.settle()[-1].audio_ms, charges(stage)[-1][1]) == (9000, 900)


async def test_a_film_costs_its_length_and_what_was_spoken_for_it(stage: Stage) -> None:
    """The text of a film is spoken first: both calls are on the request's bill, each in its own unit."""
    stage.acts("a", speech(bytes(96_000)))
    stage.acts("c", Clip(Chunks(MP4)))
    voice = SpeechRequest(text="hello")
    got = await stage.serve(AvatarRequest(face=FACE, voice=voice), Task.AVATAR)
    await whole(got)
    spoken, shown = stage.exchange.settle()
    assert (spoken.task, spoken.characters, spoken.cost) == (Task.SPEECH, 5, 82)
    assert (shown.task, shown.characters, shown.video_ms, shown.cost) == (Task.AVATAR, 0, 2000, 200_000)


async def test_a_film_whose_length_nobody_knew(stage: Stage) -> None:
    """Where nobody measured what drives it, it costs what its own headers say."""
    stage.acts("c", Clip(Chunks(film())))
    await whole(await stage.serve(AvatarRequest(face=FACE, voice=Inline(b"sound", "audio/wav")), Task.AVATAR))
    (shown,) = stage.exchange.settle()
    assert (shown.video_ms, shown.cost, shown.certain) == (200, 20_000, True)
    assert stage.exchange.video_seconds == pytest.approx(0.2)


def test_a_film_in_stretches() -> None:
    """Every text of a film that its maker speaks counts."""
    texts = SpeechRequest(text="one"), SpeechRequest(text="three")
    stretches = tuple(Stretch(start=at, end=at + 1, voice=text) for at, text in enumerate(texts))
    asked = AvatarRequest(face=FACE, voice=texts[0], stretches=stretches)
    assert Bill(Task.AVATAR, "c", "c", asked, outcome="ok").charge(PRICES).characters == 8
    sound = AvatarRequest(face=FACE, voice=SOUND)
    assert Bill(Task.AVATAR, "c", "c", sound, outcome="ok").charge(PRICES).video_ms == 2500


async def test_a_text_in_parts_costs_every_part() -> None:
    """Of a text that is resumed each part is paid where it was asked for, and the one that broke twice."""
    one, two = "The first of two sentences is long enough alone.", "The second one is not much shorter than that."
    async with staged(route(Task.SPEECH, "ab", splice=Splice.ANY_VOICE)) as stage:
        stage.engine.prices = PRICES
        stage.acts("a", speech(), speech(PCM, Unavailable("reset")))
        stage.acts("b", speech())
        await whole(await stage.serve(SpeechRequest(text=f"{one} {two}", format=AudioFormat.PCM)))
        told = [(one.provider, one.characters, one.certain) for one in stage.exchange.settle()]
    assert told == [("a", len(one), True), ("a", len(two), False), ("b", len(two), True)]


async def test_an_order_that_nobody_knows_of_is_paid_for(stage: Stage) -> None:
    """A lost answer to a paid order may have to be paid."""
    stage.acts("c", OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        await stage.serve(AvatarRequest(face=FACE, voice=SOUND), Task.AVATAR)
    assert charges(stage) == [("c", 250_000, False)]


async def test_what_had_no_room_is_not_on_the_bill() -> None:
    """A call that our own limit kept from being made costs nothing, and is no call."""
    async with staged(route(Task.SPEECH, "a", first_byte=0.05, deadline=0.2), concurrency=1) as stage:
        stage.engine.prices = PRICES
        stage.acts("a", speech())
        got = await stage.speak()
        with pytest.raises((Exhausted, TimeoutError)):
            await stage.speak()
        assert charges(stage) == []
        await whole(got)
