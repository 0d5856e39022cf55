import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import BadOutput, Exhausted, OutcomeUnknown, Truncated, Unavailable
from router.store.idempotency import Answer
from router.testing.answers import MemoryAnswers
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia
from router.web.repeats import IN_ROW, Repeats
from tests.unit.web.making import WAV, Chunks, StubEngine, client_of, failing, pcm, serve_something

SPEECH = "/v1/audio/speech"
SAID: dict[str, Any] = {"model": "m", "input": "Hello.", "voice": "v", "response_format": "pcm"}
STREAM = "/v1/videos/stream"
DRAWN = {"model": "m", "ref_image": "https://a.example/f.png", "input": "https://a.example/v.wav"}
GENERATION = {
    "model": "m",
    "input": [{"type": "image", "url": "https://a.example/f.png"}, {"type": "audio", "url": "https://a.example/v.wav"}],
}
KEYED = {"idempotency-key": "k-1"}


@pytest.fixture
def rows() -> MemoryAnswers:
    return MemoryAnswers()


@pytest.fixture
def media() -> MemoryMedia:
    return MemoryMedia()


@pytest.fixture
def client(engine: StubEngine, rows: MemoryAnswers, media: MemoryMedia) -> Iterator[TestClient[Litestar]]:
    with client_of(engine, repeats=Repeats(rows, media, FakeClock(waits=True))) as client:
        yield client


def kept(rows: MemoryAnswers) -> Answer | None:
    ((_, answer),) = rows.rows.values()
    return answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SPEECH, SAID),
        ("/v1/text-to-speech/v", {"text": "Hello."}),
        ("/v1/text-to-speech/v/with-timestamps", {"text": "Hello."}),
        (STREAM, DRAWN),
        ("/v1/videos", DRAWN),
        ("/v2/generate", GENERATION),
    ],
)
def test_a_repeat(client: TestClient[Litestar], engine: StubEngine, path: str, body: Any) -> None:
    """The same request with the same key is answered again as it was, and nobody is asked again."""
    first = client.post(path, json=body, headers=KEYED)
    asked = len(engine.requests)
    second = client.post(path, json=body, headers={**KEYED, "x-request-id": "another"})
    assert first.is_success
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["x-request-id"] == "another"
    assert "idempotent-replayed" not in first.headers
    if asked:
        assert len(engine.requests) == asked
        assert engine.outcomes[-1].outcome == "replayed"


def test_a_form_has_a_new_boundary(client: TestClient[Litestar], engine: StubEngine) -> None:
    """A form sent again is the same request though its boundary is another; another file makes it another."""

    def sent(sound: bytes, boundary: str) -> Any:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        body = head.encode() + sound + f"\r\n--{boundary}--\r\n".encode()
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return client.post("/v1/audio/transcriptions", content=body, headers=KEYED | kind)

    sound = WAV + bytes(700_000)
    first, second, other = sent(sound, "one"), sent(sound, "another"), sent(sound + b"!", "one")
    assert (first.status_code, second.status_code, other.status_code) == (200, 200, 422)
    assert second.content == first.content
    assert len(engine.requests) == 1


DIALECTS = [
    (SPEECH, SAID, lambda error: error["error"]["code"]),
    ("/v1/text-to-speech/v", {"text": "Hello."}, lambda error: error["meta"]["code"]),
    ("/v2/generate", GENERATION, lambda error: error["errorCode"]),
]


@pytest.mark.parametrize(("path", "body", "code_of"), DIALECTS)
def test_another_request(client: TestClient[Litestar], path: str, body: Any, code_of: Any) -> None:
    """A key that was used for another request is refused, in the caller's dialect."""
    assert client.post(path, json=body, headers=KEYED).is_success
    refused = client.post(path, json=body | {"seed": 7}, headers=KEYED)
    assert (refused.status_code, code_of(refused.json())) == (422, "idempotency_mismatch")


def test_running(client: TestClient[Litestar], engine: StubEngine) -> None:
    """While the first is worked on, the same again is told to come back, and afterwards gets its answer."""
    begun, go = threading.Event(), threading.Event()

    async def serve(request: Any, exchange: Any) -> Any:
        begun.set()
        await asyncio.to_thread(go.wait)
        return await serve_something(request, exchange)

    engine.answer = serve
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, SPEECH, json=SAID, headers=KEYED)
        begun.wait()
        early = client.post(SPEECH, json=SAID, headers=KEYED)
        go.set()
    assert (early.status_code, early.json()["error"]["code"]) == (409, "idempotency_in_progress")
    assert early.headers["retry-after"] == "2"
    assert client.post(SPEECH, json=SAID, headers=KEYED).content == first.result().content


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e9"])
def test_no_key(client: TestClient[Litestar], engine: StubEngine, key: str) -> None:
    """What can be no key is refused by name."""
    refused = client.post(SPEECH, json=SAID, headers={b"idempotency-key": key.encode("latin-1")})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_idempotency_key")
    assert not engine.requests


@pytest.mark.parametrize(
    "trouble", [Exhausted([("p", Unavailable("away"))]), Exhausted([("p", BadOutput("nothing"))])], ids=["503", "502"]
)
def test_a_failure(client: TestClient[Litestar], engine: StubEngine, rows: MemoryAnswers, trouble: Exception) -> None:
    """After a failure the key can be used again: that is what it was sent for."""
    engine.answer = failing(trouble)
    assert client.post(SPEECH, json=SAID, headers=KEYED).status_code in {502, 503}
    assert not rows.rows
    engine.answer = serve_something
    again = client.post(SPEECH, json=SAID, headers=KEYED)
    assert (again.status_code, again.headers.get("idempotent-replayed")) == (200, None)


