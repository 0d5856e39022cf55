"""Speech, in OpenAI's words and in Breeze's."""

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from router.contract import AudioFormat, Task
from router.media import CONTENT_TYPES
from tests.e2e.matrix.doors import Found, Made, Refused, breeze_refusal, openai_refusal, served_by, unsupported
from tests.e2e.matrix.media import SPOKEN_RATE, Media, heard, heard_raw
from tests.e2e.matrix.stage import VOICE, Stage, route
from tests.e2e.matrix.vendors import BREEZE_RATE, TEXT

FOUND = {
    AudioFormat.MP3: "mp3, mp3",
    AudioFormat.OPUS: "ogg, opus",
    AudioFormat.AAC: "aac, aac",
    AudioFormat.FLAC: "flac, flac",
    AudioFormat.WAV: "wav, pcm_s16le",
    AudioFormat.PCM: "raw, pcm_s16le",
}
"""Container and codec of each format."""
NATIVE = {"breeze": BREEZE_RATE}
"""Hertz of those whose voices come at another rate than the rest; it is kept where the format can say so."""
KILOBITS = 64
"""Per second, of mp3 where the caller does not say."""
OPUS_RATE = 48_000
"""Hertz at which Opus always plays, whatever it was made from."""
OUT_OF_RANGE = {"mp3_44100_320": "mp3 at 44100 Hz has 32 to 192 kbit/s"}
"""What no provider is asked for: the router knows that it cannot make it."""


class Sound(NamedTuple):
    """A row of Breeze's formats: `mp3_44100_128` is 128 kbit/s at 44.1 kHz."""

    format: AudioFormat
    rate: int | None = None
    kilobits: int | None = None

    @classmethod
    def of(cls, row: str) -> "Sound":
        name, *numbers = row.split("_")
        return cls(AudioFormat(name), *map(int, numbers))


def rate_of(kind: str, wanted: AudioFormat) -> int:
    """Return the rate to expect where none is asked for; pcm, which has no header, is always at the same one."""
    return SPOKEN_RATE if wanted is AudioFormat.PCM else NATIVE.get(kind, SPOKEN_RATE)


def due(stage: Stage, kind: str, sound: Sound) -> Made:
    """Return the words as one kind's audio in that format."""
    wanted, rate = sound.format, sound.rate or rate_of(kind, sound.format)
    told = f"{FOUND[wanted]}, {OPUS_RATE if wanted is AudioFormat.OPUS else rate} Hz"
    if wanted is AudioFormat.MP3:
        told += f", {sound.kilobits or KILOBITS} kbit/s"
    parameters = f";rate={rate};channels=1" if wanted is AudioFormat.PCM else ""
    return Made(f"{CONTENT_TYPES[wanted]}{parameters}", told, stage.seconds)


@dataclass(frozen=True)
class OpenAISpeech:
    """POST /v1/audio/speech, as audio or as events."""

    events: bool
    task = Task.SPEECH
    rows = tuple(AudioFormat)

    @property
    def name(self) -> str:
        return "openai-events" if self.events else "openai"

    @property
    def title(self) -> str:
        told = " with `stream_format: sse`" if self.events else ""
        return f"OpenAI, Boson, Higgs: `POST /v1/audio/speech`{told}"

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        audio = due(stage, kind, Sound.of(row))
        return audio._replace(content_type="text/event-stream") if self.events else audio

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        body = {"model": route(kind, "speech"), "input": TEXT, "voice": VOICE, "response_format": row}
        if self.events:
            body["stream_format"] = "sse"
        answer = await stage.client.post("/v1/audio/speech", json=body)
        if answer.is_error:
            return openai_refusal(answer)
        content_type = served_by(answer, kind).headers["content-type"]
        audio = deltas(answer) if self.events else answer.content
        told = heard_raw(audio, SPOKEN_RATE) if row == AudioFormat.PCM else heard(audio)
        return Made(content_type, *told)


def deltas(answer: httpx.Response) -> bytes:
    """Return the audio in OpenAI's events, of which the last is the one that says so."""
    events = [json.loads(one.removeprefix("data: ")) for one in answer.text.strip().split("\n\n")]
    assert events[-1] == {"type": "speech.audio.done", "usage": {"type": "characters", "characters": len(TEXT)}}
    assert {one["type"] for one in events[:-1]} == {"speech.audio.delta"}
    return b"".join(b64decode(one["audio"]) for one in events[:-1])


@dataclass(frozen=True)
class BreezeSpeech:
    """POST /v1/text-to-speech/{voice_id}, or one of the two paths below it."""

    below: str = ""
    task = Task.SPEECH

    @property
    def rows(self) -> tuple[str, ...]:
        if self.timed:
            return ("mp3", "pcm_16000")
        asked = ("pcm_16000", "wav_48000", "mp3_44100_128", "opus_48000_64", *OUT_OF_RANGE)
        return (*AudioFormat, *asked)

    @property
    def timed(self) -> bool:
        return self.below == "/with-timestamps"

    @property
    def name(self) -> str:
        return f"breeze{self.below.replace('/', '-')}"

    @property
    def title(self) -> str:
        return f"Breeze, ElevenLabs: `POST /v1/text-to-speech/{{voice_id}}{self.below}`"

    def expected(self, stage: Stage, kind: str, row: str) -> Found:
        if row in OUT_OF_RANGE:
            return Refused(422, "invalid_value", "", f"`output_format`: {OUT_OF_RANGE[row]}")
        if self.timed and "words" not in stage.offers[kind, "speech"]["options"]:
            return unsupported(kind, "does not take `words`")
        audio = due(stage, kind, Sound.of(row))
        return audio._replace(content_type="application/json") if self.timed else audio

    async def ask(self, stage: Stage, kind: str, row: str) -> Found:
        answer = await stage.client.post(
            f"/v1/text-to-speech/{VOICE}{self.below}",
            params={"output_format": row},
            json={"text": TEXT, "model_id": route(kind, "speech")},
        )
        if answer.is_error:
            return breeze_refusal(answer)
        content_type = served_by(answer, kind).headers["content-type"]
        assert answer.headers["history-item-id"] == answer.headers["x-request-id"]
        audio = timed_audio(stage, answer.json()) if self.timed else answer.content
        return Made(content_type, *self._heard(audio, answer.headers))

    def _heard(self, audio: bytes, headers: httpx.Headers) -> Media:
        rate = headers.get("x-breeze-sample-rate")
        return heard_raw(audio, int(rate)) if rate else heard(audio)


def timed_audio(stage: Stage, told: dict[str, Any]) -> bytes:
    """Return audio that comes with the times of its words, each of which is within it and after the one before."""
    times = told["word_timestamps"]
    assert [one["word"].strip(".,").lower() for one in times] == TEXT.lower().replace(",", "").rstrip(".").split()
    ends = [0.0, *(second for one in times for second in (one["start"], one["end"]))]
    assert ends == sorted(ends)
    assert ends[-1] <= stage.seconds * 1.05
    return b64decode(told["audio_base64"])
