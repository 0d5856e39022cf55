"""POST /v1/audio/transcriptions: OpenAI's audio to text."""

import enum
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from msgspec import Meta

from router.contract import Invalid, MediaRef, Task, Transcript, TranscriptionRequest
from router.web.answer import Answer, Asked, Telling
from router.web.body import Fields, form_of, text_only
from router.web.idempotency import PAID, Paid
from router.web.intake import RECORDING, Intake
from router.web.openapi import BINARY, describe, form_body
from router.web.sent import Sent
from router.web.site import call_of
from router.web.transcripts import TELLINGS, TextFormat
from router.web.wire import convert


class Grain(enum.StrEnum):
    """What to give times for."""

    WORD = "word"
    SEGMENT = "segment"


class TranscriptionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form's text fields; `file` comes beside them."""

    model: str | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    prompt: Annotated[str, Meta(max_length=4096)] | None = None
    response_format: TextFormat = TextFormat.JSON
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    granularities: tuple[Grain, ...] = msgspec.field(default=(), name="timestamp_granularities[]")


@post(
    "/v1/audio/transcriptions",
    status_code=200,
    summary="Write down what was said",
    opt={PAID: Paid(Task.TRANSCRIPTION)},
    operation_class=describe(
        body=form_body(TranscriptionForm, ("file",), file=BINARY),
        answers={
            "application/json": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
            "text/plain": {"type": "string"},
            "application/x-subrip": {"type": "string"},
            "text/vtt": {"type": "string"},
        },
    ),
)
async def create_transcription(request: Request[Any, Any, Any]) -> Answer:
    """Return the text of a recording, at most 25 MB, of any kind FFmpeg decodes."""
    call = call_of(request)
    return Answer(call, Task.TRANSCRIPTION, partial(ask, await form_of(request, call.site.room)))


async def ask(fields: Fields, intake: Intake) -> Asked:
    """Check a transcription request. Raises `Invalid`."""
    intake.own(fields)
    file = fields.get("file")
    if not isinstance(file, Sent):
        raise Invalid("`file` is required, as a file with a file name", code="missing_field", param="file")
    rest = {name: value for name, value in fields.items() if name != "file"}
    form = convert(text_only(rest), TranscriptionForm)
    check_grains(form, "timestamp_granularities[]")
    request = for_recording(await intake.take("file", file, RECORDING), form)
    return Asked(request, partial(told, form=form))


def check_grains(form: TranscriptionForm, param: str) -> None:
    """Refuse times where the answer has no place for them; `param` is what the caller calls them. Raises `Invalid`."""
    if form.granularities and form.response_format is not TextFormat.VERBOSE:
        raise Invalid(
            f"`{param}` needs `response_format` verbose_json",
            code="conflicting_fields", param=param, limit="verbose_json",
        )  # fmt: skip


def for_recording(audio: MediaRef, form: TranscriptionForm) -> TranscriptionRequest:
    """Turn a form and its recording into a request."""
    return TranscriptionRequest(
        audio=audio,
        model=form.model,
        language=form.language,
        prompt=form.prompt,
        temperature=form.temperature,
        words=Grain.WORD in form.granularities,
        segments=wants_segments(form),
    )


def told(transcript: Transcript, form: TranscriptionForm) -> Telling:
    """Tell a transcript in the format asked for."""
    content_type, tell = TELLINGS[form.response_format]
    return Telling(content_type, tell(transcript))


def wants_segments(form: TranscriptionForm) -> bool:
    """Subtitles are made of segments; verbose_json has them unless only words were asked for."""
    if form.response_format in {TextFormat.SRT, TextFormat.VTT}:
        return True
    only_words = form.granularities and Grain.SEGMENT not in form.granularities
    return form.response_format is TextFormat.VERBOSE and not only_words
