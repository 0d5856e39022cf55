import logging
from types import SimpleNamespace

import pytest

from router.contract import Load, OpenSockets, Outcome, Reload, Task, TurnOutcome
from router.engine.announce import Announcer

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
