"""The splice soak: streams cut at a random byte of which the callers hear all of the text, for another target goes on.

`python -m benchmarks.soak_splices [STREAMS]`. A served router over three accounts at one vendor, which is in another
process and speaks with espeak-ng, and the callers of the cut soak in this one. Each stream is cut once or twice; one in
200 is cut as often as a request has attempts, and must be seen as incomplete. Afterwards some more are asked of a route
that does not splice: there each must be seen as incomplete, for a check that cannot fail is none.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random
from typing import Final

import httpx
import openai
import uvloop
from rich.console import Console

from benchmarks.cut_callers import FAULTS, PATIENCE, Callers, Ending
from benchmarks.cut_tales import ATTEMPTS, WAYS, Stream, draw
from benchmarks.listening import Understood
from benchmarks.staging import Counts, Watch, bar, router, vendor, verdict
from benchmarks.tale import RATE, Tale, sounds
from benchmarks.telling import NARROW
from router.contract import AudioFormat
from router.media.join import BREATH
from router.media.wav import written_header

STREAMS: Final = 10_000
IN_FLIGHT: Final = 32
SEED: Final = 4
COMPLETE: Final = 0.99
FORGOTTEN: Final = 0.03
"""Share of the words by which spliced texts may be understood worse than the same texts unbroken."""
HEARD: Final = 200
"""One stream in so many is transcribed, and so many are asked of the route that does not splice."""
SHORT: Final = 4
"""Sentences: longer tales are not transcribed, which takes a fifth of the time they last."""
EARS: Final = 3
"""Transcriptions at once."""
SPEAKS: Final = "models: [teller], formats: [pcm], options: [instructions]"
CONFIG: Final = """
providers:
  first: {{kind: openai, base_url: '{url}/first', api_key: '${{env:KEY}}', speech: {{{speaks}}}}}
  second: {{kind: openai, base_url: '{url}/second', api_key: '${{env:KEY}}', speech: {{{speaks}}}}}
  narrow: {{kind: openai, base_url: '{url}/narrow', api_key: '${{env:KEY}}', speech: {{{speaks}, sample_rate: {narrow}}}}}
  local: {{kind: embedded, workers: {ears}}}
voices:
  narrator: {{first: nova, second: alloy, narrow: onyx}}
routes:
  - {{name: tale, task: speech, splice: same_voice, attempts: {attempts}, gap: 3s, tiers: [{{targets: [first, second]}}]}}
  - {{name: rates, task: speech, splice: same_voice, attempts: {attempts}, gap: 3s, tiers: [{{targets: [first, narrow]}}]}}
  - {{name: never, task: speech, gap: 3s, tiers: [{{targets: [first, second]}}]}}
  - {{name: hearing, task: transcription, tiers: [local]}}
"""


@dataclass
class Figures:
    """What came of it."""

    streams: int
    seconds: float = 0.0
    seen: Counter[tuple[str, Ending, Ending]] = field(default_factory=Counter)
    """By client, what was due, and what it saw."""
    entire: int = 0
    """Streams taken for whole in which all of the text was found, and which last as long as they should."""
    exact: int = 0
    """Those of them in which it was found to the last bit."""
    wrong: Counter[str] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)
    """Streams that could have been whole and were seen as incomplete, or were refused."""
    unspliced: Counter[Ending] = field(default_factory=Counter)
    """How streams were seen of the route that does not splice."""
    planned: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    """What the vendor says it did, by way."""
    resumed: int = 0
    truncated: int = 0
    failed: int = 0
    """What the router says: breaks that were resumed, streams that stayed broken, cuts before a first byte was read."""
    spliced: Understood = field(default_factory=Understood)
    unbroken: Understood = field(default_factory=Understood)

    @property
    def complete(self) -> float:
        """The share of streams with all of their text."""
        return self.entire / self.streams

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised."""
        yield from (f"{count} times: {what}" for what, count in self.wrong.items())
        if self.complete < COMPLETE:
            yield f"only {self.complete:.2%} of the streams were complete; of the rest {dict(self.died)} need not have died"
        if self.resumed + self.truncated + self.failed != self.planned:
            yield f"{self.planned} cuts were planned, and the router counted {self.resumed + self.truncated + self.failed}"
        if self.cuts.total() != self.planned + self.unspliced.total() or WAYS.keys() - self.cuts.keys():
            yield f"the vendor did not cut as planned: {dict(self.cuts)}"
        if self.unspliced.keys() != {Ending.INCOMPLETE}:
            yield f"where nothing is spliced streams were seen as {dict(self.unspliced)}"
        for client in ("httpx", "curl", "openai"):
            if not self.seen[client, Ending.WHOLE, Ending.WHOLE]:
                yield f"{client} saw no stream that was whole"
        if self.spliced.recall < self.unbroken.recall - FORGOTTEN:
            yield f"spliced texts were understood to {self.spliced}, unbroken ones to {self.unbroken}"

    def __str__(self) -> str:
        """Return them in one line."""
        return (
            f"{self.streams} streams in {self.seconds:.0f} s, cut {self.planned} times: {self.resumed} breaks resumed, "
            f"{self.entire} streams ({self.complete:.2%}) complete with all of their text, {self.exact} to the bit; "
            f"{self.truncated} seen as incomplete; without splicing {self.unspliced[Ending.INCOMPLETE]} of "
            f"{self.unspliced.total()}; understood: {self.spliced}, unbroken {self.unbroken}"
        )


