from pathlib import Path

import pytest

from router.contract import (
    Attempt,
    AvatarRequest,
    Outcome,
    Request,
    SpeechRequest,
    TargetsChosen,
    Task,
    TranscriptionRequest,
    Upload,
    Url,
)
from router.engine.exchange import MOST_CHOICES, Exchange
from router.testing.clock import FakeClock

HEARD = TranscriptionRequest(audio=Upload(Path("spool"), 1, "audio/wav"))


def test_finished_twice() -> None:
    """An outcome is announced once; the first word stands."""
    told: list[Outcome] = []
    exchange = Exchange(Task.SPEECH, "ads", "req_1", FakeClock(), told.append)
    exchange.finish("cancelled", 499)
    exchange.finish("ok", 200)
    assert [(one.outcome, one.status, one.team) for one in told] == [("cancelled", 499, "ads")]


def test_times_and_units() -> None:
    """It counts characters asked for, seconds to the first byte, and bytes out."""
    told: list[Outcome] = []
    clock = FakeClock()
    exchange = Exchange(Task.SPEECH, "ads", "req_1", clock, told.append)
    exchange.asks(SpeechRequest(text="žluť"))
    clock.advance(2)
    exchange.sent(10)
    clock.advance(3)
    exchange.sent(5)
    exchange.finish("ok", 200)
    (outcome,) = told
    assert (outcome.characters, outcome.first_byte, outcome.seconds, outcome.bytes_out) == (4, 2, 5, 15)
    assert outcome.ended_at == clock.wall()


def test_characters_of_each_task() -> None:
    """A face given a text costs its characters; given audio, none."""
    counts = []
    face, link = Url("https://host/face.png"), Url("https://host/voice.wav")
    requests: tuple[Request, ...] = (
        AvatarRequest(face=face, voice=SpeechRequest(text="four")),
        AvatarRequest(face=face, voice=link),
        HEARD,
    )
    for request in requests:
        exchange = Exchange(Task.AVATAR, "", "req_1", FakeClock())
        exchange.asks(request)
        counts.append(exchange.characters)
    assert counts == [4, 0, 0]


def test_work_on_the_way() -> None:
    """What is spoken on the way to a video shares the attempts and choices, and announces nothing of its own."""
    told: list[Outcome] = []
    exchange = Exchange(Task.AVATAR, "ads", "req_1", FakeClock(), told.append)
    inner = exchange.within(Task.SPEECH)
    inner.sent(100)
    inner.finish("ok", 200)
    assert inner.attempts is exchange.attempts
    assert inner.choices is exchange.choices
    assert (told, exchange.bytes_out) == ([], 0)


def test_choices() -> None:
    """They are told with the outcome, in order: of the many that a long text in parts may have, the first."""
    told: list[Outcome] = []
    exchange = Exchange(Task.SPEECH, "ads", "req_1", FakeClock(), told.append)
    choices = [TargetsChosen(Task.SPEECH, f"r{number}", (), {}) for number in range(MOST_CHOICES + 1)]
    for one in choices:
        exchange.chose(one)
    exchange.finish("ok", 200)
    assert told[0].choices == tuple(choices[:-1])


@pytest.mark.parametrize(
    ("trail", "provider"),
    [
        ([], ""),
        ([("a", Task.AVATAR, "busy"), ("b", Task.AVATAR, "ok")], "b"),
        ([("b", Task.AVATAR, "ok"), ("a", Task.AVATAR, "outrun")], "b"),
        ([("a", Task.AVATAR, "busy")], ""),
        ([("a", Task.SPEECH, "ok"), ("b", Task.AVATAR, "busy")], ""),
        ([("a", Task.AVATAR, "ok"), ("b", Task.AVATAR, "ok")], "b"),
    ],
)
def test_who_served(trail: list[tuple[str, Task, str]], provider: str) -> None:
    """It is the last who did the task itself well, whoever was outrun afterwards; the announcement says the same."""
    told: list[Outcome] = []
    exchange = Exchange(Task.AVATAR, "ads", "req_1", FakeClock(), told.append)
    exchange.attempts += [attempt(*one) for one in trail]
    exchange.finish("ok", 200)
    assert exchange.provider == told[0].provider == provider


def attempt(provider: str, task: Task, outcome: str) -> Attempt:
    return Attempt(
        request_id="req_1", task=task, route="r", target=provider, provider=provider, kind="fake", model="",
        team="ads", number=1, started=0.0, seconds=0.1, outcome=outcome,
    )  # fmt: skip
