"""WS /v1/realtime, frame by frame: mistakes, interruptions, who may come in, and providers that fail."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pytest
import pytest_asyncio
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from plugins.embedded.speech import speak
from router.media.resample import Resampler
from router.testing.acts import Reply
from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric
from tests.e2e.talking import eventually, heard, providers, said, spoken

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE: Final = 24_000
KEY: Final = "sk-of-the-ads-team"
CONTRACT: Final = TypeAdapter[Any](RealtimeServerEvent)
ENDLESS: Final = ("A sentence. ",) * 400


@dataclass
class Client:
    """One socket, and all that came on it, which has to be as OpenAI's client has it."""

    ws: ClientConnection
    events: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, kind: str, **fields: Any) -> None:
        await self.ws.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await self.ws.recv())
        CONTRACT.validate_python(event)
        self.events.append(event)
        return event

    async def until(self, *kinds: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while (event := await self.next())["type"] not in kinds:
                pass
        return event

    async def ask(self, text: str, **wish: Any) -> None:
        content = [{"type": "input_text", "text": text}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self.send("response.create", response=wish)

    async def append(self, pcm: bytes) -> None:
        await self.send("input_audio_buffer.append", audio=b64encode(pcm).decode())

    async def detection(self, **fields: Any) -> None:
        await self.send("session.update", session={"audio": {"input": {"turn_detection": fields or None}}})
        await self.until("session.updated")


@asynccontextmanager
async def opened(router: Served, query: str = "?model=one", **options: Any) -> AsyncIterator[Client]:
    async with connect(f"{router.url.replace('http', 'ws', 1)}/v1/realtime{query}", max_size=None, **options) as ws:
        client = Client(ws)
        assert (await client.next())["type"] == "session.created"
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Vendor, Served]]:
    async with (
        Vendor() as vendor,
        brought_up(providers(vendor.url, ["one", "two"]), tmp_path_factory.mktemp("realtime")) as router,
    ):
        yield vendor, router


@pytest.fixture(scope="module")
def question() -> bytes:
    """Somebody asks something, and is silent for a second."""
    pcm = b"".join(speak("How many people live here?", "en-us+edward", 175))
    resampler = Resampler(22_050, RATE)
    sound = np.concatenate((resampler.feed(np.frombuffer(pcm, np.int16)), resampler.close()))
    return bytes(sound.tobytes()) + bytes(RATE * 2)


def brief(vendor: Vendor) -> None:
    """Let the double answer with one sentence."""
    for name in ("one", "two"):
        vendor.on(f"/{name}/audio/transcriptions", heard("how many people live here"))
        vendor.on(f"/{name}/chat/completions", said("Nine."))
        vendor.on(f"/{name}/audio/speech", spoken())


def talkative(vendor: Vendor) -> None:
    """Let the double think and speak without end."""
    brief(vendor)
    vendor.on("/one/chat/completions", said(*ENDLESS, pause=0.02))
    vendor.on("/one/audio/speech", spoken(300, pause=0.05))


async def test_barge_in_by_speech(scene: tuple[Vendor, Served], question: bytes) -> None:
    """Who speaks cuts a reply off: nothing of it follows its `response.done`, whoever worked for it is let go, the next is whole."""
    vendor, router = scene
    talkative(vendor)
    async with opened(router) as client:
        await client.ask("tell me everything")
        first = (await client.until("response.output_audio.delta"))["response_id"]
        under_way = [one for one in vendor.asked if not one.over.is_set()]
        await client.append(question[:24_000])
        started = await client.until("input_audio_buffer.speech_started")
        brief(vendor)
        done = (await client.until("response.done"))["response"]
        took = await eventually(lambda: all(one.over.is_set() for one in under_way))
        cut = len(client.events)
        await client.append(question[24_000:])
        whole = (await client.until("response.done"))["response"]

    assert under_way
    assert all(one.abandoned for one in under_way)
    print(f"\nbarge-in by speech: upstream closed within {took * 1000:.1f} ms of response.done")
    assert (done["id"], done["status"], done["status_details"]["reason"]) == (first, "cancelled", "turn_detected")
    assert done["output"][0]["status"] == "incomplete"
    assert first not in json.dumps(client.events[cut:])
    assert whole["status"] == "completed"
    assert whole["output"][0]["content"][0]["transcript"] == "Nine."
    assert [one["item_id"] for one in client.events if one["type"] == "input_audio_buffer.committed"] == [
        started["item_id"]
    ]
    asked = next(json.loads(one.body) for one in reversed(vendor.asked) if one.path.endswith("completions"))
    assert [one["content"] for one in asked["messages"][1:]] == [
        "tell me everything", done["output"][0]["content"][0]["transcript"], "how many people live here",
    ]  # fmt: skip


