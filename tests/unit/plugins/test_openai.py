import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plugins.openai import OpenAI, OpenAISettings, media_providers
from router.contract import (
    AudioFormat,
    ChatRequest,
    Inline,
    InPieces,
    Message,
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

PCM = bytes(range(256)) * 4
SAY = SpeechRequest(text="Hello there.", format=AudioFormat.PCM)
HEAR = TranscriptionRequest(audio=Inline(b"RIFF", "audio/wav"))
TALK = ChatRequest(messages=(Message("user", "Hello there."),))
EVENTS = "text/event-stream"
SPEECH = {"speech": {"models": ["m"]}}
HEARING = {"transcription": {"models": ["m"], "words": True, "segments": True}}
CHAT = {"chat": {"models": ["m"]}}
DONE = b"data: [DONE]\n\n"


@asynccontextmanager
async def openai(url: str | None, settings: Mapping[str, Any]) -> AsyncIterator[OpenAI]:
    settled = msgspec.convert({**({"base_url": url} if url else {}), **settings}, OpenAISettings)
    async with transport.client(5.0) as client, OpenAI("openai", settled, client) as provider:
        yield provider


def word(text: str) -> bytes:
    return b"data: " + msgspec.json.encode({"choices": [{"delta": {"content": text}}]}) + b"\n\n"


def test_registered_by_its_hook() -> None:
    """The plugin brings one kind, `openai`."""
    assert [kind.kind for kind in media_providers()] == ["openai"]


# Settings and offers ------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [None, "https://api.openai.com/v1", "https://api.openai.com/v1/"])
async def test_openai_itself_needs_no_description(url: str | None) -> None:
    """With nothing said OpenAI's own models are offered, its thirteen voices and all six formats."""
    async with openai(url, {}) as provider:
        speech, hearing, chat = provider.offers()
    assert isinstance(speech.limits, SpeechLimits)
    assert isinstance(hearing.limits, TranscriptionLimits)
    assert speech.models[0] == "gpt-4o-mini-tts"
    assert set(speech.limits.formats) == set(AudioFormat)
    assert len(speech.limits.voices or ()) == 13
    assert speech.limits.characters == 4096
    assert speech.limits.options == {"instructions", "speed"}
    assert (hearing.models, hearing.limits.words, hearing.limits.segments) == (("whisper-1",), True, True)
    assert chat.models


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        (SPEECH, [SpeechRequest]),
        (HEARING, [TranscriptionRequest]),
        (CHAT, [ChatRequest]),
        (SPEECH | CHAT, [SpeechRequest, ChatRequest]),
    ],
)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9/v1"])
async def test_a_task_without_models_is_not_offered(
    url: str | None, settings: Mapping[str, Any], offered: list[type]
) -> None:
    """What is described is offered and nothing else, at OpenAI as elsewhere."""
    async with openai(url, settings) as provider:
        assert [offer.accepts for offer in provider.offers()] == offered


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"base_url": "http://127.0.0.1:9/v1"}, "say which of speech, transcription and chat"),
        ({"speech": {"voices": ["alloy"]}}, "speech is described, but has no models"),
        ({"chat": {"thinking": "disabled"}, **SPEECH}, "chat is described, but has no models"),
        ({"chat": {"models": ["m"], "thinking": "maybe"}}, "maybe"),
        ({"speech": {"models": ["m"], "options": ["ref_audio"]}}, "ref_audio"),
        ({"speech": {"models": ["m"], "formats": []}}, "length"),
        ({"speech": {"models": ["m"], "streaming": True}}, "unknown field"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: Mapping[str, Any], why: str) -> None:
    """A server of which nothing is known, or a task that could never be offered, is a fault of the configuration."""
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(settings, OpenAISettings)


async def test_a_server_obeys_control_tokens_if_it_is_said_to() -> None:
    """Control tokens are kept for servers that are said to know them."""
    for knows in (True, False):
        async with openai(None, {"speech": {"models": ["m"], "control_tokens": knows}}) as provider:
            limits = provider.offers()[0].limits
            assert isinstance(limits, SpeechLimits)
            assert limits.tokens is knows


# What is asked ------------------------------------------------------------------------------------


async def asked(settings: Mapping[str, Any], request: SpeechRequest) -> Mapping[str, Any]:
    """Return the JSON that a speech request becomes."""
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor, openai(vendor.url, settings) as provider:
        await drained(await provider.speak(request))
        sent = vendor.asked[0].json
    assert isinstance(sent, dict)
    return sent


