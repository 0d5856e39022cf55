import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sync import AsyncSync, Audio, GenerationOptions, Video

from plugins.sync_so import SyncSettings, SyncSo, generation
from plugins.sync_so.files import HOPS, Files
from plugins.sync_so.generation import Generation
from router.contract import (
    AvatarLimits,
    AvatarRequest,
    Busy,
    Inline,
    JobOffer,
    JobState,
    LipSync,
    Misconfigured,
    OutcomeUnknown,
    SpeechRequest,
    Stretch,
    Ticket,
    Unavailable,
    Upload,
    Url,
)
from router.engine import transport
from router.testing.acts import Reply, Stall
from router.testing.golden import drained
from router.testing.vendor import ClosedPort, Vendor
from tests.unit.plugins.sync_double import FILM, KEY, Sync

FACE = Url("https://assets.example.com/face.mp4", "video")
VOICE = Url("https://assets.example.com/voice.wav", "audio")
URLS = AvatarRequest(face=FACE, voice=VOICE)
HELD = AvatarRequest(face=Inline(b"a face", "video/mp4"), voice=Inline(b"a voice", "audio/wav", 2.0))
TEXT = SpeechRequest(text="Good morning.")


def settings(url: str, **more: Any) -> SyncSettings:
    return msgspec.convert({"base_url": url, "api_key": KEY, **more}, SyncSettings)


@asynccontextmanager
async def account(url: str, **more: Any) -> AsyncIterator[SyncSo]:
    """An account on the router's own transport."""
    async with transport.client(5.0) as client:
        yield SyncSo("lips", settings(url, **more), client)


@asynccontextmanager
async def at_sync(**more: Any) -> AsyncIterator[tuple[SyncSo, Sync]]:
    """An account at the double."""
    async with Sync() as sync, account(sync.url, **more) as provider:
        yield provider, sync


async def finished(provider: SyncSo, ticket: Ticket) -> list[JobState]:
    """Look at a job until it is over; return all it was."""
    seen = [ticket.state]
    while seen[-1] in {JobState.QUEUED, JobState.RUNNING}:
        seen.append((await provider.poll(ticket.provider_id)).state)
    return seen


def limits(**more: Any) -> AvatarLimits:
    (offer,) = SyncSo("lips", settings("http://127.0.0.1:9", **more), httpx.AsyncClient()).offers()
    assert isinstance(offer, JobOffer)
    return offer.limits


async def test_a_film_from_urls() -> None:
    """A generation is ordered, looked at until it is done, and its film brought whole from where a fresh URL leads."""
    async with at_sync() as (provider, sync):
        ticket = await provider.create(URLS)
        assert await finished(provider, ticket) == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]
        for _ in range(2):
            clip = await provider.collect(ticket.provider_id)
            assert (await drained(clip), clip.media_type, clip.provider_id) == (FILM, "video/mp4", ticket.provider_id)
        fetched = [asked.path for asked in sync.asked if asked.path.startswith("/storage/signed/")]
        assert len(set(fetched)) == 2
        assert not [asked for asked in sync.asked if "/storage/" in asked.path and "x-api-key" in asked.headers]


async def test_files_go_along() -> None:
    """Files that are small enough go in the order itself: one request makes the job."""
    async with at_sync() as (provider, sync):
        await provider.create(HELD)
        assert [asked.path for asked in sync.asked] == ["/v2/generate"]
        assert {name: part.content for name, part in sync.asked[0].form.items()} == {
            "model": b"lipsync-2",
            "video": b"a face",
            "audio": b"a voice",
        }


async def test_a_file_too_large_to_go_along(tmp_path: Path) -> None:
    """A file of 20 MB is uploaded as an asset, from disk and whole, with everything else that is held; then ordered by id."""
    content = bytes(range(250)) * 80_000
    (tmp_path / "face").write_bytes(content)
    face = Upload(tmp_path / "face", len(content), "video/mp4")
    async with at_sync() as (provider, sync):
        await provider.create(msgspec.structs.replace(HELD, face=face))
        assert [stored.content for stored in sync.files.values()] == [content, b"a voice"]
        assert [one["type"] for one in sync.made["gen-1"].order["input"]] == ["video", "audio"]
        smaller = Inline(content[:-1], "video/mp4")
        await provider.create(msgspec.structs.replace(HELD, face=smaller))
        assert len(sync.files) == 2


async def test_stretches_refer_to_uploads() -> None:
    """Two held voices for stretches are uploaded, each once however often it is heard, and referred to by name."""
    first, second = HELD.voice, Inline(b"another voice", "audio/mpeg")
    stretches = [Stretch(start=at, end=at + 1.0, voice=one) for at, one in enumerate((first, second, first))]
    async with at_sync() as (provider, sync):
        await provider.create(msgspec.structs.replace(HELD, stretches=tuple(stretches)))
        assert [stored.announced["fileName"] for stored in sync.files.values()] == [
            "video.mp4",
            "audio-1.wav",
            "audio-2.mp3",
        ]
        segments = sync.made["gen-1"].order["segments"]
        assert [one["audioInput"]["refId"] for one in segments] == ["audio-1", "audio-2", "audio-1"]


