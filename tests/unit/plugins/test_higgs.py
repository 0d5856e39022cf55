import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plugins.higgs import Higgs, HiggsSettings, media_providers
from router.contract import (
    AudioFormat,
    BadOutput,
    Inline,
    Segment,
    SpeechLimits,
    SpeechRequest,
    TranscriptionLimits,
    TranscriptionRequest,
    Unavailable,
    Unsupported,
    Upload,
    Url,
    Word,
)
from router.engine import transport
from router.testing.acts import Reply
from router.testing.golden import drained
from router.testing.vendor import Vendor

NOWHERE = "http://127.0.0.1:9"
PCM = bytes(range(256)) * 4
SAY = SpeechRequest(text="Hello there.", format=AudioFormat.PCM)
HEAR = TranscriptionRequest(audio=Inline(b"RIFF", "audio/wav"))
EVENTS = "text/event-stream"
DONE = b"data: [DONE]\n\n"


@asynccontextmanager
async def higgs(url: str = NOWHERE, **settings: Any) -> AsyncIterator[Higgs]:
    settled = msgspec.convert({"base_url": url, "transcription_model": "higgs-stt", **settings}, HiggsSettings)
    async with transport.client(5.0) as client, Higgs("gpu", settled, client) as provider:
        yield provider


def chunk(content: bytes, reason: str | None = None) -> bytes:
    audio = {"data": b64encode(content).decode(), "format": "pcm", "sample_rate": 24_000}
    event = {"object": "audio.speech.chunk", "audio": audio if content else None, "finish_reason": reason}
    return b"data: " + msgspec.json.encode(event) + b"\n\n"


def test_registered_by_its_hook() -> None:
    """The plugin brings one kind, `higgs`."""
    assert [kind.kind for kind in media_providers()] == ["higgs"]


# Settings and offers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        ({}, [SpeechRequest, TranscriptionRequest]),
        ({"transcription_model": None}, [SpeechRequest]),
        ({"speech_model": None}, [TranscriptionRequest]),
    ],
)
async def test_offers_what_it_has_a_model_for(settings: Mapping[str, Any], offered: list[type]) -> None:
    """An engine offers a task if a model is configured for it."""
    async with higgs(**settings) as provider:
        assert [offer.accepts for offer in provider.offers()] == offered


def test_an_engine_without_models_is_refused() -> None:
    """An account that could do nothing is a fault of the configuration."""
    with pytest.raises(msgspec.ValidationError, match="it does nothing"):
        msgspec.convert({"base_url": NOWHERE, "speech_model": None}, HiggsSettings)


async def test_limits_of_speech() -> None:
    """The engine takes 4096 characters, any voice and control tokens, unless the settings say otherwise."""
    async with higgs() as provider, higgs(characters=5000, voices=["jake"]) as other:
        limits, told = provider.offers()[0].limits, other.offers()[0].limits
    assert isinstance(limits, SpeechLimits)
    assert isinstance(told, SpeechLimits)
    assert (limits.characters, told.characters) == (4096, 5000)
    assert limits.tokens
    assert limits.knows_voice("anybody")
    assert not told.knows_voice("anybody")
    assert limits.formats == (AudioFormat.PCM,)
    assert frozenset(SpeechLimits.OPTIONAL) - limits.options == {"guidance_scale", "words"}


async def test_times_are_offered_as_configured() -> None:
    """Word and segment times are offered if the engine is said to give them."""
    async with higgs() as provider, higgs(segments=True) as other:
        for one, segments in ((provider, False), (other, True)):
            limits = one.offers()[1].limits
            assert isinstance(limits, TranscriptionLimits)
            assert (limits.words, limits.segments) == (False, segments)


async def test_no_key_is_needed() -> None:
    """Without a key there is no credential in a request."""
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor, higgs(vendor.url) as provider:
        await drained(await provider.speak(SAY))
        assert "authorization" not in vendor.asked[0].headers


async def test_model_and_voice_are_always_said() -> None:
    """Where the caller names neither, those of the configuration are asked for: the engine insists on both."""
    settings = {"speech_model": "higgs-4b", "voice": "nora"}
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor, higgs(vendor.url, **settings) as provider:
        await drained(await provider.speak(SAY))
        asked = vendor.asked[0].json
    assert isinstance(asked, dict)
    assert (asked["model"], asked["voice"], asked["response_format"]) == ("higgs-4b", "nora", "pcm")


@pytest.mark.parametrize(
    ("sample", "sent"),
    [
        (Url("https://example.com/me.wav"), "https://example.com/me.wav"),
        (Inline(b"RIFF", "audio/wav"), "data:audio/wav;base64,UklGRg=="),
    ],
)
async def test_the_service_takes_a_voice_to_imitate_as_it_is(sample: Url | Inline, sent: str) -> None:
    """The service around the engine is sent `ref_audio` and `ref_text`, and no `voice`, which it forbids beside them."""
    request = msgspec.structs.replace(SAY, ref_audio=sample, ref_text="This is me.")
    async with (
        Vendor(Reply(PCM, content_type="audio/L16")) as vendor,
        higgs(vendor.url, references=False) as provider,
    ):
        await drained(await provider.speak(request))
        asked = vendor.asked[0].json
    assert asked == {
        "model": "higgs-audio-v3-tts",
        "input": "Hello there.",
        "response_format": "pcm",
        "stream": True,
        "ref_audio": sent,
        "ref_text": "This is me.",
    }


