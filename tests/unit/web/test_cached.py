"""The answer cache for speech, through the whole web layer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import AudioFormat, Exhausted, MediaError, Settings, Speech, SpeechRequest, Task, Unavailable
from router.engine.exchange import Exchange
from router.engine.settings import Cache, ProviderSettings, Route, RouterSettings, Target, Tier
from router.testing.answers import MemoryAnswers
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia
from router.web.auth import Keys
from router.web.cached import Cached, SpeechCache
from router.web.spoken import Spoken
from tests.unit.web.making import Chunks, StubEngine, client_of

TIERS = (Tier(targets=(Target(provider="a"),)),)
ACCOUNTS = {"a": ProviderSettings(name="a", kind="fake", settings=Settings())}
KEYS = {name: f"key-of-{name}" for name in ("ads", "games")}


def settings(*, shared: bool = False, **rest: Any) -> RouterSettings:
    kept = Route(name="kept", task=Task.SPEECH, tiers=TIERS, models=("tts-1",), cache=Cache(age=60.0, shared=shared))
    plain = Route(name="plain", task=Task.SPEECH, tiers=TIERS)
    return RouterSettings(providers=ACCOUNTS, routes=(kept, plain), **rest)


class House:
    """A site with a cache, whose engine speaks another word each time."""

    def __init__(self, **options: Any) -> None:
        self.spoken = 0
        self.breaks = False
        self.clock, self.media, self.rows = FakeClock(waits=True), MemoryMedia(), MemoryAnswers()
        self.engine = StubEngine(answer=self.speak)
        self.cache = SpeechCache(self.rows, self.media, self.clock)
        self.cached = Cached(self.cache, Spoken(settings(**options)))

    async def speak(self, request: Any, exchange: Exchange) -> Speech:
        self.spoken += 1
        word = f"word {self.spoken}".encode()
        return Speech(request.format, Chunks(word, Unavailable("reset")) if self.breaks else Chunks(word, b"!"))

    @contextmanager
    def open(self) -> Iterator[TestClient[Litestar]]:
        digests = {name: [f"sha256:{sha256(key.encode()).hexdigest()}"] for name, key in KEYS.items()}
        with client_of(self.engine, cache=self.cached, keys=Keys(digests)) as client:
            client.headers.clear()
            yield client


def ask(client: TestClient[Litestar], team: str = "ads", header: str = "", **fields: Any) -> tuple[str, str]:
    """Return what is heard, and what X-Cache says."""
    headers = {"authorization": f"Bearer {KEYS[team]}"} | ({"cache-control": header} if header else {})
    body = {"input": "hello", "model": "tts-1", "response_format": "pcm", **fields}
    answer = client.post("/v1/audio/speech", json=body, headers=headers)
    return answer.text, answer.headers.get("x-cache", "")


def test_the_same_again() -> None:
    """What was spoken once is told again, with the same type, and counts as an outcome of its own."""
    house = House()
    with house.open() as client:
        assert ask(client) == ("word 1!", "miss")
        assert ask(client) == ("word 1!", "hit")
    assert house.spoken == 1
    miss, hit = house.engine.outcomes
    assert (hit.cache, hit.route, hit.outcome, hit.characters, hit.charges) == ("hit", "kept", "ok", 5, ())
    assert miss.cache == "miss"


@pytest.mark.parametrize(
    "change",
    [
        {"input": "Hello"}, {"voice": "nova"}, {"response_format": "wav"}, {"speed": 1.5}, {"seed": 1}, {"language": "de"},
        {"instructions": "softly"}, {"temperature": 0.1}, {"model": "kept"}, {"top_k": 5}, {"top_p": 0.5},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_changes_the_sound(change: dict[str, Any]) -> None:
    """It is another answer."""
    house = House()
    with house.open() as client:
        ask(client)
        assert ask(client, **change)[1] == "miss"
    assert house.spoken == 2


def test_teams_are_apart() -> None:
    """What was spoken for one team is not told to another, unless the route says that they share."""
    for shared, second in ((False, ("word 2!", "miss")), (True, ("word 1!", "hit"))):
        house = House(shared=shared)
        with house.open() as client:
            ask(client)
            assert ask(client, "games") == second


def test_a_route_without_a_cache() -> None:
    """It keeps nothing, and says nothing of a cache."""
    house = House()
    with house.open() as client:
        assert [ask(client, model="plain") for _ in range(2)] == [("word 1!", ""), ("word 2!", "")]
    assert house.media.kept == {}


def test_who_wants_nothing_kept() -> None:
    """`Cache-Control: no-store` neither takes what is kept nor keeps anything."""
    house = House()
    with house.open() as client:
        assert ask(client, header="max-age=0, No-Store") == ("word 1!", "bypass")
        assert ask(client) == ("word 2!", "miss")
        assert ask(client, header="no-store") == ("word 3!", "bypass")
        assert ask(client) == ("word 2!", "hit")


def test_it_grows_old() -> None:
    """After its age it is spoken anew, and the old sound is removed."""
    house = House()
    with house.open() as client:
        ask(client)
        house.clock.advance(61.0)
        assert ask(client) == ("word 2!", "miss")
        assert ask(client) == ("word 2!", "hit")
    assert len(house.media.kept) == 1


def test_what_broke_is_not_kept() -> None:
    """A cut answer is cut for its caller, and told to nobody else."""
    house = House()
    house.breaks = True
    with house.open() as client:
        ask(client)
        house.breaks = False
        assert ask(client) == ("word 2!", "miss")
        assert ask(client) == ("word 2!", "hit")
    assert house.engine.outcomes[0].outcome == "truncated"


def test_a_failure_is_not_kept() -> None:
    """An error is told once; the next request is served."""
    house = House()
    answers = [Exhausted([("a", Unavailable("down"))])]

    async def failing_once(request: Any, exchange: Exchange) -> Any:
        if answers:
            raise answers.pop()
        return await house.speak(request, exchange)

    house.engine.answer = failing_once
    with house.open() as client:
        assert "every provider failed" in ask(client)[0]
        assert ask(client) == ("word 1!", "miss")
    assert house.cache.flights == {}


def test_the_stores_are_away() -> None:
    """Requests are served as if there were no cache."""
    house = House()
    house.media.away = house.rows.away = MediaError("away", code="storage_failed", status=503)
    with house.open() as client:
        assert [ask(client)[0] for _ in range(2)] == ["word 1!", "word 2!"]


async def test_many_at_once() -> None:
    """Of twenty who ask for the same at once one is served by a provider, and all hear the same."""
    house = House()
    go = asyncio.Event()

    async def speak(request: Any, exchange: Exchange) -> Speech:
        await go.wait()
        return await house.speak(request, exchange)

    route = house.cached.routes.routes["tts-1"]
    assert route is not None
    request = SpeechRequest(text="hello", model="tts-1", format=AudioFormat.PCM)

    async def one(number: int) -> tuple[bytes, str | None]:
        exchange = Exchange(Task.SPEECH, "ads", f"req_{number}", house.clock)
        scope: Any = {"headers": []}
        speech = await house.cached.serve(request, exchange, scope, lambda: speak(request, exchange))
        try:
            return b"".join([chunk async for chunk in speech.chunks]), exchange.cache
        finally:
            await speech.chunks.aclose()

    asking = [asyncio.create_task(one(number)) for number in range(20)]
    await asyncio.sleep(0.01)
    go.set()
    heard = await asyncio.gather(*asking)
    assert {sound for sound, _ in heard} == {b"word 1!"}
    assert sorted(str(how) for _, how in heard) == ["joined"] * 19 + ["miss"]
    await house.cache.settled()
    assert (house.spoken, house.cache.flights, await one(21)) == (1, {}, (b"word 1!", "hit"))


def test_the_configuration_is_in_the_name() -> None:
    """Another provider, voice or way of speaking is another answer; another key of a team or a provider is not."""
    request = SpeechRequest(text="hello", model="tts-1", voice="nova")

    def name(given: RouterSettings) -> str:
        spoken = Spoken(given)
        route = spoken.route_of(request)
        assert route is not None
        return spoken.name_of(request, route, "ads")

    same = name(settings())
    assert name(settings()) == same
    assert name(settings(voices={"nova": {"a": "x"}})) != same
    assert name(settings(voices={"other": {"a": "x"}})) == same
