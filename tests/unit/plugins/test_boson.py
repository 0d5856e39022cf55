import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plugins.boson import Boson, BosonSettings, media_providers
from router.contract import (
    AudioFormat,
    AvatarLimits,
    AvatarRequest,
    BadOutput,
    JobOffer,
    OutcomeUnknown,
    SpeechLimits,
    SpeechRequest,
    Url,
    Word,
)
from router.engine import transport
from router.testing.acts import HangUp, Reply
from router.testing.golden import drained
from router.testing.vendor import ClosedPort, Vendor

SAID = SpeechRequest(text="Hello there.", format=AudioFormat.MP3, words=True)
FILM = AvatarRequest(face=Url("https://example.com/face.png"), voice=Url("https://example.com/voice.mp3"))
WORDS = [{"word": "Hello", "start": 0.0, "end": 0.4}, {"word": "there.", "start": 0.4, "end": 0.9}]


@asynccontextmanager
async def boson(url: str, *, timestamps: bool = False) -> AsyncIterator[Boson]:
    settings = BosonSettings(base_url=url, api_key="bai-test", formats=(AudioFormat.MP3,), timestamps=timestamps)
    async with transport.client(5.0) as client, Boson("boson", settings, client) as provider:
        yield provider


def test_registered_by_its_hook() -> None:
    """The plugin brings one kind, `boson`."""
    assert [kind.kind for kind in media_providers()] == ["boson"]


async def test_two_ways_to_a_film() -> None:
    """An avatar is offered live and as a job, and every voice obeys control tokens."""
    async with boson("http://127.0.0.1:9") as provider:
        speech, live, job = provider.offers()
    assert isinstance(job, JobOffer)
    assert isinstance(speech.limits, SpeechLimits)
    assert isinstance(live.limits, AvatarLimits)
    assert (live.limits.live, job.limits.live) == (True, False)
    for spoken in (speech.limits, live.limits.speaks, job.limits.speaks):
        assert spoken is not None
        assert spoken.tokens


@pytest.mark.parametrize(("timestamps", "why"), [(False, "does not take `words`"), (True, None)])
async def test_word_times_are_offered_where_configured(timestamps: bool, why: str | None) -> None:
    """The published schema knows no `timestamps`: word times are offered only to those who configure them."""
    async with boson("http://127.0.0.1:9", timestamps=timestamps) as provider:
        assert provider.offers()[0].limits.why_not(SAID) == why  # type: ignore[arg-type] # the first takes speech


async def test_word_times() -> None:
    """Asked for word times, the answer is JSON that holds the audio and when each word is said."""
    answer = Reply.of_json({"audio": base64.b64encode(b"sound").decode(), "timestamps": WORDS})
    async with Vendor(answer) as vendor, boson(vendor.url, timestamps=True) as provider:
        speech = await provider.speak(SAID)
        assert await drained(speech) == b"sound"
        assert vendor.asked[0].json == {
            "input": "Hello there.",
            "model": "higgs-tts-3",
            "response_format": "mp3",
            "stream": False,
            "timestamps": True,
        }
    assert speech.words == (Word("Hello", 0.0, 0.4), Word("there.", 0.4, 0.9))
    assert speech.format is AudioFormat.MP3


@pytest.mark.parametrize("answer", [{"audio": "%%", "timestamps": []}, {"audio": "AA=="}, []])
async def test_unusable_word_times(answer: object) -> None:
    """Word times that cannot be read are no answer."""
    async with Vendor(Reply.of_json(answer)) as vendor, boson(vendor.url, timestamps=True) as provider:
        with pytest.raises(BadOutput):
            await provider.speak(SAID)


async def test_lost_create_keeps_its_cause() -> None:
    """A create whose connection broke is unknown; one that never left is merely unavailable."""
    async with Vendor(HangUp()) as vendor, boson(vendor.url) as provider:
        with pytest.raises(OutcomeUnknown, match="its answer was lost"):
            await provider.create(FILM)
    with ClosedPort() as closed:
        async with boson(closed.url) as provider:
            with pytest.raises(Exception, match="ConnectError") as refused:
                await provider.create(FILM)
    assert not isinstance(refused.value, OutcomeUnknown)


async def test_ids_cannot_lead_elsewhere() -> None:
    """An id that a vendor made up stays one segment of the path."""
    async with Vendor(Reply.of_json({"id": "x", "status": "queued"})) as vendor, boson(vendor.url) as provider:
        await provider.poll("../../v1/voices?x")
        assert vendor.asked[0].path == "/v1/videos/..%2F..%2Fv1%2Fvoices%3Fx"
