"""A reply: thought of, split into sentences, spoken one sentence ahead of what is being heard, and told in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import msgspec

from router.contract import BadOutput, Message
from router.engine.sentences import has_words
from router.voice.ahead import Ahead
from router.voice.directives import Colours, advice, shown
from router.voice.events import Audio, AudioBegun, AudioEnded, Directed, Event, Replied, Said
from router.voice.sentences import joined, sentences
from router.voice.stages import RATE, Stages
from router.voice.times import Times

Emit = Callable[[Event], Awaitable[None]]
SENTENCES: Final = 32
"""How many sentences of text may wait to be spoken."""
FRAMES: Final = 32
"""How many frames of a sentence may wait to be heard: six seconds, 300 KB, of a voice that is quicker than its listener."""


class Spoken(msgspec.Struct, frozen=True):
    """A sentence as it is read and as it is spoken, and the sound that is being made of it."""

    text: str
    words: str
    sound: Ahead[bytes]


class Replying:
    """One reply. `said` are the sentences that were told so far, with their sound or the beginning of it.

    Once there is `enough` of it, it ends with the sentence that is being told.
    """

    def __init__(self, stages: Stages, emit: Emit, times: Times) -> None:
        self.stages = stages
        self.emit = emit
        self.times = times
        self.colours = Colours(stages.scenario.delivery)
        self.said: list[str] = []
        self.enough = False

    @property
    def text(self) -> str:
        """What was said so far."""
        return joined(self.said)

    async def run(self, messages: Sequence[Message]) -> None:
        """Tell the reply to a conversation, to its end. Raises `MediaError`; cancelled, it lets go of all it asked for."""
        thought = sentences(self.stages.think(self._prompted(messages)), self.stages.scenario.language)
        async with Ahead(thought, SENTENCES) as coming:
            await self._in_order(coming)
        if not self.said:
            raise BadOutput("there are no words in the reply")
        await self.emit(Replied(self.text))

    async def _in_order(self, coming: Ahead[str]) -> None:
        """Tell one sentence after another, each while the next is being made."""
        following = asyncio.create_task(self._begin(coming))
        try:
            while (sentence := await following) is not None:
                following = asyncio.create_task(self._begin(coming))
                async with sentence.sound:
                    await self._tell(sentence)
                if self.enough:
                    return
        finally:
            await dismissed(following)

    def _prompted(self, messages: Sequence[Message]) -> Sequence[Message]:
        scenario = self.stages.scenario
        prompt = f"{scenario.prompt}\n\n{advice()}" if scenario.delivery.choose else scenario.prompt
        return (Message("system", prompt), *messages)

    async def _begin(self, coming: Ahead[str]) -> Spoken | None:
        """Have the next sentence spoken, as soon as it is there; None after the last."""
        async for sentence in coming:
            text, words = shown(sentence), self.colours.spoken(sentence)
            if has_words(text):
                self.times.thought()
                sound = self.stages.speak(words) if self.stages.aloud else silence()
                return Spoken(text, words, Ahead(sound, FRAMES))
        return None

    async def _tell(self, sentence: Spoken) -> None:
        if not self.said:
            await self.emit(Directed(self.colours.directive(sentence.words)))
        await self.emit(Said(sentence.text))
        self.said.append(sentence.text)
        if not self.stages.aloud:
            return
        first = await anext(sentence.sound)
        await self.emit(AudioBegun(RATE))
        self.times.sounded()
        await self.emit(Audio(first))
        async for frame in sentence.sound:
            await self.emit(Audio(frame))
        await self.emit(AudioEnded())


async def silence() -> AsyncIterator[bytes]:
    """Yield the sound of what is only written: none."""
    none: tuple[bytes, ...] = ()
    for frame in none:
        yield frame


async def dismissed(following: asyncio.Task[Spoken | None]) -> None:
    """Give up the sentence after the one that was told last."""
    following.cancel()
    await asyncio.wait({following})
    if following.cancelled() or following.exception() is not None:
        return
    sentence = following.result()
    if sentence is not None:
        await sentence.sound.aclose()