class Soak:
    """Asks for streams and judges what their callers hear."""

    def __init__(self, callers: Callers, figures: Figures) -> None:
        self.callers = callers
        self.figures = figures
        self.random = Random(SEED)  # noqa: S311 - it must be the same each time
        self.samples: list[tuple[Tale, bytes]] = []
        self.to_sample = samples(figures.streams)
        self.ears = asyncio.Semaphore(EARS)

    async def run(self, ticks: Iterator[int]) -> None:
        """Ask for a stream for each tick, `IN_FLIGHT` at once."""

        async def caller() -> None:
            for number in ticks:
                await self._ask(draw(self.random, number))

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(caller())
        self.figures.seconds = time.monotonic() - began

    async def unspliced(self, count: int) -> None:
        """Ask a route that does not splice for more such streams."""
        for number in range(self.figures.streams, self.figures.streams + count):
            drawn = draw(self.random, number)
            tale = replace(drawn.tale, cuts=drawn.tale.cuts[:1])
            stream = replace(drawn, tale=tale, route="never", format=AudioFormat.PCM)
            seen = await self.callers.by_client["httpx"]["stream"](stream.body)
            self.figures.unspliced[seen.ending] += 1

    async def listen(self) -> None:
        """Have the router write down the samples, and the same texts unbroken."""
        files = [(sound, unbroken(tale)) for tale, sound in self.samples]
        texts = await asyncio.gather(*map(self._transcript, chain.from_iterable(files)))
        for (tale, _), resumed, plain in zip(self.samples, texts[::2], texts[1::2], strict=True):
            self.figures.spliced += Understood.of(tale.text, resumed)
            self.figures.unbroken += Understood.of(tale.text, plain)

    async def _transcript(self, sound: bytes) -> str:
        file = ("tale.wav", written_header(RATE) + sound)
        url = f"{self.callers.url}/v1/audio/transcriptions"
        async with self.ears:
            answer = await self.callers.client.post(url, data={"model": "hearing"}, files={"file": file})
        text: str = answer.raise_for_status().json()["text"]
        return text

    async def _ask(self, stream: Stream) -> None:
        self.figures.planned += len(stream.tale.cuts)
        client = self.random.choice(list(self.callers.by_client))
        manner = self.random.choice(list(self.callers.by_client[client]))
        what = f"{client} {manner}, {stream.name}"
        sampled = self._is_sampled(stream)
        try:
            seen = await self.callers.by_client[client][manner](stream.body)
        except FAULTS as error:
            self.figures.wrong[f"{what}: {error!r}"] += 1
            return
        self.figures.seen[client, stream.due, seen.ending] += 1
        if seen.ending is Ending.WHOLE is stream.due:
            sound = seen.body or b""
            await self._judge(stream, what, sound)
            if sampled:
                self.samples.append((stream.tale, sound))
        elif seen.ending is Ending.WHOLE:
            self.figures.wrong[f"{what}: taken for whole"] += 1
        elif stream.due is Ending.WHOLE:
            self.figures.died[f"{what}: {seen.told}"] += 1

    async def _judge(self, stream: Stream, what: str, body: bytes) -> None:
        flaws = await asyncio.to_thread(lambda: list(stream.flaws(body)))
        self.figures.wrong.update(f"{what}: {flaw}" for flaw in flaws)
        self.figures.entire += not flaws
        self.figures.exact += stream.is_exact and not flaws

    def _is_sampled(self, stream: Stream) -> bool:
        """Whether a stream is to be transcribed: the first that can be, of those asked for, so that they are the same each time."""
        fits = self.to_sample > 0 and stream.is_exact and len(stream.tale.sentences) <= SHORT
        self.to_sample -= fits
        return fits


def samples(streams: int) -> int:
    """Return how many of so many streams are looked at more closely."""
    return max(3, streams // HEARD)


def unbroken(tale: Tale) -> bytes:
    """Return the sound of a tale that never broke."""
    pause = bytes(2 * round(BREATH * RATE))
    return pause.join(tale.sound)


async def soak(streams: int, watch: Watch = iter) -> Figures:
    """Cut so many streams and return the figures."""
    figures = Figures(streams)

    def told(counts: bytes) -> None:
        figures.cuts.update(json.loads(counts))

    async with AsyncExitStack() as stack:
        telling, _ = await asyncio.gather(
            stack.enter_async_context(vendor("benchmarks.telling", told)), asyncio.to_thread(sounds)
        )
        config = CONFIG.format(url=telling, speaks=SPEAKS, narrow=NARROW, attempts=ATTEMPTS, ears=EARS)
        url = await stack.enter_async_context(router(config))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="not-needed", max_retries=0, timeout=PATIENCE)
        await stack.enter_async_context(sdk)
        soaking = Soak(Callers(url, client, sdk), figures)
        await soaking.run(watch(range(streams)))
        count(await Counts.of(url, client), figures)
        await soaking.unspliced(samples(streams))
        await soaking.listen()
    return figures


def count(counts: Counts, figures: Figures) -> None:
    """Note what a router says of a soak."""
    figures.resumed = counts.total("splices")
    figures.truncated = counts.total("truncated")
    figures.failed = counts.total("attempts", is_failed_speech)


def is_failed_speech(labels: Mapping[str, str]) -> bool:
    """Whether attempts were to speak, and failed."""
    return labels["task"] == "speech" and labels["reason"] != "ok"


def main(streams: int) -> int:
    """Soak, and return the exit status; the last line is the figures."""
    console = Console(stderr=True)
    figures = uvloop.run(soak(streams, bar("splicing", console)))
    console.print(f"cut: {dict(figures.cuts)}, {figures.failed} before a byte was read", highlight=False)
    console.print(f"died: {dict(figures.died)}", highlight=False)
    return verdict(figures, figures.breaches(), console)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else STREAMS))