@pytest.mark.parametrize(
    ("settings", "voice", "sent"),
    [
        ({}, None, None),
        ({}, "any", "any"),
        ({"voice": "v"}, None, "v"),
        ({"voice": "v"}, "any", "any"),
        ({"voices": ["a", "b"]}, None, "a"),
        ({"voices": ["a", "b"]}, "b", "b"),
        ({"voices": ["a", "b"], "voice": "b"}, None, "b"),
    ],
)
async def test_voice(settings: Mapping[str, Any], voice: str | None, sent: str | None) -> None:
    """The caller's voice, else the configured one, else the first listed, else the server's own default."""
    request = msgspec.structs.replace(SAY, voice=voice)
    assert (await asked({"speech": {"models": ["m"], **settings}}, request)).get("voice") == sent


async def test_only_what_the_server_heeds_is_sent() -> None:
    """Optional fields go out if the settings name them; `stream` if the server wants it."""
    request = msgspec.structs.replace(SAY, language="en", seed=7)
    sent = await asked({"speech": {"models": ["m"], "options": ["language", "seed"], "stream": True}}, request)
    assert sent == {
        "model": "m",
        "input": "Hello there.",
        "response_format": "pcm",
        "stream": True,
        "language": "en",
        "seed": 7,
    }


@pytest.mark.parametrize(("within", "told"), [(2.5, "2.500"), (None, None)])
async def test_how_long_it_has(within: float | None, told: str | None) -> None:
    """The remaining time goes out in the header that a router of our kind heeds."""
    sound, words = Reply(PCM, content_type="audio/pcm"), Reply.of_json({"text": "hi"})
    settings = {"speech": {"models": ["m"]}, "transcription": {"models": ["m"]}}
    async with Vendor() as vendor, openai(vendor.url, settings) as provider:
        vendor.on("/audio/speech", sound)
        vendor.on("/audio/transcriptions", words)
        await drained(await provider.speak(msgspec.structs.replace(SAY, within=within)))
        await provider.transcribe(TranscriptionRequest(audio=Inline(b"RIFF", "audio/wav"), within=within))
        assert [one.headers.get("x-request-timeout") for one in vendor.asked] == [told, told]


async def test_the_rate_is_the_configured_one_unless_told() -> None:
    """Raw PCM has the configured sample rate."""
    settings = {"speech": {"models": ["m"], "sample_rate": 22_050}}
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor, openai(vendor.url, settings) as provider:
        speech = await provider.speak(SAY)
        await speech.chunks.aclose()
    assert speech.sample_rate == 22_050


async def test_the_base_url_may_have_a_path() -> None:
    """Paths are relative to the base URL, /v1 included, whether it ends in a slash or not."""
    async with Vendor(Reply(word("Hi") + DONE, content_type=EVENTS)) as vendor:
        for ending in ("", "/"):
            async with openai(f"{vendor.url}/openai/v1{ending}", CHAT) as provider:
                await drained(await provider.reply(TALK))
        assert {one.path for one in vendor.asked} == {"/openai/v1/chat/completions"}
        assert "authorization" not in vendor.asked[0].headers
        sent = vendor.asked[0].json
    assert isinstance(sent, dict)
    assert "thinking" not in sent


# Replies ------------------------------------------------------------------------------------------


async def test_a_reply_cut_anywhere() -> None:
    """Events that arrive byte by byte, in the middle of letters too, are the same reply."""
    text = word("Grü") + b": keep-alive\n\n" + word("ße, 你好") + DONE
    pieces = Reply(tuple(text[at : at + 1] for at in range(len(text))), content_type=EVENTS)
    async with Vendor(pieces) as vendor, openai(vendor.url, CHAT) as provider:
        assert (await drained(await provider.reply(TALK))).decode() == "Grüße, 你好"


async def test_words_come_as_they_are_said() -> None:
    """The first word is there before the second is said, and a reply that stalls can be left."""
    slow = Reply((word("Hi"), word("there") + DONE), content_type=EVENTS, chunked=True, pause=30.0)
    async with Vendor(slow) as vendor, openai(vendor.url, CHAT) as provider:
        reply = await provider.reply(TALK)
        said = aiter(reply.chunks)
        assert await anext(said) == b"Hi"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(said)
        await reply.chunks.aclose()
        await vendor.asked[0].over.wait()
        assert vendor.asked[0].abandoned


@pytest.mark.parametrize("reset", [True, False])
async def test_a_reply_that_breaks_off(reset: bool) -> None:
    """A connection that ends in the middle of a reply is a cut, however it ends."""
    cut = Reply(word("Hi") + DONE, content_type=EVENTS, chunked=True, cut=len(word("Hi")) + 3, reset=reset)
    async with Vendor(cut) as vendor, openai(vendor.url, CHAT) as provider:
        with pytest.raises(Unavailable):
            await drained(await provider.reply(TALK))