async def test_speech_that_interrupts_nothing(scene: tuple[Vendor, Served], question: bytes) -> None:
    """Where the client wants neither, speech only makes an item, and a reply goes on."""
    vendor, router = scene
    brief(vendor)
    vendor.on("/one/audio/speech", spoken(20, pause=0.05))
    async with opened(router) as client:
        await client.detection(type="server_vad", interrupt_response=False, create_response=False)
        await client.ask("go on")
        await client.until("response.output_audio.delta")
        await client.append(question)
        done = (await client.until("response.done"))["response"]
        told = [one["type"] for one in client.events]

    assert done["status"] == "completed"
    assert told.count("input_audio_buffer.committed") == 1
    assert told.count("response.created") == 1


async def test_speech_that_wants_an_answer_meanwhile(scene: tuple[Vendor, Served], question: bytes) -> None:
    """Where it may not interrupt, that there is no answer to it is told as nobody's fault, and no sound is lost."""
    vendor, router = scene
    brief(vendor)
    vendor.on("/one/audio/speech", spoken(30, pause=0.05))
    async with opened(router) as client:
        await client.detection(type="server_vad", interrupt_response=False)
        await client.ask("go on")
        await client.until("response.output_audio.delta")
        await client.append(question + question)
        error = (await client.until("error"))["error"]
        done = (await client.until("response.done"))["response"]
        committed = [one for one in client.events if one["type"] == "input_audio_buffer.committed"]

    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", None)
    assert done["status"] == "completed"
    assert len(committed) == 2


async def test_a_reply_that_is_cancelled(scene: tuple[Vendor, Served]) -> None:
    """The client may do so itself, and may make the router forget what it did not play: the model is not told of it."""
    vendor, router = scene
    talkative(vendor)
    async with opened(router) as client:
        await client.ask("tell me everything")
        item_id = (await client.until("response.output_audio.delta"))["item_id"]
        await client.send("response.cancel")
        done = (await client.until("response.done"))["response"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100)
        assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == 100
        await client.send("conversation.item.retrieve", item_id=item_id)
        kept = (await client.until("conversation.item.retrieved"))["item"]["content"][0]["transcript"]
        brief(vendor)
        await client.ask("what did you say?")
        await client.until("response.done")
        asked = next(json.loads(one.body) for one in reversed(vendor.asked) if one.path.endswith("completions"))
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=60_000)
        beyond = (await client.until("error"))["error"]
        await client.send("conversation.item.delete", item_id=item_id)
        assert (await client.until("conversation.item.deleted"))["item_id"] == item_id

    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert done["output"][0]["content"][0]["transcript"].startswith("A sentence.")
    assert kept == "A"
    assert [one["content"] for one in asked["messages"][1:]] == ["tell me everything", "A", "what did you say?"]
    assert (beyond["code"], beyond["param"]) == ("out_of_range", "audio_end_ms")


async def test_items_with_sound(scene: tuple[Vendor, Served]) -> None:
    """What is added as sound is written down for the model, beside what was written and what was said before."""
    vendor, router = scene
    brief(vendor)
    sound = b64encode(bytes(RATE)).decode()
    parts = [{"type": "input_text", "text": "Listen:"}, {"type": "input_audio", "audio": sound}]
    async with opened(router) as client:
        await client.send("session.update", session={"audio": {"input": {"transcription": {}}}})
        for role, content in (
            ("system", [{"type": "input_text", "text": "Be kind."}]),
            ("assistant", [{"type": "output_audio", "transcript": "Yes?"}]),
            ("user", parts),
        ):
            await client.send("conversation.item.create", item={"type": "message", "role": role, "content": content})
        written = await client.until("conversation.item.input_audio_transcription.completed")
        await client.send("response.create", response={"conversation": "none", "metadata": {"of": "mine"}})
        done = (await client.until("response.done"))["response"]
        await client.send("conversation.item.retrieve", item_id=done["output"][0]["id"])
        error = (await client.until("error"))["error"]

    asked = next(json.loads(one.body) for one in reversed(vendor.asked) if one.path.endswith("completions"))
    assert written["content_index"] == 1
    assert [(one["role"], one["content"]) for one in asked["messages"][1:]] == [
        ("system", "Be kind."), ("assistant", "Yes?"), ("user", "Listen:\nhow many people live here"),
    ]  # fmt: skip
    assert done["metadata"] == {"of": "mine"}
    assert error["code"] == "item_not_found"


