"""POST /v1/explain: who would serve a request, in what order, and why others decline, without asking any of them."""

import enum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, post
from msgspec import Meta

from router.contract import AvatarRequest, SpeechRequest, Task, TranscriptionRequest, Upload
from router.engine.explain import Explanation
from router.web.body import json_of
from router.web.catalogue import listing
from router.web.intake import RECORDING, Intake
from router.web.openapi import describe, json_body, schema_of
from router.web.site import call_of
from router.web.speech import SpeechBody, spoken
from router.web.transcriptions import Grain, TranscriptionForm, check_grains, for_recording
from router.web.transcripts import TextFormat
from router.web.videos import Drawing, VideoBody, checked
from router.web.wire import decode

REFUSALS: Final = (400, 401, 403, 404, 405, 413, 415, 422, 500)
"""What a question may end in; that nobody can serve the request is an answer."""


class Subject(enum.StrEnum):
    """The tasks that can be explained."""

    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    AVATAR = "avatar"


class About(msgspec.Struct, frozen=True):
    """As much of a question as says how to read the rest."""

    task: Subject


class SpeechQuestion(SpeechBody, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="task", tag="speech"):
    """The body of POST /v1/audio/speech."""


class TranscriptionQuestion(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="task", tag="transcription"
):
    """The form of POST /v1/audio/transcriptions, with the recording's length in place of the recording."""

    model: str | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    prompt: Annotated[str, Meta(max_length=4096)] | None = None
    response_format: TextFormat = TextFormat.JSON
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    timestamp_granularities: tuple[Grain, ...] = ()
    seconds: Annotated[float, Meta(ge=0)] | None = None
    bytes: Annotated[int, Meta(ge=0, le=RECORDING.size)] = 0


class AvatarQuestion(VideoBody, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="task", tag="avatar"):
    """The body of POST /v1/videos/stream; media at a URL are not fetched."""


Question = SpeechQuestion | TranscriptionQuestion | AvatarQuestion
Wanted = SpeechRequest | TranscriptionRequest | AvatarRequest
QUESTIONS: Final[dict[Subject, type[Question]]] = {
    Subject.SPEECH: SpeechQuestion,
    Subject.TRANSCRIPTION: TranscriptionQuestion,
    Subject.AVATAR: AvatarQuestion,
}


@post(
    "/v1/explain",
    status_code=200,
    summary="Say who would serve a request, and why others decline",
    operation_class=describe({"application/json": schema_of(Explanation)}, json_body(Question), REFUSALS),
)
async def explain_request(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the targets in the order in which they would be tried now, and the others' reasons.

    Nobody is asked and nothing is spent. What the task itself would refuse is refused here.
    """
    call = call_of(request)
    subject, asked = read(await json_of(request))
    with Intake(call.site.probe) as intake:
        wanted = await wanted_by(asked, intake)
    call.site.admission.check(call.team, wanted)
    return listing(request, call.site.engine.explain(Task(subject), wanted))


def read(body: bytes) -> tuple[Subject, Question]:
    """Read a question as strictly as its task would. Raises `Invalid`."""
    subject = decode(body, About).task
    return subject, decode(body, QUESTIONS[subject])


async def wanted_by(asked: Question, intake: Intake) -> Wanted:
    """Return the request that a question is about, checked as its task would. Raises `Invalid`."""
    match asked:
        case SpeechQuestion():
            return await spoken(asked, intake)
        case AvatarQuestion():
            return await checked(Drawing(asked.ref_image, asked.input, asked.input_tts, asked), intake)
        case TranscriptionQuestion():
            return transcription(asked)


def transcription(asked: TranscriptionQuestion) -> TranscriptionRequest:
    """Return a request for a recording of which nothing is there but its measures."""
    form = TranscriptionForm(
        model=asked.model,
        language=asked.language,
        prompt=asked.prompt,
        response_format=asked.response_format,
        temperature=asked.temperature,
        granularities=asked.timestamp_granularities,
    )
    check_grains(form, "timestamp_granularities")
    return for_recording(Upload(Path(), asked.bytes, "audio/wav", asked.seconds), form)
