from pathlib import Path

from router.contract import AvatarRequest, Outcome, Request, SpeechRequest, Task, TranscriptionRequest, Upload, Url
from router.engine.exchange import Exchange
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
    """What is spoken on the way to a video shares the attempts and announces nothing of its own."""
    told: list[Outcome] = []
    exchange = Exchange(Task.AVATAR, "ads", "req_1", FakeClock(), told.append)
    inner = exchange.within(Task.SPEECH)
    inner.sent(100)
    inner.finish("ok", 200)
    assert inner.attempts is exchange.attempts
    assert (told, exchange.bytes_out) == ([], 0)
