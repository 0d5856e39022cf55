from typing import Any

import pytest
from prometheus_client import REGISTRY

from router.contract import Attempt, Outcome, Task
from router.telemetry.metrics import media_attempt_finished, media_request_finished, render


def attempt(provider: str, outcome: str, number: int = 1, **more: Any) -> Attempt:
    fields = {"task": Task.SPEECH, "route": "r", "target": provider, "kind": "k", "model": "m", "team": "t", **more}
    return Attempt(
        request_id="q", provider=provider, outcome=outcome, number=number, started=0.0, seconds=0.1, **fields
    )


def outcome(*attempts: Attempt, **more: Any) -> Outcome:
    fields = {"task": Task.SPEECH, "route": "r", "team": "t", "outcome": "ok", "status": 200, "seconds": 1.0, **more}
    return Outcome(request_id="q", attempts=attempts, **fields)


class Deltas:
    """How much a series has grown since it was made."""

    def __init__(self) -> None:
        self.before = self._all()

    def of(self, name: str, **labels: str) -> float:
        key = (f"media_router_{name}", frozenset(labels.items()))
        return self._all().get(key, 0.0) - self.before.get(key, 0.0)

    @staticmethod
    def _all() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
        return {(one.name, frozenset(one.labels.items())): one.value for one in samples}


def test_a_request() -> None:
    """It is counted once, with who served it, how long it took, and its media units."""
    grown = Deltas()
    media_request_finished(outcome(attempt("a", "ok"), first_byte=0.2, characters=11, audio_seconds=2.5, bytes_out=99))
    assert grown.of("requests_total", task="speech", route="r", provider="a", team="t", outcome="ok") == 1
    assert grown.of("request_duration_seconds_sum", task="speech", route="r") == 1.0
    assert grown.of("time_to_first_byte_seconds_sum", task="speech", route="r", provider="a") == pytest.approx(0.2)
    assert grown.of("characters_total", task="speech", route="r", team="t") == 11
    assert grown.of("audio_seconds_total", task="speech", route="r", team="t", direction="out") == 2.5
    assert grown.of("bytes_total", task="speech", route="r") == 99


def test_audio_heard() -> None:
    """A transcription's audio is counted as coming in."""
    grown = Deltas()
    media_request_finished(outcome(task=Task.TRANSCRIPTION, audio_seconds=4.0))
    assert grown.of("audio_seconds_total", task="transcription", route="r", team="t", direction="in") == 4.0


def test_retries_and_failovers() -> None:
    """A second try at the same provider is a retry; the move to another says from, to, why and when."""
    grown = Deltas()
    trail = (attempt("a", "unavailable", 1), attempt("a", "busy", 2), attempt("b", "ok", 3))
    media_request_finished(outcome(*trail))
    assert grown.of("retries_total", task="speech", provider="a", reason="unavailable") == 1
    moved = {"task": "speech", "from": "a", "to": "b", "reason": "busy", "phase": "before_first_byte"}
    assert grown.of("failovers_total", **moved) == 1


def test_text_spoken_for_a_face() -> None:
    """The step from speaking to animating is no failover."""
    grown = Deltas()
    media_request_finished(outcome(attempt("a", "ok"), attempt("b", "ok", 2, task=Task.AVATAR), task=Task.AVATAR))
    labels = {"task": "avatar", "from": "a", "to": "b", "reason": "ok", "phase": "before_first_byte"}
    assert grown.of("failovers_total", **labels) == 0


def test_an_attempt() -> None:
    """It is counted by how it ended, with what it was told to wait and the breaker it left behind."""
    grown = Deltas()
    media_attempt_finished(attempt("a", "busy", retry_after=7.0, breaker="half_open"))
    assert grown.of("attempts_total", task="speech", provider="a", model="m", reason="busy") == 1
    assert grown.of("retry_after_seconds_sum", provider="a") == 7.0
    assert REGISTRY.get_sample_value("media_router_breaker_state", {"task": "speech", "provider": "a"}) == 1


def test_a_truncation() -> None:
    """A stream that broke is counted against the provider that sent it."""
    grown = Deltas()
    media_request_finished(outcome(attempt("a", "ok"), outcome="truncated"))
    assert grown.of("truncated_total", task="speech", provider="a") == 1


def test_the_page() -> None:
    """It is Prometheus text, and holds our series."""
    media_request_finished(outcome())
    page, content_type = render()
    assert content_type.startswith("text/plain")
    assert b"# TYPE media_router_requests_total counter" in page