@pytest.mark.parametrize("request_", [URLS, HELD], ids=["urls", "files"])
async def test_a_lost_answer_is_asked_for_again(request_: AvatarRequest) -> None:
    """With a key a lost answer may be asked for again there: it is the same job, and only one was made."""
    keyed = msgspec.structs.replace(request_, key="job-7")
    async with at_sync() as (provider, sync):
        sync.losing = 1
        with pytest.raises(OutcomeUnknown) as lost:
            await provider.create(keyed)
        assert lost.value.repeatable
        ticket = await provider.create(keyed)
        assert list(sync.made) == [ticket.provider_id]


async def test_a_lost_answer_after_uploads() -> None:
    """A second try uploads nothing again: under the same key other asset ids would be another order."""
    stretches = (Stretch(start=0.0, end=1.0, voice=HELD.voice),)
    keyed = msgspec.structs.replace(HELD, stretches=stretches, key="job-8")
    async with at_sync() as (provider, sync):
        sync.losing = 1
        with pytest.raises(OutcomeUnknown):
            await provider.create(keyed)
        await provider.create(keyed)
        assert (len(sync.made), len(sync.files)) == (1, 2)
        await provider.create(msgspec.structs.replace(keyed, key="job-9"))
        assert (len(sync.made), len(sync.files)) == (2, 4)


async def test_few_uploads_are_remembered() -> None:
    """What is remembered of uploads stays small, however many jobs there are."""
    stretches = (Stretch(start=0.0, end=1.0, voice=HELD.voice),)
    async with at_sync() as (provider, sync):
        sync.slots = 1000
        for number in range(140):
            await provider.create(msgspec.structs.replace(HELD, stretches=stretches, key=f"job-{number}"))
        assert len(provider.assets) == 256


@pytest.mark.parametrize("key", [None, "not a key", "k" * 129])
async def test_a_lost_answer_without_a_key(key: str | None) -> None:
    """Without a key that sync takes a lost answer is told as that: the job may have been made, and is not repeated."""
    async with at_sync() as (provider, sync):
        sync.losing = 1
        with pytest.raises(OutcomeUnknown) as lost:
            await provider.create(msgspec.structs.replace(URLS, key=key))
        assert not lost.value.repeatable
        assert len(sync.made) == 1


@pytest.mark.parametrize("key", [None, "job-7"])
async def test_no_answer_in_time(key: str | None) -> None:
    """An order that nobody answers in time may have been taken: only with a key may it be repeated."""
    async with Vendor(Stall(Reply())) as vendor, httpx.AsyncClient(timeout=0.2) as client:
        provider = SyncSo("lips", settings(vendor.url), client)
        with pytest.raises(OutcomeUnknown) as lost:
            await provider.create(msgspec.structs.replace(URLS, key=key))
        assert lost.value.repeatable == (key is not None)


async def test_nobody_there() -> None:
    """An order that was never sent is no lost one, key or not."""
    with ClosedPort() as closed:
        async with account(closed.url) as provider:
            with pytest.raises(Unavailable):
                await provider.create(URLS)


async def test_one_key_two_orders() -> None:
    """A key that another order has used up stops everything: a new key might pay twice."""
    keyed = msgspec.structs.replace(URLS, key="job-7")
    async with at_sync() as (provider, _):
        await provider.create(keyed)
        with pytest.raises(OutcomeUnknown):
            await provider.create(msgspec.structs.replace(keyed, name="other"))


async def test_storage_that_leads_nowhere() -> None:
    """A film whose URL leads round in circles, or to what is no HTTP, is given up."""
    async with Vendor(Reply(status=302, headers={"Location": "/round"})) as vendor, transport.client(5.0) as client:
        files = Files(client, "lips")
        with pytest.raises(Misconfigured, match="circles"):
            await files.fetch(vendor.url)
        assert len(vendor.asked) == HOPS
        vendor.on("/", Reply(status=302, headers={"Location": "ftp://127.0.0.1/film"}))
        with pytest.raises(Misconfigured):
            await files.fetch(vendor.url)


async def test_all_slots_taken() -> None:
    """A plan's number of generations at a time is a matter of waiting, not a failure."""
    async with at_sync() as (provider, sync):
        sync.slots = 1
        ticket = await provider.create(URLS)
        with pytest.raises(Busy):
            await provider.create(URLS)
        await finished(provider, ticket)
        await provider.create(URLS)


async def test_a_wrong_key() -> None:
    """A credential that is not accepted is ours to put right."""
    async with Sync() as sync, account(sync.url, api_key="sk-other") as provider:
        with pytest.raises(Misconfigured):
            await provider.create(URLS)


