"""Splicing as callers see it, by a real router: what tells them of it, and when a break stays one."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from router.media.join import BREATH
from router.testing.acts import Reply
from router.testing.media import tone
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE: Final = "The first of two sentences is long enough."
TWO: Final = "The second of them is spoken on its own."
SPOKEN: Final = tone(1.0)
WHOLE: Final = Reply(SPOKEN, content_type="audio/pcm")
HALF: Final = len(SPOKEN) // 2
CUT: Final = Reply((SPOKEN[: HALF - 1], SPOKEN[HALF - 1 :]), content_type="audio/pcm", pause=0.2, cut=HALF)
TEXT: Final = f"{ONE} {TWO}"
ROUTES: Final = {
    "one-kind": "splice: same_voice, tiers: [one-kind-first, one-kind-second]",
    "two-kinds": "splice: same_voice, attempts: 2, tiers: [two-kinds-first, two-kinds-other]",
    "any-voice": "splice: any_voice, tiers: [any-voice-first, any-voice-other]",
    "unspliced": "tiers: [unspliced-first, unspliced-second]",
}
"""Each has accounts of its own, lest the breaks of one test open the breakers of another."""
VOICES: Final = "{two-kinds-first: eleanor, two-kinds-other: bluebell}"


def config(url: str) -> str:
    """Give each route two accounts of one kind, and one of another."""
    lines = ["providers:"]
    for name in ROUTES:
        for place in ("first", "second", "other"):
            kind = "boson" if place != "other" else "openai, speech: {models: [m], formats: [pcm]}"
            at = f"base_url: '{url}/{place}/{name}', api_key: '${{env:KEY}}'"
            lines.append(f"  {name}-{place}: {{{at}, kind: {kind}}}")
    routes = [f"  - {{name: {name}, task: speech, {how}}}" for name, how in ROUTES.items()]
    return "\n".join([*lines, f"voices: {{narrator: {VOICES}}}", "routes:", *routes])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with brought_up(config(vendor.url), tmp_path_factory.mktemp("router"), {"KEY": "k"}) as served:
        yield served


@pytest.fixture
def breaking(vendor: Vendor) -> Vendor:
    """A vendor of whose first account the second sentence breaks in the middle; the other accounts are sound."""
    vendor.asked.clear()
    vendor.on("/first/", WHOLE, CUT)
    vendor.on("/second/", WHOLE)
    vendor.on("/other/", WHOLE)
    return vendor


async def speak(router: Served, route: str, **fields: Any) -> httpx.Response:
    """Ask for the two sentences. Raises for a stream that is not complete."""
    body = {"input": TEXT, "model": route, "response_format": "pcm", **fields}
    async with httpx.AsyncClient(base_url=router.url) as client:
        return await client.post("/v1/audio/speech", json=body)


def asked(vendor: Vendor) -> list[tuple[str, str]]:
    """Return whom was asked to say what."""
    return [(one.path.split("/")[1], json.loads(one.body)["input"]) for one in vendor.asked]


def seconds(sound: bytes) -> float:
    return len(sound) / 2 / 24_000


async def test_another_account_goes_on(router: Served, breaking: Vendor) -> None:
    """The caller hears both sentences, the second begun twice, and a header tells that they were spoken apart."""
    answer = await speak(router, "one-kind")
    assert asked(breaking) == [("first", ONE), ("first", TWO), ("second", TWO)]
    assert seconds(answer.content) == pytest.approx(1 + 0.5 + 1 + 2 * BREATH, abs=0.001)
    assert answer.headers["x-media-splice"] == "sentences"
    assert answer.headers["x-media-provider"] == "one-kind-first"


async def test_how_often_it_was_resumed(router: Served, breaking: Vendor) -> None:
    """The last event of a stream of events says how often it was resumed, and so do the metrics."""
    labels = {"task": "speech", "route": "one-kind", "provider": "one-kind-second"}
    before = metric(router.url, "splices_total", **labels)
    answer = await speak(router, "one-kind", stream_format="sse")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    sound = b"".join(b64decode(one.get("audio", "")) for one in events)
    assert asked(breaking)[-1] == ("second", TWO)
    assert seconds(sound) == pytest.approx(2.5 + 2 * BREATH, abs=0.001)
    assert (events[-1]["type"], events[-1]["splices"]) == ("speech.audio.done", 1)
    assert metric(router.url, "splices_total", **labels) == before + 1


@pytest.mark.usefixtures("breaking")
async def test_no_header_where_nothing_is_spliced(router: Served) -> None:
    """A route that does not splice asks for the text in one, and does not say otherwise."""
    answer = await speak(router, "unspliced")
    assert answer.content == SPOKEN
    assert "x-media-splice" not in answer.headers


async def test_voices_not_known_to_be_alike(router: Served, breaking: Vendor) -> None:
    """Where nothing says that two providers sound alike, the stream is broken, and only the first was ever asked."""
    with pytest.raises(httpx.RemoteProtocolError):
        await speak(router, "two-kinds", voice="eleanor")
    assert {name for name, _ in asked(breaking)} == {"first"}


async def test_who_was_passed_over(router: Served, breaking: Vendor) -> None:
    """The error that ends a stream of events names who might have gone on, and the setting that would let it."""
    answer = await speak(router, "two-kinds", voice="eleanor", stream_format="sse")
    assert {name for name, _ in asked(breaking)} == {"first"}
    assert "two-kinds-other/m may have another voice, which `splice: any_voice` would allow" in answer.text


@pytest.mark.parametrize(("route", "voice"), [("two-kinds", "narrator"), ("any-voice", "eleanor")])
async def test_another_kind_goes_on(router: Served, breaking: Vendor, route: str, voice: str) -> None:
    """A provider of another kind goes on if the configuration maps the voice for both, or if any voice will do."""
    answer = await speak(router, route, voice=voice)
    assert asked(breaking)[-1] == ("other", TWO)
    assert seconds(answer.content) == pytest.approx(2.5 + 2 * BREATH, abs=0.001)
