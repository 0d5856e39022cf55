from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, Self

import httpx
import pytest

from router.contract import AnyOffer, Offer, Provider, Settings, SpeechRequest, Task
from router.engine.fleet import Fleet
from router.engine.settings import ProviderSettings
from tests.unit.engine.making import SPEAKS_PCM, silence


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


def fleet(clients: list[httpx.AsyncClient], **connect: float) -> Fleet:
    def client(_: float) -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient())
        return clients[-1]

    settings = {
        name: ProviderSettings(name=name, kind="counted", settings=Settings(), connect=seconds)
        for name, seconds in connect.items()
    }
    Counted.seen.clear()
    return Fleet(settings, {"counted": Counted}, client)


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
