import asyncio
import base64
import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random

import msgspec
import pytest
from standardwebhooks import Webhook

from router.contract import MediaError
from router.engine.clock import Clock, SystemClock
from router.jobs.courier import IDLE, LEASE, PER_HOST, SLOW, WINDOW, Courier
from router.jobs.notices import DELAYS, Event, Receiver, notice, redeliver, told
from router.jobs.post import Answer, NoAnswer, Post
from router.jobs.poster import Poster
from router.jobs.signing import Scheme, verify_sync
from router.media.addresses import Refused
from router.store.rows import NoticeRow
from router.testing.acts import HangUp, Reply, Stall
from router.testing.clock import FakeClock, Rolls
from router.testing.notices import MemoryNotices
from router.testing.vendor import Vendor

SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
TAKEN = Answer(200)


class Receivers:
    """What is posted, host by host: an answer, an error to raise, or an event to wait for first."""

    def __init__(self, **acts: Answer | Exception | asyncio.Event) -> None:
        self.acts = acts
        self.posted: list[str] = []

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posted.append(headers["webhook-id"])
        act = self.acts.get(url.removeprefix("https://").partition(".")[0], TAKEN)
        if isinstance(act, asyncio.Event):
            await act.wait()
            return TAKEN
        if isinstance(act, Exception):
            raise act
        return act


def row(name: str, url: str = "https://a.test/", at: float = 0.0, scheme: Scheme = Scheme.STANDARD) -> NoticeRow:
    receiver = Receiver(team="red", job="video_1", url=url, scheme=scheme)
    body = told(Event.COMPLETED, b'{"id":"video_1"}', at)
    return notice(receiver, body, at, lambda: name)


def courier(rows: MemoryNotices, post: Post, clock: Clock, secrets: Sequence[str] = (SECRET,)) -> Courier:
    return Courier(rows, post, clock, Rolls(0.5), lambda team: secrets if team == "red" else ())


async def round_of(one: Courier) -> float:
    """Let it send what is due, and wait until that is over."""
    pause = await one.step()
    await one.settled()
    return pause


async def kept(rows: MemoryNotices, name: str) -> NoticeRow:
    found = await rows.get(name)
    assert found is not None
    return found


@asynccontextmanager
async def running(one: Courier) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10.0):
        while not condition():  # noqa: ASYNC110 - whatever it is, nobody sets an event for it
            await asyncio.sleep(0.005)


async def test_a_webhook_over_a_real_socket_is_verified_by_the_published_library() -> None:
    """Delivered, its body intact, under both schemes."""
    clock = SystemClock()
    async with Vendor(Reply(status=204)) as vendor:
        rows = MemoryNotices(row("msg_1", vendor.url), row("msg_2", vendor.url, scheme=Scheme.SYNC))
        await round_of(courier(rows, Poster(allowed=LOOPBACK), clock))

    by_scheme = {"webhook-id" in asked.headers: asked for asked in vendor.asked}
    assert Webhook(SECRET).verify(by_scheme[True].body, dict(by_scheme[True].headers))["type"] == "video.completed"
    assert by_scheme[True].headers["webhook-id"] == "msg_1"
    verify_sync([SECRET], by_scheme[False].headers, by_scheme[False].body, clock.wall())
    assert [(one.ended, one.tries, one.status) for one in rows.written[2:]] == [("delivered", 1, 204)] * 2


async def test_a_receiver_that_recovers() -> None:
    """Failures are repeated under the same id with a fresh timestamp, on schedule, until it is taken."""
    clock = FakeClock()
    async with Vendor(Reply(status=500), HangUp(), Reply(status=302), Reply()) as vendor:
        rows = MemoryNotices(row("msg_1", vendor.url))
        one = courier(rows, Poster(allowed=LOOPBACK), clock)
        for wait in (*DELAYS[:3], None):
            await round_of(one)
            after = await kept(rows, "msg_1")
            assert (after.run_at and after.run_at - clock.wall()) == wait
            clock.advance(wait or 0.0)

    assert (after.ended, after.tries, after.status) == ("delivered", 4, 200)
    assert {asked.headers["webhook-id"] for asked in vendor.asked} == {"msg_1"}
    assert len({asked.headers["webhook-timestamp"] for asked in vendor.asked}) == 4


