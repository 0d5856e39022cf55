"""From the outcome of a request to its entries in the ledger: one for every target that was asked."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from router.contract import Charge, Outcome
from router.engine.billing import milliseconds
from router.store.ledger import DAY, Entry

KEPT: Final = frozenset({"hit", "joined"})
"""Outcomes of the cache for which nobody was asked."""
USED: Final = attrgetter("hedged", "characters", "audio_ms", "video_ms", "cost")
"""What is added up of calls at one target."""
NOTHING: Final = (0,) * 5
Key = tuple[str, str, str]
"""Task, provider and target."""


class Writer:
    """Numbers entries, under a name that no other process has."""

    def __init__(self, name: int) -> None:
        self.name = name
        self.written = 0

    def entries(self, noted: Iterable[tuple[float, Outcome]]) -> list[Entry]:
        """Return the entries of requests that ended at these times, in unix seconds."""
        return [entry for at, outcome in noted for entry in self._entries(at, outcome)]

    def _entries(self, at: float, outcome: Outcome) -> Iterable[Entry]:
        calls = by_target(outcome)
        main = main_of(outcome, calls)
        for key, charges in calls.items():
            self.written += 1
            yield self._entry(at, outcome, key, charges, requests=int(key == main))

    def _entry(self, at: float, outcome: Outcome, key: Key, charges: list[Charge], *, requests: int) -> Entry:
        task, provider, target = key
        kept = bool(requests) and outcome.cache in KEPT  # then what was told is all there is to count
        hedges, characters, audio, video, cost = map(sum, zip(NOTHING, *map(USED, charges), strict=True))
        return Entry(
            day=int(at // DAY),
            writer=self.name,
            number=self.written,
            at=at,
            request_id=outcome.request_id,
            team=outcome.team,
            task=task,
            route=outcome.route,
            provider=provider,
            target=target,
            outcome=outcome.outcome,
            requests=requests,
            calls=len(charges),
            cached=int(kept),
            hedges=hedges,
            characters=outcome.characters if kept else characters,
            audio_ms=milliseconds(outcome.audio_seconds) if kept else audio,
            video_ms=video,
            cost=cost,
            doubtful=sum([one.cost for one in charges if not one.certain]),
            currency=outcome.currency,
        )


def by_target(outcome: Outcome) -> dict[Key, list[Charge]]:
    """Return a request's calls by whom they asked; where nobody was asked for its own task, no calls of nobody."""
    calls: dict[Key, list[Charge]] = {}
    for one in outcome.charges:
        calls.setdefault((one.task.value, one.provider, one.target), []).append(one)
    if outcome.task.value not in [task for task, _, _ in calls]:
        calls[outcome.task.value, "", ""] = []
    return calls


def main_of(outcome: Outcome, calls: dict[Key, list[Charge]]) -> Key:
    """Return whom the request itself counts for: who served it, or else who was asked last."""
    own = [key for key in calls if key[0] == outcome.task]
    served = [key for key in own if "ok" in [one.outcome for one in calls[key]]]
    return (served or own)[-1]
