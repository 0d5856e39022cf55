"""The three stages of a turn, each a request on one of the engine's routes, so that each fails over like any other."""

import asyncio
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Final

import msgspec

from router.contract import (
    AudioFormat,
    ChatRequest,
    Inline,
    MediaError,
    Message,
    SpeechRequest,
    Task,
    Transcript,
    TranscriptionRequest,
)
from router.contract.trace import Trace
from router.engine.exchange import Exchange
from router.engine.settings.scenarios import Scenario
from router.voice.engine import Engine
from router.voice.samples import framed

RATE: Final = 24_000
"""Hertz at which replies are spoken."""
LEFT: Final = 499
"""nginx's status for a caller who left."""


class Stages(msgspec.Struct, frozen=True):
    """What a turn asks for, on behalf of a team, under the turn's id; `aloud` says whether its reply is spoken at all."""

    engine: Engine
    scenario: Scenario
    team: str
    request_id: str
    aloud: bool = True
    trace: Trace | None = None

    async def write_down(self, recording: Inline) -> str:
        """Return the words of a recording, which may be none."""
        exchange = self._open(Task.TRANSCRIPTION)
        with recorded(exchange):
            request = TranscriptionRequest(
                audio=recording, model=self.scenario.transcription, language=self.scenario.language
            )
            heard: Transcript = await self.engine.serve(request, exchange)
            return heard.text.strip()

    async def think(self, messages: Sequence[Message]) -> AsyncGenerator[str]:
        """Yield a reply's text as it is written."""
        exchange, decoder = self._open(Task.CHAT), getincrementaldecoder("utf-8")("replace")
        with recorded(exchange):
            request = ChatRequest(
                messages=tuple(messages),
                model=self.scenario.chat,
                temperature=self.scenario.temperature,
                max_tokens=self.scenario.max_tokens,
            )
            reply = await self.engine.serve(request, exchange)
            async with aclosing(reply.chunks):
                async for chunk in reply.chunks:
                    exchange.sent(len(chunk))
                    yield decoder.decode(chunk)

    async def speak(self, text: str) -> AsyncGenerator[bytes]:
        """Yield a sentence's sound: s16le at `RATE`, mono, whole samples."""
        exchange = self._open(Task.SPEECH)
        with recorded(exchange):
            request = SpeechRequest(
                text=text,
                model=self.scenario.speech,
                voice=self.scenario.voice,
                format=AudioFormat.PCM,
                sample_rate=RATE,
            )
            speech = await self.engine.serve(request, exchange)
            async with aclosing(speech.chunks), aclosing(framed(speech.chunks)) as frames:
                async for frame in frames:
                    exchange.sent(len(frame))
                    yield frame

    def _open(self, task: Task) -> Exchange:
        exchange = self.engine.open(task, self.team, self.request_id)
        exchange.trace = self.trace and self.trace.child()
        return exchange


@contextmanager
def recorded(exchange: Exchange) -> Iterator[None]:
    """Finish a request's record, however it ends."""
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit):
        exchange.finish("cancelled", LEFT)
        raise
    except MediaError as error:
        exchange.finish(error.code, error.status)
        raise
    except Exception:
        exchange.finish(MediaError.code, MediaError.status)
        raise
    exchange.finish("ok", 200)
