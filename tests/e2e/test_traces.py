"""Traces of a served router, as a receiver of OpenTelemetry's gets them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from plugins.embedded.portrait import draw_portrait
from router.testing.acts import Reply
from router.testing.serving import Served, brought_up
from tests.e2e.otlp import PATIENCE, Receiver, attributes
from tests.e2e.talking import providers, said, spoken, talking
from tests.e2e.upstreams import PCM, Watched, noise

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD: Final = Reply(PCM, content_type="audio/pcm")
UNDER_WAY: Final = 0.2
"""Seconds within which what is told is received."""
CALLER: Final = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
ACCOUNT: Final = '{{kind: boson, base_url: "{url}/{name}", api_key: "${{env:KEY}}"}}'


def config(url: str) -> str:
    names = ("bad", "good", "cut")
    accounts = [f"  {name}: {ACCOUNT.format(url=url, name=name)}" for name in names]
    text = providers(url, ["a"])
    routes = [
        "  - {name: speech, task: speech, tiers: [bad, good], attempts: 2}",
        "  - {name: plain, task: speech, tiers: [good]}",
        "  - {name: cut, task: speech, tiers: [cut]}",
        "  - {name: films, task: avatar, tiers: [good]}",
    ]
    return text.replace("providers:", "\n".join(["providers:", *accounts])).replace(
        "routes:", "\n".join(["routes:", *routes])
    )


class Scene:
    """A traced router between a caller and vendors."""

    def __init__(self, router: Served, vendor: Watched, receiver: Receiver, client: httpx.AsyncClient) -> None:
        self.router = router
        self.vendor = vendor
        self.receiver = receiver
        self.client = client

    async def afresh(self) -> None:
        """Forget the spans so far, those included that are on their way."""
        await asyncio.sleep(UNDER_WAY)
        self.receiver.spans.clear()

    async def speak(self, route: str, **headers: str) -> httpx.Response:
        await self.afresh()
        body = {"input": "hello", "model": route, "response_format": "pcm"}
        return await self.client.post(f"{self.router.url}/v1/audio/speech", json=body, headers=headers)


@asynccontextmanager
async def staged(folder: Path, env: Mapping[str, str]) -> AsyncIterator[Scene]:
    async with (
        Watched() as vendor,
        Receiver() as receiver,
        httpx.AsyncClient(timeout=PATIENCE) as client,
        brought_up(config(vendor.url), folder, {"KEY": "k", **receiver.surroundings, **env}) as router,
    ):
        vendor.on("/bad/", Reply(status=503))
        vendor.on("/good/", GOOD)
        vendor.on("/cut/", Reply((PCM,) * 5, content_type="audio/pcm", chunked=True, pause=0.05, cut=len(PCM) * 2))
        yield Scene(router, vendor, receiver, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with staged(tmp_path_factory.mktemp("traces"), {"OTEL_SERVICE_NAME": "voices"}) as scene:
        yield scene


def told(span: Span) -> dict[str, Any]:
    return attributes(span.attributes)


async def test_a_failed_over_request(scene: Scene) -> None:
    """One server span, and under it one client span for each attempt, with what it met and why the next was made."""
    answer = await scene.speak("speech")
    assert answer.headers["x-media-provider"] == "good"
    request, bad, good = await scene.receiver.has(3)
    assert [one.kind for one in (request, bad, good)] == [Span.SPAN_KIND_SERVER, *[Span.SPAN_KIND_CLIENT] * 2]
    assert {one.trace_id for one in (bad, good)} == {request.trace_id}
    assert (request.parent_span_id, bad.parent_span_id, good.parent_span_id) == (b"", *[request.span_id] * 2)
    assert request.name == "POST /v1/audio/speech"
    assert told(request).items() >= {
        "http.request.method": "POST", "http.route": "/v1/audio/speech", "http.response.status_code": 200,
        "media_router.request_id": answer.headers["x-request-id"], "media_router.task": "speech",
        "media_router.provider": "good", "media_router.outcome": "ok", "media_router.attempts": 2,
    }.items()  # fmt: skip
    assert told(bad).items() >= {
        "media_router.provider": "bad", "media_router.reason": "first", "error.type": "unavailable",
        "http.response.status_code": 503, "gen_ai.provider.name": "boson", "gen_ai.operation.name": "speech",
    }.items()  # fmt: skip
    assert (bad.status.code, request.status.code) == (Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET)
    assert told(good).items() >= {"media_router.reason": "failover", "media_router.after": "unavailable"}.items()
    assert [event.name for event in good.events] == ["first_byte"]
    assert request.start_time_unix_nano <= bad.start_time_unix_nano <= bad.end_time_unix_nano
    assert bad.end_time_unix_nano <= good.start_time_unix_nano <= good.events[0].time_unix_nano
    assert good.end_time_unix_nano <= request.end_time_unix_nano
    assert scene.receiver.resource["service.name"] == "voices"


async def test_the_callers_trace(scene: Scene) -> None:
    """A caller's context is gone on with, and each provider is told the span of the very attempt that asks it."""
    trace, span = CALLER
    before = len(scene.vendor.asked)
    await scene.speak("speech", traceparent=f"00-{trace}-{span}-01", tracestate="vendor=1,other=2")
    request, *attempts = await scene.receiver.has(3)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == CALLER
    asked = scene.vendor.asked[before:]
    assert [one.headers["traceparent"] for one in asked] == [f"00-{trace}-{one.span_id.hex()}-01" for one in attempts]
    assert {one.headers["tracestate"] for one in asked} == {"vendor=1,other=2"}


