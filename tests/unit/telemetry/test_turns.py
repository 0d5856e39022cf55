"""What is told of conversations."""

import io

from prometheus_client import REGISTRY

from router.contract import OpenSockets, TurnOutcome
from router.telemetry import logs
from router.telemetry.metrics import media_sockets_changed, media_turn_finished
from tests.unit.telemetry.test_logs import lines, sink
from tests.unit.telemetry.test_metrics import Deltas

__all__ = ["sink"]

WHOLE = TurnOutcome(
    request_id="r.1", scenario="daily", team="ads", kind="spoken", outcome="ok", seconds=4.0, hearing=0.4,
    thinking=0.3, speaking=0.2, first_audio=0.9, partials=3, sentences=2,
)  # fmt: skip


def test_a_turn() -> None:
    """It is counted by its end, with its sentences, and what its first sound waited for stage by stage."""
    grown = Deltas()
    media_turn_finished(WHOLE)

    assert grown.of("turns_total", scenario="daily", kind="spoken", team="ads", outcome="ok") == 1
    assert grown.of("turn_sentences_total", scenario="daily") == 2
    for stage, seconds in (("hearing", 0.4), ("thinking", 0.3), ("speaking", 0.2)):
        assert grown.of("turn_stage_seconds_sum", scenario="daily", stage=stage) == seconds
    assert grown.of("turn_first_audio_seconds_sum", scenario="daily", kind="spoken") == 0.9


def test_a_turn_that_never_spoke() -> None:
    """Stages that were not reached leave no mark."""
    grown = Deltas()
    media_turn_finished(
        TurnOutcome(request_id="r", scenario="daily", team="ads", kind="typed", outcome="interrupted", seconds=0.1)
    )

    assert grown.of("turns_total", scenario="daily", kind="typed", team="ads", outcome="interrupted") == 1
    assert grown.of("turn_stage_seconds_count", scenario="daily", stage="thinking") == 0
    assert grown.of("turn_first_audio_seconds_count", scenario="daily", kind="typed") == 0


def test_sockets() -> None:
    """As many are open as was told last."""
    for count in (2, 1):
        media_sockets_changed(OpenSockets(dialect="higgs", open=count))
        assert REGISTRY.get_sample_value("media_router_open_sockets", {"dialect": "higgs"}) == count


def test_the_line_of_a_turn(sink: io.StringIO) -> None:
    """A turn is one line, with its times and no text."""
    logs.media_turn_finished(WHOLE)
    logs.LINES.flush()
    (line,) = lines(sink)

    assert (line["event"], line["outcome"], line["hearing"], line["sentences"]) == ("turn", "ok", 0.4, 2)
