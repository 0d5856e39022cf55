import msgspec
import pytest

from router.contract import Charge, Outcome, Task
from router.store.ledger import Entry
from router.teams.entries import Writer
from tests.unit.teams.noting import charge, outcome


def entries(*outcomes: Outcome) -> list[Entry]:
    return Writer(7).entries(outcomes)


def targets(*charges: Charge, task: Task = Task.SPEECH) -> list[tuple[str, str, int, int]]:
    return [(one.task, one.target, one.requests, one.calls) for one in entries(outcome(*charges, task=task))]


def test_a_request_at_one_target() -> None:
    """One call makes one entry, with all that is known of it."""
    paid = charge("a/m", characters=5, audio_ms=6, video_ms=7, cost=8)
    assert entries(outcome(paid, ended_at=86_400.0 * 3 + 5)) == [
        Entry(
            day=3, writer=7, number=1, at=259_205.0, request_id="req_1", team="ads", task="speech", route="r",
            provider="a", target="a/m", outcome="ok", requests=1, calls=1, characters=5, audio_ms=6, video_ms=7, cost=8,
            currency="EUR",
        )
    ]  # fmt: skip


def test_every_target_has_its_own() -> None:
    """Calls at one target are added up, the request counts where it was served, and what is doubtful is said."""
    lost, again = charge("a", outcome="timed_out", cost=5, certain=False), charge("a", outcome="busy")
    served, outrun = charge("b", cost=9), charge("c", outcome="outrun", cost=2, certain=False, hedged=True)
    found = entries(outcome(lost, again, served, outrun))
    told = [(one.target, one.requests, one.calls, one.hedges, one.cost, one.doubtful) for one in found]
    assert told == [("a", 0, 2, 0, 5, 5), ("b", 1, 1, 0, 9, 0), ("c", 0, 1, 1, 2, 2)]
    assert [one.number for one in found] == [1, 2, 3]


def test_a_request_that_nobody_was_asked_for() -> None:
    """A request that was refused is in the ledger as well, at no target."""
    assert targets() == [("speech", "", 1, 0)]


def test_a_request_that_nobody_served() -> None:
    """It counts for whom it asked last."""
    lost, late = charge("a", outcome="unavailable"), charge("b", outcome="timed_out")
    assert targets(lost, late) == [("speech", "a", 0, 1), ("speech", "b", 1, 1)]


def test_work_done_on_the_way() -> None:
    """A text that is spoken for a film is an entry of its own, and no request; nor does it count for a film not made."""
    spoken = charge("a", characters=5)
    film = charge("c", task=Task.AVATAR)
    assert targets(spoken, film, task=Task.AVATAR) == [("speech", "a", 0, 1), ("avatar", "c", 1, 1)]
    assert targets(spoken, task=Task.AVATAR) == [("speech", "a", 0, 1), ("avatar", "", 1, 0)]


@pytest.mark.parametrize(("cache", "cached"), [("hit", 1), ("joined", 1), ("miss", 0), ("bypass", 0), (None, 0)])
def test_an_answer_that_was_kept(cache: str | None, cached: int) -> None:
    """It is counted with what was told, and costs nothing; what was made anew is its provider's."""
    charges = () if cached else (charge("a", characters=5, audio_ms=1500, cost=9),)
    (entry,) = entries(outcome(*charges, cache=cache, characters=5, audio_seconds=1.5))
    assert (entry.cached, entry.characters, entry.audio_ms, entry.cost) == (cached, 5, 1500, 0 if cached else 9)
    assert (entry.provider, entry.calls) == ("", 0) if cached else ("a", 1)


def test_nothing_of_what_was_said_is_in_it() -> None:
    """An entry has no place for a text, a voice, a key or an address."""
    assert not {"text", "voice", "key", "url", "user"} & set(Entry.__struct_fields__)
    assert all(field.type in {int, float, str} for field in msgspec.structs.fields(Entry))
