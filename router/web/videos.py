"""POST /v1/videos/stream: Boson's talking head, video bytes as they render."""

from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, post
from msgspec import Meta

from router.contract import AvatarRequest, Clip, Invalid, MediaRef, Size, SpeechRequest, Task
from router.web.answer import Answer, Asked, Telling
from router.web.body import FORM, JSON, Fields, body_of, form_of, only, single, text_only
from router.web.idempotency import PAID, Paid
from router.web.intake import DRIVING, FACE, Intake
from router.web.openapi import BINARY, describe, form_body, json_body
from router.web.sent import Sent
from router.web.site import call_of
from router.web.speech import Spoken, spoken
from router.web.wire import convert, decode

Media = str | Sent
FILES = ("ref_image", "input")
"""The form fields that may be files."""
SIZES = tuple(size.value for size in Size)


Draw = Callable[[Intake], Awaitable[AvatarRequest]]
"""Checks a video request and takes in its media."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Model and size, alike in both encodings."""

    model: str | None = None
    size: Annotated[str, Meta(extra_json_schema={"enum": list(SIZES)})] | None = None


class VideoForm(Drawn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text fields of a multipart body."""

    input_tts: Annotated[str, Meta(description="A speech request as JSON")] | None = None


class VideoBody(Drawn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A face and exactly one of `input` (audio) and `input_tts` (text to be spoken)."""

    ref_image: Annotated[str, Meta(description="PNG, JPEG or WEBP: an http(s) URL, a data URI or base64")]
    input: Annotated[str, Meta(description="At most 60 s of audio: an http(s) URL, a data URI or base64")] | None = None
    input_tts: Spoken | None = None


BODY: Final = json_body(VideoBody) | form_body(VideoForm, ("ref_image",), ref_image=BINARY, input=BINARY)
"""How the document describes it."""


@post(
    "/v1/videos/stream",
    status_code=200,
    summary="Make a face speak",
    opt={PAID: Paid(Task.AVATAR, order=True)},
    operation_class=describe(body=BODY, answers={"video/mp4": BINARY}),
)
async def stream_video(request: Request[Any, Any, Any]) -> Answer:
    """Return fragmented MP4 as it renders, with the video's id in X-Video-Id.

    Give a `ref_image` and exactly one of `input` (audio that speaks) and `input_tts` (a speech request).
    """
    call = call_of(request)
    return Answer(call, Task.AVATAR, partial(ask, await drawing(request), video_id(call.id)))


async def ask(draw: Draw, name: str, intake: Intake) -> Asked:
    """Check a video request that is to be told as it renders. Raises `Invalid`."""
    return Asked(await draw(intake), partial(as_video, name=name))


async def drawing(request: Request[Any, Any, Any]) -> Draw:
    """Read a body, in either encoding; what comes back checks it. Raises `Invalid`."""
    if only(request, JSON, FORM) == JSON:
        return partial(draw_json, await body_of(request))
    return partial(draw_form, await form_of(request))


async def draw_json(body: bytes, intake: Intake) -> AvatarRequest:
    """Check a video request in JSON. Raises `Invalid`."""
    asked = decode(body, VideoBody)
    return await checked(Drawing(asked.ref_image, asked.input, asked.input_tts, asked), intake)


async def draw_form(fields: Fields, intake: Intake) -> AvatarRequest:
    """Check a video request in a form. Raises `Invalid`."""
    intake.own(fields)
    face, voice = (single(fields, name) for name in FILES)
    form = convert(text_only({name: value for name, value in fields.items() if name not in FILES}), VideoForm)
    if face is None:
        raise Invalid("`ref_image` is required, as a file or a URL", code="missing_field", param="ref_image")
    text = None if form.input_tts is None else decode(form.input_tts.encode(), Spoken, "input_tts")
    return await checked(Drawing(face, voice, text, form), intake)


class Drawing(msgspec.Struct, frozen=True):
    """A video request, from whichever encoding."""

    face: Media
    voice: Media | None
    text: Spoken | None
    drawn: Drawn


async def checked(asked: Drawing, intake: Intake) -> AvatarRequest:
    """Check what both encodings have in common; cheap checks come first. Raises `Invalid`."""
    if (asked.voice is None) == (asked.text is None):
        told = "neither is given" if asked.voice is None else "both are given"
        raise Invalid(
            f"give exactly one of `input` and `input_tts`; {told}",
            status=422, code="conflicting_fields", param="input", limit="exactly one of input, input_tts",
        )  # fmt: skip
    size = size_of(asked.drawn.size)
    return AvatarRequest(
        face=await intake.take("ref_image", asked.face, FACE),
        voice=await voice_of(asked, intake),
        model=asked.drawn.model,
        size=size,
    )


async def voice_of(asked: Drawing, intake: Intake) -> MediaRef | SpeechRequest:
    """Return the audio that drives the face, or the text to be spoken first."""
    if asked.text is not None:
        return await spoken(asked.text, intake, "input_tts.")
    return await intake.take("input", asked.voice or "", DRIVING)


def size_of(text: str | None) -> Size | None:
    """Return the video's size, None if that is left to the provider. Raises `Invalid` with Boson's code."""
    if text is None:
        return None
    if text not in SIZES:
        told = ", ".join(SIZES)
        raise Invalid(f"`size` must be one of {told}, not {text[:20]!r}", code="invalid_size", param="size", limit=told)
    return Size(text)


def as_video(clip: Clip, name: str) -> Telling:
    """Tell a clip as the bytes it is."""
    return Telling(clip.media_type, clip.chunks, (("x-video-id", name),))


def video_id(request_id: str) -> str:
    """Return a video's public id, `video_` and 24 hex digits as Boson's are; the request alone decides it."""
    return f"video_{sha256(request_id.encode()).hexdigest()[:24]}"
