import pytest

from router.contract import AudioFormat, Busy, Invalid, SpeechLimits, SpeechRequest, Task
from router.engine.explain import explain
from tests.unit.engine.test_policy import LARGE, TINY, field, route

NOW = 100.0
HELLO = SpeechRequest(text="hello")
NOBODY = SpeechLimits(formats=(AudioFormat.PCM,), characters=1000, voices=())


def test_who_is_tried_and_who_declines() -> None:
    """Targets come in the order they would be tried, the others with their reason."""
    told = explain(HELLO, route("a", "b", "c"), field(a=TINY, b=LARGE, c=LARGE), NOW)
    assert [one.target for one in told.targets] == ["b/first", "c/first"]
    assert told.declined == {"a": "takes at most 3 characters, not 5"}
    assert (told.route, told.attempts, told.deadline) == ("r", 3, 60)


def test_how_they_stand() -> None:
    """A blocked target is shown as such, with the seconds left."""
    ground = field(a=LARGE)
    ground.health.of("a", Task.SPEECH).learn(Busy("", retry_after=7), NOW)
    (one,) = explain(HELLO, route("a"), ground, NOW + 2).targets
    assert (one.free, one.blocked_for, one.breaker, one.load) == (False, 5.0, "closed", 0)


def test_what_nobody_can_serve() -> None:
    """It is explained, not refused: no targets, and every reason."""
    assert explain(HELLO, route("a", "b"), field(a=TINY), NOW).declined == {
        "a": "takes at most 3 characters, not 5",
        "b": "offers no speech",
    }


def test_a_voice_nobody_has() -> None:
    """The reason is the voice, at every target."""
    told = explain(SpeechRequest(text="hi", voice="ghost"), route("a"), field(a=NOBODY), NOW)
    assert told.targets == ()
    assert "has a voice 'ghost'" in told.declined["a"]


def test_a_token_that_no_voice_knows() -> None:
    """It is refused here as it would be refused there."""
    with pytest.raises(Invalid, match="hangry"):
        explain(SpeechRequest(text="<|emotion:hangry|>Run!"), route("a"), field(a=LARGE), NOW)


def test_nothing_is_spent() -> None:
    """Explaining leaves no trace on the targets."""
    ground = field(a=LARGE)
    explain(HELLO, route("a"), ground, NOW)
    health = ground.health.of("a", Task.SPEECH)
    assert (health.load, health.budget.window.calls, health.breaker.probing) == (0, 0, 0)
