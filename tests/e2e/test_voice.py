"""The voice socket out of the box: no key, no model, and seed 002's own client."""

import asyncio
import io
import json
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from jiwer import wer

from router.telemetry.batch import HELD_FOR
from router.testing.serving import Served, brought_up
from tests.e2e.talking import FRAME, MIC, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED: Final = Path(__file__).parents[2] / "config" / "router.yaml"
QUESTION: Final = "can you tell me how many people live in the united states"
VOICE: Final = "en-us+edward"
"""The voice that the embedded transcriber understands best."""

CLIENT: Final = """\
import asyncio, json, websockets

# wss:// for https hosts, ws:// for http
URL = "$BASE".replace("https://", "wss://").replace("http://", "ws://") + "/ws/voice"

async def main():
    async with websockets.connect(URL) as ws:
        # Typed turn - skips STT, goes straight to LLM -> TTS
        await ws.send(json.dumps({
            "type": "text", "scenario_id": "daily", "text": "hello",
        }))
        audio = bytearray()
        async for msg in ws:
            if not isinstance(msg, str):
                audio += msg          # binary frame = 24kHz mono Int16LE PCM
                continue
            evt = json.loads(msg)
            print(evt["type"], evt.get("text", ""))
            if evt["type"] == "reply_done":
                break
        open("reply.pcm", "wb").write(audio)
        print(f"got {len(audio)} bytes of audio")

asyncio.run(main())
"""
"""Letter for letter the Python client of "Higgs Audio v3: API Reference", with the line breaks its copy had lost; only
`$BASE` is ours."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with brought_up(SHIPPED.read_text(), tmp_path_factory.mktemp("voice")) as router:
        yield router


async def write_down(router: Served, pcm: bytes, rate: int) -> str:
    """Return what the router's own transcriber hears."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm)
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            f"{router.url}/v1/audio/transcriptions", files={"file": ("said.wav", written.getvalue())}
        )
    text: str = answer.json()["text"]
    return text


async def ask_aloud(router: Served, text: str) -> bytes:
    """Return a question as a microphone would have it."""
    async with httpx.AsyncClient(timeout=60) as client:
        path = f"/v1/text-to-speech/{VOICE}"
        answer = await client.post(f"{router.url}{path}?output_format=pcm_16000", json={"text": text})
    assert answer.status_code == 200
    return answer.content


async def test_the_seeds_client(router: Served, tmp_path: Path) -> None:
    """It prints its events in the order that the seed gives, and the file it writes can be heard to say the reply."""
    program = CLIENT.replace("$BASE", router.url)
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    *events, size = ran.stdout.splitlines()
    sound = (tmp_path / "reply.pcm").read_bytes()
    told = [line.partition(" ") for line in events]
    reply = next(text for kind, _, text in told if kind == "reply_done")

    assert [kind for kind, _, _ in told] == [
        "delivery", *["reply_delta", "audio_start", "audio_end"] * 2, "reply_done"
    ]  # fmt: skip
    assert " ".join(text for kind, _, text in told if kind == "reply_delta") == reply
    assert size == f"got {len(sound)} bytes of audio"
    words = await write_down(router, sound, 24_000)
    error = wer(plain(reply), words)
    print(f"\n{ran.stdout}heard: {words} (word error rate {error:.2f})")
    assert error < 0.35


def plain(text: str) -> str:
    """Return text as the embedded transcriber writes: small letters, no punctuation."""
    return "".join(one for one in text.lower() if one.isalpha() or one in " '")


