import asyncio
import threading
from collections.abc import Iterator

import pytest

from plugins.embedded import EmbeddedProvider, jobs
from plugins.embedded.espeak import engine
from plugins.embedded.speech import is_silent
from router.contract import ContentRefused, SpeechRequest
from router.media import WorkerCrashed, Workers
from tests.unit.plugins.embedded.sound import loudness, seconds, spoken

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENTENCE = "The quick brown fox jumps over the lazy dog, and then it goes home."
LONG = SENTENCE * 60


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("en-us", "Hello, world."),
        ("en-us+f3", "Hello, world."),
        ("fr-fr", "Bonjour tout le monde."),
        ("cmn", "你好,世界。"),
        ("ar", "مرحبا بالعالم"),
        ("hi", "नमस्ते दुनिया"),
        ("ja", "こんにちは"),
        ("ru", "Привет, мир!"),
    ],
)
async def test_languages(embedded: EmbeddedProvider, voice: str, text: str) -> None:
    """Every script is spoken: a plausible length, and as loud as speech is."""
    samples = await spoken(embedded, text, voice)
    assert 0.5 < seconds(samples) < 4
    assert 500 < loudness(samples) < 10_000


async def test_language_without_a_voice(embedded: EmbeddedProvider) -> None:
    """`language` alone picks a voice for it: German numbers take longer than English ones."""
    english, german = [
        len(b"".join([chunk async for chunk in (await embedded.speak(request)).chunks]))
        for request in (SpeechRequest(text="1999 1999"), SpeechRequest(text="1999 1999", language="de"))
    ]
    assert german > 1.1 * english


async def test_first_sound_comes_first(embedded: EmbeddedProvider) -> None:
    """What comes first is not silence, so that a first byte is a first sound."""
    speech = await embedded.speak(SpeechRequest(text=SENTENCE))
    first = await anext(aiter(speech.chunks))
    assert not is_silent(first)
    await speech.chunks.aclose()


@pytest.mark.parametrize("speed", [0.5, 2.0, 4.0])
async def test_speed(embedded: EmbeddedProvider, speed: float) -> None:
    """Speed scales the duration, within 10 %, over the whole range offered."""
    normal, asked = await spoken(embedded, SENTENCE), await spoken(embedded, SENTENCE, speed=speed)
    assert seconds(asked) * speed == pytest.approx(seconds(normal), rel=0.1)


@pytest.mark.parametrize("text", ["", " ", "...", "—", "\n\n", "\u200b", "、。", "()", "\0", "\x01", "\x1b\x07"])
async def test_nothing_to_say(embedded: EmbeddedProvider, text: str) -> None:
    """Text without a sound is refused, not answered with silence or with nothing."""
    with pytest.raises(ContentRefused, match="nothing in the text can be spoken"):
        await spoken(embedded, text)


@pytest.mark.parametrize("text", ["😀", "!!!", "7", "a", "\ud800 surrogate"])
async def test_little_to_say(embedded: EmbeddedProvider, text: str) -> None:
    """What espeak-ng has a name for, emoji and single signs included, is spoken."""
    assert loudness(await spoken(embedded, text)) > 300


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("one two\0 three four five six", "one two three four five six"),
        ("one two \x01\x02 three four", "one two three four"),
    ],
)
async def test_control_characters(embedded: EmbeddedProvider, text: str, plain: str) -> None:
    """A control character, NUL included, neither ends the text nor commands the engine: it is a blank."""
    assert len(await spoken(embedded, text)) == pytest.approx(len(await spoken(embedded, plain)), rel=0.1)


async def test_commands_are_read_out(embedded: EmbeddedProvider) -> None:
    """espeak-ng's own commands, such as control-A 450S for speed, are text like any other."""
    commanded, plain = [await spoken(embedded, f"{text}. {SENTENCE}") for text in ("\x01450S", "450S")]
    assert len(commanded) == pytest.approx(len(plain), rel=0.05)


async def test_markup_is_read_out(embedded: EmbeddedProvider) -> None:
    """SSML is text like any other: a break of 30 seconds takes as long as its name."""
    samples = await spoken(embedded, "<break time='30s'/> hello")
    assert 2 < seconds(samples) < 10


def state_of_synthesis(_inbox: Iterator[bytes]) -> Iterator[int]:
    """Yield how many threads there are before, in the middle of, after and after abandoning a synthesis."""
    yield threading.active_count()
    chunks = engine().synthesise(LONG, "gmw/en-US", 175)
    next(chunks)
    yield threading.active_count()
    for _ in chunks:
        pass
    yield threading.active_count()
    abandoned = engine().synthesise(LONG, "gmw/en-US", 175)
    next(abandoned)
    abandoned.close()
    yield threading.active_count()


async def test_sound_comes_while_it_is_made() -> None:
    """The first chunk is there while the synthesis of a long text is still at work; the end leaves nothing at work."""
    async with Workers(1) as workers:
        running = await workers.start(state_of_synthesis)
        assert [count async for count in running] == [1, 2, 1, 1]


async def test_slow_reader_holds_the_engine(embedded: EmbeddedProvider) -> None:
    """A long text is not synthesised ahead of its reader: while it is unread its worker stays taken."""
    unread = [await embedded.speak(SpeechRequest(text=LONG)) for _ in range(2)]
    for speech in unread:
        await anext(aiter(speech.chunks))
    third = asyncio.create_task(spoken(embedded, "hello"))
    done, _ = await asyncio.wait({third}, timeout=0.5)
    assert not done
    await unread[0].chunks.aclose()
    assert seconds(await third) > 0.3
    await unread[1].chunks.aclose()


async def test_caller_who_leaves(embedded: EmbeddedProvider) -> None:
    """Closing the chunks ends the job that makes them: however many callers leave, the next one is served."""
    for _ in range(3):
        speech = await embedded.speak(SpeechRequest(text=LONG))
        await anext(aiter(speech.chunks))
        await speech.chunks.aclose()
        assert [chunk async for chunk in speech.chunks] == []
    assert seconds(await asyncio.wait_for(spoken(embedded, "hello"), 10)) > 0.3


async def test_two_at_once(embedded: EmbeddedProvider) -> None:
    """Two texts spoken at the same time come out as long and as loud as each does alone."""
    texts = ((SENTENCE * 3, "en-us"), ("Portez ce vieux whisky au juge blond qui fume. " * 4, "fr-fr"))
    alone = [await spoken(embedded, *text) for text in texts]
    together = await asyncio.gather(*(spoken(embedded, *text) for text in texts))
    for one, other in zip(alone, together, strict=True):
        assert len(other) == pytest.approx(len(one), rel=0.02)
        assert loudness(other) == pytest.approx(loudness(one), rel=0.05)


async def test_engine_fails(embedded: EmbeddedProvider) -> None:
    """An engine that refuses is a crash of its worker, not of the server, and says which error it was."""
    async with Workers(1) as workers:
        with pytest.raises(WorkerCrashed, match="OSError"):
            await workers.call(jobs.speak, "hello", "no/such-file", 175)
        assert await workers.call(jobs.speak, "hello", "gmw/en-US", 175)
