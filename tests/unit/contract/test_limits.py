from pathlib import Path
from typing import Any

import pytest

from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    ChatLimits,
    ChatRequest,
    Inline,
    Message,
    Size,
    SpeechLimits,
    SpeechRequest,
    TranscriptionLimits,
    TranscriptionRequest,
    Upload,
    Url,
    Voice,
)
from router.contract.limits import MEGABYTE

OPTIONS: dict[str, Any] = {
    "guidance_scale": 0.0,
    "instructions": "warmly",
    "language": "en",
    "max_new_tokens": 0,
    "ref_audio": Url("https://example.com/a.wav"),
    "ref_text": "",
    "seed": 0,
    "speed": 1.0,
    "temperature": 0.0,
    "top_k": 0,
    "top_p": 0.0,
    "words": False,
}
PNG = Inline(b"png", "image/png")
SOUND = Inline(b"riff", "audio/wav", seconds=2.0)


def speech_limits(**changes: Any) -> SpeechLimits:
    return SpeechLimits(formats=(AudioFormat.PCM,), characters=10, options=SpeechLimits.OPTIONAL, **changes)


SPEECH: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "at the limit": ({}, {"text": "ä" * 10}, None),
    "one character too many": ({}, {"text": "ä" * 11}, "takes at most 10 characters, not 11"),
    "a language it has": ({"languages": frozenset({"en"})}, {"language": "en"}, None),
    "a region of its language": ({"languages": frozenset({"en"})}, {"language": "en-GB"}, None),
    "the language of its region": ({"languages": frozenset({"en-GB"})}, {"language": "en"}, None),
    "its region in other letters": ({"languages": frozenset({"en-GB"})}, {"language": "EN-gb"}, None),
    "another region": ({"languages": frozenset({"en-gb"})}, {"language": "en-us"}, "does not speak en-us"),
    "a longer code": ({"languages": frozenset({"fi"})}, {"language": "fil"}, "does not speak fil"),
    "any language": ({}, {"language": "tlh"}, None),
    "any voice": ({}, {"voice": "anybody"}, None),
    "a voice it has": ({"voices": (Voice(id="jake", name="Jake"),)}, {"voice": "jake"}, None),
    "its default voice": ({"voices": (Voice(id="jake", name="Jake"),)}, {}, None),
    "a voice by its title": ({"voices": (Voice(id="jake", name="Jake"),)}, {"voice": "Jake"}, "has no voice 'Jake'"),
    "its slowest": ({"speed": (0.5, 2.0)}, {"speed": 0.5}, None),
    "too slow": ({"speed": (0.5, 2.0)}, {"speed": 0.4}, "speaks at 0.5 to 2.0 times normal speed, not 0.4"),
    "a sample at the limit": ({"size": 4}, {"ref_audio": SOUND}, None),
    "a sample too large": ({"size": 3}, {"ref_audio": SOUND}, "takes at most 3 bytes, not 4"),
}


@pytest.mark.parametrize(("limits", "request_", "reason"), SPEECH.values(), ids=SPEECH)
def test_speech(limits: dict[str, Any], request_: dict[str, Any], reason: str | None) -> None:
    """A speech offer declines what it cannot take, naming the limit, and nothing else."""
    asked: dict[str, Any] = {"text": "hello", **request_}
    assert speech_limits(**limits).why_not(SpeechRequest(**asked)) == reason


@pytest.mark.parametrize("option", sorted(SpeechLimits.OPTIONAL))
def test_unheeded_option(option: str) -> None:
    """An option that was set is never dropped quietly, not even one that is nought."""
    limits = SpeechLimits(formats=(AudioFormat.PCM,), characters=10, options=SpeechLimits.OPTIONAL - {option})
    asked = SpeechRequest(text="hello", **{option: OPTIONS[option]})
    assert limits.why_not(asked) == f"does not take `{option}`"