# Streams ------------------------------------------------------------------------------------------


async def test_raw_audio_comes_as_it_is_spoken() -> None:
    """The first bytes are there long before the last."""
    slow = Reply((PCM, PCM), content_type="audio/pcm", chunked=True, pause=30.0)
    async with Vendor(slow) as vendor, higgs(vendor.url) as provider:
        speech = await provider.speak(SAY)
        async with asyncio.timeout(5.0):
            assert await anext(aiter(speech.chunks))
        await speech.chunks.aclose()
        await vendor.asked[0].over.wait()
        assert vendor.asked[0].abandoned


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("chunked", [True, False])
async def test_raw_audio_that_breaks_off(reset: bool, chunked: bool) -> None:
    """A connection that ends in the middle of raw audio is a cut, however it ends."""
    cut = Reply(PCM, content_type="audio/pcm", chunked=chunked, cut=100, reset=reset)
    async with Vendor(cut) as vendor, higgs(vendor.url) as provider:
        with pytest.raises(Unavailable):
            await drained(await provider.speak(SAY))


async def test_events_cut_anywhere() -> None:
    """Events that arrive byte by byte are the same audio."""
    text = chunk(PCM[:300]) + b": working\r\n\r\n" + chunk(PCM[300:]) + chunk(b"", "stop") + DONE
    pieces = Reply(tuple(text[at : at + 1] for at in range(len(text))), content_type=EVENTS)
    async with Vendor(pieces) as vendor, higgs(vendor.url) as provider:
        assert await drained(await provider.speak(SAY)) == PCM


async def test_what_came_before_a_cut_is_delivered() -> None:
    """Audio is passed on as it comes; that it was cut short is said when that is known."""
    text = chunk(PCM) + chunk(b"", "length") + DONE
    async with Vendor(Reply(text, content_type=EVENTS)) as vendor, higgs(vendor.url) as provider:
        heard = aiter((await provider.speak(SAY)).chunks)
        assert await anext(heard) == PCM
        with pytest.raises(BadOutput, match="ends before its text"):
            await anext(heard)


async def test_events_that_stall_can_be_left() -> None:
    """A stream of events that falls silent is given up by closing it, which the engine notices."""
    slow = Reply((chunk(PCM), DONE), content_type=EVENTS, chunked=True, pause=30.0)
    async with Vendor(slow) as vendor, higgs(vendor.url) as provider:
        speech = await provider.speak(SAY)
        heard = aiter(speech.chunks)
        assert await anext(heard) == PCM
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(heard)
        await speech.chunks.aclose()
        await vendor.asked[0].over.wait()
        assert vendor.asked[0].abandoned


@pytest.mark.parametrize(
    "good", [Reply(PCM, content_type="audio/pcm"), Reply(chunk(PCM) + DONE, content_type=EVENTS, chunked=True)]
)
async def test_a_connection_is_used_again(good: Reply) -> None:
    """After a whole answer, of either build, the next request goes over the same connection."""
    async with Vendor(good) as vendor, higgs(vendor.url) as provider:
        for _ in range(2):
            assert await drained(await provider.speak(SAY)) == PCM
        assert vendor.accepted == 1


# Transcription ------------------------------------------------------------------------------------


async def test_both_grains() -> None:
    """Times of words and of segments are asked for side by side, and both are handed on."""
    said = {
        "text": "Hi",
        "words": [{"word": "Hi", "start": 0, "end": 1}],
        "segments": [{"text": "Hi", "start": 0, "end": 1}],
    }
    async with Vendor(Reply.of_json(said)) as vendor, higgs(vendor.url, words=True, segments=True) as provider:
        heard = await provider.transcribe(msgspec.structs.replace(HEAR, words=True, segments=True))
        body = vendor.asked[0].body
    assert (heard.words, heard.segments) == ((Word("Hi", 0, 1),), (Segment("Hi", 0, 1),))
    assert body.count(b'name="timestamp_granularities[]"') == 2


async def test_an_upload_is_sent_whole(tmp_path: Path) -> None:
    """A recording on disk arrives byte for byte, under a name that is not the caller's."""
    path = tmp_path / "the caller's own name.wav"
    path.write_bytes(PCM * 500)
    request = TranscriptionRequest(audio=Upload(path, path.stat().st_size, "audio/wav"))
    async with Vendor(Reply.of_json({"text": "Hi"})) as vendor, higgs(vendor.url) as provider:
        await provider.transcribe(request)
        file = vendor.asked[0].form["file"]
    assert file.content == PCM * 500
    assert file.filename == "recording"


async def test_a_recording_elsewhere_is_refused() -> None:
    """A URL that nobody fetched cannot be transcribed."""
    async with higgs() as provider:
        with pytest.raises(Unsupported):
            await provider.transcribe(TranscriptionRequest(audio=Url("https://example.com/a.wav")))


# Health -------------------------------------------------------------------------------------------


async def test_health() -> None:
    """The engine is healthy when its /health says so with a 200, and unavailable when it says 503."""
    async with Vendor() as vendor, higgs(vendor.url) as provider:
        vendor.on("/health", Reply.of_json({"status": "healthy", "running": True}))
        assert await provider.check()
        vendor.on("/health", Reply.of_json({"status": "unhealthy"}, 503))
        with pytest.raises(Unavailable):
            await provider.check()
