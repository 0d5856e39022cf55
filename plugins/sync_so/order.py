"""What a generation is ordered with: the fields of `POST /v2/generate`, as JSON or as a form with files in it."""

from collections.abc import Mapping
from contextlib import ExitStack
from re import compile as regex
from typing import Any, Final

import msgspec

from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Carried,
    LipSync,
    MediaRef,
    SpeechRequest,
    Stretch,
    Url,
    content_of,
    voices_of,
)

MODELS: Final = ("lipsync-2", "lipsync-2-pro", "lipsync-1.9.0-beta", "react-1", "sync-3")
EMOTIONAL: Final = "react-1"
"""The one of these models that heeds `model_mode` and `prompt`."""
DIRECT: Final = 20_000_000
"""Bytes. Files that go in the form itself have to be smaller."""
NAME: Final = regex(r"[A-Za-z0-9_-]{1,255}")
SUFFIXES: Final[Mapping[str, str]] = {"audio/mpeg": "mp3", "video/quicktime": "mov"}
"""File name endings, where they are not the subtype itself."""


class SyncLimits(AvatarLimits, frozen=True, kw_only=True):
    """Limits of an avatar offer, and what depends on a name's letters or on the model."""

    def why_not(self, request: AvatarRequest) -> str | None:
        """Return why this offer declines `request`, or None if it can serve it."""
        if request.name is not None and not NAME.fullmatch(request.name):
            return "names a film with 1 to 255 letters, digits, underscores and hyphens only"
        return self._only_emotional(request) or super().why_not(request)

    def _only_emotional(self, request: AvatarRequest) -> str | None:
        asked, model = request.lip_sync or LipSync(), request.model or MODELS[0]
        if (asked.model_mode or asked.prompt) and model in MODELS and model != EMOTIONAL:
            return f"takes `model_mode` and `prompt` with {EMOTIONAL} only"
        return None


class Order:
    """One generation to be ordered. `voice` is the id of who speaks a text that names nobody; `hook` is told of its end."""

    def __init__(self, request: AvatarRequest, model: str, voice: str | None, hook: str | None) -> None:
        self.request = request
        self.model = model
        self.voice = voice
        self.hook = hook
        self.voices = voices_of(request)

    @property
    def held(self) -> Mapping[str, Carried]:
        """What we hold the bytes of, by its place among the inputs: `video`, `audio-1`, `audio-2` and so on."""
        places: dict[str, MediaRef | SpeechRequest] = {"video": self.request.face}
        places |= {self.place(voice): voice for voice in self.voices}
        return {place: media for place, media in places.items() if isinstance(media, Carried)}

    @property
    def goes_in_form(self) -> bool:
        """Whether the files can go along: small enough, and none that stretches refer to, for a file has no `refId`."""
        small = all(media.size < DIRECT for media in self.held.values())
        return small and not (self.request.stretches and self.held.keys() - {"video"})

    def place(self, voice: MediaRef | SpeechRequest) -> str:
        """Return a voice's place, which is also what stretches call it by."""
        return next(f"audio-{at}" for at, one in enumerate(self.voices, start=1) if one is voice)

    def fields(self, assets: Mapping[str, str]) -> dict[str, Any]:
        """Return the JSON body. `assets` are the ids of uploaded media by place; what is in neither is left out."""
        request = self.request
        found = {
            "model": self.model,
            "input": [one for one in self._inputs(assets) if one is not None],
            "options": msgspec.to_builtins(request.lip_sync) if request.lip_sync else None,
            "segments": [self._segment(one) for one in request.stretches],
            "outputFileName": request.name,
            "webhookUrl": self.hook,
        }
        return {name: value for name, value in found.items() if value}

    def form(self, opened: ExitStack) -> Mapping[str, Any]:
        """Return a multipart body: nested values as JSON text, files read from disk as they are sent."""
        texts = {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in self.fields({}).items()
        }
        files = {place.partition("-")[0]: media for place, media in self.held.items()}
        parts = {field: (filename(field, one), content_of(one, opened), one.media_type) for field, one in files.items()}
        return {"data": texts, "files": parts}

    def _inputs(self, assets: Mapping[str, str]) -> list[dict[str, Any] | None]:
        voices = [self._voice(one, assets) for one in self.voices]
        return [source("video", self.request.face, assets.get("video")), *voices]

    def _voice(self, voice: MediaRef | SpeechRequest, assets: Mapping[str, str]) -> dict[str, Any] | None:
        place = self.place(voice)
        if isinstance(voice, SpeechRequest):
            provider = {"name": "elevenlabs", "voiceId": voice.voice or self.voice, "script": voice.text}
            said: dict[str, Any] | None = {"type": "text", "provider": provider}
        else:
            said = source("audio", voice, assets.get(place))
        return said and (said | {"refId": place} if self.request.stretches else said)

    def _segment(self, stretch: Stretch) -> dict[str, Any]:
        cut = {"startTime": stretch.voice_start, "endTime": stretch.voice_end}
        heard = {name: seconds for name, seconds in cut.items() if seconds is not None}
        audio = {"refId": self.place(stretch.voice), **heard}
        return {"startTime": stretch.start, "endTime": stretch.end, "audioInput": audio}


def source(kind: str, media: MediaRef, asset: str | None) -> dict[str, Any] | None:
    """Return an input that is a URL or an asset, or None for a file that goes along."""
    if asset is not None:
        return {"type": kind, "assetId": asset}
    return {"type": kind, "url": media.url} if isinstance(media, Url) else None


def filename(stem: str, media: Carried) -> str:
    """Name a file by its type; what a caller named it stays with us."""
    return f"{stem}.{SUFFIXES.get(media.media_type) or media.media_type.partition('/')[2]}"