async def test_an_idle_microphone(scene: tuple[Vendor, Served], question: bytes) -> None:
    """Silence is not kept: what is committed is what was said, with what the client wants before it."""
    vendor, router = scene
    brief(vendor)
    async with opened(router) as client:
        await client.detection(type="server_vad", prefix_padding_ms=200, silence_duration_ms=300)
        for _ in range(30):
            await client.append(bytes(RATE * 2 * 2))
        before = len(vendor.asked)
        await client.append(question)
        await client.until("response.done")
        at = {one["type"]: one for one in client.events}
        length = (
            at["input_audio_buffer.speech_stopped"]["audio_end_ms"]
            - at["input_audio_buffer.speech_started"]["audio_start_ms"]
        )

    asked = next(one for one in vendor.asked[before:] if one.path.endswith("transcriptions"))
    assert at["input_audio_buffer.speech_started"]["audio_start_ms"] == pytest.approx(59_800, abs=200)
    assert len(asked.body) == pytest.approx(length * 48, abs=2000)


def item(role: str = "user", **content: Any) -> dict[str, Any]:
    return {"item": {"type": "message", "role": role, "content": [content or {"type": "input_text", "text": "hi"}]}}


MISUSE: Final[dict[str, tuple[str, str, str | None, dict[str, Any]]]] = {
    "no type": ("", "unknown_type", "type", {}),
    "an unknown type": ("sing", "unknown_type", "type", {}),
    "an unknown field": ("response.create", "unknown_field", "loud", {"loud": True}),
    "an unknown setting": ("session.update", "unknown_field", "session.loud", {"session": {"loud": True}}),
    "no session": ("session.update", "missing_field", "session", {}),
    "tools": ("session.update", "invalid_value", "session.tools", {"session": {"tools": [{"type": "function"}]}}),
    "a tool choice": ("session.update", "invalid_value", "session.tool_choice", {"session": {"tool_choice": "required"}}),
    "another model": ("session.update", "invalid_value", "session.model", {"session": {"model": "other"}}),
    "a transcribing session": ("session.update", "invalid_value", "session.type", {"session": {"type": "transcription"}}),
    "both modalities": (
        "session.update", "invalid_value", "session.output_modalities",
        {"session": {"output_modalities": ["text", "audio"]}},
    ),
    "another format": (
        "session.update", "invalid_value", "session.audio.input.format.type",
        {"session": {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}},
    ),
    "another rate": (
        "session.update", "out_of_range", "session.audio.input.format.rate",
        {"session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}},
    ),
    "noise reduction": (
        "session.update", "wrong_type", "session.audio.input.noise_reduction",
        {"session": {"audio": {"input": {"noise_reduction": {"type": "near_field"}}}}},
    ),
    "semantic detection": (
        "session.update", "invalid_value", "session.audio.input.turn_detection.type",
        {"session": {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}},
    ),
    "a threshold beyond 1": (
        "session.update", "out_of_range", "session.audio.input.turn_detection.threshold",
        {"session": {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}}},
    ),
    "an unknown transcriber": (
        "session.update", "model_not_found", "model",
        {"session": {"audio": {"input": {"transcription": {"model": "nobody"}}}}},
    ),
    "tokens beyond reason": (
        "session.update", "out_of_range", "session.max_output_tokens", {"session": {"max_output_tokens": 9999}},
    ),
    "no base64": ("input_audio_buffer.append", "invalid_base64", "audio", {"audio": "??"}),
    "no audio": ("input_audio_buffer.append", "missing_field", "audio", {}),
    "too much audio": ("input_audio_buffer.append", "audio_too_large", "audio", {"audio": "AAAA" * 700_000}),
    "an empty buffer": ("input_audio_buffer.commit", "input_audio_buffer_commit_empty", None, {}),
    "a picture": (
        "conversation.item.create", "invalid_value", "item.content[0].type", item(type="input_image", text="x"),
    ),
    "an answer by a user": (
        "conversation.item.create", "invalid_value", "item.content[0].type", item(type="output_text", text="x"),
    ),
    "a part without text": (
        "conversation.item.create", "missing_field", "item.content[0].text", item(type="input_text"),
    ),
    "a place that is not there": (
        "conversation.item.create", "item_not_found", "previous_item_id", {"previous_item_id": "x", **item()},
    ),
    "an unknown item": ("conversation.item.delete", "item_not_found", "item_id", {"item_id": "x"}),
    "nothing to cancel": ("response.cancel", "response_cancel_not_active", "response_id", {}),
}  # fmt: skip


