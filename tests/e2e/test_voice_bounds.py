"""Who may talk, how many at once, how long they may be silent, and what a caller who does not read costs."""

import asyncio
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from router.testing.serving import Served, brought_up
from router.testing.vendor import Vendor
from tests.e2e.metrics import metric
from tests.e2e.talking import eventually, providers, said, spoken, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY: Final = "team-key-for-tests"
TEAMS: Final = f"teams: [{{name: ads, keys: ['sha256:{hashlib.sha256(KEY.encode()).hexdigest()}']}}]"
PROC: Final = Path("/proc")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor() as double:
        double.on("/one/chat/completions", said("Yes."))
        double.on("/one/audio/speech", spoken())
        yield double


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A router for a team with a key, of two sockets at once, each of which may be silent for a second."""
    settings = f"{TEAMS}\nsockets: {{at_once: 2, idle: 1s}}"
    async with brought_up(
        providers(vendor.url, ["one"], settings=settings), tmp_path_factory.mktemp("keyed")
    ) as router:
        yield router


async def still_open(router: Served, sockets: int) -> None:
    """Wait until a router has seen all sockets close but so many."""
    await eventually(lambda: metric(router.url, "open_sockets", dialect="higgs") == sockets)


@pytest_asyncio.fixture(loop_scope="module")
async def keyed(narrow: Served) -> Served:
    """The same router, once it has seen the sockets of earlier tests close."""
    await still_open(narrow, 0)
    return narrow


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def local(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A router without keys."""
    async with brought_up(providers(vendor.url, ["one"]), tmp_path_factory.mktemp("local")) as router:
        yield router


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
        {"additional_headers": {"x-api-key": KEY}},
        {"additional_headers": {"xi-api-key": KEY}},
        {"subprotocols": ["voice", f"api-key.{KEY}"]},
        {"subprotocols": ["voice", f"api-key.{KEY}"], "origin": "https://app.example.com"},
    ],
)
async def test_a_key(keyed: Served, options: dict[str, Any]) -> None:
    """A team's key opens a socket in every spelling, and as a subprotocol for browsers, which can set no header."""
    async with talking(keyed.url, **options) as talker:
        assert talker.ws.subprotocol == ("voice" if "subprotocols" in options else None)
        assert (await talker.turn("hi"))[-1]["text"] == "Yes."


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "missing_api_key"),
        ({"additional_headers": {"x-api-key": "another"}}, "invalid_api_key"),
        ({"subprotocols": ["voice", "api-key.another"]}, "invalid_api_key"),
    ],
)
async def test_no_key(keyed: Served, options: dict[str, Any], code: str) -> None:
    """Without a key that is known the handshake is refused as any request is: 401, and the reason in its body."""
    with pytest.raises(InvalidStatus) as refused:
        async with talking(keyed.url, **options):
            pass

    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["error"]["code"] == code


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("http://localhost:3000", True),
        ("http://127.0.0.1:8080", True),
        ("https://evil.example.com", False),
        ("null", False),
    ],
)
async def test_a_strangers_page(local: Served, origin: str | None, welcome: bool) -> None:
    """A router without keys is open to this machine, but not to every web page that its browser shows."""
    opening = connect(f"{local.url.replace('http', 'ws')}/ws/voice", origin=None if origin is None else Origin(origin))
    if welcome:
        async with opening:
            return
    with pytest.raises(InvalidStatus) as refused:
        await opening
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["error"]["code"] == "origin_not_allowed"


async def test_too_many(keyed: Served) -> None:
    """One socket more than there may be is refused with 503; when another has closed it may come."""
    options: dict[str, Any] = {"additional_headers": {"x-api-key": KEY}}
    async with talking(keyed.url, **options):
        async with talking(keyed.url, **options):
            with pytest.raises(InvalidStatus) as refused:
                async with talking(keyed.url, **options):
                    pass
        assert refused.value.response.status_code == 503
        assert json.loads(refused.value.response.body)["error"]["code"] == "too_many_sockets"
        await still_open(keyed, 1)
        async with talking(keyed.url, **options) as talker:
            assert (await talker.turn("hi"))[-1]["type"] == "reply_done"


async def test_silence_on_both_sides(keyed: Served) -> None:
    """A socket on which nobody says anything is told so and closed in the ordinary way."""
    async with talking(keyed.url, additional_headers={"x-api-key": KEY}) as talker:
        assert (await talker.until("error"))["code"] == "idle_timeout"
        with pytest.raises(ConnectionClosed) as closed:
            await talker.next()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "idle_timeout")


async def test_a_long_reply_is_no_silence(vendor: Vendor, keyed: Served) -> None:
    """While somebody listens to a reply, however long, the socket stays open."""
    vendor.on("/one/audio/speech", spoken(20, pause=0.1), spoken())
    async with talking(keyed.url, additional_headers={"x-api-key": KEY}) as talker:
        assert (await talker.turn("hi"))[-1]["type"] == "reply_done"


async def test_a_key_that_is_taken_away(vendor: Vendor, tmp_path: Path) -> None:
    """From the next turn on a key that the configuration has no more is good for nothing, open socket or not."""
    config = providers(vendor.url, ["one"], settings=TEAMS)
    async with (
        brought_up(config, tmp_path) as router,
        talking(router.url, additional_headers={"x-api-key": KEY}) as talker,
    ):
        assert (await talker.turn("hi"))[-1]["type"] == "reply_done"
        other = hashlib.sha256(b"another").hexdigest()
        router.config.write_text(config.replace(hashlib.sha256(KEY.encode()).hexdigest(), other))
        os.kill(router.pid, signal.SIGHUP)
        await eventually(lambda: '"outcome":"applied"' in router.log)
        assert (await talker.turn("hi"))[-1]["code"] == "invalid_api_key"
        with pytest.raises(ConnectionClosed) as closed:
            await talker.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 3000


def memory(pid: int) -> int:
    """Return the bytes that a process and those it started have in memory, without what they share."""
    children = [int(one) for one in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(memory, children))


async def test_a_caller_who_does_not_read(vendor: Vendor, local: Served) -> None:
    """However much there is to say, what is held of it is bounded: the provider is made to wait."""
    vendor.on("/one/audio/speech", spoken(20_000), spoken())
    async with talking(local.url, max_queue=1) as talker:
        before = memory(local.pid)
        await talker.send("text", text="go on")
        await asyncio.sleep(2.0)
        grown = memory(local.pid) - before
        asked = vendor.asked[-1]
        assert not asked.over.is_set()
        talker.ws.transport.abort()
        assert grown < 16 * 1024 * 1024, f"{grown} bytes of 192 MB are held"
