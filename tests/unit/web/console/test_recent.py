from router.contract import Reload
from router.web.console.recent import MOST_READINGS, MOST_REQUESTS, Memory
from tests.unit.web.console.making import outcome


def test_the_latest_requests() -> None:
    """A request that is over is kept; the newest comes last."""
    memory = Memory(lambda: 0.0)
    memory.media_request_finished(outcome("two"))
    memory.media_request_finished(outcome("one"))
    assert [one.request_id for one in memory.requests] == ["two", "one"]


def test_it_is_bounded() -> None:
    """However much happens, only the latest are kept."""
    memory = Memory(lambda: 0.0)
    for number in range(2 * MOST_REQUESTS):
        memory.media_request_finished(outcome(f"over {number}"))
        memory.media_configuration_read(Reload(outcome="unchanged", generation=number))
    assert (len(memory.requests), len(memory.readings)) == (MOST_REQUESTS, MOST_READINGS)