async def test_an_unread_film_is_given_back() -> None:
    """Closing a film unread ends its transfer."""
    async with at_sync() as (provider, sync):
        ticket = await provider.create(URLS)
        await finished(provider, ticket)
        clip = await provider.collect(ticket.provider_id)
        await clip.chunks.aclose()
        await clip.chunks.aclose()
        await asyncio.wait_for(sync.asked[-1].over.wait(), 5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"name": "take_2-b"}, None),
        ({"name": "n" * 255}, None),
        ({"name": "n" * 256}, "1 to 255"),
        ({"name": ""}, "1 to 255"),
        ({"name": "über"}, "1 to 255"),
        ({"name": "a.mp4"}, "1 to 255"),
        ({"name": "a\n"}, "1 to 255"),
        ({"size": "640x640"}, "does not render"),
        ({"face": Inline(b"", "image/png")}, None),
        ({"face": Inline(b"", "video/webm")}, None),
        ({"face": Inline(b"", "video/x-msvideo")}, "as a face"),
        ({"voice": Inline(b"", "audio/wav", 301.0)}, "300 seconds"),
        ({"lip_sync": LipSync(sync_mode="remap", temperature=0.1, occlusion_detection_enabled=False)}, None),
        ({"lip_sync": LipSync(prompt="sad")}, "react-1"),
        ({"lip_sync": LipSync(model_mode="lips"), "model": "sync-3"}, "react-1"),
        ({"lip_sync": LipSync(model_mode="lips"), "model": "react-1"}, None),
        ({"lip_sync": LipSync(model_mode="lips"), "model": "react-2"}, None),
        ({"stretches": (Stretch(start=0.0, end=1.0, voice=VOICE),)}, None),
    ],
)
def test_limits(change: dict[str, Any], reason: str | None) -> None:
    """What sync would refuse or pass over is declined before anything is spent, and no name is mended."""
    why = limits().why_not(msgspec.structs.replace(URLS, **change))
    assert (why is None) if reason is None else (why is not None and reason in why)


def test_pictures_become_films() -> None:
    """A picture is taken as a face only by way of a film of it."""
    assert limits().needs_video


@pytest.mark.parametrize(
    ("voices", "text", "takes"),
    [
        ((), TEXT, False),
        (("v1", "v2"), TEXT, True),
        (("v1", "v2"), SpeechRequest(text="Hi.", voice="v2"), True),
        (("v1", "v2"), SpeechRequest(text="Hi.", voice="v3"), False),
        (("v1",), SpeechRequest(text="a" * 5001), False),
        (("v1",), SpeechRequest(text="Hi.", speed=1.5), False),
    ],
)
def test_text(voices: tuple[str, ...], text: SpeechRequest, takes: bool) -> None:
    """Text is spoken there only with voices the account is told of; whatever else is asked of it is spoken by us."""
    assert limits(voices=voices).takes_text(text) is takes


DOCUMENTED = [
    "generation_unsupported_model",
    "generation_media_metadata_missing",
    "generation_audio_length_exceeded",
    "generation_text_length_exceeded",
    "generation_audio_missing",
    "generation_video_missing",
    "generation_input_validation_failed",
    "generation_input_audio_invalid",
    "generation_input_video_inaccessible",
    "generation_input_audio_inaccessible",
    "generation_input_asset_type_mismatch",
    "generation_input_too_many_visual",
    "generation_input_segments_invalid",
    "generation_input_face_selection_invalid",
    "generation_input_dub_audio_conflict",
    "dialogue_edit_audio_missing",
    "generation_plan_duration_exceeded",
    "file_size_exceeds_plan_limit",
]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_failures_for_good(code: str) -> None:
    """Every documented failure of the input or the plan is final."""
    assert not Generation("g", "FAILED", error_code=code).ticket.again
    assert code not in generation.TRANSIENT


@pytest.mark.parametrize("code", sorted(generation.TRANSIENT))
def test_failures_for_now(code: str) -> None:
    """Every documented failure of theirs is worth another try, however the job ended."""
    assert Generation("g", "REJECTED", newer_code=code).ticket.again


def test_told_briefly_and_without_addresses() -> None:
    """What a caller reads of a failure is bounded, and shows no signed URL."""
    told = Generation("g", "FAILED", error="cannot read https://a.example/b?sig=s " + "x" * 1000).ticket.error
    assert told is not None
    assert told.startswith("cannot read (URL) x")
    assert len(told) == 300


async def test_their_own_client_gets_along_with_the_double() -> None:
    """The double is faithful: sync's SDK orders from it and reads what it answers, to the same effect as we do."""
    async with at_sync() as (provider, sync), httpx.AsyncClient() as client:
        theirs = AsyncSync(base_url=sync.url, api_key=KEY, httpx_client=client)
        made = await theirs.generations.create(
            model="lipsync-2",
            input=[Video(url=FACE.url), Audio(url=VOICE.url)],
            options=GenerationOptions(sync_mode="loop"),
            output_file_name="take-1",
        )
        await provider.create(msgspec.structs.replace(URLS, lip_sync=LipSync(sync_mode="loop"), name="take-1"))
        assert sync.asked[0].json == sync.asked[1].json
        seen = [(await theirs.generations.get(made.id)).status for _ in range(2)]
        assert seen == ["PROCESSING", "COMPLETED"]