async def test_a_spoken_turn(router: Served) -> None:
    """A question in the pace of speech: partials revise, the final text is right by word error rate, the reply is spoken."""
    pcm = await ask_aloud(router, QUESTION)
    await write_down(router, pcm, MIC)  # a transcriber that has just been started takes a second longer
    async with talking(router.url) as talker:
        await talker.send("start")
        microphone = asyncio.create_task(talker.record(pcm))
        await talker.until("reply_done", "error")
        stopped = await microphone

        texts = [(one["type"], one.get("text")) for one in talker.events]
        partials = [text for kind, text in texts if kind == "partial"]
        (final,) = [text for kind, text in texts if kind == "final"]
        error = wer(QUESTION, final or "")
        stages = ["final", "reply_delta", "audio_start", "audio"]
        reached = [talker.at[one] - stopped for one in stages]
        breakdown = ", ".join(f"{stage} {seconds:.3f} s" for stage, seconds in zip(stages, reached, strict=True))
        print(f"\npartials: {partials}\nfinal: {final} (word error rate {error:.2f})\nafter stop: {breakdown}")

        assert len(partials) >= 2
        assert len(set(partials)) == len(partials)
        assert error < 0.35
        assert texts[-1][0] == "reply_done"
        assert final in (texts[-1][1] or "")
        assert len(talker.audio) > 24_000
        assert len(pcm) / (2 * MIC) > 2


MISUSE: Final[dict[str, tuple[list[str | bytes], str]]] = {
    "no json": (["hello"], "malformed_json"),
    "no object": (["[]"], "wrong_type"),
    "no type": (['{"text": "hi"}'], "missing_field"),
    "an unknown type": (['{"type": "sing"}'], "unknown_type"),
    "an unknown field": (['{"type": "text", "text": "hi", "loud": true}'], "unknown_field"),
    "an unknown scenario": (['{"type": "start", "scenario_id": "dayly"}'], "scenario_not_found"),
    "a history of strangers": (
        ['{"type": "start", "history": [{"role": "ghost", "content": "boo"}]}'],
        "invalid_value",
    ),
    "no text": (['{"type": "text"}'], "missing_field"),
    "blank text": (['{"type": "text", "text": " "}'], "empty_input"),
    "a stop before a start": (['{"type": "stop"}'], "not_recording"),
    "audio before a start": ([bytes(FRAME), bytes(FRAME)], "not_recording"),
    "a stop without audio": (['{"type": "start"}', '{"type": "stop"}'], "empty_recording"),
    "silence": (['{"type": "start"}', bytes(MIC), '{"type": "stop"}'], "nothing_heard"),
    "too much audio": (
        ['{"type": "start"}', bytes(1_000_000), bytes(1_000_000), bytes(FRAME), '{"type": "stop"}'],
        "recording_too_long",
    ),
    "a large message": (['{"type": "text", "text": "' + "x" * 300_000], "message_too_large"),
    "a large frame": (['{"type": "start"}', bytes(2_000_000)], "message_too_large"),
    "not unicode": (['{"type": "text", "text": "\\ud800"}'], "malformed_json"),
}


@pytest.mark.parametrize("misuse", MISUSE)
async def test_misuse(router: Served, misuse: str) -> None:
    """It is told in one clear error, and the socket then holds a whole turn."""
    frames, code = MISUSE[misuse]
    async with talking(router.url) as talker:
        for frame in frames:
            await talker.ws.send(frame)
        error = await talker.until("error")
        assert error["code"] == code
        assert error["detail"]

        events: list[dict[str, Any]] = await talker.turn("are you there")
        assert [one["type"] for one in events].count("error") == 0
        assert events[-1]["text"].startswith("You said: are you there.")


async def test_without_a_handshake(router: Served) -> None:
    """A plain request is told what is missing."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{router.url}/ws/voice")

    assert answer.status_code == 426
    assert answer.json()["error"]["code"] == "upgrade_required"


async def test_a_log_of_turns(router: Served) -> None:
    """The log has a line for each turn, under the id of its requests, and no word of what was said."""
    async with talking(router.url, additional_headers={"x-request-id": "talk-1"}) as talker:
        await talker.turn("a secret plan")
        await talker.turn("a secret plan")
    await asyncio.sleep(2 * HELD_FOR)
    lines = [json.loads(line) for line in router.log.splitlines() if '"talk-1.' in line]

    assert [line["request_id"] for line in lines if line["event"] == "turn"] == ["talk-1.1", "talk-1.2"]
    assert {line["task"] for line in lines if line["event"] == "request"} == {"chat", "speech"}
    assert "secret plan" not in router.log