@pytest.mark.parametrize("misuse", MISUSE)
async def test_misuse(scene: tuple[Vendor, Served], misuse: str) -> None:
    """It is told in one clear error, with the field and the `event_id` at fault, and the socket then holds a whole turn."""
    vendor, router = scene
    brief(vendor)
    kind, code, param, fields = MISUSE[misuse]
    async with opened(router) as client:
        await client.detection()
        await client.send(kind, event_id="mine", **fields)
        error = (await client.until("error"))["error"]
        assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")
        assert error["type"] == "invalid_request_error"
        assert error["message"]

        await client.ask("are you there")
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        assert [one["type"] for one in client.events].count("error") == 1


FRAMES: Final[dict[str, tuple[str | bytes, str]]] = {
    "no json": ("hello", "malformed_json"),
    "no object": ("[]", "wrong_type"),
    "binary": (bytes(1000), "binary_frame"),
    "not unicode": ('{"type": "\\ud800"}', "malformed_json"),
    "a large message": ('{"type": "' + "x" * 3_200_000 + '"}', "message_too_large"),
}


@pytest.mark.parametrize("frame", FRAMES)
async def test_frames_that_are_no_events(scene: tuple[Vendor, Served], frame: str) -> None:
    """They are told of, and the socket is as good as new."""
    vendor, router = scene
    brief(vendor)
    sent, code = FRAMES[frame]
    async with opened(router) as client:
        await client.ws.send(sent)
        assert (await client.until("error"))["error"]["code"] == code
        await client.ask("are you there", output_modalities=["text"])
        assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_too_long_a_question(scene: tuple[Vendor, Served]) -> None:
    """Without detection the buffer is full at the scenario's longest question, and says so; what it holds can be committed."""
    vendor, router = scene
    brief(vendor)
    async with opened(router) as client:
        await client.detection()
        for _ in range(2):
            await client.append(bytes(RATE * 2 * 40))
        error = (await client.until("error"))["error"]
        await client.send("input_audio_buffer.commit")
        await client.until("input_audio_buffer.committed")

    assert (error["code"], error["param"]) == ("input_audio_buffer_full", "audio")


async def test_two_responses_at_once(scene: tuple[Vendor, Served]) -> None:
    """The second is refused, and the first goes on."""
    vendor, router = scene
    brief(vendor)
    vendor.on("/one/audio/speech", spoken(10, pause=0.05))
    async with opened(router) as client:
        await client.ask("go on")
        await client.until("response.output_audio.delta")
        await client.send("response.create", event_id="second")
        error = (await client.until("error"))["error"]
        done = (await client.until("response.done"))["response"]

    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "second")
    assert done["status"] == "completed"


async def test_providers_that_fail(scene: tuple[Vendor, Served], question: bytes) -> None:
    """The first of each stage fails, and the turn is as good as ever; where all do it ends in one `response.done`, and the next is fine."""
    vendor, router = scene
    brief(vendor)
    for path in ("audio/transcriptions", "chat/completions", "audio/speech"):
        vendor.on(f"/one/{path}", Reply(status=503))
    async with opened(router) as client:
        await client.append(question)
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        vendor.on("/two/chat/completions", Reply(status=503))
        await client.ask("and now?")
        failed = (await client.until("response.done"))["response"]
        brief(vendor)
        await client.ask("and now?")
        assert (await client.until("response.done"))["response"]["status"] == "completed"

    assert (failed["status"], failed["output"]) == ("failed", [])
    assert failed["status_details"]["error"]["code"]
    assert "error" not in [one["type"] for one in client.events]


