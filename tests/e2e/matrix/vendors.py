"""Every vendor, well behaved: they speak real words in whatever they offer, hear them, and make films of them."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from router.contract import AudioFormat, Size
from router.media import CONTENT_TYPES, Encoder
from router.testing.acts import Act, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked
from tests.e2e.matrix.media import SPOKEN_RATE, film
from tests.unit.plugins import sync_double

TEXT = "Good morning to all of you, and welcome."
BREEZE_RATE = 44_100
"""Hertz. Not ours, so that something has to be done about it."""


@cache
def spoken(pcm: bytes, wanted: AudioFormat, rate: int = SPOKEN_RATE) -> bytes:
    """Return the words in a format."""
    encoder = Encoder(wanted, SPOKEN_RATE, rate)
    return encoder.feed(pcm) + encoder.close()


def seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / SPOKEN_RATE


def timed(pcm: bytes, name: str) -> list[dict[str, Any]]:
    """Return the words of the text, all of the same length; `name` is the vendor's for a word."""
    words = TEXT.split()
    each = seconds(pcm) / len(words)
    return [{name: word, "start": at * each, "end": (at + 1) * each} for at, word in enumerate(words)]


class Vendors(Vendor):
    """Boson, Breeze, an engine of our own and an OpenAI-compatible server, each under its kind's name."""

    pcm = b""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[str, Size] = {}

    def act(self, asked: Asked) -> Act:
        """Answer a request as the vendor it is meant for."""
        path, _, query = asked.path.partition("?")
        match path.split("/")[1:]:
            case [vendor, "v1", "audio", "speech"]:
                return self._speech(vendor, dict(asked.json))  # type: ignore[call-overload]  # JSON
            case [vendor, "v1", "audio", "transcriptions"]:
                return Reply.of_json(self._transcript(asked))
            case ["breeze", "v1", "text-to-speech", _, "stream"]:
                return self._breeze(AudioFormat(query.removeprefix("output_format=")))
            case ["boson", "v1", "videos", *rest]:
                return self._boson_video(rest, asked)
        return Reply(status=404)

    def _speech(self, vendor: str, asked: Mapping[str, Any]) -> Reply:
        wanted = AudioFormat(asked["response_format"])
        audio = spoken(self.pcm, wanted)
        if asked.get("timestamps"):
            return Reply.of_json({"audio": b64encode(audio).decode(), "timestamps": timed(self.pcm, "word")})
        engine = {"X-Sample-Rate": str(SPOKEN_RATE), "X-Channels": "1", "X-Bit-Depth": "16"}
        headers = engine if vendor == "higgs" else {}
        return Reply((audio[:5000], audio[5000:]), 200, CONTENT_TYPES[wanted], headers, chunked=True)

    def _breeze(self, wanted: AudioFormat) -> Reply:
        audio = spoken(self.pcm, wanted, BREEZE_RATE)
        told = {"x-breeze-sample-rate": str(BREEZE_RATE), "history-item-id": "item_1"}
        return Reply((audio[:5000], audio[5000:]), 200, CONTENT_TYPES[wanted], told, chunked=True)

    def _transcript(self, asked: Asked) -> dict[str, Any]:
        fields = asked.form
        told: dict[str, Any] = {"text": TEXT, "usage": {"type": "duration", "seconds": seconds(self.pcm)}}
        if fields["response_format"].content == b"verbose_json":
            told |= {"language": "english", "duration": seconds(self.pcm), "words": timed(self.pcm, "word")}
            told["segments"] = [{"text": TEXT, "start": 0.0, "end": seconds(self.pcm)}]
        return told

    def _boson_video(self, rest: list[str], asked: Asked) -> Reply:
        match (asked.method, rest):
            case ("POST", ["stream"]):
                return replace(self._film(size_in(asked)), headers={"X-Video-Id": "video_live"})
            case ("POST", []):
                name = f"video_{len(self.sizes)}"
                self.sizes[name] = size_in(asked)
                return Reply.of_json(video(name, "queued"))
            case ("GET", [name]):
                return Reply.of_json(video(name, "completed"))
            case ("GET", [name, "content"]):
                return self._film(self.sizes[name])
        return Reply(status=404)

    def _film(self, size: Size) -> Reply:
        return Reply(film(size, self.pcm), content_type="video/mp4")


def video(name: str, status: str) -> dict[str, Any]:
    return {"id": name, "object": "video", "status": status, "progress": 0, "error": None}


def size_in(asked: Asked) -> Size:
    """Return the size that a video is asked for in."""
    if asked.headers["content-type"] == "application/json":
        return Size(json.loads(asked.body)["size"])
    return Size(asked.form["size"].content.decode())


class Sync(sync_double.Sync):
    """sync's double, whose films can be watched: they are of the face's size, which is the same for all here."""

    pcm = b""
    SIZE = Size.LANDSCAPE

    def _storage(self, asked: Asked, path: str) -> Reply:
        reply = super()._storage(asked, path)
        return replace(reply, body=film(self.SIZE, self.pcm)) if reply.body == sync_double.FILM else reply
