import logging
from collections.abc import Generator
from types import SimpleNamespace

import pytest

from router.contract import Load, OpenSockets, Outcome, Reload, Task, TurnOutcome, hook
from router.engine.announce import Announcer
from router.engine.registry import Registry

OUTCOME = Outcome(
    request_id="r", task=Task.SPEECH, route="r", team="t", outcome="ok", status=200, attempts=(), seconds=1.0
)


def test_every_listener() -> None:
    """An event reaches the hook under the name its specification gives it."""
    told: list[Outcome] = []
    Announcer(SimpleNamespace(media_request_finished=lambda **event: told.extend(event.values()))).outcome(OUTCOME)
    assert told == [OUTCOME]


def test_a_load() -> None:
    """It reaches those who listen for it."""
    told: list[Load] = []
    load = Load(provider="a", in_flight=1, queued=2)
    Announcer(SimpleNamespace(media_load_changed=lambda **event: told.extend(event.values()))).load(load)
    assert told == [load]


def test_a_reload() -> None:
    """It reaches those who listen for it."""
    told: list[Reload] = []
    read = Reload(outcome="applied", generation=2)
    Announcer(SimpleNamespace(media_configuration_read=lambda **event: told.extend(event.values()))).reload(read)
    assert told == [read]


def test_a_listener_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the caller goes on."""

    def broken(outcome: Outcome) -> None:
        raise ValueError(outcome)

    with caplog.at_level(logging.ERROR):
        Announcer(SimpleNamespace(media_request_finished=broken)).outcome(OUTCOME)
    assert "media_request_finished failed" in caplog.text


def test_a_turn_and_its_socket() -> None:
    """Both reach those who listen for them."""
    told: list[object] = []
    turn = TurnOutcome(request_id="r", scenario="daily", team="ads", kind="typed", outcome="ok", seconds=1.0)
    sockets = OpenSockets(dialect="higgs", open=1)
    announcer = Announcer(
        SimpleNamespace(
            media_turn_finished=lambda **event: told.extend(event.values()),
            media_sockets_changed=lambda **event: told.extend(event.values()),
        )
    )

    announcer.turn(turn)
    announcer.sockets(sockets)

    assert told == [turn, sockets]


class Plugin:
    """A plugin that notes what it hears, and may fail at it."""

    def __init__(self, name: str, heard: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.heard = heard
        self.fails = fails

    @hook
    def media_request_finished(self, outcome: Outcome) -> None:
        self.heard.append(f"{self.name} {outcome.request_id}")
        if self.fails:
            raise ValueError(outcome)


class Incurious:
    """A plugin that wants to know that something is over, and no more."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    @hook
    def media_request_finished(self) -> None:
        self.heard.append("over")


class Wrapper:
    """A plugin that is called around the others."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    @hook(wrapper=True)
    def media_request_finished(self, outcome: Outcome) -> Generator[None]:
        self.heard.append("before")
        yield
        self.heard.append("after")


def test_plugins_in_turn(caplog: pytest.LogCaptureFixture) -> None:
    """The latest registered hears of it first, as with pluggy; one that fails keeps none of the others from hearing."""
    heard: list[str] = []
    registry = Registry.of(
        first=Plugin("first", heard), broken=Plugin("broken", heard, fails=True), last=Incurious(heard)
    )
    announcer = Announcer(registry.hook)
    for _ in range(2):
        announcer.outcome(OUTCOME)
    assert heard == ["over", "broken r", "first r"] * 2
    assert caplog.text.count("media_request_finished failed") == 2


def test_a_plugin_around_the_others() -> None:
    """It is called before and after them."""
    heard: list[str] = []
    Announcer(Registry.of(one=Plugin("one", heard), around=Wrapper(heard)).hook).outcome(OUTCOME)
    assert heard == ["before", "one r", "after"]
