"""What we say to sync, judged by the types of sync's own SDK (`syncsdk`), and what its double says to us."""

import asyncio
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest
from sync import (
    Audio,
    CreateGenerationDto,
    ElevenLabs,
    Generation,
    GenerationError,
    GenerationOptions,
    Sync,
    Tts,
    Video,
)
from sync.common.types import GenerationSegment, SegmentAudioInput
from sync.generations.client import GenerationsClient

from plugins.sync_so import SyncSettings, SyncSo
from router.contract import AvatarRequest, Inline, LipSync, SpeechRequest, Stretch, Ticket, Url
from router.engine import transport
from router.testing.acts import Reply
from router.testing.forms import Part
from router.testing.vendor import Vendor
from router.testing.wire import Asked
from tests.contract.sdk_types import errors

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "sync"
VIDEO: Final = Url("https://example.com/face.mp4", kind="video")
AUDIO: Final = Url("https://example.com/voice.wav")
OTHER: Final = Url("https://example.com/other.wav")
FILM: Final = Inline(b"a film", "video/mp4")
SOUND: Final = Inline(b"a recording", "audio/wav", 2.0)
TEXT: Final = SpeechRequest(text="Good morning to all of you.", voice="EXAVITQu4vr4xnSDxMaL")
LIPS: Final = LipSync(
    sync_mode="cut_off",
    temperature=0.7,
    active_speaker_detection={"auto_detect": False, "frame_number": 3, "coordinates": [120, 80]},
    occlusion_detection_enabled=True,
    model_mode="head",
    prompt="happy",
)
STRETCHES: Final = (
    Stretch(start=0, end=2.5, voice=AUDIO, voice_start=1, voice_end=3.5),
    Stretch(start=2.5, end=4, voice=TEXT),
    Stretch(start=4, end=5, voice=AUDIO),
)

ORDERS: Final[Mapping[str, AvatarRequest]] = {
    "addresses": AvatarRequest(face=VIDEO, voice=AUDIO),
    "text": AvatarRequest(face=VIDEO, voice=TEXT),
    "every option": AvatarRequest(face=VIDEO, voice=AUDIO, model="react-1", lip_sync=LIPS, name="a-film_1"),
    "no option": AvatarRequest(face=VIDEO, voice=AUDIO, lip_sync=LipSync()),
    "stretches": AvatarRequest(face=VIDEO, voice=AUDIO, stretches=STRETCHES),
    "stretches of held media": AvatarRequest(
        face=FILM, voice=SOUND, stretches=(Stretch(start=0, end=1, voice=SOUND), Stretch(start=1, end=2, voice=TEXT))
    ),
}
"""What goes as JSON."""

FORMS: Final[Mapping[str, AvatarRequest]] = {
    "both held": AvatarRequest(face=FILM, voice=SOUND),
    "film held": AvatarRequest(face=FILM, voice=AUDIO, model="sync-3", lip_sync=LIPS),
    "film held, text": AvatarRequest(face=FILM, voice=TEXT),
    "voice held": AvatarRequest(face=VIDEO, voice=SOUND),
}
"""What goes as a form."""

UNNAMED_IN_FORMS: Final = {"segments", "outputFileName"}
"""Fields of the JSON body that the SDK's form has not: whether forms take them, it cannot say."""

MADE: Final = {
    "id": "6533643b",
    "createdAt": "2026-03-01T12:00:00Z",
    "model": "lipsync-2",
    "status": "PENDING",
    "input": [],
}


async def ordered(request: AvatarRequest) -> Asked:
    """Return the order for a film, as it went over the wire."""
    async with Vendor() as vendor, transport.client(5.0) as client:
        vendor.on("/v2/generate", Reply.of_json(MADE, 201))
        vendor.on("/v2/assets/upload", Reply.of_json({"uploadUrl": f"{vendor.url}/put", "url": f"{vendor.url}/put"}))
        vendor.on("/v2/assets", Reply.of_json({"id": "asset-1"}))
        vendor.on("/put", Reply())
        provider = SyncSo("sync", SyncSettings(base_url=vendor.url, api_key="sk-golden", voices=("voice",)), client)
        assert isinstance(await provider.create(request), Ticket)
    return next(one for one in vendor.asked if one.path == "/v2/generate")


def form_errors(form: Mapping[str, Part]) -> Mapping[str, str]:
    """Return what is wrong with a form, by the SDK's own form call and the types of its fields."""
    known = set(inspect.signature(GenerationsClient.create_with_files).parameters) - {"self", "request_options"}
    strange = form.keys() - {"webhookUrl" if name == "webhook_url" else name for name in known} - UNNAMED_IN_FORMS
    # A file stands in for an input, so the list may be shorter than JSON's and even missing.
    texts = {name: part.content for name, part in form.items() if part.filename is None}
    nested = {"input", "options", "segments"}
    values = {name: msgspec.Raw(text) if name in nested else text.decode() for name, text in texts.items()}
    whole = msgspec.json.encode({"input": [], **values})
    return {**dict.fromkeys(strange, "no field of the form"), **errors(CreateGenerationDto, whole)}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
async def test_bodies(order: AvatarRequest) -> None:
    """Every JSON body is one of sync's `CreateGenerationDto`, with nothing in it that the SDK does not know."""
    assert errors(CreateGenerationDto, (await ordered(order)).body) == {}


@pytest.mark.parametrize("order", FORMS.values(), ids=FORMS)
async def test_forms(order: AvatarRequest) -> None:
    """Every form has the fields of the SDK's `create_with_files`, its nested values are of the SDK's types."""
    form = (await ordered(order)).form
    assert any(part.filename for part in form.values())
    assert form_errors(form) == {}


