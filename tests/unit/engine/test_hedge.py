import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.contract import (
    Attempt,
    AudioFormat,
    Busy,
    ContentRefused,
    DeadlinePassed,
    Exhausted,
    Invalid,
    MediaError,
    OutcomeUnknown,
    Result,
    Speech,
    SpeechRequest,
    Task,
    TimedOut,
    Unavailable,
)
from router.engine.attempt import Calling
from router.engine.breaker import IN_A_ROW, State, Verdict
from router.engine.errand import Errand
from router.engine.exchange import Exchange
from router.engine.first_bytes import FEWEST, LONGEST
from router.engine.health import TargetHealth
from router.engine.hedge import Hedges
from router.engine.hedge_budget import REQUESTS_EACH
from router.engine.plan import Plan
from router.engine.policy import Candidate
from router.engine.retry import persist
from router.engine.settings import Route, Target, Tier
from router.engine.slots import Patience, Slots
from router.media import Workers
from router.testing.clock import FakeClock
from tests.unit.engine.making import Chunks, speaking
from tests.unit.engine.stage import route, speech, staged, whole

HELLO = SpeechRequest(text="hello", format=AudioFormat.PCM)
PCM = bytes(range(48)) * 10
ROUTE = Route(name="r", task=Task.SPEECH, tiers=(Tier(targets=(Target(provider="a"),)),), hedge=True)


@dataclass(frozen=True)
class Act:
    """What a provider does after some seconds: fail, or speak; `parting` is how long it takes to leave when cancelled."""

    seconds: float = 0.0
    error: MediaError | None = None
    parting: float = 0.0


@dataclass
class Scene:
    """Requests to providers a, b and c on a hedged route, on a clock that moves only when told."""

    workers: Workers
    clock: FakeClock = field(default_factory=lambda: FakeClock(waits=True))
    health: dict[str, TargetHealth] = field(default_factory=lambda: defaultdict(lambda: TargetHealth(Random(1))))
    acts: dict[str, list[Act]] = field(default_factory=lambda: defaultdict(list))
    asked: list[str] = field(default_factory=list)
    streams: list[Chunks] = field(default_factory=list)
    told: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hedges = Hedges((ROUTE,), self.clock)
        self.afford()

    def afford(self, hedges: int = 1) -> None:
        for _ in range(hedges * REQUESTS_EACH):
            self.hedges.budgets[ROUTE.name].note()

    def request(self, names: str = "ab", attempts: int = 3) -> asyncio.Task[Result]:
        """Begin a request whose candidates are these providers."""
        self.exchange = Exchange(Task.SPEECH, "ads", "req_1", self.clock)
        calling = Calling(Errand(HELLO, ROUTE, self.exchange, 1e9, ROUTE.attempts), self.workers, self.told.append)
        self.plan = Plan(tuple(map(self._candidate, names)), attempts, 1e9, self.clock.now, Random(1))
        first = self.plan.first()
        assert first is not None
        return asyncio.create_task(
            persist(self.hedges.asking(calling.call, ROUTE, self.plan), first, self.plan, self.clock)
        )

    def _candidate(self, name: str) -> Candidate:
        async def answer(_: SpeechRequest) -> Speech:
            return await self._play(name)

        return Candidate(name, "fake", "", name, speaking(answer), HELLO, self.health[name])

    async def _play(self, name: str) -> Speech:
        self.asked.append(name)
        act = self.acts[name].pop(0) if self.acts[name] else Act()
        try:
            await self.clock.sleep(act.seconds)
        except asyncio.CancelledError:
            if act.parting:
                await self.clock.sleep(act.parting)
            raise
        if act.error is not None:
            raise act.error
        self.streams.append(Chunks(name.encode() * 2, PCM))
        return Speech(AudioFormat.PCM, self.streams[-1])

    async def passing(self, seconds: float) -> None:
        """Let so much time pass, by tenths of a second, and all that is due happen."""
        for _ in range(round(seconds * 10)):
            await settled()
            self.clock.advance(0.1)
        await settled()

    def outcomes(self) -> list[str]:
        return [f"{one.provider} {one.outcome}{' hedged' * one.hedged}" for one in self.told]

    def load(self) -> int:
        return sum(one.load for one in self.health.values())


