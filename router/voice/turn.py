"""One turn of a conversation: a question, spoken or typed, and its reply."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import msgspec

from router.contract import Invalid, MediaError, Message, TurnOutcome
from router.voice.events import Event, Failed, Heard, Sink
from router.voice.host import Host
from router.voice.recording import Recording
from router.voice.reply import Replying
from router.voice.stages import Stages
from router.voice.times import Times

LOG: Final = logging.getLogger(__name__)
PATIENCE: Final = 1.0
"""Seconds in which whoever works for a turn that is cut off lets go; the conversation goes on without it then."""

Words = Callable[[], Awaitable[Sequence[Message]]]
"""Returns what was said so far, as soon as all of it is written down. Raises `MediaError`."""


class Question(msgspec.Struct, frozen=True):
    """The scenario that is asked for, None meaning the usual one, and what was said before.

    `changes` are fields of the scenario that are otherwise this time. A reply that is not `aloud` is only written.
    """

    scenario: str | None = None
    history: tuple[Message, ...] = ()
    changes: Mapping[str, Any] = {}
    aloud: bool = True


class Turn:
    """From the beginning of a question to the last sound of its reply.

    `stay` is closed when it is over, and what becomes of it is announced once. Nothing is told of a turn that is over.
    """

    def __init__(self, host: Host, stages: Stages, name: str, history: tuple[Message, ...], sink: Sink) -> None:
        self.host = host
        self.name = name
        self.history = history
        self.stages = stages
        self.sink = sink
        self.stay = ExitStack()
        self.times = Times(host.talks.clock)
        self.replying = Replying(stages, self.emit, self.times)
        self.recording: Recording | None = None
        self.spoken = False
        self.over = False
        self._announced = False
        self._heard: Recording | None = None
        self._work: asyncio.Task[None] | None = None

    @property
    def answering(self) -> bool:
        """Whether its question has been asked and its reply is not complete."""
        return self._work is not None and not self.over

    def listen(self, rate: int) -> None:
        """Begin to record the question."""
        self.spoken = True
        self.recording = self._heard = Recording(self.stages, self.emit, self.host.talks.clock, rate)

    def answer(self, text: str) -> None:
        """Reply to a question that is known."""
        self._begin(partial(self._answer, text))

    def answer_to(self, words: Words, *, spoken: bool) -> None:
        """Reply to a conversation whose words, if it is `spoken`, may still be on their way."""
        self.spoken = spoken
        self.times.asked()

        async def answer() -> None:
            said = await words()
            self.times.heard()
            await self.replying.run(said)

        self._begin(answer)

    async def answer_recording(self) -> None:
        """End the question and reply to it. Raises `Invalid` if there is nothing to reply to."""
        recording, self.recording = self.recording, None
        if recording is None:
            raise RuntimeError("nothing is being recorded")
        self.times.asked()
        try:
            audio = await recording.end()
        except Invalid as error:
            self._end(error.code)
            raise

        async def answer() -> None:
            text = await self.stages.write_down(audio)
            if not text:
                raise Invalid("no words were heard in the recording", code="nothing_heard")
            self.times.heard()
            await self.emit(Heard(text))
            await self._answer(text)

        self._begin(answer)

    def abandon(self, outcome: str) -> None:
        """Give up a recording at once."""
        if self.recording is not None:
            self.recording.mute()
        self.recording = None
        self._end(outcome)

    async def cancel(self, outcome: str) -> None:
        """Cut it off, wherever it is; returns when everybody who works for it has let go."""
        self.over = True
        if self.recording is not None:
            await self.recording.discard()
        if self._work is not None and not self._work.done():
            self._work.cancel()
            await asyncio.wait({self._work}, timeout=PATIENCE)
        self._end(outcome)

    async def round_off(self) -> None:
        """End the reply under way with its current sentence, and return when that is told."""
        self.replying.enough = True
        if self._work is not None:
            await asyncio.wait({self._work})

    async def emit(self, event: Event) -> None:
        """Tell what happens, while it matters."""
        if not self.over:
            await self.sink.emit(event)

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = asyncio.create_task(self._until_over(work))

    async def _answer(self, text: str) -> None:
        self.times.heard()
        await self.replying.run((*self.history, Message("user", text)))

    async def _until_over(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except MediaError as error:
            await self._fail(error)
        except Exception:
            LOG.exception("a turn ended in a defect")
            await self._fail(MediaError("an unexpected error in the router; please report the time it happened"))
        else:
            self._end("ok")

    async def _fail(self, error: MediaError) -> None:
        await self.emit(Failed(error))
        self._end(error.code)

    def _end(self, outcome: str) -> None:
        """Announce what became of it, the first time; from then on it is over."""
        self.over = True
        if self._announced:
            return
        self._announced = True
        self.stay.close()
        between = self.times.between
        self.host.talks.turn(
            TurnOutcome(
                request_id=self.stages.request_id,
                scenario=self.name,
                team=self.host.team,
                kind="spoken" if self.spoken else "typed",
                outcome=outcome,
                seconds=self.times.elapsed(),
                hearing=between(None, "heard") if self.spoken else None,
                thinking=between("heard", "thought"),
                speaking=between("thought", "sounded"),
                first_audio=between(None, "sounded"),
                partials=0 if self._heard is None else self._heard.told,
                sentences=len(self.replying.said),
                trace=self.stages.trace,
            )
        )