@pytest.mark.parametrize("act", [Answer(503), NoAnswer("no answer within 15 seconds")])
async def test_after_ten_tries_it_is_given_up(act: Answer | Exception) -> None:
    """Whether it answered badly or not at all; the last answer is kept."""
    clock, post = FakeClock(), Receivers(a=act)
    rows = MemoryNotices(row("msg_1"))
    one = courier(rows, post, clock)
    for _ in range(20):
        await round_of(one)
        clock.advance(100_000.0)

    after = await kept(rows, "msg_1")
    assert (after.ended, after.tries, after.run_at) == ("given_up", 10, None)
    assert after.status == (503 if isinstance(act, Answer) else None)
    assert len(post.posted) == 10


async def test_retry_after_puts_the_next_try_off() -> None:
    """Not before the receiver wants it."""
    clock = FakeClock()
    rows = MemoryNotices(row("msg_1"))
    await round_of(courier(rows, Receivers(a=Answer(429, {"retry-after": "77"})), clock))

    assert (await kept(rows, "msg_1")).run_at == clock.wall() + 77


async def test_410_disables_the_url_until_a_redelivery() -> None:
    """The team's other notices for it end unsent and visibly; a redelivery sends there again."""
    clock, post = FakeClock(), Receivers(a=Answer(410))
    rows = MemoryNotices(row("msg_1"))
    one = courier(rows, post, clock)
    await round_of(one)
    rows.add(row("msg_2"), row("msg_3", "https://b.test/"))
    await round_of(one)
    ended = {name: (await kept(rows, name)).ended for name in ("msg_1", "msg_2", "msg_3")}
    post.acts["a"] = TAKEN
    await redeliver(rows, "msg_2", clock.wall())
    await round_of(one)

    assert ended == {"msg_1": "gone", "msg_2": "disabled", "msg_3": "delivered"}
    assert sorted(post.posted) == ["msg_1", "msg_1", "msg_2", "msg_3"]
    assert {(await kept(rows, name)).ended for name in ("msg_1", "msg_2")} == {"delivered"}


async def test_a_refused_address_ends_it_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """By a name that leads to loopback, too; the URL's query, which may hold a key, is not logged."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    rows = MemoryNotices(row("msg_1", "http://a.test/?key=secret"))
    await round_of(courier(rows, Poster(resolve), FakeClock()))

    after = await kept(rows, "msg_1")
    assert (after.ended, after.tries, after.run_at) == ("refused", 1, None)
    assert "msg_1 to a.test is refused: the URL leads to an address that is not public" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("change", [{"team": "blue"}, {"kind": "unheard-of"}, {"url": "http://[::1"}])
async def test_what_cannot_be_signed_or_sent_harms_nothing_else(change: dict[str, str]) -> None:
    """A team without a secret, an unknown scheme, no URL: its own notice waits or ends, the next one is delivered."""
    odd = msgspec.structs.replace(row("msg_1"), **change)
    rows = MemoryNotices(odd, row("msg_2", "https://b.test/"))

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if "[" in url:
            raise Refused("not a URL")
        return TAKEN

    await round_of(courier(rows, post, FakeClock()))

    assert (await kept(rows, "msg_1")).ended in ("", "refused")
    assert (await kept(rows, "msg_1")).tries == 1
    assert (await kept(rows, "msg_2")).ended == "delivered"


async def test_a_dead_receiver_delays_nobody_else() -> None:
    """Over real sockets: a receiver that never answers has 60 notices at the head of the outbox; another's 20 pass."""
    async with Vendor(Stall(Reply())) as dead, Vendor(Reply()) as alive:
        rows = MemoryNotices(*[row(f"dead_{n}", dead.url) for n in range(60)])
        rows.add(*[row(f"alive_{n}", alive.url, at=1.0) for n in range(20)])
        one = courier(rows, Poster(allowed=LOOPBACK, patience=60.0), SystemClock())
        async with running(one):
            await until(lambda: len(alive.asked) == 20)
        assert len(dead.asked) == PER_HOST