@pytest.mark.parametrize("path", [SPEECH, "/v1/videos", "/v2/generate"])
def test_a_refusal(client: TestClient[Litestar], rows: MemoryAnswers, path: str) -> None:
    """A request that is refused spends nothing and leaves its key free."""
    assert client.post(path, json={"nonsense": 1}, headers=KEYED).status_code in {400, 422}
    assert not rows.rows


def test_sound_that_breaks_off(client: TestClient[Litestar], engine: StubEngine, rows: MemoryAnswers) -> None:
    """Half an answer is never given again, not even where it says by itself that it broke off."""

    async def serve(request: Any, exchange: Any) -> Any:
        return pcm(b"one", Truncated("broke"))

    engine.answer = serve
    broken = client.post(SPEECH, json=SAID | {"stream_format": "sse"}, headers=KEYED)
    assert b"event: error" in broken.content
    assert not rows.rows


def test_an_unknown_outcome(client: TestClient[Litestar], engine: StubEngine) -> None:
    """An order that may have been paid for is not made again: whoever repeats it is told what became of it."""
    engine.answer = failing(OutcomeUnknown("the answer to an order was lost"))
    first = client.post(STREAM, json=DRAWN, headers=KEYED)
    again = client.post(STREAM, json=DRAWN, headers=KEYED)
    assert (first.status_code, again.status_code, again.content) == (502, 502, first.content)
    assert len(engine.requests) == 1


def test_an_order_of_a_dead_router(client: TestClient[Litestar], engine: StubEngine, rows: MemoryAnswers) -> None:
    """A stream whose router died is not ordered again under its key, whereas sound is."""
    for path, body, status in ((SPEECH, SAID, 200), (STREAM, DRAWN, 409)):
        assert client.post(path, json=body, headers=KEYED).is_success
        rows.rows = {key: (claim, None) for key, (claim, _) in rows.rows.items()}
        rows.abandon()
        again = client.post(path, json=body, headers=KEYED)
        assert again.status_code == status
        rows.rows.clear()
    assert again.json()["error"]["code"] == "idempotency_not_replayable"


def test_a_job_of_a_dead_router(client: TestClient[Litestar], rows: MemoryAnswers) -> None:
    """A video whose creation was not answered is found by its key, and there is one."""
    first = client.post("/v1/videos", json=DRAWN, headers=KEYED).json()
    rows.rows = {key: (claim, None) for key, (claim, _) in rows.rows.items()}
    rows.abandon()
    again = client.post("/v1/videos", json=DRAWN, headers=KEYED)
    assert (again.json()["id"], "idempotent-replayed" in again.headers) == (first["id"], False)
    assert len(client.get("/v1/videos").json()["data"]) == 1


def test_a_long_answer(
    client: TestClient[Litestar], engine: StubEngine, rows: MemoryAnswers, media: MemoryMedia
) -> None:
    """A long answer is kept in the media store, and given again from there; once it is gone, that is said."""
    whole = [bytes([number]) * IN_ROW for number in range(40)]

    async def serve(request: Any, exchange: Any) -> Any:
        return pcm(*whole)

    engine.answer = serve
    first = client.post(SPEECH, json=SAID, headers=KEYED)
    again = client.post(SPEECH, json=SAID, headers=KEYED)
    assert first.content == again.content == b"".join(whole)
    assert again.headers["content-length"] == str(40 * IN_ROW)
    answer = kept(rows)
    assert answer is not None
    assert answer.body is None
    assert [answer.media] == list(media.kept)
    media.kept.clear()
    assert client.post(SPEECH, json=SAID, headers=KEYED).status_code == 409


def test_too_long_an_answer(client: TestClient[Litestar], engine: StubEngine, media: MemoryMedia) -> None:
    """An answer beyond the limit is not kept; whoever repeats it is told so, and it is not paid for again."""

    async def serve(request: Any, exchange: Any) -> Any:
        return pcm(*([bytes(1024 * 1024)] * 33))

    engine.answer = serve
    assert len(client.post(SPEECH, json=SAID, headers=KEYED).content) == 33 * 1024 * 1024
    again = client.post(SPEECH, json=SAID, headers=KEYED)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "idempotency_not_replayable")
    assert (len(engine.requests), media.kept) == (1, {})


def test_stores_that_are_away(client: TestClient[Litestar], engine: StubEngine, rows: MemoryAnswers) -> None:
    """Where keys cannot be kept nothing is done for them, but for those without one all goes on."""
    rows.away = Unavailable("away", code="records_unavailable")
    refused = client.post(SPEECH, json=SAID, headers=KEYED)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "records_unavailable")
    assert not engine.requests
    assert client.post(SPEECH, json=SAID).status_code == 200


def test_routes_that_cost_nothing(client: TestClient[Litestar], rows: MemoryAnswers) -> None:
    """A key on what costs nothing changes nothing."""
    assert client.get("/v1/models", headers=KEYED).status_code == 200
    assert not rows.rows


async def test_the_sweeper() -> None:
    """After a day a key and its answer's media are gone."""
    rows, media, clock = MemoryAnswers(), MemoryMedia(), FakeClock(waits=True)
    repeats = Repeats(rows, media, clock)
    claim = repeats.claim("ads", "k", "f")
    await repeats.begin(claim)
    await media.put("answers/x", Chunks(b"film"), "video/mp4")
    await rows.settle(claim, Answer(status=200, media="answers/x"))
    sweeping = asyncio.create_task(repeats.sweep())
    await asyncio.sleep(0)
    clock.advance(24 * 3600.0)
    for _ in range(10):
        await asyncio.sleep(0)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    assert (rows.rows, media.kept) == ({}, {})