async def test_words_that_cannot_be_had(scene: tuple[Vendor, Served], question: bytes) -> None:
    """A recording that nobody writes down is told as failed, and so is the reply to it; one without words says so."""
    vendor, router = scene
    brief(vendor)
    for name in ("one", "two"):
        vendor.on(f"/{name}/audio/transcriptions", Reply(status=503))
    async with opened(router) as client:
        await client.send("session.update", session={"audio": {"input": {"transcription": {}}}})
        await client.append(question)
        failed = (await client.until("response.done"))["response"]
        vendor.on("/one/audio/transcriptions", heard(""))
        await client.detection()
        await client.append(bytes(RATE))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        silent = (await client.until("response.done"))["response"]

    transcription = "conversation.item.input_audio_transcription"
    told = [one["type"] for one in client.events if one["type"].startswith(transcription)]
    assert told == [f"{transcription}.failed", f"{transcription}.delta", f"{transcription}.completed"]
    assert failed["status"] == silent["status"] == "failed"
    assert silent["status_details"]["error"]["code"] == "nothing_heard"


async def test_whom_the_model_means(scene: tuple[Vendor, Served]) -> None:
    """A scenario, a chat route, or nothing, which is the usual scenario; anything else is refused in the handshake."""
    vendor, router = scene
    brief(vendor)
    for query in ("?model=one", "?model=chat-one", ""):
        async with opened(router, query) as client:
            await client.ask("are you there", output_modalities=["text"])
            assert (await client.until("response.done"))["response"]["status"] == "completed"
    with pytest.raises(InvalidStatus) as refused:
        async with opened(router, "?model=nobody"):
            pass

    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body)["error"]["code"] == "model_not_found"


async def test_open_sockets_are_counted(scene: tuple[Vendor, Served]) -> None:
    """By their dialect."""
    _, router = scene
    async with opened(router):
        await eventually(lambda: metric(router.url, "open_sockets", dialect="realtime") == 1)
    await eventually(lambda: metric(router.url, "open_sockets", dialect="realtime") == 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keyed(scene: tuple[Vendor, Served], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A router with a team, which may make three requests a day, and no patience."""
    digest = sha256(KEY.encode()).hexdigest()
    team = f"{{name: ads, keys: ['sha256:{digest}'], limits: {{requests: 3/day}}}}"
    settings = f"teams: [{team}]\nsockets: {{idle: 1s}}"
    config = providers(scene[0].url, ["one", "two"], settings=settings)
    async with brought_up(config, tmp_path_factory.mktemp("keyed")) as router:
        yield router


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "xi-api-key"])
async def test_a_key_in_a_header(keyed: Served, header: str) -> None:
    """A key comes in any of the three."""
    value = f"Bearer {KEY}" if header == "authorization" else KEY
    async with opened(keyed, additional_headers={header: value}) as client:
        assert client.events[0]["type"] == "session.created"


async def test_a_browsers_key(keyed: Served) -> None:
    """It comes as a subprotocol; a socket on which nothing happens is told so, and closed."""
    async with opened(keyed, subprotocols=["realtime", f"openai-insecure-api-key.{KEY}"]) as client:
        assert client.ws.subprotocol == "realtime"
        assert (await client.until("error"))["error"]["code"] == "idle_timeout"
        with pytest.raises(ConnectionClosed):
            await client.next()
        assert client.ws.close_code == 1000


async def test_a_browser_of_the_first_generation(keyed: Served) -> None:
    """It says so with another subprotocol, and gets a flat session."""
    protocols = ["realtime", f"openai-insecure-api-key.{KEY}", "openai-beta.realtime-v1"]
    async with connect(f"{keyed.url.replace('http', 'ws', 1)}/v1/realtime", subprotocols=protocols) as ws:  # type: ignore[arg-type]
        created = json.loads(await ws.recv())

    assert created["session"]["modalities"] == ["text", "audio"]


@pytest.mark.parametrize("protocols", [["realtime"], ["realtime", "openai-insecure-api-key.wrong"]])
async def test_no_key(keyed: Served, protocols: list[str]) -> None:
    """Without a good one the handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with opened(keyed, subprotocols=protocols):
            pass

    assert refused.value.response.status_code == 401


async def test_a_team_at_its_limit(scene: tuple[Vendor, Served], keyed: Served) -> None:
    """Every part of a turn is a request of the team's; at its limit a response fails as HTTP would, and the socket stays."""
    brief(scene[0])
    before = len(scene[0].asked)
    async with opened(keyed, additional_headers={"x-api-key": KEY}) as client:
        await client.ask("are you there")
        assert (await client.until("response.done"))["response"]["status"] == "completed"
        await client.ask("and now?")
        failed = (await client.until("response.done"))["response"]
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")

    assert failed["status"] == "failed"
    assert failed["status_details"]["error"]["type"] == "rate_limit_error"
    assert len(scene[0].asked) == before + 3