async def test_a_dead_receiver_that_fills_the_window_steps_aside() -> None:
    """Once those on their way to it are stuck, its other notices are put off, uncounted, and others are seen."""
    clock, post = FakeClock(), Receivers(dead=asyncio.Event())
    rows = MemoryNotices(*[row(f"dead_{n}", "https://dead.test/") for n in range(2 * WINDOW)])
    rows.add(row("alive", at=1.0))
    one = courier(rows, post, clock)
    for _ in range(4):
        await one.step()
        await asyncio.sleep(0)
    assert "alive" not in post.posted
    clock.advance(SLOW)
    for _ in range(4):
        await one.step()
        await asyncio.sleep(0)

    assert "alive" in post.posted
    assert (await kept(rows, f"dead_{WINDOW}")).tries == 0
    post.acts["dead"].set()  # type: ignore[union-attr] # the event above
    await one.settled()


async def test_two_couriers_on_one_outbox() -> None:
    """Each notice is claimed by one of them: all are delivered, each once as long as nobody dies."""
    post = Receivers()
    rows = MemoryNotices(*[row(f"msg_{n}", f"https://{n}.test/") for n in range(50)])
    clock = FakeClock()
    pair = courier(rows, post, clock), courier(rows, post, clock)
    await asyncio.gather(*map(round_of, pair))

    assert sorted(post.posted) == sorted(f"msg_{n}" for n in range(50))
    assert await rows.next_due() is None


async def test_what_a_dead_courier_had_on_its_way_is_sent_by_another() -> None:
    """At the end of its claim, under the same id; before that, nobody else touches it."""
    clock, stuck = FakeClock(waits=True), Receivers(a=asyncio.Event())
    rows = MemoryNotices(row("msg_1"))
    dying, post = courier(rows, stuck, clock), Receivers()
    async with running(dying):
        await until(lambda: stuck.posted)
        heir = courier(rows, post, clock)
        await round_of(heir)
    assert post.posted == []
    clock.advance(LEASE)
    await round_of(heir)

    assert (stuck.posted, post.posted) == (["msg_1"], ["msg_1"])
    assert ((await kept(rows, "msg_1")).ended, (await kept(rows, "msg_1")).tries) == ("delivered", 1)


async def claim_and_die(rows: MemoryNotices, clock: Clock) -> None:
    stuck = Receivers(a=asyncio.Event())
    async with running(courier(rows, stuck, clock)):
        await until(lambda: stuck.posted)


async def test_couriers_that_die_use_up_no_tries() -> None:
    """Three die with the claim in hand, each for 20 s; the first refusal after that waits as a first one does."""
    clock, rows = FakeClock(waits=True), MemoryNotices(row("msg_1"))
    began = clock.wall()
    for _ in range(3):
        await claim_and_die(rows, clock)
        assert (await kept(rows, "msg_1")).tries == 0
        clock.advance(20.0)
    await round_of(courier(rows, Receivers(a=Answer(503)), clock))

    after = await kept(rows, "msg_1")
    assert (after.tries, after.status, after.run_at) == (1, 503, began + 60.0 + DELAYS[0])


async def test_the_schedule_goes_on_where_it_was_after_a_courier_died() -> None:
    """A refusal, a death, a refusal: the second refusal waits as the second does, whatever died in between."""
    clock, rows = FakeClock(waits=True), MemoryNotices(row("msg_1"))
    refusing = Receivers(a=Answer(503))
    await round_of(courier(rows, refusing, clock))
    clock.advance(DELAYS[0])
    await claim_and_die(rows, clock)
    assert (await kept(rows, "msg_1")).status == 503  # the last answer there was
    clock.advance(LEASE)
    await round_of(courier(rows, refusing, clock))

    after = await kept(rows, "msg_1")
    assert (after.tries, after.run_at) == (2, clock.wall() + DELAYS[1])