async def test_a_connection_is_used_again() -> None:
    """After a whole reply the next request goes over the same connection."""
    good = Reply(word("Hi") + DONE, content_type=EVENTS, chunked=True)
    async with Vendor(good) as vendor, openai(vendor.url, CHAT) as provider:
        for _ in range(2):
            assert await drained(await provider.reply(TALK)) == b"Hi"
        assert vendor.accepted == 1


# Speech and transcription -------------------------------------------------------------------------


async def test_speech_comes_as_it_is_spoken() -> None:
    """The first bytes are there long before the last."""
    slow = Reply((PCM, PCM), content_type="audio/pcm", chunked=True, pause=30.0)
    async with Vendor(slow) as vendor, openai(vendor.url, SPEECH) as provider:
        speech = await provider.speak(SAY)
        async with asyncio.timeout(5.0):
            assert await anext(aiter(speech.chunks))
        await speech.chunks.aclose()


async def test_both_grains() -> None:
    """Times of words and of segments are asked for side by side, both are handed on, and nothing is streamed."""
    said = {
        "text": "Hi",
        "words": [{"word": "Hi", "start": 0, "end": 1}],
        "segments": [{"text": "Hi", "start": 0, "end": 1}],
    }
    async with Vendor(Reply.of_json(said)) as vendor, openai(vendor.url, HEARING) as provider:
        heard = await provider.transcribe(msgspec.structs.replace(HEAR, words=True, segments=True))
        body = vendor.asked[0].body
    assert (heard.words, heard.segments) == ((Word("Hi", 0, 1),), (Segment("Hi", 0, 1),))
    assert body.count(b'name="timestamp_granularities[]"') == 2
    assert b'name="stream"' not in body


async def test_events_are_asked_for_only_if_configured() -> None:
    """Without `stream` in the settings a transcription comes whole."""
    async with Vendor(Reply.of_json({"text": "Hi"})) as vendor, openai(vendor.url, HEARING) as provider:
        assert (await provider.transcribe(HEAR)).text == "Hi"
        assert set(vendor.asked[0].form) == {"model", "response_format", "file"}


async def test_events_of_a_transcription_cut_anywhere() -> None:
    """Events that arrive byte by byte are the same transcription, whose connection is free afterwards."""
    text = b'data: {"type":"transcript.text.delta","delta":"H"}\r\n\r\n' + (
        b'data: {"type":"transcript.text.done",\r\ndata: "text":"Hi"}\r\n\r\n' + DONE
    )
    pieces = Reply(tuple(text[at : at + 1] for at in range(len(text))), content_type=EVENTS)
    settings = {"transcription": {"models": ["m"], "stream": True}}
    async with Vendor(pieces) as vendor, openai(vendor.url, settings) as provider:
        for _ in range(2):
            assert (await provider.transcribe(HEAR)).text == "Hi"
        assert vendor.accepted == 1


async def test_an_upload_is_sent_whole(tmp_path: Path) -> None:
    """A recording on disk arrives byte for byte, under a name that is not the caller's."""
    path = tmp_path / "the caller's own name.mp3"
    path.write_bytes(PCM * 500)
    request = TranscriptionRequest(audio=Upload(path, path.stat().st_size, "audio/mpeg"))
    async with Vendor(Reply.of_json({"text": "Hi"})) as vendor, openai(vendor.url, HEARING) as provider:
        await provider.transcribe(request)
        file = vendor.asked[0].form["file"]
    assert file.content == PCM * 500
    assert file.filename == "recording.mp3"


async def test_pieces_are_sent_whole() -> None:
    """A recording that is in memory in pieces arrives byte for byte, for a repeat as well."""
    request = TranscriptionRequest(audio=InPieces((PCM, PCM * 1000, PCM[:7]), "audio/wav", 1.0))
    async with Vendor(Reply.of_json({"text": "Hi"})) as vendor, openai(vendor.url, HEARING) as provider:
        for _ in range(2):
            await provider.transcribe(request)
        assert [asked.form["file"].content for asked in vendor.asked] == [PCM * 1001 + PCM[:7]] * 2


async def test_a_recording_elsewhere_is_refused() -> None:
    """A URL that nobody fetched cannot be transcribed."""
    async with openai(None, HEARING) as provider:
        with pytest.raises(Unsupported):
            await provider.transcribe(TranscriptionRequest(audio=Url("https://example.com/a.wav")))