async def test_a_caller_who_is_not_sampled(scene: Scene) -> None:
    """No span is sent of a request whose caller's is not recorded; the provider is told that it is not."""
    trace, span = CALLER
    await scene.speak("plain", traceparent=f"00-{trace}-{span}-00")
    asked = scene.vendor.asked[-1].headers["traceparent"]
    assert asked.startswith(f"00-{trace}-")
    assert asked.endswith("-00")
    await scene.speak("plain")
    assert trace not in {one.trace_id.hex() for one in await scene.receiver.has(2)}


async def test_nonsense_for_a_context(scene: Scene) -> None:
    """A header that is none begins a trace of our own, and is not passed on."""
    await scene.speak("plain", traceparent="00-xyz-1-01", tracestate="=")
    request, _ = await scene.receiver.has(2)
    assert request.parent_span_id == b""
    assert "tracestate" not in scene.vendor.asked[-1].headers


async def test_a_stream_that_breaks(scene: Scene) -> None:
    """The request and the attempt that served it are errors: truncated."""
    with pytest.raises(httpx.RemoteProtocolError):
        await scene.speak("cut")
    request, attempt = await scene.receiver.has(2)
    assert {told(one)["error.type"] for one in (request, attempt)} == {"truncated"}
    assert {one.status.code for one in (request, attempt)} == {Status.STATUS_CODE_ERROR}


async def test_what_has_no_provider(scene: Scene) -> None:
    """Any other request has its span too, by its route, but for probes; a path that leads nowhere is in none."""
    await scene.afresh()
    await scene.client.get(f"{scene.router.url}/readyz")
    await scene.client.get(f"{scene.router.url}/v1/videos/video_secret")
    await scene.client.get(f"{scene.router.url}/secret/path")
    found, lost = await scene.receiver.has(2)
    assert (found.name, lost.name) == ("GET /v1/videos/{video_id}", "GET")
    assert told(lost)["http.response.status_code"] == 404
    assert "secret" not in f"{found}{lost}"


async def test_the_log(scene: Scene) -> None:
    """A request's line carries the ids of its own spans, and of its attempt's."""
    answer = await scene.speak("plain")
    spans = await scene.receiver.has(2)
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(5):  # lines go out twice a second
        while not lines:
            await asyncio.sleep(0.05)
            said = [json.loads(one) for one in scene.router.log.splitlines() if answer.headers["x-request-id"] in one]
            lines = [one for one in said if one["event"] == "request"]
    (line,) = lines
    ids = {(line["trace_id"], line["span_id"]), (line["trace_id"], line["attempt_span_id"])}
    assert ids == {(one.trace_id.hex(), one.span_id.hex()) for one in spans}


async def test_a_turn(scene: Scene) -> None:
    """A turn of a conversation is a span with its stages, in the socket's trace, and its calls are parts of it."""
    await scene.afresh()
    scene.vendor.on("/a/chat/", said("I am fine."))
    scene.vendor.on("/a/audio/", spoken())
    async with talking(scene.router.url) as talker:
        await talker.turn("hello")
    spans = {one.name: one for one in await scene.receiver.has(6)}
    assert spans.keys() == {"GET /ws/voice", "voice turn", "chat", "chat llm", "speech", "speech tts"}
    socket, turn = spans["GET /ws/voice"], spans["voice turn"]
    assert [event.name for event in turn.events] == ["thought", "sounded"]
    assert (turn.parent_span_id, told(socket)["http.response.status_code"]) == (socket.span_id, 101)
    assert {spans[one].parent_span_id for one in ("chat", "speech")} == {turn.span_id}
    assert spans["speech tts"].parent_span_id == spans["speech"].span_id


async def test_a_job(scene: Scene) -> None:
    """A video's work is a trace of its own, which links to the request that asked for it."""
    await scene.afresh()
    scene.vendor.on("/good/v1/videos", Reply(status=400))
    files = {"ref_image": ("face.png", draw_portrait()), "input": ("talk.wav", noise(1.0))}
    created = await scene.client.post(f"{scene.router.url}/v1/videos", data={"model": "films"}, files=files)
    assert created.status_code == 200
    spans = {one.name.split()[0]: one for one in await scene.receiver.has(3)}
    request, job = spans["POST"], next(one for one in scene.receiver.spans if one.kind == Span.SPAN_KIND_INTERNAL)
    (link,) = job.links
    assert (link.trace_id, link.span_id) == (request.trace_id, request.span_id)
    assert (job.trace_id != request.trace_id, job.parent_span_id) == (True, b"")
    attempt = next(one for one in scene.receiver.spans if one.kind == Span.SPAN_KIND_CLIENT)
    assert (attempt.trace_id, attempt.parent_span_id) == (job.trace_id, job.span_id)


async def test_sampling(tmp_path: Path) -> None:
    """The standard variables decide how many are recorded: here none but those whose callers ask for it."""
    env = {"OTEL_TRACES_SAMPLER": "parentbased_always_off"}
    async with staged(tmp_path, env) as scene:
        await scene.speak("speech")
        trace, span = CALLER
        await scene.speak("speech", traceparent=f"00-{trace}-{span}-01")
        spans = await scene.receiver.has(3)
        assert {one.trace_id.hex() for one in spans} == {trace}


async def test_nobody_to_tell(tmp_path: Path) -> None:
    """Without a receiver nothing is traced: no header goes to providers, no id is in the log."""
    async with staged(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}) as scene:
        trace, span = CALLER
        answer = await scene.speak("speech", traceparent=f"00-{trace}-{span}-01")
        assert answer.status_code == 200
        assert "traceparent" not in scene.vendor.asked[-1].headers
    assert trace not in scene.router.log
    assert "trace_id" not in scene.router.log
