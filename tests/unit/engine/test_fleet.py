from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, Self

import httpx
import msgspec
import pytest

from router.contract import (
    AnyOffer,
    AvatarLimits,
    AvatarRequest,
    Clip,
    Inline,
    JobOffer,
    JobState,
    Offer,
    Provider,
    Settings,
    SpeechRequest,
    Task,
    Ticket,
)
from router.engine.fleet import Fleet
from router.engine.settings import ProviderSettings
from router.testing.clock import FakeClock
from tests.unit.engine.making import SPEAKS_PCM, Chunks, silence


class Counted(Provider[Settings]):
    """Says when it is entered and left; one named `broken` cannot start."""

    kind = "counted"
    settings_type = Settings
    seen: ClassVar[list[str]] = []

    def offers(self) -> Sequence[AnyOffer]:
        return (Offer(SpeechRequest, silence, SPEAKS_PCM),)

    async def __aenter__(self) -> Self:
        if self.name == "broken":
            raise RuntimeError(self.name)
        self.seen.append(f"{self.name} in")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seen.append(f"{self.name} out")


def fleet(clients: list[httpx.AsyncClient], before: Fleet | None = None, **connect: float) -> Fleet:
    def client(_: float) -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient())
        return clients[-1]

    settings = {
        name: ProviderSettings(name=name, kind="counted", settings=Settings(), connect=seconds)
        for name, seconds in connect.items()
    }
    if before is None:
        Counted.seen.clear()
    return Fleet(settings, {"counted": Counted}, client, FakeClock(), before)


async def test_open_and_closed() -> None:
    """Each provider is entered, offers what it offers, and is left with its own client closed."""
    clients: list[httpx.AsyncClient] = []
    async with fleet(clients, a=1.0, b=2.0) as opened:
        assert set(opened.offers) == {("a", Task.SPEECH), ("b", Task.SPEECH)}
        assert set(opened.providers) == {"a", "b"}
    assert Counted.seen == ["a in", "b in", "b out", "a out"]
    assert [one.is_closed for one in clients] == [True, True]
    assert opened.offers == {}


async def test_one_cannot_start() -> None:
    """Those already started are left again, and no client stays open."""
    clients: list[httpx.AsyncClient] = []
    with pytest.raises(RuntimeError, match="broken"):
        await fleet(clients, a=1.0, broken=1.0).__aenter__()
    assert Counted.seen == ["a in", "a out"]
    assert [one.is_closed for one in clients] == [True, True]


async def test_one_fleet_after_another() -> None:
    """What did not change is the same provider on the same client, whichever fleet is closed first; the rest is new."""
    clients: list[httpx.AsyncClient] = []
    first = await fleet(clients, same=1.0, other=1.0, gone=1.0).__aenter__()
    second = await fleet(clients, first, same=1.0, other=2.0, new=1.0).__aenter__()
    assert second.kept(first) == {"same"}
    assert second.providers["same"] is first.providers["same"]
    assert Counted.seen == ["same in", "other in", "gone in", "other in", "new in"]
    await first.__aexit__(None, None, None)
    assert Counted.seen[5:] == ["gone out", "other out"]
    assert not clients[0].is_closed
    await second.__aexit__(None, None, None)
    assert Counted.seen[7:] == ["new out", "other out", "same out"]
    assert all(one.is_closed for one in clients)


async def test_a_provider_that_an_older_fleet_still_needs() -> None:
    """It stays open when the fleet that dropped it, and the one in between, are done."""
    clients: list[httpx.AsyncClient] = []
    first = await fleet(clients, a=1.0).__aenter__()
    second = await fleet(clients, first, a=1.0, b=1.0).__aenter__()
    third = await fleet(clients, second, b=1.0).__aenter__()
    await second.__aexit__(None, None, None)
    assert Counted.seen == ["a in", "b in"]
    await first.__aexit__(None, None, None)
    await third.__aexit__(None, None, None)
    assert Counted.seen[2:] == ["a out", "b out"]


async def test_only_the_concurrency_changed() -> None:
    """How many calls it gets at once is no reason to start a provider anew."""
    clients: list[httpx.AsyncClient] = []
    async with fleet(clients, a=1.0) as first:
        wider = {"a": msgspec.structs.replace(first.settings["a"], concurrency=8)}
        async with Fleet(wider, {"counted": Counted}, first.client, FakeClock(), first) as second:
            assert second.kept(first) == {"a"}


async def test_a_fleet_that_cannot_start() -> None:
    """It leaves what it began, and not what it would have kept."""
    clients: list[httpx.AsyncClient] = []
    async with fleet(clients, a=1.0) as first:
        with pytest.raises(RuntimeError, match="broken"):
            await fleet(clients, first, a=1.0, new=1.0, broken=1.0).__aenter__()
        assert Counted.seen == ["a in", "new in", "new out"]
        assert [one.is_closed for one in clients] == [False, True, True]


class Studio(Provider[Settings]):
    """Makes films by jobs, and live too if its name says so."""

    kind = "studio"
    settings_type = Settings

    async def create(self, _: AvatarRequest) -> Ticket:
        return Ticket("1", JobState.DONE)

    async def poll(self, _: str) -> Ticket:
        return Ticket("1", JobState.DONE)

    async def collect(self, _: str) -> Clip:
        return Clip(Chunks(b"job"))

    async def live(self, _: AvatarRequest) -> Clip:
        return Clip(Chunks(b"live"))

    def offers(self) -> Sequence[AnyOffer]:
        limits = AvatarLimits()
        job = JobOffer(AvatarRequest, self.create, limits, poll=self.poll, collect=self.collect)
        live = (Offer(AvatarRequest, self.live, limits),) if self.name == "live" else ()
        return (*live, job)


@pytest.mark.parametrize(("name", "served"), [("live", b"live"), ("jobs", b"job")])
async def test_jobs_serve_those_who_wait(name: str, served: bytes) -> None:
    """A provider that only takes jobs serves live requests by them; one that can do both does it live."""
    settings = {name: ProviderSettings(name=name, kind="studio", settings=Settings())}
    async with Fleet(settings, {"studio": Studio}, lambda _: httpx.AsyncClient(), FakeClock()) as fleet:
        offer = fleet.offers[name, Task.AVATAR]
        picture = Inline(b"", "image/png")
        clip = await offer.handle(AvatarRequest(face=picture, voice=picture))  # type: ignore[arg-type]
        assert isinstance(clip, Clip)
        assert [chunk async for chunk in clip.chunks] == [served]
        assert set(fleet.jobs) == {(name, Task.AVATAR)}
