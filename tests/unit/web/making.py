"""A web layer over a stub engine: what is asked of it is kept, what it answers is given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import (
    Attempt,
    AudioFormat,
    Carried,
    Clip,
    Inline,
    Invalid,
    NotFound,
    Outcome,
    Provider,
    Speech,
    SpeechRequest,
    Task,
    Transcript,
    TranscriptionRequest,
    Upload,
)
from router.engine.errand import Arrange, Before
from router.engine.exchange import Exchange
from router.engine.explain import Explanation, Standing
from router.engine.settings import Route
from router.engine.standings import Budget, TargetState
from router.jobs import Jobs, Kept
from router.jobs.inputs import remake
from router.media import Probed, sniff
from router.testing.answers import MemoryAnswers
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia, MemoryRows
from router.web import Keys, Site, create_app
from router.web.repeats import Repeats
from tests.unit.engine.making import candidate

KEY = "a-team-key"
AUTH = {"authorization": f"Bearer {KEY}"}
DIGEST = f"sha256:{sha256(KEY.encode()).hexdigest()}"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(64)


class Chunks:
    """A stream of given chunks; an exception among them is raised in its turn."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def aclose(self) -> None:
        self.closed += 1


class Ticks:
    """A clock that stands still."""

    def now(self) -> float:
        return 100.0

    def wall(self) -> float:
        return 1_800_000_000.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


Serve = Callable[[Any, Exchange], Awaitable[Any]]


async def serve_something(request: Any, exchange: Exchange) -> Any:
    """Answer every task with a small good result, served at the second attempt."""
    exchange.route = "a-route"
    exchange.attempts += [attempt(exchange, 1, "first", "busy"), attempt(exchange, 2, "second", "ok")]
    if isinstance(request, SpeechRequest):
        return Speech(request.format, Chunks(b"one", b"two"), sample_rate=24_000)
    if isinstance(request, TranscriptionRequest):
        return Transcript("hello world", language="en", duration=1.5)
    return Clip(Chunks(b"video"))


def attempt(exchange: Exchange, number: int, provider: str, outcome: str, *, resumes: bool = False) -> Attempt:
    return Attempt(
        request_id=exchange.request_id, task=exchange.task, route="a-route", target=provider, provider=provider,
        kind="fake", model="", team=exchange.team, number=number, started=0.0, seconds=0.0125, waited=0.0025,
        outcome=outcome, resumes=resumes,
    )  # fmt: skip


STANDING = Standing(
    target="second", provider="second", kind="fake", model="", free=True, breaker="closed", blocked_for=0.0, load=0,
    first_byte=None,
)  # fmt: skip


STATE = TargetState(
    provider="second", kind="fake", task=Task.SPEECH, breaker="open", open_for=2.5, blocked_for=0.0, refused_for=0.0,
    first_byte_p50=0.1, first_byte_p95=0.4, in_flight=1, queued=2, limit=4,
    budget=Budget(calls=10, repeats=1, allowed=22.0),
)  # fmt: skip


async def in_memory(media: Carried) -> Carried:
    """Return small media as they came; large ones were spooled to disk all along."""
    if media.size > 1024 * 1024:
        return media
    data = await asyncio.to_thread(media.path.read_bytes) if isinstance(media, Upload) else media.source
    return Inline(data, media.media_type, media.seconds)


@dataclass
class StubEngine:
    """Keeps requests and outcomes."""

    answer: Serve = serve_something
    routes: Sequence[Route] = ()
    providers: Mapping[str, Provider[Any]] = field(default_factory=dict)
    is_ready: bool = True
    requests: list[Any] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    within: list[float | None] = field(default_factory=list)
    explained: list[tuple[Task, Any]] = field(default_factory=list)
    declined: dict[str, str] = field(default_factory=dict)

    def ready(self) -> bool:
        return self.is_ready

    def standings(self) -> tuple[TargetState, ...]:
        return (STATE,)

    def explain(self, task: Task, request: Any) -> Explanation:
        """Let one provider take anything, unless somebody declines; a model that is `unknown` is not found."""
        self.explained.append((task, request))
        if request.model == "unknown":
            raise NotFound("no route serves it", code="model_not_found", param="model")
        targets = () if self.declined else (STANDING,)
        return Explanation(route="a-route", attempts=3, deadline=60.0, targets=targets, declined=self.declined)

    def open(self, task: Task, team: str, request_id: str) -> Exchange:
        return Exchange(task, team, request_id, Ticks(), self.outcomes.append)

    async def order(self, request: Any, exchange: Exchange, arrange: Arrange, before: Before) -> Any:
        """Serve a job's request as it was made: what was stored meanwhile is in memory again, and without its key."""
        await before(candidate("second"))
        return await self.serve(msgspec.structs.replace(await remake(request, in_memory), key=None), exchange)

    def job_offer(self, provider: str) -> None:
        """Make every film as it is rendered."""

    def is_free(self, provider: str) -> bool:
        return False

    def respends(self, model: str | None) -> bool:
        return False

    async def serve(self, request: Any, exchange: Exchange, within: float | None = None) -> Any:
        self.requests.append(request)
        self.within.append(within)
        return await self.answer(request, exchange)


async def probe_by_head(source: bytes | Path) -> Probed:
    """Measure sound as a worker would, but believe its head: 61 s for what says so, else 2 s."""
    data = source if isinstance(source, bytes) else await asyncio.to_thread(source.read_bytes)
    media_type = sniff(data[:64])
    if media_type is None:
        raise Invalid("nothing in it can be decoded", code="invalid_media")
    return Probed(
        "image" if media_type.startswith("image/") else "audio", media_type, seconds=61.0 if b"long" in data else 2.0
    )


def site_over(engine: StubEngine, **options: Any) -> Site:
    numbers, films = count(1), count(1)
    given: dict[str, Any] = {
        "keys": Keys({"ads": [DIGEST]}),
        "probe": probe_by_head,
        "metrics": lambda: (b"requests 1\n", "text/plain; version=1.0.0"),
        "new_id": lambda: f"req_{next(numbers)}",
        "jobs": Jobs(
            lambda: engine,
            Kept(MemoryRows(), MemoryMedia()),
            FakeClock(waits=True),
            lambda: f"video_{next(films):024x}",
        ),
        "repeats": Repeats(MemoryAnswers(), MemoryMedia(), FakeClock(waits=True)),
    }
    return Site(engine, **(given | options))


@contextmanager
def client_of(engine: StubEngine, **options: Any) -> Iterator[TestClient[Litestar]]:
    """A client that holds the team's key."""
    with TestClient(create_app(site_over(engine, **options)), raise_server_exceptions=False) as client:
        client.headers.update(AUTH)
        yield client


def pcm(*chunks: bytes | Exception) -> Speech:
    return Speech(AudioFormat.PCM, Chunks(*chunks))


def failing(error: Exception) -> Serve:
    async def serve(request: Any, exchange: Exchange) -> Any:
        raise error

    return serve
