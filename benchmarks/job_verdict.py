"""What the job soak is judged by: what callers saw, held against the vendors' book."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks.fickle_studios import CREATES, Order
from benchmarks.film_callers import Ended
from benchmarks.film_receiver import Notices
from benchmarks.ordeal import Trial

FOUND_WITHIN: Final = 75.0
"""Seconds within which a killed router's orders are found by another, the longest lease included."""
WRITTEN_WITHIN: Final = 2.0
"""Seconds after an answer was sent within which it may not have been written down yet, on a busy machine."""


@dataclass
class Figures:
    """What came of it. `listed` is every job by id; of the `strangers` the create's answer was lost with a router.

    `killed` and `cuts` say which router was, and when, in unix time; `orders` by job which router said, and when, that it
    was about to order it.
    """

    database: str
    trial: Trial
    seconds: float = 0.0
    ended: list[Ended] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)
    strangers: int = 0
    unanswered: int = 0
    killed: list[tuple[str, float]] = field(default_factory=list)
    cuts: list[tuple[str, float, float]] = field(default_factory=list)
    orders: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    book: dict[str, Order] = field(default_factory=dict)
    did: dict[str, dict[str, int]] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)

    def read(self, written: bytes) -> None:
        """Take in what the vendors' process wrote in the end."""
        told = json.loads(written)
        self.book = {errand: Order(**order) for errand, order in told["book"].items()}
        self.did = told["did"]
        self.notices = Notices(**told["notices"])

    @property
    def lost(self) -> list[str]:
        """Jobs that did not end in time, or are not in the list."""
        unseen = [one.id for one in self.ended if one.id not in self.listed]
        states = {one.id: one.state for one in self.ended}
        return unseen + [name for name, state in (self.listed | states).items() if state not in {"completed", "failed"}]

    @property
    def twice(self) -> list[str]:
        """Errands that were ordered more than once."""
        return [errand for errand, order in self.book.items() if order.taken > 1]

    @property
    def silent(self) -> list[str]:
        """Jobs whose end nobody was told of."""
        return [name for name in self.listed if name not in self.notices.taken]

    @property
    def unknown(self) -> list[Ended]:
        """Jobs of which nobody knows what was bought."""
        return [one for one in self.ended if one.code == "outcome_unknown"]

    def why(self, one: Ended) -> str:
        """Say where an order's answer was lost: nowhere, if it was not."""
        order = self.book.get(one.errand)
        if one.vendor == "keyed":
            return "nowhere"
        if order is None or not order.taken:
            return self._why_never_given(one)
        if order.untold:
            return "at the vendor"
        if one.late and order.unheard:  # on a machine that stood still for seconds
            return "with a deadline that passed"
        if self._amid(order, ((who, at, at) for who, at in self.killed)):
            return "with a killed router"
        return "with a router cut off" if self._amid(order, self.cuts) else "nowhere"

    def _why_never_given(self, one: Ended) -> str:
        """Say what befell an order that the vendor has not taken: the very router that was to give it ended before it did."""
        found = one.orphaned_at or 0.0
        said = [(at, who) for who, at in self.orders.get(one.id, ()) if at <= found]
        at, giver = max(said, default=(0.0, ""))
        if any(who == giver and at <= when <= found <= when + FOUND_WITHIN for who, when in self.killed):
            return "with a router killed before it ordered"
        if any(
            who == giver and since - WRITTEN_WITHIN <= at <= until and found >= since for who, since, until in self.cuts
        ):
            return "with a router cut off before it ordered"
        return "nowhere"

    def _amid(self, order: Order, troubles: Iterable[tuple[str, float, float]]) -> bool:
        """Whether the very router that ordered was in trouble before it had written the answer down."""
        return any(
            who == caller and since <= over + WRITTEN_WITHIN and until >= began
            for who, since, until in troubles
            for caller, began, over in order.calls
        )

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be, each with whom it befell."""
        return {
            "lost": self.lost,
            "ordered twice": self.twice,
            "ordered again under their key with another body": [
                errand for errand, order in self.book.items() if order.others
            ],
            "with a film that is not what the vendor made": [one.id for one in self.ended if not one.fits],
            "ended without anybody being told": self.silent,
            "told of under several ids": [name for name, ids in self.notices.taken.items() if len(ids) > 1],
        }

    def breaches(self) -> Iterator[str]:
        """Yield what is not as promised; a soak in which too little went wrong has shown nothing."""
        yield from (f"{len(whom)} jobs {what}: {whom[:5]}" for what, whom in self.faults.items() if whom)
        yield from (f"{one}: {why}" for one in self.ended if (why := self._unfounded(one)))
        if self.notices.forged:
            yield f"{self.notices.forged} webhooks were not as they should be"
        if len(self.ended) != self.trial.jobs or len(self.killed) < self.trial.kills:
            yield f"{len(self.ended)} jobs through {len(self.killed)} kills, not {self.trial.jobs} and {self.trial.kills}"
        for name, did in self.did.items():
            if missing := [way for way in CREATES if not did[way]]:
                yield f"no create at {name} was ever {', '.join(missing)}"

    def _unfounded(self, one: Ended) -> str | None:
        """Say what is wrong with how a job failed, if anything is."""
        if one.state != "failed":
            return None
        if one.code == "outcome_unknown":
            return "its order was answered" if self.why(one) == "nowhere" else None
        if one.code == "job_failed":
            order = self.book.get(one.errand)
            return None if order and order.fails else "its film did not fail at the vendor"
        return "failed for no reason of its vendor's"

    def told(self) -> str:
        """Return the particulars, in two lines."""
        ends = Counter(one.code or one.state for one in self.ended)
        whys = Counter(map(self.why, self.unknown))
        repeats = sum(order.repeats for order in self.book.values())
        again = sum(max(ids.values()) > 1 for ids in self.notices.taken.values())
        return (
            f"ended: {dict(ends)}; answers lost {dict(whys)}; {repeats} creates repeated under their key\n"
            f"creates: {self.did}; {self.unanswered} calls unanswered, {self.strangers} jobs whose callers were not told;\n"
            f"webhooks: {again} jobs were told of again, {self.notices.forged} forged"
        )

    def __str__(self) -> str:
        """Return them in one line."""
        return (
            f"{self.database}: {self.trial.jobs} jobs in {self.seconds:.0f} s through {len(self.killed)} kills: "
            f"{len(self.lost)} lost, {len(self.twice)} ordered twice, {len(self.unknown)} of unknown outcome, "
            f"{len(self.listed) - len(self.silent)} of {len(self.listed)} told of"
        )
