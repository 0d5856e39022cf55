"""A caller who talks on /ws/voice, and vendors' doubles that hear, think and speak for it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from router.testing.acts import Reply

PATIENCE: Final = 20.0
MIC: Final = 16_000
FRAME: Final = MIC * 2 // 10
"""Bytes that a microphone sends at a time: 0.1 s."""
TASKS: Final = ("speech", "transcription", "chat")
SPOKEN: Final = bytes(range(1, 241)) * 40
"""A sentence's sound from a double: 0.2 s."""


@dataclass
class Talker:
    """One socket. `events` are all that came so far, `audio` the sound of the turn under way, `at` when each kind first came."""

    ws: ClientConnection
    events: list[dict[str, Any]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    at: dict[str, float] = field(default_factory=dict)
    frames: list[str] = field(default_factory=list)

    async def send(self, kind: str, **fields: Any) -> None:
        await self.ws.send(json.dumps({"type": kind, **fields}))

    async def until(self, *kinds: str) -> dict[str, Any]:
        """Read up to the first event of these kinds, and return it. `at` begins anew with each call."""
        self.at.clear()
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.next()
                if event["type"] in kinds:
                    return event

    async def next(self) -> dict[str, Any]:
        """Read one frame; sound is an event of the type `audio`, which is kept apart."""
        message = await self.ws.recv()
        if isinstance(message, bytes):
            self.audio += message
            event: dict[str, Any] = {"type": "audio"}
        else:
            event = json.loads(message)
            self.events.append(event)
        self.frames.append(event["type"])
        self.at.setdefault(event["type"], time.monotonic())
        return event

    async def turn(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """Ask in writing, and return the events of the turn."""
        before = len(self.events)
        self.audio.clear()
        await self.send("text", text=text, **fields)
        await self.until("reply_done", "error")
        return self.events[before:]

    async def record(self, pcm: bytes) -> float:
        """Speak in the pace of speech, and return when the question had ended."""
        began = time.monotonic()
        for at in range(0, len(pcm), FRAME):
            await self.ws.send(pcm[at : at + FRAME])
            await asyncio.sleep(began + (at + FRAME) / (MIC * 2) - time.monotonic())
        await self.send("stop")
        return time.monotonic()

    def kinds(self) -> list[str]:
        """Return the types of all that came, a run of sound as one."""
        return [kind for at, kind in enumerate(self.frames) if kind != "audio" or self.frames[at - 1] != "audio"]


@asynccontextmanager
async def talking(url: str, **options: Any) -> AsyncIterator[Talker]:
    """Open a socket to a router."""
    async with connect(f"{url.replace('http', 'ws', 1)}/ws/voice", max_size=None, **options) as ws:
        yield Talker(ws)


def heard(text: str) -> Reply:
    """Return a transcript."""
    return Reply.of_json({"text": text})


def said(*pieces: str, done: bool = True, pause: float = 0.0) -> Reply:
    """Return a reply that is written in pieces; without `done` its connection ends in the middle."""
    events = [f"data: {json.dumps({'choices': [{'delta': {'content': one}}]})}\n\n".encode() for one in pieces]
    if done:
        events.append(b"data: [DONE]\n\n")
    size = None if done else sum(map(len, events))
    return Reply(
        (*events, b"") if done else (*events, b"data: "),
        content_type="text/event-stream",
        chunked=True,
        pause=pause,
        cut=size,
        reset=not done,
    )


def spoken(pieces: int = 1, pause: float = 0.0, **ends: Any) -> Reply:
    """Return a sentence's sound in pieces."""
    return Reply((SPOKEN,) * pieces, content_type="audio/pcm", chunked=True, pause=pause, **ends)


def providers(url: str, *groups: Sequence[str], settings: str = "") -> str:
    """Return the configuration of doubles by name, each under its own path, in groups that are asked in order.

    Every group has routes of its own, and a scenario that is named like its first.
    """
    accounts = [
        f"  {name}: {{kind: openai, base_url: '{url}/{name}', speech: {{models: [tts], formats: [pcm], voices: [v]}}, "
        f"transcription: {{models: [stt]}}, chat: {{models: [llm]}}}}"
        for group in groups
        for name in group
    ]
    routes = [
        f"  - {{name: {task}-{group[0]}, task: {task}, tiers: [{', '.join(group)}]}}"
        for group in groups
        for task in TASKS
    ]
    scenarios = [
        f"  {group[0]}: {{{', '.join(f'{task}: {task}-{group[0]}' for task in TASKS)}, partials: 200ms}}"
        for group in groups
    ]
    return "\n".join(["providers:", *accounts, "routes:", *routes, "scenarios:", *scenarios, settings, ""])


async def eventually(holds: Callable[[], bool], within: float = PATIENCE) -> float:
    """Wait until something holds, and return the seconds that took."""
    began = time.monotonic()
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for is in another process, or a double's
            await asyncio.sleep(0.002)
    return time.monotonic() - began
