import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY, Histogram

from router.contract import Attempt, Charge, Load, Outcome, Reload, Task, serving
from router.telemetry.metrics import (
    BREAKER_STATES,
    count_delivery,
    count_entries,
    media_attempt_finished,
    media_configuration_read,
    media_load_changed,
    media_request_finished,
    show_jobs,
)
from router.telemetry.series import SECONDS, forget_the_dead, render


def attempt(provider: str, outcome: str, number: int = 1, **more: Any) -> Attempt:
    fields = {"task": Task.SPEECH, "route": "r", "target": provider, "kind": "k", "model": "m", "team": "t", **more}
    return Attempt(
        request_id="q", provider=provider, outcome=outcome, number=number, started=0.0, seconds=0.1, **fields
    )


def outcome(*attempts: Attempt, **more: Any) -> Outcome:
    fields = {"task": Task.SPEECH, "route": "r", "team": "t", "outcome": "ok", "status": 200, "seconds": 1.0, **more}
    return Outcome(request_id="q", attempts=attempts, served=serving(fields["task"], attempts), **fields)


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


def test_a_configuration_that_was_read() -> None:
    """The start is no reload; afterwards each is counted by its outcome, and the generation is the latest."""
    grown = Deltas()
    media_configuration_read(Reload(outcome="started", generation=1))
    media_configuration_read(Reload(outcome="applied", generation=2))
    media_configuration_read(Reload(outcome="refused", generation=2, problems=("x",)))
    assert grown.of("reloads_total", outcome="started") == 0
    assert (grown.of("reloads_total", outcome="applied"), grown.of("reloads_total", outcome="refused")) == (1, 1)
    assert REGISTRY.get_sample_value("media_router_config_generation") == 2


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


@pytest.mark.parametrize(
    ("told", "counted"), [("ok", "won"), ("outrun", "lost"), ("cancelled", "cancelled"), ("busy", "failed")]
)
def test_a_hedge(told: str, counted: str) -> None:
    """It is counted by what became of it; a call that is no hedge is not."""
    grown = Deltas()
    media_attempt_finished(attempt("b", told, hedged=True))
    media_attempt_finished(attempt("a", told))
    assert grown.of("hedges_total", task="speech", route="r", outcome=counted) == 1


@pytest.mark.parametrize(
    "trail",
    [
        (attempt("b", "ok", 1, hedged=True), attempt("a", "outrun", 2)),
        (attempt("a", "ok", 1), attempt("b", "outrun", 2, hedged=True)),
        (attempt("a", "unavailable", 1), attempt("b", "ok", 2, hedged=True)),
        (attempt("b", "unavailable", 1, hedged=True), attempt("a", "ok", 2)),
    ],
)
def test_a_hedge_is_no_move(trail: tuple[Attempt, ...]) -> None:
    """Nothing moved to where a request had gone before anything failed; it is served by whoever did it well."""
    grown, done = Deltas(), outcome(*trail)
    media_request_finished(done)
    ways = [(source, to, reason) for source in "ab" for to in "ab" for reason in ("unavailable", "outrun", "ok")]
    assert not [
        way
        for way in ways
        if grown.of(
            "failovers_total",
            **dict(zip(("task", "from", "to", "reason", "phase"), ("speech", *way, "before_first_byte"), strict=True)),
        )
    ]
    assert done.provider == next(one.provider for one in trail if one.outcome == "ok")


def test_a_move_after_a_hedge() -> None:
    """When both fail, the move is from the call that was hedged."""
    grown = Deltas()
    trail = (attempt("a", "busy", 1), attempt("b", "timed_out", 2, hedged=True), attempt("c", "ok", 3))
    media_request_finished(outcome(*trail))
    moved = {"task": "speech", "from": "a", "to": "c", "reason": "busy", "phase": "before_first_byte"}
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


def test_a_wait_for_a_turn() -> None:
    """It is counted by provider, and a call that did not wait counts as one that waited for nothing."""
    grown = Deltas()
    media_attempt_finished(attempt("a", "ok", waited=0.03))
    media_attempt_finished(attempt("a", "ok"))
    assert grown.of("queue_wait_seconds_sum", provider="a") == pytest.approx(0.03)
    assert grown.of("queue_wait_seconds_count", provider="a") == 2
    assert grown.of("queue_wait_seconds_bucket", provider="a", le="0.025") == 1


def test_a_load() -> None:
    """Calls under way and requests waiting are what was told last."""
    for in_flight, queued in ((2, 9), (2, 0), (1, 0)):
        media_load_changed(Load(provider="a", in_flight=in_flight, queued=queued))
        assert REGISTRY.get_sample_value("media_router_in_flight", {"provider": "a"}) == in_flight
        assert REGISTRY.get_sample_value("media_router_queue_depth", {"provider": "a"}) == queued


