"""An engine that plays a script for conversations, and a sink that keeps what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from router.contract import (
    AudioFormat,
    ChatRequest,
    MediaError,
    Outcome,
    Reply,
    Speech,
    SpeechRequest,
    Task,
    Transcript,
    TranscriptionRequest,
    TurnOutcome,
)
from router.engine.clock import Clock, SystemClock
from router.engine.exchange import Exchange
from router.engine.settings.scenarios import Scenario
from router.teams.admitting import Admitting
from router.teams.reserve import Admission
from router.voice import REPLYING, Conversation, Event, Host, Talks
from router.voice.events import Audio

SOUND = bytes(range(1, 241))
LOUD = bytes(range(256)) * 20


class Chunks:
    """A stream of given chunks: an exception among them is raised, an event waited for."""

    def __init__(self, *chunks: bytes | Exception | asyncio.Event) -> None:
        self.chunks = chunks
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, asyncio.Event):
                await chunk.wait()
            else:
                yield chunk

    async def aclose(self) -> None:
        self.closed += 1


class Engine:
    """Hears, thinks and speaks as it is told; `asked` are the requests in order, `outcomes` how each ended."""

    def __init__(self) -> None:
        self.hears: Callable[[TranscriptionRequest], Any] = lambda _: "hello"
        self.thinks: Callable[[ChatRequest], Any] = lambda _: Chunks(b"Yes. ", b"And you?")
        self.speaks: Callable[[SpeechRequest], Any] = lambda _: Chunks(SOUND)
        self.asked: list[Any] = []
        self.outcomes: list[tuple[Task, str]] = []

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        return Exchange(task, team, request_id, SystemClock(), self._finished)

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        self.asked.append(request)
        match request:
            case TranscriptionRequest():
                text = await played(self.hears(request))
                return Transcript(text)
            case ChatRequest():
                return Reply(await played(self.thinks(request)))
        return Speech(AudioFormat.PCM, await played(self.speaks(request)))

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.asked if isinstance(one, kind)]

    def _finished(self, outcome: Outcome) -> None:
        self.outcomes.append((outcome.task, outcome.outcome))


async def played(act: Any) -> Any:
    """Return what an act comes to: raise an error, wait for an event or an answer."""
    if isinstance(act, Exception):
        raise act
    if isinstance(act, asyncio.Event):
        await act.wait()
        return ""
    return act


class Kept:
    """A sink without bounds. `unsent` stands for what a slow caller has not read: `drop` forgets it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.unsent = 0
        self.more = asyncio.Event()

    async def emit(self, event: Event) -> None:
        self.events.append(event)
        self.more.set()

    def drop(self) -> bool:
        kept = [one for one in self.events[len(self.events) - self.unsent :] if not isinstance(one, REPLYING)]
        dropped = self.unsent - len(kept)
        del self.events[len(self.events) - self.unsent :]
        self.events += kept
        return dropped > 0

    def told(self) -> list[str]:
        """Return the events by name, a run of sound as one."""
        names = [type(one).__name__ for one in self.events]
        return [name for at, name in enumerate(names) if name != "Audio" or names[at - 1] != "Audio"]

    def sound(self) -> bytes:
        return b"".join(one.pcm for one in self.events if isinstance(one, Audio))

    async def until(self, kind: type) -> Any:
        """Wait for an event of a kind."""
        async with asyncio.timeout(5):
            while not (found := [one for one in self.events if isinstance(one, kind)]):
                self.more.clear()
                await self.more.wait()
        return found[-1]


class Room:
    """A conversation with a scripted engine, and all that came of it; turns are let in unless there is an `error`."""

    def __init__(self, clock: Clock | None = None, rate: int = 16_000, **scenarios: Scenario) -> None:
        self.engine = Engine()
        self.sink = Kept()
        self.turns: list[TurnOutcome] = []
        self.staying = 0
        self.error: MediaError | None = None
        written: Mapping[str, Scenario] = scenarios or {"daily": Scenario(partials=None)}
        self.admission: Admission | None = None
        self.talks = Talks(scenarios=written, clock=clock or SystemClock(), turn=self.turns.append)
        self.conversation = Conversation(self.lodged, self.sink, "talk", rate)

    @contextmanager
    def lodged(self) -> Iterator[Host]:
        if self.error is not None:
            raise self.error
        self.staying += 1
        try:
            engine = self.engine if self.admission is None else Admitting(self.engine, self.admission)
            yield Host(engine, "ads", self.talks)
        finally:
            self.staying -= 1

    def outcomes(self) -> list[str]:
        return [one.outcome for one in self.turns]