TRANSCRIPTION: dict[str, tuple[TranscriptionLimits, dict[str, Any], str | None]] = {
    "plain": (TranscriptionLimits(), {}, None),
    "a URL is not known yet": (TranscriptionLimits(size=1), {"audio": Url("https://example.com/a.wav")}, None),
    "too large": (TranscriptionLimits(size=3), {}, "takes at most 3 bytes, not 4"),
    "too long": (TranscriptionLimits(seconds=1.0), {}, "takes at most 1 seconds of audio, not 2.0"),
    "a language it has": (TranscriptionLimits(languages=frozenset({"en"})), {"language": "en-us"}, None),
    "another": (TranscriptionLimits(languages=frozenset({"en"})), {"language": "de"}, "does not understand de"),
    "word times": (TranscriptionLimits(), {"words": True}, "gives no word times"),
    "word times it gives": (TranscriptionLimits(words=True), {"words": True}, None),
    "segment times": (TranscriptionLimits(words=True), {"segments": True}, "gives no segment times"),
    "an option it ignores": (TranscriptionLimits(), {"temperature": 0.0}, "does not take `temperature`"),
    "an option it heeds": (TranscriptionLimits(options=frozenset({"prompt"})), {"prompt": "names"}, None),
}


@pytest.mark.parametrize(("limits", "request_", "reason"), TRANSCRIPTION.values(), ids=TRANSCRIPTION)
def test_transcription(limits: TranscriptionLimits, request_: dict[str, Any], reason: str | None) -> None:
    """A transcription offer declines what it cannot take, naming the limit."""
    assert limits.why_not(TranscriptionRequest(**{"audio": SOUND, **request_})) == reason


TEXT = SpeechRequest(text="hello")
AVATAR: dict[str, tuple[AvatarLimits, dict[str, Any], str | None]] = {
    "plain": (AvatarLimits(), {}, None),
    "text": (AvatarLimits(), {"voice": TEXT}, None),
    "URLs": (AvatarLimits(size=1), {"face": Url("https://e.org/f"), "voice": Url("https://e.org/v")}, None),
    "another size": (AvatarLimits(sizes=(Size.SQUARE,)), {"size": Size.PORTRAIT}, "does not render 480x640"),
    "no face": (AvatarLimits(), {"face": Inline(b"x", "text/plain")}, "takes no text/plain as a face"),
    "large face": (AvatarLimits(size=2), {"voice": TEXT}, "takes at most 2 bytes, not 3"),
    "large upload": (
        AvatarLimits(),
        {"face": Upload(Path("f"), 11 * MEGABYTE, "image/png")},
        f"takes at most {10 * MEGABYTE} bytes, not {11 * MEGABYTE}",
    ),
    "large voice": (AvatarLimits(size=3), {}, "takes at most 3 bytes, not 4"),
    "long voice": (
        AvatarLimits(),
        {"voice": Inline(b"", "audio/wav", seconds=61.0)},
        "takes at most 60 seconds of audio, not 61.0",
    ),
    "a voice of unknown length": (AvatarLimits(), {"voice": Inline(b"", "audio/wav")}, None),
}


@pytest.mark.parametrize(("limits", "request_", "reason"), AVATAR.values(), ids=AVATAR)
def test_avatar(limits: AvatarLimits, request_: dict[str, Any], reason: str | None) -> None:
    """An avatar offer declines what it cannot take, naming the limit."""
    assert limits.why_not(AvatarRequest(**{"face": PNG, "voice": SOUND, **request_})) == reason


def test_takes_text() -> None:
    """Text goes to an avatar provider as it is only where that provider would speak it as asked."""
    speaking = AvatarLimits(speaks=speech_limits())
    assert speaking.takes_text(TEXT)
    assert not speaking.takes_text(SpeechRequest(text="much longer than that"))
    assert not AvatarLimits().takes_text(TEXT)


def test_chat() -> None:
    """A chat offer counts the characters of all messages and heeds no option it does not list."""
    limits = ChatLimits(characters=5)
    messages = (Message("system", "abc"), Message("user", "de"))
    assert limits.why_not(ChatRequest(messages=messages)) is None
    longer = (*messages, Message("user", "f"))
    assert limits.why_not(ChatRequest(messages=longer)) == "takes at most 5 characters, not 6"
    assert limits.why_not(ChatRequest(messages=messages, temperature=0.0)) == "does not take `temperature`"
