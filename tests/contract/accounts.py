"""One account for each provider kind: all a kind brings to be judged by the contract suite. Add yours to `ACCOUNTS`."""

from collections.abc import Mapping
from pathlib import Path

from plugins.boson import Boson
from plugins.breeze import Breeze
from plugins.embedded import EmbeddedProvider
from plugins.embedded.portrait import draw_portrait
from plugins.higgs import Higgs
from plugins.openai import OpenAI
from plugins.sync_so import SyncSo
from router.contract import (
    AudioFormat,
    AvatarRequest,
    ChatRequest,
    Inline,
    Message,
    Request,
    SpeechRequest,
    Stretch,
    TranscriptionRequest,
    Url,
)
from router.media import CONTENT_TYPES
from router.testing.account import Account
from router.testing.acts import Reply
from router.testing.media import film, picture, sound

WORDS = "Good morning to all of you."
FACE = Inline(picture(), "image/png")
VOICE = Inline(sound(AudioFormat.WAV), "audio/wav", 0.2)
SPOKEN = Inline(Path(__file__).with_name("good_morning.opus").read_bytes(), "audio/ogg", 1.1)
SPEECH = SpeechRequest(text=WORDS)
HEARING = TranscriptionRequest(audio=SPOKEN)
CHAT = ChatRequest(messages=(Message("user", WORDS),))
FILMED = Inline(film(), "video/mp4")
FILM = Reply(film(), content_type="video/mp4")


def audio(request: Request) -> Reply:
    """Return a hum in the format asked for, as a vendor sends it."""
    wanted = request.format if isinstance(request, SpeechRequest) else AudioFormat.MP3
    return Reply(sound(wanted), content_type=CONTENT_TYPES[wanted])


def boson(request: Request) -> Mapping[str, Reply]:
    made = {"id": "video_1", "object": "video", "status": "completed", "progress": 100, "error": None}
    return {
        "/v1/audio/speech": audio(request),
        "/v1/videos/stream": FILM,
        "/v1/videos": Reply.of_json(made),
        "/v1/videos/video_1/content": FILM,
    }


def breeze(request: Request) -> Mapping[str, Reply]:
    return {"/v1/text-to-speech": audio(request)}


def higgs(request: Request) -> Mapping[str, Reply]:
    return {"/v1/audio/speech": audio(request), "/v1/audio/transcriptions": Reply.of_json({"text": "good morning"})}


def openai(request: Request) -> Mapping[str, Reply]:
    said = b'data: {"choices": [{"delta": {"content": "Good morning!"}}]}\n\ndata: [DONE]\n\n'
    return {
        "/audio/speech": audio(request),
        "/audio/transcriptions": Reply.of_json({"text": "good morning"}),
        "/chat/completions": Reply(said, content_type="text/event-stream"),
    }


def sync(_request: Request) -> Mapping[str, Reply]:
    made = {"id": "gen_1", "status": "COMPLETED", "error": None, "outputUrl": "{vendor}/files/gen_1?token=t"}
    return {
        "/v2/generate": Reply.of_json(made, 201),
        "/v2/assets/upload": Reply.of_json({"uploadUrl": "{vendor}/files/in", "url": "https://example.com/in"}, 201),
        "/v2/assets": Reply.of_json({"id": "asset_1"}, 201),
        "/files": FILM,
    }


ACCOUNTS: Mapping[str, Account] = {
    "boson": Account(
        Boson,
        {"api_key": "bai-key-for-tests", "formats": list(AudioFormat)},
        (
            SPEECH,
            AvatarRequest(face=FACE, voice=VOICE),
            AvatarRequest(face=Url("https://example.com/face.png"), voice=SPEECH),
        ),
        boson,
    ),
    "breeze": Account(Breeze, {"api_key": "brz-key-for-tests", "voice": "voc_test"}, (SPEECH,), breeze),
    "embedded": Account(
        EmbeddedProvider,
        {"workers": 1},
        (
            SPEECH,
            TranscriptionRequest(audio=SPOKEN),
            AvatarRequest(face=Inline(draw_portrait(), "image/png"), voice=VOICE),
            CHAT,
        ),
    ),
    "higgs": Account(
        Higgs, {"transcription_model": "higgs-stt", "formats": list(AudioFormat)}, (SPEECH, HEARING), higgs
    ),
    "openai": Account(
        OpenAI,
        {
            "api_key": "openai-key-for-tests",
            "speech": {"models": ["speaks"], "voices": ["alloy"]},
            "transcription": {"models": ["hears"]},
            "chat": {"models": ["talks"]},
        },
        (SPEECH, HEARING, CHAT),
        openai,
    ),
    "sync": Account(
        SyncSo,
        {"api_key": "sync-key-for-tests", "voices": ["voice"]},
        (
            AvatarRequest(face=FILMED, voice=VOICE),
            AvatarRequest(face=Url("https://example.com/face.mp4"), voice=SPEECH),
            AvatarRequest(
                face=Url("https://example.com/face.mp4"),
                voice=VOICE,
                stretches=(Stretch(start=0.0, end=0.1, voice=VOICE),),
            ),
        ),
        sync,
    ),
}
