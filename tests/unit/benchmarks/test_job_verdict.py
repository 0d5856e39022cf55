"""The job soak's judge: what it must not let pass, and what it may."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from benchmarks.fickle_studios import CREATES, Order
from benchmarks.film_callers import Ended
from benchmarks.film_receiver import Notices
from benchmarks.job_verdict import FOUND_WITHIN, Figures
from benchmarks.ordeal import Trial

UNKNOWN = Ended("errand 1.1", "keyless", "video_1", "failed", "outcome_unknown")
CALL = ("router-0", 100.0, 101.0)


def sound() -> Figures:
    """Return the figures of one film, made as it should be."""
    figures = Figures("SQLite", Trial(jobs=1, kills=1, parted=0.0, in_flight=1))
    figures.ended = [Ended("errand 1.1", "keyless", "video_1", "completed")]
    figures.listed = {"video_1": "completed"}
    figures.killed = [("router-0", 50.0)]
    book = {"errand 1.1": asdict(Order("keyless", taken=1, calls=[CALL]))}
    did = {"keyless": dict.fromkeys(CREATES, 1)}
    notices = asdict(Notices({"video_1": {"msg_1": 2}}))
    figures.read(json.dumps({"book": book, "did": did, "notices": notices}).encode())
    return figures


def lost(figures: Figures) -> None:
    figures.ended = [replace(figures.ended[0], state="lost")]


def unlisted(figures: Figures) -> None:
    figures.ended = [replace(figures.ended[0], id="video_2")]


def twice(figures: Figures) -> None:
    figures.book["errand 1.1"].taken = 2


def another_body(figures: Figures) -> None:
    figures.book["errand 1.1"].others = 1


def another_film(figures: Figures) -> None:
    figures.ended = [replace(figures.ended[0], fits=False)]


def untold(figures: Figures) -> None:
    figures.notices.taken.clear()


def two_ends(figures: Figures) -> None:
    figures.notices.taken["video_1"]["msg_2"] = 1


def forged(figures: Figures) -> None:
    figures.notices.forged = 1


def answered(figures: Figures) -> None:
    figures.ended = [UNKNOWN]


def answered_in_time(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, late=True)]


def hung_up_on_without_need(figures: Figures) -> None:
    figures.ended = [UNKNOWN]
    figures.book["errand 1.1"].unheard = True


def answered_under_a_key(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, vendor="keyed")]
    figures.book["errand 1.1"].untold = True


def another_router_died(figures: Figures) -> None:
    figures.ended = [UNKNOWN]
    figures.killed = [("router-1", 100.5)]


def taken_and_answered_before_another_died(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=110.0)]
    figures.killed = [("router-1", 105.0)]


def never_given_though_nobody_died(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=50.0 + FOUND_WITHIN + 1)]
    figures.orders = {"video_1": [("router-0", 49.0)]}
    figures.book.clear()


def never_given_though_another_router_died(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=100.0)]
    figures.orders, figures.killed = {"video_1": [("router-0", 69.0)]}, [("router-1", 70.0)]
    figures.book.clear()


def never_given_though_its_router_had_died_before(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=100.0)]
    figures.orders, figures.killed = {"video_1": [("router-0", 71.0)]}, [("router-0", 70.0)]
    figures.book.clear()


def never_given_by_a_second_router(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=100.0)]
    figures.orders, figures.killed = {"video_1": [("router-1", 60.0), ("router-0", 80.0)]}, [("router-1", 90.0)]
    figures.book.clear()


def never_given_though_another_was_cut_off(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, orphaned_at=100.0)]
    figures.orders, figures.cuts = {"video_1": [("router-0", 65.0)]}, [("router-1", 60.0, 90.0)]
    figures.book.clear()


def refused_and_not_orphaned(figures: Figures) -> None:
    figures.ended = [UNKNOWN]
    figures.book["errand 1.1"].taken = 0


def blamed_on_the_vendor(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, code="job_failed")]


def late(figures: Figures) -> None:
    figures.ended = [replace(UNKNOWN, code="deadline_passed")]


def nobody_was_killed(figures: Figures) -> None:
    figures.killed = []


def too_quiet(figures: Figures) -> None:
    figures.did["keyless"]["cut"] = 0


WRONG = (
    lost, unlisted, twice, another_body, another_film, untold, two_ends, forged, answered, answered_in_time,
    hung_up_on_without_need, answered_under_a_key, another_router_died, taken_and_answered_before_another_died, never_given_though_nobody_died,
    never_given_though_another_router_died, never_given_though_its_router_had_died_before, never_given_by_a_second_router,
    never_given_though_another_was_cut_off, refused_and_not_orphaned,
    blamed_on_the_vendor, late, nobody_was_killed, too_quiet,
)  # fmt: skip


@pytest.mark.parametrize("spoil", WRONG, ids=lambda one: one.__name__)
def test_what_is_not_let_pass(spoil: Callable[[Figures], None]) -> None:
    """Any one thing that is not as promised is a breach."""
    figures = sound()
    assert list(figures.breaches()) == []
    spoil(figures)
    assert list(figures.breaches())


def test_an_answer_that_came_too_late() -> None:
    """An outcome may be unknown where the route's deadline passed, if the vendor saw its caller hang up then."""
    figures, late = sound(), replace(UNKNOWN, late=True)
    figures.ended = [late]
    figures.book["errand 1.1"].unheard = True
    assert list(figures.breaches()) == []
    assert figures.why(late) == "with a deadline that passed"


@pytest.mark.parametrize(
    ("told", "killed", "cuts", "why"),
    [
        (False, [], [], "at the vendor"),
        (True, [("router-0", 102.0)], [], "with a killed router"),
        (True, [], [("router-0", 90.0, 100.5)], "with a router cut off"),
    ],
)
def test_an_answer_that_was_lost(
    told: bool, killed: list[tuple[str, float]], cuts: list[tuple[str, float, float]], why: str
) -> None:
    """An outcome may be unknown where the vendor swallowed the answer, or who asked was struck before it was written down."""
    figures = sound()
    figures.ended, figures.killed, figures.cuts = [UNKNOWN], killed or figures.killed, cuts
    figures.book["errand 1.1"].untold = not told
    assert list(figures.breaches()) == []
    assert figures.why(UNKNOWN) == why


@pytest.mark.parametrize("heard", [False, True], ids=["nothing of it came", "one before it was refused"])
@pytest.mark.parametrize(
    ("killed", "cuts", "why"),
    [
        ([("router-1", 70.0)], [], "with a router killed before it ordered"),
        ([], [("router-1", 60.0, 90.0)], "with a router cut off before it ordered"),
    ],
)
def test_an_order_that_was_never_given(
    heard: bool, killed: list[tuple[str, float]], cuts: list[tuple[str, float, float]], why: str
) -> None:
    """Of what no vendor has taken it may be unknown whether it was, where the router that was to order it was struck then."""
    figures, orphaned = sound(), replace(UNKNOWN, orphaned_at=100.0)
    figures.ended, figures.cuts, figures.orders = (
        [orphaned],
        cuts,
        {"video_1": [("router-0", 20.0), ("router-1", 69.0)]},
    )
    figures.killed = killed or [("router-0", 100.0 - FOUND_WITHIN - 1)]
    figures.book = {"errand 1.1": Order("keyless", calls=[CALL])} if heard else {}
    assert list(figures.breaches()) == []
    assert figures.why(orphaned) == why
