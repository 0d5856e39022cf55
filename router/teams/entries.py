"""From the outcome of a request to its entries in the ledger: one for every target that was asked."""

from collections.abc import Iterable
from typing import Final

from router.contract import Charge, Outcome, Task
from router.engine.billing import milliseconds
from router.store.ledger import DAY, Entry

KEPT: Final = frozenset({"hit", "joined"})
"""Outcomes of the cache for which nobody was asked."""
NAMES: Final = {task: task.value for task in Task}
"""What tasks are called in rows: to ask each entry's task for its `value` takes ten times as long."""
Key = tuple[str, str, str]
"""Task, provider and target."""
Spent = tuple[int, ...]
"""Calls, how many of them were hedges, characters, milliseconds of sound and of film, cost, and the part of it in doubt."""
NOTHING: Final[Spent] = (0,) * 7


class Writer:
    """Numbers entries, under a name that no other process has."""

    def __init__(self, name: int) -> None:
        self.name = name
        self.written = 0

    def entries(self, noted: Iterable[Outcome]) -> list[Entry]:
        """Return the entries of requests that ended."""
        entries: list[Entry] = []
        for outcome in noted:
            charges = outcome.charges
            if len(charges) == 1 and charges[0].task is outcome.task:  # as most have: the rest would come to the same
                one = charges[0]
                key = NAMES[one.task], one.provider, one.target
                entries.append(self._entry(outcome, key, spent(one), requests=1))
                continue
            calls = by_target(outcome)
            main = main_of(outcome, calls)
            entries += [
                self._entry(outcome, key, in_all(made), requests=int(key == main)) for key, made in calls.items()
            ]
        return entries

    def _entry(self, outcome: Outcome, key: Key, used: Spent, *, requests: int) -> Entry:
        self.written += 1
        at = outcome.ended_at
        calls, hedges, characters, audio, video, cost, doubtful = used
        cached = 0
        if requests and outcome.cache in KEPT:  # then what was told is all there is to count
            cached, characters, audio = 1, outcome.characters, milliseconds(outcome.audio_seconds)
        return Entry(  # as a row is, by position: each keyword is searched for among all the fields
            int(at // DAY), self.name, self.written, at, outcome.request_id, outcome.team, key[0], outcome.route, key[1],
            key[2], outcome.outcome, requests, calls, hedges, cached, characters, audio, video, cost, doubtful,
            outcome.currency,
        )  # fmt: skip


def spent(one: Charge) -> Spent:
    """Return what one call used."""
    doubtful = 0 if one.certain else one.cost
    return 1, int(one.hedged), one.characters, one.audio_ms, one.video_ms, one.cost, doubtful


def in_all(calls: Iterable[Charge]) -> Spent:
    """Return what calls used together, which may be none."""
    return tuple(map(sum, zip(NOTHING, *map(spent, calls), strict=True)))


def by_target(outcome: Outcome) -> dict[Key, list[Charge]]:
    """Return a request's calls by whom they asked; where nobody was asked for its own task, no calls of nobody."""
    calls: dict[Key, list[Charge]] = {}
    asked = False
    for one in outcome.charges:
        calls.setdefault((NAMES[one.task], one.provider, one.target), []).append(one)
        asked = asked or one.task is outcome.task
    if not asked:
        calls[NAMES[outcome.task], "", ""] = []
    return calls


def main_of(outcome: Outcome, calls: dict[Key, list[Charge]]) -> Key:
    """Return whom the request itself counts for: who served it, or else who was asked last."""
    if len(calls) == 1:
        return next(iter(calls))
    own = [key for key in calls if key[0] == outcome.task]
    served = [key for key in own if "ok" in [one.outcome for one in calls[key]]]
    return (served or own)[-1]