async def test_a_database_that_is_away_when_the_answer_comes_counts_nothing() -> None:
    """What became of the try is unknown to all, so it is made again when its claim ends, and not at a later step."""
    clock, rows = FakeClock(), Forgetful(row("msg_1"))
    await round_of(courier(rows, Receivers(), clock))
    after = await kept(rows, "msg_1")

    assert (after.tries, after.ended, after.run_at) == (0, "", clock.wall() + LEASE)


async def test_a_defect_of_ours_is_a_failed_try(caplog: pytest.LogCaptureFixture) -> None:
    """It waits for its next turn in the schedule and is given up at its end; the log names the kind of error alone."""
    clock, rows = FakeClock(), MemoryNotices(row("msg_1"))
    began = clock.wall()
    one = courier(rows, Receivers(a=RuntimeError("https://a.test/?key=secret")), clock)
    await round_of(one)
    after = await kept(rows, "msg_1")
    for _ in DELAYS:
        clock.advance(100_000.0)
        await round_of(one)

    assert (after.tries, after.run_at) == (1, began + DELAYS[0])
    assert (await kept(rows, "msg_1")).ended == "given_up"
    assert "unexpected RuntimeError in the delivery of webhook msg_1" in caplog.text
    assert "secret" not in caplog.text


async def test_a_notice_that_was_taken_over_is_left_alone() -> None:
    """A late answer does not undo what was written meanwhile."""
    clock, answers = FakeClock(), asyncio.Event()
    rows = MemoryNotices(row("msg_1"))
    one = courier(rows, Receivers(a=answers), clock)
    await one.step()
    meanwhile = await redeliver(rows, "msg_1", clock.wall() + 9)
    answers.set()
    await one.settled()

    assert await rows.get("msg_1") == meanwhile


class Unsteady(MemoryNotices):
    """An outbox whose store cannot be used while `broken`."""

    broken = True

    async def due(self, now: float, limit: int) -> Sequence[NoticeRow]:
        if self.broken:
            raise MediaError("the database cannot be reached")
        return await super().due(now, limit)


class Forgetful(MemoryNotices):
    """An outbox that takes a claim, and then cannot be written."""

    async def write(self, row: NoticeRow) -> NoticeRow:
        if self.written:
            raise MediaError("the database cannot be reached")
        return await super().write(row)


async def test_a_store_that_comes_back() -> None:
    """While it is away the courier waits; then it delivers."""
    clock, post = FakeClock(waits=True), Receivers()
    rows = Unsteady(row("msg_1"))
    async with running(courier(rows, post, clock)):
        await until(lambda: clock.slept)
        rows.broken = False
        clock.advance(IDLE)
        await until(lambda: len(rows.written) == 2)

    assert rows.written[-1].ended == "delivered"


async def test_a_new_notice_need_not_wait() -> None:
    """`wake` makes it look at once."""
    clock, post = FakeClock(waits=True), Receivers()
    rows = MemoryNotices()
    one = courier(rows, post, clock)
    async with running(one):
        await until(lambda: clock.slept)
        rows.add(row("msg_1"))
        one.wake()
        await until(lambda: len(rows.written) == 2)

    assert (post.posted, clock.slept[0]) == (["msg_1"], IDLE)


async def test_it_looks_again_when_the_next_is_due() -> None:
    """Or after five seconds, for what other processes add."""
    clock = FakeClock()
    rows = MemoryNotices(row("msg_1", at=clock.wall() + 2.5))
    one = Courier(rows, Receivers(), clock, Random(1), lambda _: (SECRET,))

    assert await round_of(one) == 2.5
    assert await round_of(courier(MemoryNotices(), Receivers(), clock)) == IDLE


async def test_each_try_is_told_of() -> None:
    """Whoever listens hears of each try, whose webhook it was and what came of it."""
    rows, clock, heard = MemoryNotices(row("msg_1")), FakeClock(wall=0.0), list[tuple[str, str]]()
    receivers = Receivers(a=Answer(503))
    one = courier(rows, receivers, clock)
    one.heard = lambda team, outcome: heard.append((team, outcome))
    await round_of(one)
    receivers.acts = {}
    clock.advance(2 * DELAYS[0])
    await round_of(one)
    assert heard == [("red", "again"), ("red", "delivered")]
