"""What is sent to Boson: the fields of a request, as JSON or as a form."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import msgspec

from router.contract import AvatarRequest, Carried, MediaRef, Size, SpeechRequest, Upload, Url, content_of

SPEECH: Final = "higgs-tts-3"
AVATAR: Final = "higgs-avatar"


async def speech_fields(request: SpeechRequest) -> dict[str, Any]:
    """Return the fields that a speech request and a nested `input_tts` share, without those not set."""
    sample = request.ref_audio
    fields = {
        "input": request.text,
        "model": request.model or SPEECH,
        "voice": request.voice,
        "ref_audio": await asyncio.to_thread(inline, sample) if sample else None,
        "ref_text": request.ref_text,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def avatar_fields(request: AvatarRequest) -> dict[str, Any]:
    """Return the fields of a video, those that are media as they are."""
    fields = {"model": request.model or AVATAR, "size": request.size or Size.SQUARE, "ref_image": request.face}
    if isinstance(request.voice, SpeechRequest):
        return {**fields, "input_tts": await speech_fields(request.voice)}
    return {**fields, "input": request.voice}


@contextmanager
def avatar_body(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Make a JSON body where nothing has to be uploaded, else a form with the files in it, open until sent."""
    files = {name: one for name, one in fields.items() if isinstance(one, Carried)}
    rest = {name: one.url if isinstance(one, Url) else one for name, one in fields.items() if name not in files}
    with ExitStack() as opened:
        yield form(rest, files, opened) if files else {"json": rest}


def inline(media: MediaRef) -> str:
    """Return media as a URL: its own, or a data URI that holds it."""
    if isinstance(media, Url):
        return media.url
    content = media.path.read_bytes() if isinstance(media, Upload) else media.source
    return f"data:{media.media_type};base64,{b64encode(content).decode()}"


def form(fields: Mapping[str, Any], files: Mapping[str, Carried], opened: ExitStack) -> Mapping[str, Any]:
    """Return a multipart body that reads uploads from disk as it is sent; `input_tts` goes as JSON text."""
    texts = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in fields.items()
    }
    parts = {name: (name, content_of(one, opened), one.media_type) for name, one in files.items()}
    return {"data": texts, "files": parts}
