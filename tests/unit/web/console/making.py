"""A desk for a console, and what it has seen."""

from router.contract import Chosen, Outcome, Settings, TargetsChosen, Task
from router.engine.settings import ProviderSettings, Route, RouterSettings, Target, Team, Tier
from router.web.console.desk import Desk, digests
from router.web.console.recent import Memory
from tests.unit.web.making import DIGEST

ACCOUNT = ProviderSettings(name="a", kind="fake", settings=Settings())
ROUTE = Route(name="r", task=Task.SPEECH, tiers=(Tier(targets=(Target(provider="a"),)),))
SETTINGS = RouterSettings(providers={"a": ACCOUNT}, routes=(ROUTE,), teams=(Team(name="ads", keys=(DIGEST,)),))


def desk(*keys: str, memory: Memory | None = None) -> Desk:
    return Desk(SETTINGS, memory or Memory(lambda: 1000.0), digests(keys))


def outcome(request_id: str) -> Outcome:
    choice = TargetsChosen(Task.SPEECH, "r", (Chosen("a", "closed", 0.0, 0),), {"b": "is mute"})
    return Outcome(
        request_id=request_id, task=Task.SPEECH, route="r", team="ads", outcome="ok", status=200, attempts=(),
        seconds=1.0, choices=(choice,), ended_at=1000.0,
    )  # fmt: skip
