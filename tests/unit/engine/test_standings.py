from router.contract import Busy, Misconfigured, Task
from router.engine.breaker import IN_A_ROW, Verdict
from router.engine.standings import standings
from tests.unit.engine.test_policy import LARGE, field

NOW = 100.0


def test_a_target_at_rest() -> None:
    """Nothing is known of it, and nothing stands against it."""
    (one,) = standings([("a", Task.SPEECH)], {"a": "fake"}, field(a=LARGE).health, NOW)
    assert (one.provider, one.kind, one.task, one.breaker) == ("a", "fake", Task.SPEECH, "closed")
    assert (one.open_for, one.blocked_for, one.refused_for, one.in_flight, one.queued) == (0, 0, 0, 0, 0)
    assert (one.first_byte_p50, one.first_byte_p95, one.budget.calls) == (None, None, 0)


def test_a_target_in_trouble() -> None:
    """Each seconds left, both first-byte times and its retry budget are told."""
    health = field(a=LARGE).health
    known = health.of("a", Task.SPEECH)
    for _ in range(IN_A_ROW):
        known.leave(known.enter(NOW), Verdict.BAD, NOW)
    known.learn(Busy("", retry_after=7), NOW)
    known.learn(Misconfigured("", upstream_status=401), NOW)
    known.budget.take(NOW)
    for hundredths in range(1, 101):
        known.saw_first_byte(hundredths / 100)
    (one,) = standings([("a", Task.SPEECH)], {"a": "fake"}, health, NOW + 1)
    assert (one.breaker, one.blocked_for, one.refused_for) == ("open", 6.0, 29.0)
    assert 3 <= one.open_for <= 5
    assert (one.first_byte_p50, one.first_byte_p95) == (0.5, 0.95)
    assert (one.budget.calls, one.budget.repeats, one.budget.allowed) == (IN_A_ROW, 1, 21.0)