async def sdk_body(**fields: Any) -> object:
    """Return what the SDK itself sends to create a generation."""
    async with Vendor(Reply.of_json(MADE, 201)) as vendor:
        with httpx.Client() as client:  # the SDK closes none that it opened itself
            sdk = Sync(base_url=vendor.url, api_key="sk-golden", httpx_client=client)
            await asyncio.to_thread(sdk.generations.create, **fields)
    return vendor.asked[0].json


SPOKEN: Final = ElevenLabs(voice_id=str(TEXT.voice), script=TEXT.text)
SAME: Final[Mapping[str, Mapping[str, Any]]] = {
    "addresses": {"input": [Video(url=VIDEO.url), Audio(url=AUDIO.url)]},
    "text": {"input": [Video(url=VIDEO.url), Tts(provider=SPOKEN)]},
    "every option": {
        "model": "react-1",
        "input": [Video(url=VIDEO.url), Audio(url=AUDIO.url)],
        "options": GenerationOptions(**msgspec.to_builtins(LIPS)),
        "output_file_name": "a-film_1",
    },
    "stretches": {
        "input": [
            Video(url=VIDEO.url),
            Audio(url=AUDIO.url, ref_id="audio-1"),
            Tts(provider=SPOKEN, ref_id="audio-2"),
        ],
        "segments": [
            GenerationSegment(
                start_time=0,
                end_time=2.5,
                audio_input=SegmentAudioInput(ref_id="audio-1", start_time=1, end_time=3.5),
            ),
            GenerationSegment(start_time=2.5, end_time=4, audio_input=SegmentAudioInput(ref_id="audio-2")),
            GenerationSegment(start_time=4, end_time=5, audio_input=SegmentAudioInput(ref_id="audio-1")),
        ],
    },
}
"""The arguments by which an SDK user orders the same."""


@pytest.mark.parametrize("name", SAME)
async def test_the_sdk_says_the_same(name: str) -> None:
    """Asked for the same film, the SDK sends the very body that we send."""
    assert (await ordered(ORDERS[name])).json == await sdk_body(**{"model": "lipsync-2", **SAME[name]})


WRONG: Final[Mapping[str, Mapping[str, Any]]] = {
    "webhook": {"webhook": "https://example.com"},
    "output_file_name": {"output_file_name": "film"},
    "outputFileName": {"outputFileName": 7},
    "model": {"model": "lipsync-9"},
    "options.temperature": {"options": {"temperature": "0.5"}},
    "options.sync_mode": {"options": {"sync_mode": "bounced"}},
    "options.syncMode": {"options": {"syncMode": "loop"}},
    "segments.0.audioInput": {"segments": [{"startTime": 0, "endTime": 1}]},
    "input.0.Video.asset_id": {"input": [{"type": "video", "asset_id": "a"}]},
    "input.0.Video.type": {"input": [{"url": VIDEO.url}]},
}


@pytest.mark.parametrize("place", WRONG)
async def test_the_judge_bites(place: str) -> None:
    """One field misspelt, of the wrong type, of no known value or missing, and the body is refused for it."""
    body = json.loads((await ordered(ORDERS["addresses"])).body)
    assert place in errors(CreateGenerationDto, json.dumps(body | WRONG[place]).encode())


async def test_the_judge_bites_forms() -> None:
    """So it is with a form's own fields and with what is nested in them."""
    form = (await ordered(FORMS["film held"])).form
    assert form_errors({**form, "face": Part(b"f", "face.mp4")}) == {"face": "no field of the form"}
    assert "options.temperature" in form_errors({**form, "options": Part(b'{"temperature": "0.5"}')})


def golden(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the golden cases hold under that name about generations, in order: the case, and one exchange."""
    for file in sorted(GOLDEN.glob(f"*/{name}")):
        asked, held = (msgspec.json.decode(one.read_bytes()) for one in (file.with_name("upstream.json"), file))
        pairs = zip(asked, held, strict=True) if isinstance(asked, list) else [(asked, held)]
        yield from ((file.parent.name, one) for request, one in pairs if request["path"].startswith("/v2/generate"))


def test_golden_bodies() -> None:
    """So it is with the bodies and forms that the golden cases hold."""
    wrong = {}
    ordered = [(case, one) for case, one in golden("upstream.json") if one["method"] == "POST"]
    for case, one in ordered:
        texts = {name: Part(part.encode()) for name, part in one.get("form", {}).items() if isinstance(part, str)}
        wrong[case] = (
            errors(CreateGenerationDto, msgspec.json.encode(one["json"])) if "json" in one else form_errors(texts)
        )
    assert {case: complaints for case, complaints in wrong.items() if complaints} == {}
    assert len(wrong) > 20


AHEAD: Final = {"errorCode", "error", "generationId"}
"""What newer guides say is in an error, and the SDK does not know yet."""
BROKEN: Final = {"create_answer_without_id", "create_answer_without_id_with_key"}
UNTYPED: Final = {"poll_canceled", "poll_cancelled", "poll_timed_out", "poll_unknown_status"}
"""Statuses from before and after the SDK's."""


def test_golden_answers() -> None:
    """What the double says is one of sync's generations or errors, but where a case is about one that is not."""
    strange = set()
    for case, one in golden("answer.json"):
        if "json" in one:
            complaints = errors(
                Generation if one["status"] < 300 else GenerationError, msgspec.json.encode(one["json"])
            )
            strange |= {case} if complaints.keys() - AHEAD else set()
    assert strange == BROKEN | UNTYPED


def test_the_double_of_these_tests() -> None:
    """What it says to an order is a generation."""
    assert errors(Generation, msgspec.json.encode(MADE)) == {}
