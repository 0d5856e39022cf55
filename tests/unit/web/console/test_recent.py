from itertools import count

from router.contract import Reload, Task
from router.web.console.recent import MOST_OPEN, MOST_READINGS, MOST_REQUESTS, Memory, newest
from tests.unit.web.console.making import choice, outcome


def test_a_request_and_its_choice() -> None:
    """A request that is over is kept with the time and with whom it was put to; the newest comes first."""
    times = count(1000)
    memory = Memory(lambda: float(next(times)))
    memory.media_targets_chosen(choice("one"))
    memory.media_targets_chosen(choice("two"))
    memory.media_request_finished(outcome("two"))
    memory.media_request_finished(outcome("one"))
    kept = newest(memory.requests, 10)
    assert [(one.at, one.outcome.request_id, len(one.choices)) for one in kept] == [(1001, "one", 1), (1000, "two", 1)]
    assert kept[0].choices[0].declined == {"b": "is mute"}


def test_a_turn_of_a_conversation() -> None:
    """Its requests share an id, and each gets the choices of its own task."""
    memory = Memory(lambda: 0.0)
    for task in (Task.CHAT, Task.SPEECH):
        memory.media_targets_chosen(choice("turn", task))
    for task in (Task.SPEECH, Task.CHAT):
        memory.media_request_finished(outcome("turn", task))
    assert [[one.task for one in kept.choices] for kept in memory.requests] == [[Task.SPEECH], [Task.CHAT]]


def test_speech_on_the_way_to_a_film() -> None:
    """It belongs to the film's request."""
    memory = Memory(lambda: 0.0)
    for task in (Task.AVATAR, Task.SPEECH):
        memory.media_targets_chosen(choice("film", task))
    memory.media_request_finished(outcome("film", Task.AVATAR))
    assert [one.task for one in memory.requests[0].choices] == [Task.AVATAR, Task.SPEECH]


def test_it_is_bounded() -> None:
    """However much happens, and however many requests never end, only the latest are kept."""
    memory = Memory(lambda: 0.0)
    for number in range(2 * MOST_OPEN):
        memory.media_targets_chosen(choice(f"open {number}"))
    for number in range(2 * MOST_REQUESTS):
        memory.media_request_finished(outcome(f"over {number}"))
        memory.media_configuration_read(Reload(outcome="unchanged", generation=number))
    memory.media_request_finished(outcome("open 0"))
    assert (len(memory.requests), len(memory.readings)) == (MOST_REQUESTS, MOST_READINGS)
    assert not memory.requests[-1].choices