def test_processes_that_are_gone(tmp_path: Path) -> None:
    """Their live gauges no longer count; those of a running process do, and so do all counters."""
    with subprocess.Popen((sys.executable, "-c", "")) as gone:
        gone.wait()
    names = [f"gauge_livesum_{os.getpid()}.db", f"counter_{gone.pid}.db"]
    for name in (*names, f"gauge_livesum_{gone.pid}.db", f"gauge_livemostrecent_{gone.pid}.db"):
        (tmp_path / name).touch()
    forget_the_dead(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(names)


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


def test_a_broken_stream_that_was_resumed() -> None:
    """It is a move in the middle of a stream, counted by who went on; going on at the same provider is a repeat."""
    grown = Deltas()
    media_request_finished(
        outcome(
            attempt("a", "ok", 1),
            attempt("a", "ok", 2),
            attempt("b", "unavailable", 3, resumes=True),
            attempt("c", "ok", 4, resumes=True),
            attempt("c", "ok", 5, resumes=True),
        )
    )
    moved = {"task": "speech", "from": "a", "to": "b", "reason": "truncated", "phase": "after_first_byte"}
    then = {"task": "speech", "from": "b", "to": "c", "reason": "unavailable", "phase": "before_first_byte"}
    assert (grown.of("failovers_total", **moved), grown.of("failovers_total", **then)) == (1, 1)
    assert grown.of("retries_total", task="speech", provider="c", reason="truncated") == 1
    assert grown.of("splices_total", task="speech", route="r", provider="c") == 2
    assert grown.of("splices_total", task="speech", route="r", provider="b") == 0


async def test_many_at_once() -> None:
    """They are counted a moment later, as each by itself would be, and on the page that is asked for before that."""
    grown = Deltas()
    amounts = [0.001, 0.005, 0.0051, 7.0, 300.0, 301.0]
    for amount in amounts:
        media_attempt_finished(attempt("m", "ok", waited=amount))
    render()
    alone = Histogram("alone", "Observed one by one.", buckets=SECONDS, registry=None)
    for amount in amounts:
        alone.observe(amount)
    for sample in next(iter(alone.collect())).samples:
        if not sample.name.endswith("_created"):
            named = f"queue_wait_seconds{sample.name.removeprefix('alone')}"
            assert grown.of(named, provider="m", **sample.labels) == pytest.approx(sample.value)
    assert grown.of("attempts_total", task="speech", provider="m", model="m", reason="ok") == len(amounts)


async def test_many_that_differ() -> None:
    """Those that are counted together add up for each provider and each team, in whatever order they came."""
    grown = Deltas()
    for number in range(12):
        team, provider = f"t{number % 3}", f"d{number % 2}"
        spent = Charge(task=Task.SPEECH, provider=provider, target=provider, outcome="ok", cost=500_000)
        told = {"team": team, "characters": number, "bytes_out": 10, "charges": (spent,), "cache": "miss"}
        media_request_finished(outcome(attempt(provider, "ok"), route="many", seconds=number, **told))
    render()
    of = {"task": "speech", "route": "many"}
    for first in range(3):
        assert grown.of("characters_total", team=f"t{first}", **of) == sum(range(first, 12, 3))
        assert grown.of("cache_requests_total", route="many", team=f"t{first}", outcome="miss") == 4
        for provider in ("d0", "d1"):
            assert grown.of("requests_total", provider=provider, team=f"t{first}", outcome="ok", **of) == 2
            assert grown.of("cost_total", team=f"t{first}", route="many", provider=provider) == 1.0
    assert grown.of("request_duration_seconds_sum", **of) == sum(range(12))
    assert grown.of("bytes_total", **of) == 120


@pytest.mark.parametrize("states", [("closed", "open", "closed"), ("open", "closed", "open"), ("open", "half_open")])
async def test_a_breaker_that_changes(states: tuple[str, ...]) -> None:
    """However it changed in a moment, it is shown as it was last."""
    for state in states:
        media_attempt_finished(attempt("s", "ok", breaker=state))
    render()
    shown = REGISTRY.get_sample_value("media_router_breaker_state", {"task": "speech", "provider": "s"})
    assert shown == BREAKER_STATES[states[-1]]


async def test_one_that_cannot_be_counted(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and what came before and after it is counted."""
    grown = Deltas()
    for breaker in ("closed", "unheard of", "closed"):
        media_attempt_finished(attempt("u", "ok", breaker=breaker, waited=1.0))
    render()
    assert grown.of("queue_wait_seconds_count", provider="u") == 2
    assert caplog.messages == ["a part of Attempt was not counted"]


def test_what_calls_cost() -> None:
    """Costs are counted for each provider that was asked, in whole units of the currency."""
    grown = Deltas()
    spent = [("a", 2_500_000), ("b", 0), ("a", 1)]
    calls = [Charge(task=Task.SPEECH, provider=name, target=name, outcome="ok", cost=cost) for name, cost in spent]
    media_request_finished(outcome(charges=tuple(calls), currency="USD"))
    assert grown.of("cost_total", team="t", route="r", provider="a") == pytest.approx(2.500001)
    assert grown.of("cost_total", team="t", route="r", provider="b") == 0


def test_entries_of_the_ledger() -> None:
    """What was written and what was lost are counted apart."""
    grown = Deltas()
    count_entries("lost", 3)
    assert grown.of("ledger_entries_total", outcome="lost") == 3
    assert grown.of("ledger_entries_total", outcome="written") == 0


def test_webhooks() -> None:
    """Each try is counted for its team, by what came of it."""
    grown = Deltas()
    for outcome in ("again", "delivered"):
        count_delivery("t", outcome)
    assert grown.of("webhook_deliveries_total", team="t", outcome="delivered") == 1
    assert grown.of("webhook_deliveries_total", team="t", outcome="again") == 1


def test_jobs() -> None:
    """Each state shows its jobs and the oldest's age; where that cannot be known, the last that was known, and that it is not."""
    show_jobs({"queued": (3, 40.0)})
    assert shown() == (3, 40.0, 0, 1)
    show_jobs({"in_progress": (2, 9.0)})
    assert shown() == (0, 0.0, 2, 1)
    show_jobs(None)
    assert shown() == (0, 0.0, 2, 0)


def shown() -> tuple[float | None, ...]:
    """The queued, the oldest's age, those in progress, and whether the database can be used."""
    wanted = (("jobs", "queued"), ("job_age_seconds", "queued"), ("jobs", "in_progress"), ("records_available", None))
    labels = [{"state": state} if state else {} for _, state in wanted]
    return tuple(
        REGISTRY.get_sample_value(f"media_router_{name}", of) for (name, _), of in zip(wanted, labels, strict=True)
    )