async def settled() -> None:
    """Let everybody do what they can do at this moment."""
    for _ in range(30):
        await asyncio.sleep(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with Workers(1) as workers:
        yield Scene(workers)


async def heard(request: asyncio.Task[Result]) -> str:
    """Return who is heard, and let the stream go."""
    assert request.done()
    speech = request.result()
    assert isinstance(speech, Speech)
    spoken = b"".join([chunk async for chunk in speech.chunks])
    await speech.chunks.aclose()
    return chr(spoken[0])


async def test_a_quick_answer(scene: Scene) -> None:
    """Nobody else is asked while the first takes no longer than usual, and nothing goes on waiting afterwards."""
    scene.acts["a"] = [Act(LONGEST - 0.2)]
    request = scene.request()
    await scene.passing(2)
    assert await heard(request) == "a"
    assert (scene.asked, scene.outcomes(), scene.load()) == (["a"], ["a ok"], 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_second_is_first(scene: Scene) -> None:
    """When a provider is slower than usual another is asked, and the first is let go as soon as that one answers."""
    scene.acts["a"] = [Act(9)]
    request = scene.request()
    await scene.passing(LONGEST - 0.1)
    assert scene.asked == ["a"]
    await scene.passing(0.2)
    assert scene.asked == ["a", "b"]
    assert await heard(request) == "b"
    await settled()
    assert (scene.outcomes(), scene.load()) == (["b ok hedged", "a outrun"], 0)
    assert scene.exchange.provider == "b"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_first_is_first_after_all(scene: Scene) -> None:
    """The hedge is let go when the slow provider answers before it."""
    scene.acts["a"], scene.acts["b"] = [Act(3)], [Act(9)]
    request = scene.request()
    await scene.passing(3.1)
    assert await heard(request) == "a"
    await settled()
    assert (scene.outcomes(), scene.load()) == (["a ok", "b outrun hedged"], 0)
    assert scene.exchange.provider == "a"


@pytest.mark.parametrize("hedge", [1.92, 1.98])
async def test_both_in_the_same_moment(scene: Scene, hedge: float) -> None:
    """One serves, the stream of the other is closed unheard, and only one is told as having gone well."""
    scene.acts["a"], scene.acts["b"] = [Act(LONGEST + 1.95)], [Act(hedge)]
    request = scene.request()
    await scene.passing(5)
    winner = await heard(request)
    await settled()
    assert winner == ("b" if hedge < 1.95 else "a")
    assert len(scene.streams) == 2
    assert all(one.closed for one in scene.streams)
    assert sorted(one.split()[1] for one in scene.outcomes()) == ["ok", "outrun"]
    assert (scene.exchange.provider, scene.load()) == (winner, 0)


@pytest.mark.parametrize(
    ("a", "b", "outcomes"),
    [
        (Act(3, Unavailable("")), Act(4), ["a unavailable", "b ok hedged"]),
        (Act(4), Act(1, Busy("", retry_after=60)), ["b busy hedged", "a ok"]),
        (Act(3, Unavailable("")), Act(2, TimedOut("")), ["a unavailable", "b timed_out hedged", "c ok"]),
        (Act(4, Unavailable("")), Act(1, TimedOut("")), ["b timed_out hedged", "a unavailable", "c ok"]),
    ],
)
async def test_failures(scene: Scene, a: Act, b: Act, outcomes: list[str]) -> None:
    """A failure is left to the rival to make good; when both fail the plan goes on, and asks neither again."""
    scene.acts["a"], scene.acts["b"] = [a], [b]
    request = scene.request("abc")
    await scene.passing(10)
    assert await heard(request) == outcomes[-1][0]
    await settled()
    assert (scene.outcomes(), scene.load()) == (outcomes, 0)


async def test_the_budget_of_the_request(scene: Scene) -> None:
    """Both count: with two attempts allowed nobody is asked after both failed, and both failures are known."""
    scene.acts["a"], scene.acts["b"] = [Act(3, Unavailable(""))], [Act(3, TimedOut(""))]
    request = scene.request("abc", attempts=2)
    await scene.passing(10)
    with pytest.raises(Exhausted) as raised:
        await request
    assert scene.asked == ["a", "b"]
    assert {target: failure.reason for target, failure in raised.value.failures} == {
        "a": "unavailable",
        "b": "timed_out",
    }


@pytest.mark.parametrize(
    ("refusing", "error", "outcome"),
    [
        ("a", ContentRefused("no"), "a rejected"),
        ("b", ContentRefused("no"), "b rejected hedged"),
        ("a", OutcomeUnknown("lost"), "a outcome_unknown"),
        ("b", OutcomeUnknown("lost"), "b outcome_unknown hedged"),
    ],
)
async def test_what_nobody_else_can_mend(scene: Scene, refusing: str, error: MediaError, outcome: str) -> None:
    """A refusal, or an error after which nothing may be repeated, ends both calls."""
    scene.acts["a"], scene.acts["b"] = [Act(9)], [Act(9)]
    scene.acts[refusing] = [Act(3, error)]
    request = scene.request()
    await scene.passing(6)
    with pytest.raises(type(error)):
        await request
    await settled()
    assert (scene.outcomes()[0], scene.outcomes()[1].split()[1], scene.load()) == (outcome, "outrun", 0)


def nothing_saved(scene: Scene) -> None:
    while scene.hedges.budgets[ROUTE.name].take():
        pass


def other_blocked(scene: Scene) -> None:
    scene.health["b"].learn(Busy("", retry_after=60), scene.clock.now())


def other_full(scene: Scene) -> None:
    scene.health["b"].slots = Slots(1)
    scene.health["b"].slots.taken = 1


def no_more(_: Scene) -> None:
    """Nothing else is in the way."""


@pytest.mark.parametrize(
    ("names", "attempts", "circumstance"),
    [("ab", 3, nothing_saved), ("ab", 3, other_blocked), ("ab", 3, other_full), ("aa", 3, no_more), ("ab", 1, no_more)],
)
async def test_no_second_call(scene: Scene, names: str, attempts: int, circumstance: Callable[[Scene], None]) -> None:
    """Nobody else is asked beyond what the route saved up or the request may spend, nor who cannot begin at once, nor the same provider."""
    circumstance(scene)
    scene.acts["a"] = [Act(9)]
    request = scene.request(names, attempts)
    await scene.passing(10)
    assert await heard(request) == "a"
    await settled()
    assert (scene.asked, scene.outcomes()) == (["a"], ["a ok"])


async def test_waiting_for_our_own_slot(scene: Scene) -> None:
    """A request that waits for a slot is not hedged: its provider has not even been asked."""
    scene.health["a"].slots = Slots(1)
    await scene.health["a"].slots.take("ads", Patience(1, 1))
    scene.acts["a"] = [Act(1)]
    request = scene.request()
    await scene.passing(5)
    assert scene.asked == []
    scene.health["a"].slots.give_back(5)
    await scene.passing(1.1)
    assert await heard(request) == "a"
    assert scene.outcomes() == ["a ok"]


async def test_one_hedge_for_a_request(scene: Scene) -> None:
    """Once a request was hedged its later attempts are not, whatever was saved up."""
    scene.afford(5)
    scene.acts["a"], scene.acts["b"], scene.acts["c"] = [Act(3, TimedOut(""))], [Act(1, TimedOut(""))], [Act(9)]
    request = scene.request("abcd", attempts=5)
    await scene.passing(20)
    assert await heard(request) == "c"
    assert scene.outcomes() == ["a timed_out", "b timed_out hedged", "c ok"]


@pytest.mark.parametrize("hedged", [True, False])
async def test_a_caller_who_leaves(scene: Scene, *, hedged: bool) -> None:
    """Whoever was asked by then is let go, and told as cancelled, before the request is over."""
    scene.acts["a"], scene.acts["b"] = [Act(9, parting=0.5)], [Act(9, parting=0.5)]
    request = scene.request()
    await scene.passing(3 if hedged else 1)
    request.cancel()
    await settled()
    assert not request.done()
    await scene.passing(0.6)
    assert request.cancelled()
    assert sorted(scene.outcomes()) == ["a cancelled", "b cancelled hedged"][: 1 + hedged]
    assert scene.load() == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_loser_that_is_slow_to_leave(scene: Scene) -> None:
    """The winner does not wait for it; it is told of at once, keeps its slot until it is gone, and can be waited for."""
    scene.acts["a"] = [Act(9, parting=5)]
    request = scene.request()
    await scene.passing(LONGEST + 0.1)
    assert await heard(request) == "b"
    assert (scene.outcomes(), scene.health["a"].load) == (["b ok hedged", "a outrun"], 1)
    drained = asyncio.create_task(scene.hedges.leaving.drain())
    await scene.passing(4)
    assert not drained.done()
    await scene.passing(1.1)
    assert drained.done()
    assert scene.load() == 0


async def test_what_outrun_calls_teach(scene: Scene) -> None:
    """A slow call that was outrun counts as slow, or a target that stalls would look fast; a hedge that lost tells nothing."""
    for _ in range(FEWEST):
        scene.health["a"].saw_first_byte(0.5)
    scene.acts["a"] = [Act(9), Act(1)]
    first = scene.request()
    await scene.passing(1)
    assert await heard(first) == "b"
    await settled()
    assert list(scene.health["a"].first_bytes.latest)[FEWEST:] == [pytest.approx(0.5, abs=0.15)]
    scene.afford()
    scene.acts["b"] = [Act(9)]
    second = scene.request()
    await scene.passing(1.5)
    assert await heard(second) == "a"
    await settled()
    assert scene.outcomes()[-2:] == ["a ok", "b outrun hedged"]
    assert len(scene.health["b"].first_bytes.latest) == 1


async def test_a_breaker_that_probes(scene: Scene) -> None:
    """A probe that is outrun gives its place back, and opens nothing."""
    breaker = scene.health["a"].breaker
    for _ in range(IN_A_ROW):
        breaker.settle(breaker.enter(scene.clock.now()), Verdict.BAD, scene.clock.now())
    scene.clock.advance(10)
    scene.acts["a"] = [Act(9)]
    request = scene.request()
    await scene.passing(LONGEST + 0.3)
    assert await heard(request) == "b"
    await settled()
    assert (breaker.state, breaker.probing) == (State.HALF_OPEN, 0)
    assert breaker.allows(scene.clock.now())


async def test_through_the_engine() -> None:
    """A hedged route's requests are hedged, and an engine that is drained has let go of everybody."""
    async with staged(route(Task.SPEECH, "ab", hedge=True), route(Task.TRANSCRIPTION, "a")) as stage:
        health = stage.engine.health.of("a", Task.SPEECH)
        for _ in range(REQUESTS_EACH):
            health.saw_first_byte(0.01)
            stage.acts("a", speech())
            await whole(await stage.speak())
        stage.acts("a", asyncio.Event().wait)
        stage.acts("b", speech())
        spoken = await stage.speak()
        await stage.engine.drain()
        assert health.load == 0
        assert await whole(spoken) == PCM
        assert stage.outcomes() == ["b ok", "a outrun"]
        assert stage.engine.hedges.budgets.keys() == {"speech-route"}


async def test_a_deadline_while_two_are_at_it() -> None:
    """Both are cut, told as cancelled and nobody's fault; neither has outrun the other."""
    async with staged(route(Task.SPEECH, "ab", hedge=True)) as stage:
        health = [stage.engine.health.of(name, Task.SPEECH) for name in "ab"]
        for _ in range(REQUESTS_EACH):
            health[0].saw_first_byte(0.01)
            stage.acts("a", speech())
            await whole(await stage.speak())
        for name in "ab":
            stage.acts(name, asyncio.Event().wait)
        with pytest.raises(DeadlinePassed):
            await stage.serve(HELLO, within=0.4)
        await stage.engine.drain()
        assert sorted(stage.outcomes()) == ["a cancelled", "b cancelled"]
        assert [(one.load, one.breaker.bad_in_a_row) for one in health] == [(0, 0)] * 2


ERRORS = st.sampled_from([None, None, Unavailable(""), TimedOut(""), Busy("", retry_after=1), Invalid("no")])
ACTS = st.builds(Act, st.integers(0, 40).map(lambda tenths: tenths / 10), ERRORS, st.sampled_from([0.0, 0.3]))


@settings(deadline=None)
@given(st.lists(ACTS, min_size=9, max_size=9), st.integers(1, 4), st.integers(0, 80))
def test_any_course(acts: list[Act], attempts: int, leaves_after: int) -> None:
    """However calls end and whenever the caller leaves: at most one hedge and one good end, never over budget, nothing left."""

    async def course() -> None:
        async with Workers(1) as workers:
            scene = Scene(workers)
            for name, at in zip("abc", (0, 3, 6), strict=True):
                scene.acts[name] = acts[at : at + 3]
            request = scene.request("abc", attempts)
            await scene.passing(leaves_after / 10)
            request.cancel()
            await scene.passing(1)
            assert request.done()
            if not request.cancelled() and request.exception() is None:
                assert await heard(request) == scene.exchange.provider
            ended = [one.outcome for one in scene.told]
            assert ended.count("ok") <= 1
            assert len(scene.asked) == len(ended) <= attempts
            assert sum(one.hedged for one in scene.told) <= 1
            assert all(one.closed for one in scene.streams)
            assert scene.load() == 0
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(course())
