import math
from random import Random

import pytest

from router.contract import (
    BadOutput,
    Busy,
    Declined,
    Misconfigured,
    ProviderFailed,
    Shed,
    Task,
    TimedOut,
    Unavailable,
)
from router.engine.breaker import IN_A_ROW, State, Verdict
from router.engine.health import HINTLESS_PAUSE, REFUSED_PAUSE, Health, TargetHealth
from router.engine.slots import Patience, Slots


@pytest.mark.parametrize(
    ("failure", "verdict", "free_after"),
    [
        (Unavailable(""), Verdict.BAD, 0),
        (TimedOut(""), Verdict.BAD, 0),
        (BadOutput(""), Verdict.BAD, 0),
        (Declined(""), Verdict.NEITHER, 0),
        (Busy("", retry_after=12), Verdict.NEITHER, 12),
        (Busy(""), Verdict.NEITHER, HINTLESS_PAUSE),
        (Misconfigured("", upstream_status=401), Verdict.NEITHER, REFUSED_PAUSE),
        (Misconfigured("", upstream_status=429), Verdict.NEITHER, REFUSED_PAUSE),
        (Misconfigured("", upstream_status=404), Verdict.NEITHER, 0),
    ],
)
def test_what_a_failure_says(failure: ProviderFailed, verdict: Verdict, free_after: float) -> None:
    """Faults count against the target, a 429 blocks it by time, a refused credential sets it aside."""
    health = TargetHealth(Random(1))
    assert health.learn(failure, 100.0) is verdict
    assert health.free(100.0 + free_after)
    assert free_after == 0 or not health.free(100.0 + free_after - 0.1)


def test_busy_for_ever() -> None:
    """No number of 429s opens the breaker."""
    health = TargetHealth(Random(1))
    for _ in range(100):
        call = health.enter(100.0)
        health.leave(call, health.learn(Busy("", retry_after=1), 100.0), 100.0)
    assert health.breaker.state is State.CLOSED


def test_two_hints() -> None:
    """A shorter hint never lifts a longer block."""
    health = TargetHealth(Random(1))
    health.learn(Busy("", retry_after=60), 100.0)
    health.learn(Busy("", retry_after=1), 100.0)
    assert not health.free(159.0)


async def test_calls_under_way() -> None:
    """Every call holds a slot of its provider, whatever the task, until it leaves, whatever it showed."""
    health = Health(Random(1), {"a": Slots(10)})
    speech, transcription = health.of("a", Task.SPEECH), health.of("a", Task.TRANSCRIPTION)
    for target in (speech, transcription):
        await target.slots.take("ads", Patience(1.0, 60.0))
    calls = [speech.enter(1.0), transcription.enter(1.0)]
    assert speech.load == transcription.load == 2
    speech.leave(calls[0], Verdict.NEITHER, 2.0)
    transcription.leave(calls[1], Verdict.GOOD, 2.0)
    assert speech.load == 0


def test_our_own_limit() -> None:
    """A call that we ourselves held back neither blocks its target nor counts against it."""
    health = TargetHealth(Random(1))
    assert health.learn(Shed("", retry_after=60), 100.0) is Verdict.NEITHER
    assert health.free(100.0)


def test_pace() -> None:
    """The first-byte average starts at the first time seen and moves toward the newer ones."""
    health = TargetHealth(Random(1))
    health.saw_first_byte(1.0)
    assert health.first_byte == 1.0
    health.saw_first_byte(2.0)
    assert health.first_byte == pytest.approx(1.2)


def test_tasks_apart() -> None:
    """A provider that cannot speak may still listen: health is kept by provider and task."""
    health = Health(Random(1))
    health.of("a", Task.SPEECH).learn(Busy("", retry_after=60), 0.0)
    assert not health.of("a", Task.SPEECH).free(1.0)
    assert health.of("a", Task.TRANSCRIPTION).free(1.0)


def test_a_probes_patience() -> None:
    """It is that of four average first bytes, at least a second, and twice as long after each probe that failed."""
    target = TargetHealth(Random(1))
    assert target.patience() == math.inf
    target.saw_first_byte(0.1)
    assert target.patience() == 1.0
    target.first_byte = 2.0
    assert target.patience() == 8.0
    for _ in range(IN_A_ROW):
        target.leave(target.enter(0.0), Verdict.BAD, 0.0)
    assert target.patience() == 8.0
    probe = target.enter(100.0)
    assert probe.probe
    target.leave(probe, Verdict.BAD, 100.0)
    assert target.patience() == 16.0
