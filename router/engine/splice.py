"""Speech in parts, so that a stream that breaks can be resumed: docs/adr/0014-splicing.md.

The text goes to a provider one group of sentences at a time. When a stream breaks, its group is spoken again from the
group's beginning by the next target, and the rest follows from there. What was heard of a sentence that broke off is
heard again after a short silence: nothing is left out, and no sentence is put together from two voices.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Final, cast

import msgspec

from router import media
from router.contract import AudioFormat, MediaError, Result, Speech, SpeechRequest, Task, Truncated
from router.engine.errand import Errand
from router.engine.policy import Candidate
from router.engine.sentences import grouped
from router.engine.settings import Splice

Dispatch = Callable[[Errand], Awaitable[Result]]
Voices = Mapping[str, Mapping[str, str]]
UNSPENT: Final = frozenset({"ok", "outrun"})
"""Outcomes of calls that cost nothing of what a request may spend on failures."""


def same_voice(asked: SpeechRequest, one: Candidate, other: Candidate, voices: Voices) -> bool:
    """Whether two targets sound alike: the configuration says so, they clone one recording, or they run one model."""
    if asked.ref_audio is not None or asked.voice in voices or one.provider == other.provider:
        return True
    return told(one) == told(other)


def told(candidate: Candidate) -> tuple[str, str, str | None]:
    """Return what a target is told of a voice, in its kind's own terms."""
    return candidate.kind, candidate.model, cast("SpeechRequest", candidate.request).voice


class Splicing:
    """One text on its way through the targets, and the targets' memory of it: who speaks, and on whom it broke."""

    def __init__(self, errand: Errand, dispatch: Dispatch, voices: Voices) -> None:
        self.errand = errand
        self.dispatch = dispatch
        self.voices = voices
        self.asked = cast("SpeechRequest", errand.request)
        self.exchange = errand.exchange.within(Task.SPEECH)
        self.candidates: tuple[Candidate, ...] = ()
        self.speaker: Candidate | None = None
        self.passed_over: list[str] = []
        self.broken: set[str] = set()
        self.breaks = 0

    async def speech(self) -> Speech:
        """Return the whole as mono pcm at the rate of its first part, which has begun. Raises as for any request."""
        groups = grouped(self.asked.text, self.asked.language)
        speech = await self.part(groups[0], self.errand.deadline)
        return msgspec.structs.replace(speech, chunks=Spliced(self, speech, groups), channels=1, seconds=None)

    async def go_on(self, text: str, *, broke: bool) -> Speech:
        """Begin the next part, or the same again if it broke. Raises `Truncated` if nobody can."""
        if broke and self.speaker is not None:
            self.breaks += 1
            self.broken.add(self.speaker.target)
        within = self.exchange.clock.now() + self.errand.route.deadline
        try:
            return await self.part(text, within, resumes=broke)
        except MediaError as error:
            raise Truncated(f"nobody could go on with the text{self._passed_over()}: {error}") from error

    async def part(self, text: str, deadline: float, *, resumes: bool = False) -> Speech:
        """Have one group of sentences spoken, and note by whom."""
        left = self.errand.attempts - self.breaks - sum(one.outcome not in UNSPENT for one in self.exchange.attempts)
        if left <= 0:
            raise Truncated(f"{self.errand.attempts} attempts were all it had")
        request = msgspec.structs.replace(self.asked, text=text, format=AudioFormat.PCM, bit_rate=None)
        errand = Errand(
            request, self.errand.route, self.exchange, deadline, left, self.arranged, native=True, resumes=resumes
        )
        speech = cast("Speech", await self.dispatch(errand))
        served = next(one.target for one in reversed(self.exchange.attempts) if one.outcome == "ok")
        self.speaker = next(one for one in self.candidates if one.target == served)
        return speech

    def arranged(self, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Keep those who may go on: whoever spoke last comes first, and on whom it broke last."""
        self.passed_over = [one.target for one in candidates if not self.may_speak(one)]
        self.candidates = tuple(sorted(filter(self.may_speak, candidates), key=self._turn))
        return self.candidates

    def may_speak(self, candidate: Candidate) -> bool:
        """Whether a target may go on, going by its voice; anybody may begin."""
        if self.speaker is None or self.errand.route.splice is Splice.ANY_VOICE:
            return True
        return same_voice(self.asked, self.speaker, candidate, self.voices)

    def _passed_over(self) -> str:
        names = ", ".join(self.passed_over)
        return f" ({names} may have another voice, which `splice: any_voice` would allow)" if names else ""

    def _turn(self, candidate: Candidate) -> int:
        if candidate.target in self.broken:
            return 1
        return -1 if self.speaker is not None and candidate.target == self.speaker.target else 0


class Spliced:
    """The parts as one stream."""

    def __init__(self, splicing: Splicing, speech: Speech, groups: Iterable[str]) -> None:
        self.splicing = splicing
        self.speech = speech
        self.groups = deque(groups)
        self.joiner = media.Joiner(speech.sample_rate)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for sound in self._sounds():
            if sound:
                yield sound

    async def aclose(self) -> None:
        """Release the part that is being spoken."""
        await self.speech.chunks.aclose()

    async def _sounds(self) -> AsyncIterator[bytes]:
        while self.groups:
            broke = False
            yield self.joiner.begin(self.speech.sample_rate, self.speech.channels)
            try:
                async for chunk in self.speech.chunks:
                    yield self.joiner.feed(chunk)
                self.groups.popleft()
            except Truncated:
                broke = True
            yield self.joiner.end()
            await self.speech.chunks.aclose()
            if self.groups:
                self.speech = await self.splicing.go_on(self.groups[0], broke=broke)
