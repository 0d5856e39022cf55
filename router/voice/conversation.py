"""A conversation on one socket, whatever its dialect: one turn after another, each of which may cut off the one before."""

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

from msgspec import structs

from router.contract import Conflict, Inline, Invalid, NotFound
from router.contract.trace import ARRIVED
from router.engine.settings.problems import suggestion
from router.engine.settings.scenarios import named
from router.voice.events import Event, Interrupted, Sink
from router.voice.host import Host, Lodging
from router.voice.stages import Stages
from router.voice.turn import Question, Turn, Words

T = TypeVar("T")


class Conversation:
    """Takes what the caller does and tells a sink what comes of it.

    `name` begins the ids of its turns, `rate` is that of recordings, in hertz. What the caller does wrong is raised, as
    `MediaError`, and leaves whatever is under way alone; what goes wrong later is told as `Failed`. Whoever has one must
    `close` it, and calls its methods one after another.
    """

    def __init__(self, lodging: Lodging, sink: Sink, name: str, rate: int) -> None:
        self.lodging = lodging
        self.sink = sink
        self.name = name
        self.rate = rate
        self.turns = 0
        self.turn: Turn | None = None
        self._heedless = False
        self._spoilt = False
        self._beside: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether a reply is under way."""
        return self.turn is not None and self.turn.answering

    async def listen(self, question: Question) -> None:
        """Begin a turn that is spoken: what `hear` brings from now on is the question.

        Raises `NotFound` for a scenario that is not there, and what `lodging` raises.
        """
        turn = await self._next(question)
        turn.listen(self.rate)
        self._heedless = True
        self._spoilt = False

    def hear(self, pcm: bytes) -> None:
        """Take audio: s16le, mono. What comes after a recording has ended is passed over.

        Raises `Invalid` where a recording gets too long, which ends it, and `Conflict`, once, for audio that no
        recording was begun for.
        """
        recording = self.turn.recording if self.turn else None
        if recording is None:
            if self._heedless:
                return
            self._heedless = True
            raise Conflict("audio came before start; it is passed over", code="not_recording")
        try:
            recording.add(pcm)
        except Invalid as error:
            self._spoilt = True
            self._give_up(error.code)
            raise

    async def stop(self) -> None:
        """End the question and have it answered. Raises `Conflict` without one, `Invalid` if nothing was recorded."""
        if self._spoilt:  # its end was told when it got too long
            self._spoilt = False
            return
        if self.turn is None or self.turn.recording is None:
            raise Conflict("nothing is being recorded; send start first", code="not_recording")
        await self.turn.answer_recording()

    async def ask(self, question: Question, text: str) -> None:
        """Begin a turn that is typed. Raises as `listen` does."""
        turn = await self._next(question)
        self._spoilt = False
        turn.answer(text)

    async def reply(self, question: Question, words: Words, *, spoken: bool) -> None:
        """Begin a turn that replies to a conversation which the dialect keeps. Raises as `listen` does."""
        turn = await self._next(question)
        turn.answer_to(words, spoken=spoken)

    async def write_down(self, question: Question, recording: Inline) -> str:
        """Return the words of a recording that belongs to no turn. Raises as `listen` does, and `MediaError`."""
        with self.lodging() as host:
            return await self._stages(host, question, self._scenario(host, question)).write_down(recording)

    def beside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let something be done beside the turns; it is cancelled when the conversation is closed."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._done)
        return task

    async def interrupt(self, first: Event | None = None) -> None:
        """Cut off the turn under way.

        Nothing of it is told after `Interrupted`, which says what was said of its reply. That is told only of a turn whose question had
        ended and of whose reply something was still to come. `first` is told before it, in any case.
        """
        turn, self.turn = self.turn, None
        if turn is None:
            if first is not None:
                await self.sink.emit(first)
            return
        answering = turn.answering
        dropped = self.sink.drop()
        await turn.cancel("interrupted")
        dropped |= self.sink.drop()
        if first is not None:
            await self.sink.emit(first)
        if dropped or answering:
            await self.sink.emit(Interrupted(turn.replying.text))

    async def round_off(self) -> None:
        """Let the reply under way, if there is one, end with its current sentence."""
        if self.turn is not None:
            await self.turn.round_off()

    async def close(self) -> None:
        """Let go of everything."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        if self.turn is not None:
            await self.turn.cancel("cancelled")

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._beside.discard(task)
        if not task.cancelled():
            task.exception()  # told by whoever waits for it, if anybody does

    def _give_up(self, outcome: str) -> None:
        if self.turn is not None:
            self.turn.abandon(outcome)

    async def _next(self, question: Question) -> Turn:
        with ExitStack() as stay:
            host = stay.enter_context(self.lodging())
            turn = self._turn(host, question)
            await self.interrupt()
            turn.stay = stay.pop_all()
        self.turn = turn
        return turn

    def _turn(self, host: Host, question: Question) -> Turn:
        scenario = self._scenario(host, question)
        self.turns += 1
        return Turn(host, self._stages(host, question, scenario), scenario, question.history, self.sink)

    def _stages(self, host: Host, question: Question, scenario: str) -> Stages:
        changed = structs.replace(host.talks.scenarios[scenario], **question.changes)
        arrived = ARRIVED.get()
        trace = arrived and arrived.child()
        return Stages(host.engine, changed, host.team, f"{self.name}.{self.turns}", question.aloud, trace)

    def _scenario(self, host: Host, question: Question) -> str:
        """Return the name of the scenario that is asked for. Raises `NotFound`."""
        scenario = named(host.talks.scenarios, question.scenario)
        if scenario is None:
            asked = question.scenario or ""
            raise NotFound(
                f"no scenario {asked[:60]!r}; {suggestion(asked, host.talks.scenarios)}",
                code="scenario_not_found",
                param="scenario_id",
            )
        return scenario
