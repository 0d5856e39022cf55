"""A question while it is asked: what was recorded so far, written down again and again."""

import asyncio
from typing import Final

from router.contract import Inline, Invalid, MediaError
from router.engine.clock import Clock
from router.voice.events import Partial
from router.voice.reply import Emit
from router.voice.samples import WIDTH, wav
from router.voice.stages import Stages

SHORTEST: Final = 0.1
"""Seconds: nobody says anything in less, and some transcribers refuse it."""


class Recording:
    """Takes s16le mono audio at `rate` hertz and, while it grows, tells what is in it: one transcript at a time.

    That is an approximation: transcribers that take whole recordings are given all of it each time. One that fails is
    passed over, since the next may do better. `told` counts the partials.
    """

    def __init__(self, stages: Stages, emit: Emit, clock: Clock, rate: int) -> None:
        self.stages = stages
        self.emit = emit
        self.clock = clock
        self.rate = rate
        self.pcm = bytearray()
        self.told = 0
        self.most = int(stages.scenario.longest * rate) * WIDTH
        every = stages.scenario.partials
        self._telling = asyncio.create_task(self._tell(every)) if every else None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / WIDTH / self.rate

    def add(self, pcm: bytes) -> None:
        """Append audio, whose pieces need not be whole samples. Raises `Invalid` where it gets too long."""
        if len(self.pcm) + len(pcm) > self.most:
            longest = self.stages.scenario.longest
            raise Invalid(
                f"a question may last {longest:g} seconds; what was recorded is dropped, send start to begin anew",
                code="recording_too_long",
                limit=longest,
            )
        self.pcm += pcm

    async def end(self) -> Inline:
        """Return what was recorded; nothing is told any more. Raises `Invalid` if there is nothing in it."""
        await self.discard()
        if self.seconds < SHORTEST:
            raise Invalid(
                f"nothing was recorded: {self.seconds:.2f} seconds of audio came before stop, and {SHORTEST:g} are needed",
                code="empty_recording",
                limit=SHORTEST,
            )
        return wav(self.pcm, self.rate)

    def mute(self) -> None:
        """Tell nothing from now on."""
        if self._telling is not None:
            self._telling.cancel()

    async def discard(self) -> None:
        """Tell nothing any more, and wait until whoever was asked is let go."""
        if self._telling is not None:
            self.mute()
            await asyncio.wait({self._telling})

    async def _tell(self, every: float) -> None:
        """Tell what was said so far every so many seconds, or as often as there is an answer, if that takes longer."""
        latest, heard, due = "", 0, self.clock.now() + every
        while True:
            await self.clock.sleep(max(due - self.clock.now(), 0.0))
            due = self.clock.now() + every
            if len(self.pcm) == heard or self.seconds < SHORTEST:
                continue
            heard = len(self.pcm)
            text = await self._so_far()
            if text and text != latest:
                latest = text
                self.told += 1
                await self.emit(Partial(text))

    async def _so_far(self) -> str:
        try:
            return await self.stages.write_down(wav(self.pcm, self.rate))
        except MediaError:
            return ""
